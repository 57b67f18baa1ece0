"""What `step serve --iam enforce` lets through, and in which words it refuses the rest."""

from __future__ import annotations

import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from step import StateMachine
from step.iam.needs import Home
from step.machine.role_policy import machine_needs, statements, to_json
from tests.local.permissions.conftest import ARN, Realm, allow, document
from tests.serving import ACCOUNT

PYTHON = f"python{sys.version_info.major}.{sys.version_info.minor}"
PASS = {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine"


def refusal(caught: Any) -> tuple[str, str]:
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def task(resource: str, parameters: Any, **more: Any) -> dict[str, Any]:
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True, **more}
    return {"StartAt": "Do", "States": {"Do": state}}


def test_who_nobody_knows_is_the_accounts_owner(realm: Realm) -> None:
    realm.root("s3").create_bucket(Bucket="bread")
    realm.root("sqs").create_queue(QueueName="loaves")

    assert [one["Name"] for one in realm.root("s3").list_buckets()["Buckets"]] == ["bread"]


CALLS: list[tuple[str, str, dict[str, Any], str, str, str]] = [
    (
        "s3",
        "put_object",
        {"Bucket": "bread", "Key": "k"},
        "AccessDenied",
        "s3:PutObject",
        "arn:aws:s3:::bread/k",
    ),
    ("s3", "list_objects_v2", {"Bucket": "bread"}, "AccessDenied", "s3:ListBucket", "arn:aws:s3:::bread"),
    (
        "dynamodb",
        "get_item",
        {"TableName": "orders", "Key": {"id": {"S": "1"}}},
        "AccessDeniedException",
        "dynamodb:GetItem",
        f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/orders",
    ),
    (
        "sns",
        "publish",
        {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:done", "Message": "m"},
        "AuthorizationError",
        "sns:Publish",
        f"arn:aws:sns:us-east-1:{ACCOUNT}:done",
    ),
    (
        "cloudwatch",
        "describe_alarms",
        {"AlarmNames": ["hot"]},
        "AccessDeniedException",
        "cloudwatch:DescribeAlarms",
        f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:hot",
    ),
    ("iam", "get_role", {"RoleName": "r"}, "AccessDenied", "iam:GetRole", f"{ARN}:role/r"),
    (
        "lambda",
        "invoke",
        {"FunctionName": "bake"},
        "AccessDeniedException",
        "lambda:InvokeFunction",
        f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:bake",
    ),
    (
        "stepfunctions",
        "start_execution",
        {"stateMachineArn": f"{MACHINE}:bread:live"},
        "AccessDeniedException",
        "states:StartExecution",
        f"{MACHINE}:bread",
    ),
    (
        "events",
        "put_events",
        {"Entries": [{"Source": "a", "DetailType": "b", "Detail": "{}"}]},
        "AccessDeniedException",
        "events:PutEvents",
        f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default",
    ),
]


@pytest.mark.parametrize(("service", "operation", "given", "code", "action", "arn"), CALLS)
def test_refusal_is_the_services_own_and_names_what_is_missing(
    realm: Realm, service: str, operation: str, given: dict[str, Any], code: str, action: str, arn: str
) -> None:
    client = realm.client(service, realm.user(allow("ssm:*")))

    with pytest.raises(ClientError) as caught:
        getattr(client, operation)(**given)

    words = (
        f"User: {ARN}:user/ann is not authorized to perform: {action} on resource: {arn} "
        f"because no identity-based policy allows the {action} action"
    )
    assert refusal(caught) == (code, words)


def test_user_may_do_what_a_policy_allows_and_groups_and_managed_policies_too(realm: Realm) -> None:
    keys = realm.user(allow("s3:CreateBucket", "arn:aws:s3:::bread"))
    iam = realm.root("iam")
    managed = iam.create_policy(
        PolicyName="put", PolicyDocument=document(allow("s3:PutObject", "arn:aws:s3:::bread/*"))
    )
    iam.attach_user_policy(UserName="ann", PolicyArn=managed["Policy"]["Arn"])
    iam.create_group(GroupName="readers")
    iam.put_group_policy(
        GroupName="readers",
        PolicyName="p",
        PolicyDocument=document(allow("s3:GetObject", "arn:aws:s3:::bread/*")),
    )
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    s3 = realm.client("s3", keys)

    s3.create_bucket(Bucket="bread")
    s3.put_object(Bucket="bread", Key="k", Body=b"rye")

    assert s3.get_object(Bucket="bread", Key="k")["Body"].read() == b"rye"


def test_what_is_not_there_is_forbidden_to_who_may_not_list(realm: Realm) -> None:
    keys = realm.user(allow("s3:GetObject", "arn:aws:s3:::bread/*"))
    realm.root("s3").create_bucket(Bucket="bread")

    with pytest.raises(ClientError) as caught:
        realm.client("s3", keys).get_object(Bucket="bread", Key="k")

    assert refusal(caught)[0] == "AccessDenied"


def test_version_of_an_object_wants_its_own_action(realm: Realm) -> None:
    keys = realm.user(allow(["s3:GetObject", "s3:ListBucket"]))
    s3 = realm.root("s3")
    s3.create_bucket(Bucket="bread")
    s3.put_bucket_versioning(Bucket="bread", VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket="bread", Key="k", Body=b"1")["VersionId"]

    with pytest.raises(ClientError, match="s3:GetObjectVersion"):
        realm.client("s3", keys).get_object(Bucket="bread", Key="k", VersionId=version)


def test_key_behind_an_object_wants_decrypt(realm: Realm) -> None:
    keys = realm.user(allow(["s3:GetObject", "s3:ListBucket"]))
    key = realm.root("kms").create_key()["KeyMetadata"]["Arn"]
    s3 = realm.root("s3")
    s3.create_bucket(Bucket="bread")
    s3.put_object(Bucket="bread", Key="k", Body=b"1", ServerSideEncryption="aws:kms", SSEKMSKeyId=key)

    with pytest.raises(ClientError, match=f"kms:Decrypt on resource: {key}"):
        realm.client("s3", keys).get_object(Bucket="bread", Key="k")


def test_function_is_shown_without_its_tags_to_who_may_not_list_them(realm: Realm) -> None:
    keys = realm.user(allow("lambda:GetFunction"))
    role = realm.role("handler", trust="lambda.amazonaws.com")
    realm.function("bake", "def handle(event, context): return 1", role, Tags={"team": "bread"})

    told = realm.client("lambda", keys).get_function(FunctionName="bake")

    assert "Tags" not in told
    assert told["TagsError"]["ErrorCode"] == "AccessDeniedException"
    assert realm.root("lambda").get_function(FunctionName="bake")["Tags"] == {"team": "bread"}


def test_role_that_is_handed_on_has_to_be_allowed(realm: Realm) -> None:
    role = realm.role("baker")
    keys = realm.user(allow("states:*"))

    with pytest.raises(ClientError, match=f"iam:PassRole on resource: {role}"):
        realm.client("stepfunctions", keys).create_state_machine(
            name="bread", roleArn=role, definition=json.dumps(PASS)
        )


def test_role_may_be_passed_to_the_service_that_the_policy_names(realm: Realm) -> None:
    role = realm.role("baker")
    passing = allow("iam:PassRole", role, StringEquals={"iam:PassedToService": "states.amazonaws.com"})
    states = realm.client("stepfunctions", realm.user(allow("states:*"), passing))

    made = states.create_state_machine(name="bread", roleArn=role, definition=json.dumps(PASS))

    assert made["stateMachineArn"] == f"{MACHINE}:bread"


@pytest.mark.parametrize("service", ["stepfunctions", "lambda"])
def test_role_that_does_not_trust_its_service_is_refused(realm: Realm, service: str) -> None:
    role = realm.role("baker", trust="ec2.amazonaws.com")
    make = {
        "stepfunctions": lambda: realm.machine("bread", PASS, role),
        "lambda": lambda: realm.function("f", "", role),
    }

    with pytest.raises(ClientError) as caught:
        make[service]()

    assert "assume" in refusal(caught)[1]


# ---------------------------------------------------------------- sessions


def test_session_has_the_roles_policies_within_its_own(realm: Realm) -> None:
    role = realm.role("reader", allow("s3:*"), trust={"AWS": ACCOUNT})
    user = realm.user(allow("sts:AssumeRole", role))
    realm.root("s3").create_bucket(Bucket="bread")
    session = realm.session(user, role, Policy=document(allow("s3:ListAllMyBuckets")))
    s3 = realm.client("s3", session)

    with pytest.raises(ClientError) as caught:
        s3.list_objects_v2(Bucket="bread")

    assert len(s3.list_buckets()["Buckets"]) == 1
    assert refusal(caught)[1] == (
        f"User: arn:aws:sts::{ACCOUNT}:assumed-role/reader/monday is not authorized to perform: "
        "s3:ListBucket on resource: arn:aws:s3:::bread "
        "because no session policy allows the s3:ListBucket action"
    )


def test_boundary_limits_a_role(realm: Realm) -> None:
    boundary = realm.root("iam").create_policy(PolicyName="limit", PolicyDocument=document(allow("sqs:*")))
    arn = boundary["Policy"]["Arn"]
    role = realm.role("reader", allow("*"), trust={"AWS": ACCOUNT}, PermissionsBoundary=arn)

    with pytest.raises(
        ClientError, match="because no permissions boundary allows the s3:ListAllMyBuckets action"
    ):
        realm.client("s3", realm.session(None, role)).list_buckets()


def test_role_is_taken_only_by_whom_it_trusts(realm: Realm) -> None:
    role = realm.role("reader", allow("*"), trust={"AWS": f"{ARN}:user/bob"})
    realm.user(allow("*"), name="bob")

    with pytest.raises(ClientError, match="because no role trust policy allows the sts:AssumeRole action"):
        realm.session(realm.user(allow("*")), role)


def test_tags_of_user_and_session_and_resource_meet_in_conditions_after_a_restart_too(realm: Realm) -> None:
    own = {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}
    role = realm.role("starter", allow("states:StartExecution", StringEquals=own), trust={"AWS": ACCOUNT})
    baker = realm.role("baker")
    for team in ("bread", "cake"):
        realm.machine(team, PASS, baker, tags=[{"key": "team", "value": team}])
    session = realm.session(None, role, Tags=[{"Key": "team", "Value": "bread"}])

    realm.restart()

    states = realm.client("stepfunctions", session)
    states.start_execution(stateMachineArn=f"{MACHINE}:bread")
    with pytest.raises(ClientError, match="not authorized to perform: states:StartExecution"):
        states.start_execution(stateMachineArn=f"{MACHINE}:cake")


def test_tagging_a_session_wants_its_own_action(realm: Realm) -> None:
    role = realm.role("reader", trust={"AWS": ACCOUNT})
    user = realm.user(allow("sts:AssumeRole", role))

    with pytest.raises(ClientError, match="sts:TagSession"):
        realm.session(user, role, Tags=[{"Key": "team", "Value": "bread"}])


def test_qualifier_of_a_machine_is_a_condition_key(realm: Realm) -> None:
    only = {"ForAnyValue:StringEquals": {"states:StateMachineQualifier": "live"}}
    user = realm.user({**allow("states:StartExecution", f"{MACHINE}:bread"), "Condition": only})
    realm.machine("bread", PASS, realm.role("baker"), publish=True)
    realm.root("stepfunctions").create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": f"{MACHINE}:bread:1", "weight": 100}]
    )
    states = realm.client("stepfunctions", user)

    states.start_execution(stateMachineArn=f"{MACHINE}:bread:live")
    with pytest.raises(ClientError, match="states:StartExecution"):
        states.start_execution(stateMachineArn=f"{MACHINE}:bread:1")


