from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.local.cloud.conftest import Place

IS_SOAK = os.environ.get("SOAK") == "1"
TABLE = {
    "TableName": "locks",
    "KeySchema": [{"AttributeName": "key", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "key", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def error_of(call: Any, **parameters: Any) -> tuple[int, str]:
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response = caught.value.response
    return response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]


def test_a_start_loads_no_emulation() -> None:
    code = (
        "import sys, step.local.cloud, step.local.functions\n"
        "print([name for name in ('moto', 'flask', 'boto3', 'botocore') if name in sys.modules])"
    )

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_what_every_service_holds_survives_a_death(place: Place) -> None:
    s3, dynamodb, iam = place.client("s3"), place.client("dynamodb"), place.client("iam")
    s3.create_bucket(Bucket="bread")
    s3.put_bucket_versioning(Bucket="bread", VersioningConfiguration={"Status": "Enabled"})
    bodies = (b"small", b"large" * 100_000)
    versions = [s3.put_object(Bucket="bread", Key="k", Body=body)["VersionId"] for body in bodies]
    dynamodb.create_table(**TABLE)
    dynamodb.put_item(TableName="locks", Item={"key": {"S": "a"}, "fence": {"N": "7"}})
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)["Role"]
    policy = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.attach_role_policy(RoleName="r", PolicyArn=policy)
    queue = place.client("sqs").create_queue(QueueName="q")["QueueUrl"]
    topic = place.client("sns").create_topic(Name="t")["TopicArn"]
    place.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:q"
    )
    place.client("sns").publish(TopicArn=topic, Message="through a topic")
    key = place.client("kms").create_key(KeyUsage="SIGN_VERIFY", KeySpec="RSA_2048")["KeyMetadata"]
    signing = {"KeyId": key["KeyId"], "Message": b"m", "SigningAlgorithm": "RSASSA_PSS_SHA_256"}
    signature = place.client("kms").sign(**signing)["Signature"]
    if IS_SOAK:  # loading it takes seconds
        place.client("ssm").put_parameter(Name="/p", Value="v", Type="String")

    place.restart()

    s3 = place.client("s3")
    for version, body in zip(versions, bodies, strict=True):
        assert s3.get_object(Bucket="bread", Key="k", VersionId=version)["Body"].read() == body
    assert place.client("dynamodb").scan(TableName="locks")["Items"] == [
        {"key": {"S": "a"}, "fence": {"N": "7"}}
    ]
    iam = place.client("iam")
    assert iam.get_role(RoleName="r")["Role"]["RoleId"] == role["RoleId"]
    assert iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"][0]["PolicyArn"] == policy
    (message,) = place.client("sqs").receive_message(QueueUrl=queue)["Messages"]
    assert json.loads(message["Body"])["Message"] == "through a topic"
    assert place.client("kms").verify(**signing, Signature=signature)["SignatureValid"]
    if IS_SOAK:
        assert place.client("ssm").get_parameter(Name="/p")["Parameter"]["Value"] == "v"


def test_the_contents_of_an_object_are_written_once(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="bread")

    for key in ("one", "two", "three"):
        s3.put_object(Bucket="bread", Key=key, Body=b"x" * 100_000)

    contents = list((place.store / "cloud" / "contents").iterdir())
    assert [file.stat().st_size for file in contents] == [100_000]
    files = [
        file for file in (place.store / "cloud").glob("requests.sqlite*") if file.suffix != ".sqlite-shm"
    ]
    assert sum(file.stat().st_size for file in files) < 400_000


def test_what_cannot_be_written_is_not_acknowledged(place: Place) -> None:
    s3 = place.client("s3")
    s3.create_bucket(Bucket="kept")
    contents = place.store / "cloud" / "contents"
    contents.write_text("in the way")

    given = {"Bucket": "kept", "Key": "k", "Body": b"large" * 10_000}
    assert error_of(s3.put_object, **given) == (507, "StoreFull")

    contents.unlink()
    assert s3.list_objects_v2(Bucket="kept")["KeyCount"] == 0
    s3.put_object(**given)
    place.restart()
    assert place.client("s3").get_object(Bucket="kept", Key="k")["Body"].read() == given["Body"]


