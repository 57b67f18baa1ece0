"""What AWS Step Functions does, asked by boto3: of the local service, and with STEP_AWS=1 of an account.

There STEP_AWS_ROLE names a role that Step Functions may assume.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from step.clock import pause
from tests import serving

pytestmark = pytest.mark.aws
ROLE = os.environ.get("STEP_AWS_ROLE", "arn:aws:iam::123456789012:role/contract")
PASS = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "Result": {"loaves": 1}, "End": True}}}
WAIT = {"StartAt": "Rise", "States": {"Rise": {"Type": "Wait", "Seconds": 3600, "End": True}}}
FAIL = {"StartAt": "Burn", "States": {"Burn": {"Type": "Fail", "Error": "Burnt", "Cause": "too hot"}}}


@pytest.fixture(scope="module")
def sfn(aws: Callable[..., Any]) -> Any:
    return aws("stepfunctions")


@pytest.fixture
def create(sfn: Any) -> Iterator[Callable[..., Any]]:
    """Create machines that are deleted after the test."""
    created: list[str] = []

    def create(definition: Any, **more: Any) -> Any:
        given = {"name": f"contract-{uuid4()}", "roleArn": ROLE, "definition": json.dumps(definition), **more}
        answer = sfn.create_state_machine(**given)
        created.append(answer["stateMachineArn"])
        return answer

    yield create
    for arn in dict.fromkeys(created):
        sfn.delete_state_machine(stateMachineArn=arn)


def ended(sfn: Any, arn: str) -> Any:
    """Wait for an execution's end."""
    if os.environ.get("STEP_AWS") != "1":
        return serving.ended(sfn, arn)
    # An account tells nobody of changes.
    while (told := sfn.describe_execution(executionArn=arn))["status"] == "RUNNING":
        pause(0.5)
    return told


def refusal(call: Callable[..., Any], **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**params)
    told = error.value.response["Error"]
    return told["Code"], told["Message"]


# ---------------------------------------------------------------- machines


def test_machine_is_described_as_it_was_created(sfn: Any, create: Callable[..., Any]) -> None:
    made = create(PASS, tags=[{"key": "for", "value": "bread"}])

    told = sfn.describe_state_machine(stateMachineArn=made["stateMachineArn"])

    assert json.loads(told["definition"]) == PASS
    assert (told["status"], told["type"], told["roleArn"]) == ("ACTIVE", "STANDARD", ROLE)
    assert told["loggingConfiguration"] == {"level": "OFF", "includeExecutionData": False}
    assert told["creationDate"] == made["creationDate"]
    assert "revisionId" not in told
    listed = list(sfn.get_paginator("list_state_machines").paginate())
    assert made["stateMachineArn"] in [m["stateMachineArn"] for p in listed for m in p["stateMachines"]]


def test_same_creation_again_is_the_same_machine(sfn: Any, create: Callable[..., Any]) -> None:
    made = create(PASS, name=f"contract-{uuid4()}")
    name = made["stateMachineArn"].rpartition(":")[2]

    again = create(PASS, name=name)

    assert again["creationDate"] == made["creationDate"]
    code, message = refusal(create, definition=WAIT, name=name)
    assert code == "StateMachineAlreadyExists"
    assert made["stateMachineArn"] in message


def test_update_makes_a_revision(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(PASS)["stateMachineArn"]

    first = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))
    same = sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))

    told = sfn.describe_state_machine(stateMachineArn=arn)
    assert told["revisionId"] == first["revisionId"] == same["revisionId"]
    assert json.loads(told["definition"]) == WAIT
    assert refusal(sfn.update_state_machine, stateMachineArn=arn)[0] == "MissingRequiredParameter"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "white bread"}, "InvalidName"),
        ({"definition": "{}"}, "InvalidDefinition"),
        ({"roleArn": "role"}, "InvalidArn"),
        ({"loggingConfiguration": {"level": "ALL"}}, "InvalidLoggingConfiguration"),
        ({"versionDescription": "fresh"}, "ValidationException"),
        ({"name": "b" * 81}, "ValidationException"),
    ],
)
def test_creation_is_refused(sfn: Any, change: dict[str, Any], code: str) -> None:
    given = {"name": f"contract-{uuid4()}", "roleArn": ROLE, "definition": json.dumps(PASS), **change}

    found, _ = refusal(sfn.create_state_machine, **given)

    assert found == code