def test_leading_keys_of_items_are_a_condition_key(realm: Realm) -> None:
    own = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["lock#*"]}}
    user = realm.user({**allow(["dynamodb:PutItem", "dynamodb:TransactWriteItems"]), "Condition": own})
    realm.root("dynamodb").create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    table = realm.client("dynamodb", user)

    table.put_item(TableName="t", Item={"id": {"S": "lock#bread"}})
    with pytest.raises(ClientError, match="dynamodb:PutItem"):
        table.put_item(TableName="t", Item={"id": {"S": "release#bread"}})


def test_policy_of_a_resource_allows_and_denies(realm: Realm) -> None:
    user = realm.user(allow("sqs:*"))
    realm.root("s3").create_bucket(Bucket="bread")
    statement = {"Effect": "Allow", "Principal": {"AWS": f"{ARN}:user/ann"}, "Action": "s3:ListBucket"}
    realm.root("s3").put_bucket_policy(
        Bucket="bread", Policy=document({**statement, "Resource": "arn:aws:s3:::bread"})
    )
    queue = realm.root("sqs").create_queue(QueueName="q")["QueueUrl"]
    denied = {"Effect": "Deny", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}
    realm.root("sqs").set_queue_attributes(QueueUrl=queue, Attributes={"Policy": document(denied)})

    assert realm.client("s3", user).list_objects_v2(Bucket="bread")["KeyCount"] == 0
    with pytest.raises(ClientError, match="with an explicit deny in a resource-based policy"):
        realm.client("sqs", user).send_message(QueueUrl=queue, MessageBody="m")


