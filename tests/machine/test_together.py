"""Machines on one clock: nested executions, task tokens and activities."""

from __future__ import annotations

import json
from typing import Any

import pytest

from step import StateMachine
from step.errors import HandlerError, NothingToWaitFor
from step.jsonvalue import JSONObject, JSONValue
from step.runtime.answers import TaskAnswers

ACTIVITY = "arn:aws:states:us-east-1:123456789012:activity:bake"
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
SFN = "arn:aws:states:::aws-sdk:sfn:"


def machine(name: str = "StateMachine", **states: JSONObject) -> StateMachine:
    names = [*states, None]
    ordered: JSONObject = {
        state: {**fields, **({"End": True} if following is None else {"Next": following})}
        if fields["Type"] not in ("Fail", "Succeed")
        else fields
        for (state, fields), following in zip(states.items(), names[1:], strict=True)
    }
    return StateMachine.from_json({"StartAt": names[0], "States": ordered}, name=name)


def start(pattern: str = ".sync:2", **parameters: Any) -> JSONObject:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:inner"
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": {"StateMachineArn": arn, "Name": "run", "Input": {"n": 1}, **parameters},
    }


def events(history: Any) -> list[str]:
    return [event["type"] for event in history]


def ask(**more: Any) -> JSONObject:
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}},
        **more,
    }


# ---------------------------------------------------------------- nested executions


def test_nested_execution_takes_its_time_and_gives_its_description() -> None:
    inner = machine("inner", A={"Type": "Wait", "Seconds": 90}, Work={"Type": "Task", "Resource": FUNCTION})
    inner.set_resource_function("Work", lambda value: {"was": value["n"]})

    execution = machine(Start=start()).set_machines(inner).execute()

    output: Any = execution.result()
    assert execution.elapsed == 90
    assert (output["Input"], output["Output"], output["Status"]) == ({"n": 1}, {"was": 1}, "SUCCEEDED")
    assert output["StopDate"] - output["StartDate"] == 90_000
    assert [one.path for one in execution.started] == [["A", "Work"]]


def test_plain_sync_gives_texts() -> None:
    inner = machine("inner", Done={"Type": "Pass"})

    output: Any = machine(Start=start(".sync")).set_machines(inner).execute().output

    assert (output["Input"], output["Output"]) == ('{"n":1}', '{"n":1}')


@pytest.mark.parametrize("pattern", [".sync", ".sync:2"])
def test_nested_failure_fails_the_task_with_its_description(pattern: str) -> None:
    inner = machine("inner", Burnt={"Type": "Fail", "Error": "Burnt", "Cause": "too hot"})

    execution = machine(Start=start(pattern)).set_machines(inner).execute()

    told = json.loads(execution.cause or "")
    assert execution.error == "States.TaskFailed"
    assert (told["Error"], told["Cause"], told["Status"], told["Input"]) == (
        "Burnt", "too hot", "FAILED", '{"n":1}',
    )  # fmt: skip


def test_execution_without_sync_goes_on_beside_and_after() -> None:
    done: list[str] = []
    inner = machine(
        "inner", Rest={"Type": "Wait", "Seconds": 3600}, Work={"Type": "Task", "Resource": FUNCTION}
    )
    inner.set_resource_function("Work", lambda value: done.append("inner"))

    execution = machine(Start=start("")).set_machines(inner).execute()

    assert execution.elapsed == 0
    assert done == ["inner"]
    assert execution.started[0].elapsed == 3600


def test_nested_execution_is_stopped_with_its_task() -> None:
    inner = machine("inner", Rest={"Type": "Wait", "Seconds": 3600})

    execution = machine(Start=start() | {"TimeoutSeconds": 60}).set_machines(inner).execute()

    assert execution.error == "States.Timeout"
    assert (execution.started[0].status, execution.started[0].elapsed) == ("ABORTED", 60)


@pytest.mark.parametrize(
    ("parameters", "error"),
    [
        ({"StateMachineArn": "arn:nobody"}, "StepFunctions.StateMachineDoesNotExistException"),
        ({"Input": "{"}, "StepFunctions.InvalidExecutionInputException"),
    ],
)
def test_start_that_is_refused_fails_the_task(parameters: dict[str, Any], error: str) -> None:
    execution = (
        machine(Start=start(**parameters)).set_machines(machine("inner", A={"Type": "Pass"})).execute()
    )

    assert execution.error == error
    assert "(Service: AWSStepFunctions; Status Code: 400; Error Code: " in (execution.cause or "")


def test_name_is_taken_once() -> None:
    inner = machine("inner", A={"Type": "Pass"})

    execution = machine(First=start(), Again=start()).set_machines(inner).execute()

    assert execution.error == "StepFunctions.ExecutionAlreadyExistsException"


def test_machine_may_start_itself() -> None:
    again = start(Name="again", Input={"n": 0})
    again["Next"] = "End"
    definition: JSONObject = {
        "StartAt": "Choose",
        "States": {
            "Choose": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Again"}],
                "Default": "End",
            },
            "Again": again,
            "End": {"Type": "Succeed"},
        },
    }
    itself = StateMachine.from_json(definition, name="inner")

    execution = itself.set_machines().execute({"n": 1})

    assert execution.result(dict[str, Any])["Output"] == {"n": 0}


def test_unknown_machine_needs_something_attached() -> None:
    with pytest.raises(HandlerError, match="'Start'"):
        machine(Start=start()).execute()


# ---------------------------------------------------------------- task tokens