def test_definition_is_validated_without_a_machine(sfn: Any) -> None:
    wrong = {"StartAt": "Mix", "States": {"Mix": {"Type": "Pass", "Next": "Bake"}}}

    right = sfn.validate_state_machine_definition(definition=json.dumps(PASS))
    refused = sfn.validate_state_machine_definition(definition=json.dumps(wrong))

    assert (right["result"], right["diagnostics"]) == ("OK", [])
    assert refused["result"] == "FAIL"
    assert {d["severity"] for d in refused["diagnostics"]} == {"ERROR"}


def test_what_is_not_there_is_named(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(PASS)["stateMachineArn"]
    none = arn + "-none"
    execution = none.replace(":stateMachine:", ":execution:") + ":one"

    assert refusal(sfn.describe_state_machine, stateMachineArn=none) == (
        "StateMachineDoesNotExist",
        f"State Machine Does Not Exist: '{none}'",
    )
    assert refusal(sfn.start_execution, stateMachineArn=none)[0] == "StateMachineDoesNotExist"
    assert refusal(sfn.describe_execution, executionArn=execution)[0] == "ExecutionDoesNotExist"
    assert refusal(sfn.get_execution_history, executionArn=execution)[0] == "ExecutionDoesNotExist"
    assert refusal(sfn.describe_state_machine, stateMachineArn="none") == (
        "InvalidArn",
        "Invalid Arn: 'Invalid ARN prefix: none'",
    )
    sfn.delete_state_machine(stateMachineArn=none)


def test_tags_are_added_and_taken_away(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(PASS, tags=[{"key": "for", "value": "bread"}])["stateMachineArn"]

    sfn.tag_resource(resourceArn=arn, tags=[{"key": "for", "value": "rolls"}, {"key": "by", "value": "us"}])
    sfn.untag_resource(resourceArn=arn, tagKeys=["by", "none"])

    assert sfn.list_tags_for_resource(resourceArn=arn)["tags"] == [{"key": "for", "value": "rolls"}]
    assert refusal(sfn.list_tags_for_resource, resourceArn=f"{arn}-none")[0] == "ResourceNotFound"


# ---------------------------------------------------------------- versions and aliases


def test_version_keeps_what_was_published(sfn: Any, create: Callable[..., Any]) -> None:
    made = create(PASS, publish=True, versionDescription="plain")
    arn = made["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(WAIT))

    second = sfn.publish_state_machine_version(stateMachineArn=arn, description="slow")
    again = sfn.publish_state_machine_version(stateMachineArn=arn)

    assert made["stateMachineVersionArn"] == f"{arn}:1"
    assert second["stateMachineVersionArn"] == again["stateMachineVersionArn"] == f"{arn}:2"
    first = sfn.describe_state_machine(stateMachineArn=f"{arn}:1")
    assert (json.loads(first["definition"]), first["description"]) == (PASS, "plain")
    listed = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert [version["stateMachineVersionArn"] for version in listed] == [f"{arn}:2", f"{arn}:1"]
    code, _ = refusal(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId="another")
    assert code == "ConflictException"
    sfn.delete_state_machine_version(stateMachineVersionArn=f"{arn}:1")
    assert refusal(sfn.describe_state_machine, stateMachineArn=f"{arn}:1")[0] == "StateMachineDoesNotExist"


def test_alias_leads_to_a_version(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(PASS, publish=True)["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(FAIL), publish=True)
    to = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=to)["stateMachineAliasArn"]

    good = sfn.start_execution(stateMachineArn=alias)["executionArn"]
    sfn.update_state_machine_alias(
        stateMachineAliasArn=alias,
        routingConfiguration=[{"stateMachineVersionArn": f"{arn}:2", "weight": 100}],
    )
    bad = sfn.start_execution(stateMachineArn=alias)["executionArn"]

    assert ended(sfn, good)["stateMachineVersionArn"] == f"{arn}:1"
    told = ended(sfn, bad)
    assert (told["status"], told["stateMachineVersionArn"]) == ("FAILED", f"{arn}:2")
    assert told["stateMachineAliasArn"] == alias
    described = sfn.describe_state_machine_alias(stateMachineAliasArn=alias)
    assert described["routingConfiguration"][0]["stateMachineVersionArn"] == f"{arn}:2"
    listed = sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"]
    assert [entry["stateMachineAliasArn"] for entry in listed] == [alias]
    code, message = refusal(sfn.delete_state_machine_version, stateMachineVersionArn=f"{arn}:2")
    assert code == "ConflictException"
    assert "[live]" in message
    through = sfn.list_executions(stateMachineArn=alias)["executions"]
    assert [entry["executionArn"] for entry in through] == [bad, good]
    sfn.delete_state_machine_alias(stateMachineAliasArn=alias)
    assert refusal(sfn.describe_state_machine_alias, stateMachineAliasArn=alias)[0] == "ResourceNotFound"


@pytest.mark.parametrize(
    ("weights", "versions", "code"),
    [
        ((60, 60), (1, 2), "ValidationException"),
        ((100,), (3,), "ResourceNotFound"),
        ((100,), ("",), "ValidationException"),
    ],
)
def test_routing_is_refused(
    sfn: Any, create: Callable[..., Any], weights: tuple[int], versions: tuple[Any], code: str
) -> None:
    arn = create(PASS, publish=True)["stateMachineArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=json.dumps(FAIL), publish=True)
    routes = [
        {"stateMachineVersionArn": f"{arn}:{version}".rstrip(":"), "weight": weight}
        for weight, version in zip(weights, versions, strict=True)
    ]

    assert refusal(sfn.create_state_machine_alias, name="live", routingConfiguration=routes)[0] == code


# ---------------------------------------------------------------- executions


def test_execution_is_told_from_start_to_end(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(PASS)["stateMachineArn"]

    started = sfn.start_execution(stateMachineArn=arn, name="one", input='{"flour": 500}')

    told = ended(sfn, started["executionArn"])
    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"loaves": 1})
    assert (told["name"], json.loads(told["input"])) == ("one", {"flour": 500})
    events = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in events] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    machine = sfn.describe_state_machine_for_execution(executionArn=started["executionArn"])
    assert (machine["stateMachineArn"], json.loads(machine["definition"])) == (arn, PASS)
    assert sfn.list_map_runs(executionArn=started["executionArn"])["mapRuns"] == []


def test_history_has_pages_and_both_directions(sfn: Any, create: Callable[..., Any]) -> None:
    arn = sfn.start_execution(stateMachineArn=create(PASS)["stateMachineArn"])["executionArn"]
    ended(sfn, arn)

    pages = sfn.get_paginator("get_execution_history")
    ids = [event["id"] for page in pages.paginate(executionArn=arn, maxResults=3) for event in page["events"]]
    back = sfn.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=1)
    bare = sfn.get_execution_history(executionArn=arn, includeExecutionData=False)["events"]

    assert ids == [1, 2, 3, 4]
    assert back["events"][0]["type"] == "ExecutionSucceeded"
    assert "input" not in bare[0]["executionStartedEventDetails"]
    wrong = {"executionArn": arn, "nextToken": back["nextToken"]}
    assert refusal(sfn.get_execution_history, **wrong)[0] == "InvalidToken"


def test_start_is_idempotent_while_it_runs(sfn: Any, create: Callable[..., Any]) -> None:
    arn = create(WAIT)["stateMachineArn"]
    one = sfn.start_execution(stateMachineArn=arn, name="one", input='{"a": 1}')

    again = sfn.start_execution(stateMachineArn=arn, name="one", input='{"a": 1}')

    assert (again["executionArn"], again["startDate"]) == (one["executionArn"], one["startDate"])
    code, message = refusal(sfn.start_execution, stateMachineArn=arn, name="one", input='{"a": 2}')
    assert (code, message) == ("ExecutionAlreadyExists", f"Execution Already Exists: '{one['executionArn']}'")


def test_stopped_execution_can_be_redriven(sfn: Any, create: Callable[..., Any]) -> None:
    machine = create(WAIT)["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    assert refusal(sfn.redrive_execution, executionArn=arn)[0] == "ExecutionNotRedrivable"

    sfn.stop_execution(executionArn=arn, error="Stopped", cause="by hand")
    told = ended(sfn, arn)
    sfn.redrive_execution(executionArn=arn)

    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Stopped", "by hand")
    assert told["redriveStatus"] == "REDRIVABLE"
    again = sfn.describe_execution(executionArn=arn)
    assert (again["status"], again["redriveCount"]) == ("RUNNING", 1)
    redriven = sfn.list_executions(stateMachineArn=machine, redriveFilter="REDRIVEN")["executions"]
    assert [entry["executionArn"] for entry in redriven] == [arn]
    sfn.stop_execution(executionArn=arn)


def test_what_ended_last_is_listed_first(sfn: Any, create: Callable[..., Any]) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": True}}}
    machine = create(wait)["stateMachineArn"]
    arns = {
        seconds: sfn.start_execution(stateMachineArn=machine, input=str(seconds))["executionArn"]
        for seconds in (9, 3, 6)
    }
    for arn in arns.values():
        ended(sfn, arn)

    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, maxResults=2)
    listed = [entry["executionArn"] for page in pages for entry in page["executions"]]

    assert listed == [arns[9], arns[6], arns[3]]


def test_executions_are_listed_in_pages_and_by_status(sfn: Any, create: Callable[..., Any]) -> None:
    machine = create(PASS)["stateMachineArn"]
    arns = [sfn.start_execution(stateMachineArn=machine, name=f"run-{n}")["executionArn"] for n in range(5)]
    for arn in arns:
        ended(sfn, arn)

    pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine, maxResults=2)
    listed = [entry["executionArn"] for page in pages for entry in page["executions"]]

    assert sorted(listed) == sorted(arns)
    running = sfn.list_executions(stateMachineArn=machine, statusFilter="RUNNING")["executions"]
    assert running == []
    assert refusal(sfn.list_executions)[0] == "ValidationException"
    # A status of a Map Run's child executions alone.
    pending = {"stateMachineArn": machine, "statusFilter": "PENDING_REDRIVE"}
    assert refusal(sfn.list_executions, **pending)[0] == "ValidationException"


@pytest.mark.parametrize(
    ("change", "code"),
    [({"input": "{"}, "InvalidExecutionInput"), ({"name": "a b"}, "InvalidName")],
)
def test_start_is_refused(sfn: Any, create: Callable[..., Any], change: dict[str, str], code: str) -> None:
    arn = create(PASS)["stateMachineArn"]

    assert refusal(sfn.start_execution, stateMachineArn=arn, **change)[0] == code


def test_express_machine_answers_at_once_and_keeps_nothing(aws: Callable[..., Any], create: Any) -> None:
    sfn = aws("stepfunctions")
    express, standard = (create(PASS, type=kind)["stateMachineArn"] for kind in ("EXPRESS", "STANDARD"))

    told = sfn.start_sync_execution(stateMachineArn=express, input='{"a": 1}')
    started = sfn.start_execution(stateMachineArn=express)

    assert (told["status"], json.loads(told["output"])) == ("SUCCEEDED", {"loaves": 1})
    assert told["billingDetails"]["billedDurationInMilliseconds"] >= 100
    assert refusal(sfn.describe_execution, executionArn=started["executionArn"])[0] == "InvalidArn"
    assert refusal(sfn.start_sync_execution, stateMachineArn=standard)[0] == "StateMachineTypeNotSupported"
    assert refusal(sfn.list_executions, stateMachineArn=express)[0] == "StateMachineTypeNotSupported"


# ---------------------------------------------------------------- activities and tokens


@pytest.fixture
def activity(sfn: Any) -> Iterator[str]:
    arn = sfn.create_activity(name=f"contract-{uuid4()}")["activityArn"]
    yield arn
    sfn.delete_activity(activityArn=arn)


def test_worker_takes_a_task_and_answers_it(sfn: Any, create: Callable[..., Any], activity: str) -> None:
    definition = {"StartAt": "Bake", "States": {"Bake": {"Type": "Task", "Resource": activity, "End": True}}}
    machine = create(definition)["stateMachineArn"]
    good, bad = (
        sfn.start_execution(stateMachineArn=machine, input=f'{{"n": {n}}}')["executionArn"] for n in (1, 2)
    )

    tasks = [sfn.get_activity_task(activityArn=activity, workerName="oven") for _ in range(2)]
    tokens = {json.loads(task["input"])["n"]: task["taskToken"] for task in tasks}
    sfn.send_task_heartbeat(taskToken=tokens[1])
    assert refusal(sfn.send_task_success, taskToken=tokens[1], output="{")[0] == "InvalidOutput"
    sfn.send_task_success(taskToken=tokens[1], output='{"baked": true}')
    sfn.send_task_failure(taskToken=tokens[2], error="Burnt", cause="too hot")

    assert json.loads(ended(sfn, good)["output"]) == {"baked": True}
    told = ended(sfn, bad)
    assert (told["status"], told["error"], told["cause"]) == ("FAILED", "Burnt", "too hot")
    assert refusal(sfn.send_task_success, taskToken=tokens[1], output="{}")[0] == "TaskTimedOut"
    assert refusal(sfn.send_task_heartbeat, taskToken="none")[0] == "InvalidToken"


def test_activity_is_described_and_listed(sfn: Any, activity: str) -> None:
    told = sfn.describe_activity(activityArn=activity)

    assert told["name"] == activity.rpartition(":")[2]
    assert sfn.create_activity(name=told["name"])["creationDate"] == told["creationDate"]
    pages = sfn.get_paginator("list_activities").paginate()
    assert activity in [entry["activityArn"] for page in pages for entry in page["activities"]]
    assert refusal(sfn.describe_activity, activityArn=f"{activity}-none")[0] == "ActivityDoesNotExist"
    assert refusal(sfn.get_activity_task, activityArn=f"{activity}-none")[0] == "ActivityDoesNotExist"


# ---------------------------------------------------------------- Map Runs and TestState


def test_map_run_is_described_and_its_executions_are_listed(sfn: Any, create: Callable[..., Any]) -> None:
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **PASS}
    each = {"Type": "Map", "Label": "Loaf", "ItemProcessor": processor, "MaxConcurrency": 2, "End": True}
    machine = create({"StartAt": "Each", "States": {"Each": each}})["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine, input="[1, 2, 3]")["executionArn"]
    assert ended(sfn, arn)["status"] == "SUCCEEDED"

    (run,) = sfn.list_map_runs(executionArn=arn)["mapRuns"]
    told = sfn.describe_map_run(mapRunArn=run["mapRunArn"])

    assert (told["status"], told["maxConcurrency"], told["itemCounts"]["succeeded"]) == ("SUCCEEDED", 2, 3)
    children = sfn.list_executions(mapRunArn=run["mapRunArn"])["executions"]
    assert {child["mapRunArn"] for child in children} == {run["mapRunArn"]}
    assert len(children) == 3
    child = sfn.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert (child["label"], child["mapRunArn"]) == ("Loaf", run["mapRunArn"])
    assert json.loads(child["definition"])["States"] == PASS["States"]
    code, _ = refusal(sfn.update_map_run, mapRunArn=run["mapRunArn"], maxConcurrency=1)
    assert code == "ValidationException"
    none = f"{run['mapRunArn']}-none"
    assert refusal(sfn.describe_map_run, mapRunArn=none)[0] == "ResourceNotFound"


def test_running_map_run_takes_other_limits(sfn: Any, create: Callable[..., Any], activity: str) -> None:
    bake = {"StartAt": "Bake", "States": {"Bake": {"Type": "Task", "Resource": activity, "End": True}}}
    processor = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **bake}
    each = {"Type": "Map", "ItemProcessor": processor, "MaxConcurrency": 1, "End": True}
    machine = create({"StartAt": "Each", "States": {"Each": each}})["stateMachineArn"]
    arn = sfn.start_execution(stateMachineArn=machine, input="[1, 2]")["executionArn"]
    sfn.get_activity_task(activityArn=activity)
    run = sfn.list_map_runs(executionArn=arn)["mapRuns"][0]["mapRunArn"]

    sfn.update_map_run(mapRunArn=run, maxConcurrency=2, toleratedFailureCount=1)

    assert sfn.get_activity_task(activityArn=activity)["taskToken"]
    told = sfn.describe_map_run(mapRunArn=run)
    assert (told["maxConcurrency"], told["toleratedFailureCount"], told["status"]) == (2, 1, "RUNNING")
    sfn.stop_execution(executionArn=arn)


def test_state_is_tested_alone(aws: Callable[..., Any]) -> None:
    state = {"Type": "Pass", "Parameters": {"loaves.$": "$.n"}, "Next": "Bake"}

    told = aws("stepfunctions").test_state(definition=json.dumps(state), roleArn=ROLE, input='{"n": 2}')

    assert (told["status"], json.loads(told["output"]), told["nextState"]) == (
        "SUCCEEDED",
        {"loaves": 2},
        "Bake",
    )