def test_function_may_be_invoked_by_its_own_policy(realm: Realm) -> None:
    user = realm.user(allow("sqs:*"))
    role = realm.role("handler", trust="lambda.amazonaws.com")
    realm.function("bake", "def handle(event, context): return 7", role)
    realm.root("lambda").add_permission(
        FunctionName="bake", StatementId="ann", Action="lambda:InvokeFunction", Principal=f"{ARN}:user/ann"
    )

    told = realm.client("lambda", user).invoke(FunctionName="bake")

    assert json.load(told["Payload"]) == 7


@pytest.mark.parametrize("key", ["AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE"])
def test_key_that_was_issued_elsewhere_is_nobodys(realm: Realm, key: str) -> None:
    realm.root("s3").create_bucket(Bucket="bread")

    with pytest.raises(ClientError) as caught:
        realm.client("sts", {"aws_access_key_id": key, "aws_secret_access_key": "s"}).get_caller_identity()

    assert refusal(caught)[0] == "InvalidClientTokenId"


# ---------------------------------------------------------------- what runs with a role


def test_function_calls_with_its_own_role(realm: Realm) -> None:
    source = (
        "import boto3\n"
        "def handle(event, context):\n"
        "    try:\n"
        "        return boto3.client('s3').list_objects_v2(Bucket=event)['KeyCount']\n"
        "    except Exception as error:\n"
        "        return str(error)\n"
    )
    role = realm.role("handler", allow("s3:ListBucket", "arn:aws:s3:::bread"), trust="lambda.amazonaws.com")
    realm.function("look", source, role)
    for name in ("bread", "cake"):
        realm.root("s3").create_bucket(Bucket=name)

    found = [
        json.load(realm.root("lambda").invoke(FunctionName="look", Payload=json.dumps(name))["Payload"])
        for name in ("bread", "cake")
    ]

    assert found[0] == 0
    assert f"User: arn:aws:sts::{ACCOUNT}:assumed-role/handler/look is not authorized" in found[1]