def test_callback_answers_after_its_time() -> None:
    def send(parameters: Any, answers: TaskAnswers) -> JSONObject:
        answers.success({"said": "yes"}, after=3600, token=parameters["MessageBody"]["token"])
        return {"MessageId": "m"}

    execution = machine(Ask=ask()).set_callback("Ask", send).execute()

    assert (execution.output, execution.elapsed) == ({"said": "yes"}, 3600)
    assert events(execution.history)[2:6] == [
        "TaskScheduled",
        "TaskStarted",
        "TaskSubmitted",
        "TaskSucceeded",
    ]


def test_callback_fails_the_task() -> None:
    machine_ = machine(Ask=ask()).set_callback("Ask", lambda _, answers: answers.failure("No", "never"))

    execution = machine_.execute()

    assert (execution.error, execution.cause) == ("No", "never")


def test_heartbeats_keep_a_task_alive_until_they_stop() -> None:
    def send(_: Any, answers: TaskAnswers) -> None:
        for after in (5, 10, 15):
            answers.heartbeat(after=after)

    execution = machine(Ask=ask(HeartbeatSeconds=8)).set_callback("Ask", send).execute()

    assert (execution.error, execution.elapsed) == ("States.Timeout", 23)


def test_answer_that_comes_too_late_changes_nothing() -> None:
    machine_ = machine(Ask=ask(TimeoutSeconds=5), After={"Type": "Wait", "Seconds": 60})
    machine_.set_callback("Ask", lambda _, answers: answers.success(after=10))

    assert machine_.execute().error == "States.Timeout"


def test_callback_that_answers_nothing_is_noticed() -> None:
    with pytest.raises(NothingToWaitFor, match="'Ask'"):
        machine(Ask=ask()).set_callback("Ask", lambda _: None).execute()


def test_callback_that_raises_fails_the_call() -> None:
    def send(_: Any) -> None:
        raise ConnectionError("no queue")

    execution = machine(Ask=ask()).set_callback("Ask", send).execute()

    assert execution.error == "ConnectionError"
    assert "TaskSubmitted" not in events(execution.history)


def test_one_branch_answers_the_token_of_another() -> None:
    seen: list[str] = []
    branches: list[JSONValue] = [
        {"StartAt": "Ask", "States": {"Ask": ask() | {"End": True}}},
        {
            "StartAt": "Rest",
            "States": {
                "Rest": {"Type": "Wait", "Seconds": 30, "Next": "Look"},
                "Look": {"Type": "Task", "Resource": FUNCTION, "Next": "Answer"},
                "Answer": {
                    "Type": "Task",
                    "Resource": f"{SFN}sendTaskSuccess",
                    "Parameters": {"TaskToken.$": "$.token", "Output": {"fine": True}},
                    "End": True,
                },
            },
        },
    ]
    both = machine(Both={"Type": "Parallel", "Branches": branches})
    both.set_callback("Ask", lambda parameters: seen.append(parameters["MessageBody"]["token"]))
    both.set_resource_function("Look", lambda _: {"token": seen[0]})

    execution = both.execute()

    assert (execution.output, execution.elapsed) == ([{"fine": True}, {}], 30)


def test_token_that_nobody_gave_is_refused() -> None:
    send: JSONObject = {"Type": "Task", "Resource": f"{SFN}sendTaskFailure", "Parameters": {"TaskToken": "x"}}

    execution = machine(Send=send).execute()

    assert execution.error == "Sfn.InvalidTokenException"
    assert (execution.cause or "").startswith(
        "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, "
    )


# ---------------------------------------------------------------- activities


def test_attached_worker_starts_an_activity_and_ends_it() -> None:
    bake = machine(Bake={"Type": "Task", "Resource": ACTIVITY})
    bake.set_resource_function(ACTIVITY, lambda dough: {"bread": dough["flour"]}, duration=60)

    execution = bake.execute({"flour": 2})

    assert (execution.output, execution.elapsed) == ({"bread": 2}, 60)
    assert events(execution.history)[2:5] == ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"]
    stamps = [event["timestamp"] for event in execution.history]
    assert (stamps[4] - stamps[3]).total_seconds() == 60


def test_activity_is_polled_by_another_branch() -> None:
    work: JSONObject = {
        "StartAt": "Poll",
        "States": {
            "Poll": {
                "Type": "Task",
                "Resource": f"{SFN}getActivityTask",
                "Parameters": {"ActivityArn": ACTIVITY, "WorkerName": "oven"},
                "Next": "Done",
            },
            "Done": {
                "Type": "Task",
                "Resource": f"{SFN}sendTaskSuccess",
                "Parameters": {"TaskToken.$": "$.TaskToken", "Output.$": "$.Input"},
                "End": True,
            },
        },
    }
    late: JSONObject = {
        "StartAt": "Rest",
        "States": {
            "Rest": {"Type": "Wait", "Seconds": 30, "Next": "Bake"},
            "Bake": {"Type": "Task", "Resource": ACTIVITY, "End": True},
        },
    }
    both = machine(Both={"Type": "Parallel", "Branches": [work, late]})

    execution = both.execute({"flour": 2})

    assert execution.output == [{}, {"flour": 2}]
    (started,) = [event for event in execution.history if event["type"] == "ActivityStarted"]
    assert started["activityStartedEventDetails"] == {"workerName": "oven"}


def test_poll_without_a_task_is_answered_after_a_minute() -> None:
    poll: JSONObject = {
        "Type": "Task",
        "Resource": f"{SFN}getActivityTask",
        "Parameters": {"ActivityArn": ACTIVITY},
    }

    execution = machine(Poll=poll).execute()

    assert (execution.output, execution.elapsed) == ({}, 60)
