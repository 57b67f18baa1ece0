"""What users attach, as workers: functions, values, exceptions, lists; and failures as in a Lambda."""

from __future__ import annotations

import json
from typing import Any

import pytest

from step.engine.vocabulary import StartTask, TaskFailed, TaskSucceeded
from step.errors import ExecutionFailed, HandlerError, TaskError
from step.jsonvalue import JSONValue
from step.runtime.workers import Attachment, Failed, LambdaContext, answer, worker_of

ARN = "arn:aws:lambda:us-east-1:123456789012:function:work"


def task(invocation: int = 0, payload: JSONValue = None) -> StartTask:
    return StartTask(1, "Work", ARN, payload, 0, None, None, (), invocation)


def test_value_is_the_result_of_every_invocation() -> None:
    worker = worker_of({"loaf": 1})

    assert [worker(None, task(n)) for n in (0, 5)] == [{"loaf": 1}] * 2


def test_list_gives_its_items_invocation_by_invocation_and_then_the_last() -> None:
    worker = worker_of(["first", TaskError("Busy", "later"), lambda payload: payload])

    results = [worker("payload", task(n)) for n in range(4)]

    assert isinstance(results[1], Failed)
    assert [results[0], results[1][:2], *results[2:]] == ["first", ("Busy", "later"), "payload", "payload"]


def test_list_in_a_list_is_a_result() -> None:
    assert worker_of([[1, 2]])(None, task()) == [1, 2]


def test_empty_list_is_refused() -> None:
    with pytest.raises(HandlerError, match="an empty list gives no invocation a result"):
        worker_of([])


@pytest.mark.parametrize("target", [KeyError("yeast"), KeyError])
def test_exception_or_its_class_fails_under_the_class_name(target: object) -> None:
    result = worker_of(target)(None, task())

    assert isinstance(result, Failed)
    assert result.error == "KeyError"
    assert json.loads(result.cause)["errorType"] == "KeyError"


def test_exception_of_a_function_leaves_as_lambda_reports_it() -> None:
    def burn(payload: JSONValue) -> JSONValue:
        raise ValueError("too hot")

    result = worker_of(burn)(None, task())

    assert isinstance(result, Failed)
    document = json.loads(result.cause)
    assert result.error == document["errorType"] == "ValueError"
    assert document["errorMessage"] == "too hot"
    assert len(document["stackTrace"]) == 1
    assert "in burn" in document["stackTrace"][0]


def test_task_error_fails_under_any_name() -> None:
    def fail(payload: JSONValue) -> JSONValue:
        raise TaskError("DynamoDb.ConditionalCheckFailedException", "taken")

    failed = worker_of(fail)(None, task())

    assert isinstance(failed, Failed)
    assert failed[:2] == ("DynamoDb.ConditionalCheckFailedException", "taken")
    assert isinstance(failed.exception, TaskError)


def test_failure_of_a_machine_inside_a_function_is_the_functions_failure() -> None:
    def run_another(payload: JSONValue) -> JSONValue:
        raise ExecutionFailed("FAILED", "Burnt", None)

    result = worker_of(run_another)(None, task())

    assert isinstance(result, Failed)
    assert result.error == "ExecutionFailed"


def test_error_of_the_set_up_is_no_failure_of_the_task() -> None:
    def broken(payload: JSONValue) -> JSONValue:
        raise HandlerError("no such state")

    with pytest.raises(HandlerError):
        worker_of(broken)(None, task())


def test_result_that_is_not_json_names_its_place() -> None:
    result = worker_of(lambda payload: {"tins": [{1, 2}]})(None, task())

    assert isinstance(result, Failed)
    assert result.error == "Runtime.MarshalError"
    assert "$.tins[0]: set is not a JSON value" in result.cause


def test_function_of_two_arguments_gets_a_lambda_context() -> None:
    seen: list[Any] = []
    worker_of(lambda event, context: seen.append(context))(None, task())

    (context,) = seen
    assert isinstance(context, LambdaContext)
    assert (context.function_name, context.invoked_function_arn) == ("work", ARN)
    assert context.get_remaining_time_in_millis() > 0


def test_second_argument_with_a_default_is_left_alone() -> None:
    assert worker_of(lambda event, rate=2: rate)(None, task()) == 2


def test_function_changes_its_own_copy_of_the_payload_only() -> None:
    payload: JSONValue = {"tins": [1]}
    given = []

    def spoil(event: Any) -> Any:
        event["tins"].append(2)
        given.append(event)
        return event

    done = answer(Attachment(worker=worker_of(spoil)), payload, task())
    given[0]["tins"].append(3)

    assert payload == {"tins": [1]}
    assert done == TaskSucceeded(1, {"tins": [1, 2]})


def test_failure_answers_the_op() -> None:
    done = answer(Attachment(worker=worker_of(TaskError("Busy"))), None, task())

    assert done == TaskFailed(1, "Busy", "")