def test_task_calls_with_its_machines_role(realm: Realm) -> None:
    realm.root("sqs").create_queue(QueueName="loaves")
    url = realm.root("sqs").get_queue_url(QueueName="loaves")["QueueUrl"]
    definition = task("arn:aws:states:::sqs:sendMessage", {"QueueUrl": url, "MessageBody": "rye"})
    may = realm.role("may", allow("sqs:SendMessage", f"arn:aws:sqs:us-east-1:{ACCOUNT}:loaves"))
    may_not = realm.role("may-not", allow("sqs:ReceiveMessage"))

    done, refused = (
        realm.run(realm.machine(role.rpartition("/")[2], definition, role)) for role in (may, may_not)
    )

    assert done["status"] == "SUCCEEDED"
    assert refused["status"] == "FAILED"
    assert "assumed-role/may-not/" in refused["cause"]
    assert "is not authorized to perform: sqs:SendMessage" in refused["cause"]


def test_task_with_credentials_takes_their_role_with_its_machines(realm: Realm) -> None:
    realm.root("sqs").create_queue(QueueName="loaves")
    url = realm.root("sqs").get_queue_url(QueueName="loaves")["QueueUrl"]
    sender = realm.role("sender", allow("sqs:SendMessage"), trust={"AWS": f"{ARN}:role/may"})
    definition = task(
        "arn:aws:states:::sqs:sendMessage",
        {"QueueUrl": url, "MessageBody": "rye"},
        Credentials={"RoleArn": sender},
    )
    may = realm.role("may", allow("sts:AssumeRole", sender))
    may_not = realm.role("may-not", allow("sts:AssumeRole", sender))

    done, refused = (
        realm.run(realm.machine(role.rpartition("/")[2], definition, role)) for role in (may, may_not)
    )

    # In one account the trust policy alone is enough, and without it nothing is.
    assert (done["status"], refused["status"]) == ("SUCCEEDED", "FAILED")


@pytest.mark.parametrize("pattern", ["", ".sync:2"])
def test_nested_execution_wants_its_permission(realm: Realm, pattern: str) -> None:
    child = realm.machine("child", PASS, realm.role("none"))
    definition = task(f"arn:aws:states:::states:startExecution{pattern}", {"StateMachineArn": child})
    rule = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
    waits = [
        allow(["events:PutTargets", "events:PutRule", "events:DescribeRule"], rule),
        allow(
            ["states:DescribeExecution", "states:StopExecution"],
            f"arn:aws:states:us-east-1:{ACCOUNT}:execution:child:*",
        ),
    ]
    may = realm.role("may", allow("states:StartExecution", child), *waits)
    may_not = realm.role("may-not", *waits)

    done, refused = (
        realm.run(realm.machine(role.rpartition("/")[2], definition, role)) for role in (may, may_not)
    )

    assert (done["status"], refused["status"]) == ("SUCCEEDED", "FAILED")
    assert "is not authorized to perform: states:StartExecution" in refused["cause"]