def test_a_bucket_that_is_there_is_not_made_again_after_a_restart(place: Place) -> None:
    place.client("s3").create_bucket(Bucket="bread")
    place.client("s3").put_object(Bucket="bread", Key="k", Body=b"kept")

    place.restart()
    place.client("s3").create_bucket(Bucket="bread")

    assert place.client("s3").get_object(Bucket="bread", Key="k")["Body"].read() == b"kept"


def test_an_assumed_role_of_another_account_sees_its_own(place: Place) -> None:
    place.client("s3").create_bucket(Bucket="mine")
    role = place.client("sts").assume_role(
        RoleArn="arn:aws:iam::222222222222:role/deployer", RoleSessionName="session"
    )["Credentials"]
    other = {
        "aws_access_key_id": role["AccessKeyId"],
        "aws_secret_access_key": role["SecretAccessKey"],
        "aws_session_token": role["SessionToken"],
    }

    place.client("dynamodb", **other).create_table(**TABLE)
    place.restart()

    assert place.client("dynamodb").list_tables()["TableNames"] == []
    assert place.client("dynamodb", **other).list_tables()["TableNames"] == ["locks"]
    assert place.client("lambda", **other).list_functions()["Functions"] == []
    assert place.client("sts", **other).get_caller_identity()["Account"] == "222222222222"
    assert place.cloud.is_issued(role["AccessKeyId"])
    assert not place.cloud.is_issued("ASIAAAAAAAAAAAAAAAAA")


@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("dynamodb", "describe_contributor_insights", {"TableName": "t"}),  # json
        ("rds", "describe_db_engine_versions", {}),  # query
        ("ec2", "describe_fleet_history", {"FleetId": "f", "StartTime": 0}),  # ec2
        ("lambda", "list_code_signing_configs", {}),  # rest-json, ours
        ("iot", "list_audit_tasks", {"startTime": 0, "endTime": 1}),  # rest-json, moto's
        ("glacier", "list_provisioned_capacity", {}),
        ("neptunedata", "list_loader_jobs", {}),  # a service that moto doesn't know
    ],
)
def test_what_is_not_there_is_refused_in_the_clients_protocol(
    place: Place, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    call = getattr(place.client(service), operation)

    assert error_of(call, **parameters) == (501, "NotImplemented")


def test_code_can_be_downloaded_from_where_get_function_says(place: Place) -> None:
    client = place.client("lambda")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("app.py", "def handler(event, context): return 1")
    client.create_function(
        FunctionName="f",
        Role="arn:aws:iam::123456789012:role/r",
        Runtime="python3.13",
        Handler="app.handler",
        Code={"ZipFile": file.getvalue()},
    )

    with urlopen(client.get_function(FunctionName="f")["Code"]["Location"]) as answer:
        assert answer.read() == file.getvalue()


def test_to_send_a_message_nobody_counts_those_that_wait(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sqs = place.client("sqs")
    plain = sqs.create_queue(QueueName="plain")["QueueUrl"]
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    first = sqs.create_queue(QueueName="first.fifo", Attributes=fifo)["QueueUrl"]
    sqs.send_message(QueueUrl=plain, MessageBody="one")
    from moto.sqs.models import Queue

    counted: list[str] = []
    count = Queue.approximate_number_of_messages.fget  # type: ignore[attr-defined]  # a property

    def counting(queue: Any) -> Any:
        counted.append(queue.name)
        return count(queue)

    monkeypatch.setattr(Queue, "approximate_number_of_messages", property(counting))

    sqs.send_message(QueueUrl=plain, MessageBody="two")
    for _ in range(2):
        sqs.send_message(QueueUrl=first, MessageBody="same", MessageGroupId="g")

    assert counted == []
    numbers = [
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"][
            "ApproximateNumberOfMessages"
        ]
        for url in (plain, first)
    ]
    assert numbers == ["2", "1"]