def test_distributed_map_reads_with_its_machines_role(realm: Realm) -> None:
    s3 = realm.root("s3")
    s3.create_bucket(Bucket="bread")
    s3.put_object(Bucket="bread", Key="items.json", Body=b"[1, 2]")
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS}
    reader = {
        "Resource": "arn:aws:states:::s3:getObject",
        "ReaderConfig": {"InputType": "JSON"},
        "Parameters": {"Bucket": "bread", "Key": "items.json"},
    }
    each = {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": True}
    definition = {"StartAt": "Each", "States": {"Each": each}}
    read = allow("s3:GetObject", "arn:aws:s3:::bread/items.json")
    start = allow("states:StartExecution", f"{MACHINE}:*")

    ran = [
        realm.run(realm.machine(name, definition, realm.role(name, *statements)))
        for name, statements in (("all", [read, start]), ("unread", [start]), ("unstarted", [read]))
    ]

    assert [one["status"] for one in ran] == ["SUCCEEDED", "FAILED", "FAILED"]
    assert [one["error"] for one in ran[1:]] == ["States.ItemReaderFailed", "States.Permissions"]


def test_rule_starts_a_machine_with_its_targets_role(realm: Realm, caplog: pytest.LogCaptureFixture) -> None:
    first = realm.machine("first", PASS, realm.role("none"))
    events = realm.root("events")
    pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [first]}}
    events.put_rule(Name="ended", EventPattern=json.dumps(pattern))
    targets = []
    for name, granted in (("may", [allow("states:StartExecution")]), ("not", [allow("sqs:*")])):
        role = realm.role(f"rule-{name}", *granted, trust="events.amazonaws.com")
        targets.append(
            {
                "Id": name,
                "Arn": realm.machine(name, PASS, role.replace(f"rule-{name}", "none")),
                "RoleArn": role,
            }
        )
    events.put_targets(Rule="ended", Targets=targets)

    realm.run(first)
    realm.close()

    realm.restart()
    states = realm.root("stepfunctions")
    counts = [len(states.list_executions(stateMachineArn=one["Arn"])["executions"]) for one in targets]
    assert counts == [1, 0]
    assert "is not authorized to perform: states:StartExecution" in caplog.text


# ---------------------------------------------------------------- log


def test_log_writes_what_would_be_refused_once_and_refuses_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    realm = Realm(tmp_path / "store", "log")
    s3 = realm.client("s3", realm.user(allow("sqs:*")))

    with caplog.at_level(logging.WARNING, "step.local.permissions"):
        s3.list_buckets()
        s3.list_buckets()
    realm.close()

    told = [record.getMessage() for record in caplog.records if record.name == "step.local.permissions"]
    assert told == [
        f"would be refused: User: {ARN}:user/ann is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    ]


# ---------------------------------------------------------------- when a machine is made


def test_machine_that_waits_for_executions_wants_its_roles_managed_rule(realm: Realm) -> None:
    child = realm.machine("child", PASS, realm.role("none"))
    definition = task("arn:aws:states:::states:startExecution.sync:2", {"StateMachineArn": child})
    role = realm.role("starter", allow("states:*"))

    with pytest.raises(ClientError) as caught:
        realm.machine("parent", definition, role)

    assert refusal(caught) == ("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")


def test_machine_that_logs_wants_a_role_that_may_deliver(realm: Realm) -> None:
    realm.root("logs").create_log_group(logGroupName="/bread")
    group = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/bread:*"
    logging = {"level": "ALL", "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": group}}]}
    may = realm.role("may", allow("logs:*"))

    with pytest.raises(ClientError, match="is not authorized to access the Log Destination"):
        realm.machine("quiet", PASS, realm.role("may-not", allow("states:*")), loggingConfiguration=logging)

    assert realm.machine("bread", PASS, may, loggingConfiguration=logging) == f"{MACHINE}:bread"


def test_policy_that_the_command_prints_is_enough_here(realm: Realm) -> None:
    name, source = "hello", "def handle(event, context): return {'text': 'Hello'}"
    function = realm.function(name, source, realm.role("handler", trust="lambda.amazonaws.com"))
    definition = json.loads(StateMachine.from_file(f"states/{name}.asl.json").to_json(function))
    needs = machine_needs(
        StateMachine.from_json(definition).definition, Home("aws", "us-east-1", ACCOUNT), name
    )
    policy: Any = to_json(statements([*needs.setup, *needs.work]))
    role = realm.role("machine", *policy["Statement"])

    ended = realm.run(realm.machine(name, definition, role), {})

    assert ended["status"] == "SUCCEEDED"
