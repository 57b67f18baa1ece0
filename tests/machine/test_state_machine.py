"""What users hold: a definition, what does the work of its tasks, and its executions."""

from __future__ import annotations

import json
import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step import DefinitionError, ExecutionFailed, StateMachine, StepError, TaskHandlers
from step.errors import HandlerError, NothingToWaitFor, TaskError
from step.jsonvalue import JSONValue
from tests.exploring import examples

ARN = "arn:aws:lambda:us-east-1:123456789012:function:knead"
INVOKE = "arn:aws:states:::lambda:invoke"
BUSY = [{"ErrorEquals": ["Busy"], "IntervalSeconds": 10, "BackoffRate": 1}]


@dataclass(frozen=True)
class Dough:
    grams: int


class Busy(Exception):  # noqa: N818 - the name that the definitions match
    """The mixer is taken."""


def one(resource: str = ARN, **fields: Any) -> dict[str, Any]:
    return {
        "StartAt": "Knead",
        "States": {"Knead": {"Type": "Task", "Resource": resource, **fields, "End": True}},
    }


def invoking(function: str = ARN, **fields: Any) -> dict[str, Any]:
    parameters = {"FunctionName": function, "Payload.$": "$"}
    return one(INVOKE, Parameters=parameters, OutputPath="$.Payload", **fields)


def machine(definition: dict[str, Any]) -> StateMachine:
    return StateMachine.from_json(definition)


# ---------------------------------------------------------------- attaching


@pytest.mark.parametrize("name", ["Knead", ARN, f"{ARN}:live"])
@pytest.mark.parametrize("definition", [one(), invoking(), invoking("knead"), invoking(f"{ARN}:live")])
def test_function_is_attached_by_state_or_by_arn(definition: dict[str, Any], name: str) -> None:
    kneading = machine(definition).set_resource_function(name, lambda dough: dough["grams"] * 2)

    assert kneading.execute({"grams": 140}).output == 280


def test_function_is_attached_by_its_bare_name() -> None:
    assert machine(one()).set_resource_function("knead", 280).execute().output == 280


def test_state_name_holds_over_the_resource() -> None:
    both = machine(one()).set_resource_function(ARN, "by arn").set_resource_function("Knead", "by name")

    assert both.execute().output == "by name"


def test_function_on_an_integration_takes_its_parameters_and_gives_its_result() -> None:
    resource = "arn:aws:states:::dynamodb:getItem"
    getting = machine(one(resource, Parameters={"TableName": "t", "Key.$": "$.key"}))

    getting.set_resource_function(resource, lambda parameters: {"Item": parameters["Key"]})

    assert getting.execute({"key": {"id": 1}}).output == {"Item": {"id": 1}}


def test_task_inside_a_map_is_attached_by_its_state_name() -> None:
    each = {"Type": "Map", "ItemProcessor": one(), "End": True}
    mapping = machine({"StartAt": "Each", "States": {"Each": each}})

    mapping.set_resource_function("Knead", lambda grams: grams + 1)

    assert mapping.execute([1, 2]).output == [2, 3]


def test_list_gives_each_attempt_its_own_result() -> None:
    kneading = machine(one(Retry=BUSY))
    kneading.set_resource_function("Knead", [Busy, Busy("still"), {"grams": 280}])

    execution = kneading.execute()

    assert (execution.output, execution.elapsed) == ({"grams": 280}, 20)


def test_list_goes_on_where_a_loop_comes_back_to_the_state() -> None:
    ask = {"Type": "Task", "Resource": ARN, "Next": "Ready?"}
    ready = {"Variable": "$", "StringEquals": "ready", "Next": "Done"}
    wait = {"Type": "Wait", "Seconds": 30, "Next": "Ask"}
    choose = {"Type": "Choice", "Choices": [ready], "Default": "Wait"}
    states = {"Ask": ask, "Ready?": choose, "Wait": wait, "Done": {"Type": "Succeed"}}
    polling = machine({"StartAt": "Ask", "States": states})
    polling.set_resource_function("Ask", ["busy", "busy", "ready"])

    first, second = polling.execute(), polling.execute()

    assert first.elapsed == second.elapsed == 60
    assert first.path.count("Ask") == 3


def test_exception_ends_the_execution_under_its_class_name() -> None:
    execution = machine(one()).set_resource_function("Knead", Busy("taken")).execute()

    assert (execution.status, execution.error) == ("FAILED", "Busy")
    assert execution.cause is not None
    assert json.loads(execution.cause)["errorMessage"] == "taken"


def test_work_takes_its_duration_in_virtual_time() -> None:
    slow = machine(one(TimeoutSeconds=60)).set_resource_function("Knead", 1, duration=12.5)

    assert slow.execute().elapsed == 12.5


def test_work_that_never_ends_runs_into_the_timeout() -> None:
    endless = machine(one(TimeoutSeconds=60)).set_resource_function("Knead", 1, duration=math.inf)

    execution = endless.execute()

    assert (execution.error, execution.elapsed) == ("States.Timeout", 60)


def test_work_that_never_ends_without_a_timeout_raises_with_the_state() -> None:
    endless = machine(one()).set_resource_function("Knead", 1, duration=math.inf)

    with pytest.raises(NothingToWaitFor, match="state 'Knead' waits for an answer that nobody can give"):
        endless.execute()


def test_annotated_function_gets_and_gives_its_types() -> None:
    def knead(dough: Dough) -> Dough:
        return Dough(dough.grams + 140)

    kneading = machine(one()).set_resource_function("Knead", knead)

    assert kneading.execute(Dough(140)).result(Dough) == Dough(280)


def test_task_handlers_are_attached_as_a_whole() -> None:
    handlers = TaskHandlers()
    handlers.task("Knead")(lambda dough: dough["grams"])
    baking = machine({"StartAt": "Knead", "States": {"Knead": {"Type": "TaskFn", "End": True}}})

    assert baking.attach(handlers).execute({"grams": 3}).output == 3
    with pytest.raises(HandlerError, match="Knead"):
        baking.attach(TaskHandlers())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Kneed", "the definition has no Task state 'Kneed' (did you mean 'Knead'?)"),
        ("Oven", "the definition has no Task state 'Oven'; its tasks are 'Knead'"),
    ],
)
def test_misspelt_state_is_refused_with_what_there_is(name: str, said: str) -> None:
    with pytest.raises(HandlerError) as refused:
        machine(one()).set_resource_function(name, 1)

    assert str(refused.value) == said


def task_on(resource: str) -> dict[str, Any]:
    parameters = {"a": 1, "token.$": "$$.Task.Token"}
    state = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
    return {"StartAt": "Ask", "States": {"Ask": state}}


def test_a_misspelt_integration_is_refused_with_the_nearest() -> None:
    asking = machine(task_on("arn:aws:states:::sqs:sendMessage.waitForTaskToken"))

    with pytest.raises(
        HandlerError, match=r"did you mean arn:aws:states:::sqs:sendMessage\.waitForTaskToken\?"
    ):
        asking.set_resource_function("arn:aws:states:::sqs:sendMessage", {})
    with pytest.raises(HandlerError, match=r"no Task state 'Aks'.*did you mean 'Ask'"):
        asking.set_callback("Aks", print)


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken",
        "arn:aws:states:us-east-1:123456789012:activity:bake",
    ],
)
def test_a_task_with_a_token_says_which_call_answers_it(resource: str) -> None:
    with pytest.raises((HandlerError, NothingToWaitFor), match=r"set_callback\("):
        machine(task_on(resource)).execute()


def test_task_without_anything_attached_says_how_to_attach() -> None:
    with pytest.raises(HandlerError) as missing:
        machine(one()).execute()

    assert "state 'Knead'" in str(missing.value)
    assert ARN in str(missing.value)
    assert "set_resource_function('Knead', ...)" in str(missing.value)


def test_value_that_is_not_json_is_refused_when_it_is_attached() -> None:
    with pytest.raises(TypeError, match=r"\$\.tins: set is not a JSON value"):
        machine(one()).set_resource_function("Knead", {"tins": {1}})


# ---------------------------------------------------------------- definitions


def test_file_gives_the_machine_its_name(tmp_path: Path) -> None:
    file = tmp_path / "bread.asl.json"
    file.write_text(json.dumps(one()), encoding="utf-8")

    bread = StateMachine.from_file(file).set_resource_function("Knead", 1)

    assert bread.name == "bread"
    assert ":execution:bread:" in bread.execute().arn


def test_wrong_file_lists_every_problem_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "bread.asl.json"
    file.write_text('{"StartAt": "Bake",\n "States": {"Knead": {"Type": "Pas", "End": true}}}')

    with pytest.raises(DefinitionError) as wrong:
        StateMachine.from_file(file)

    problems = {(problem.location, problem.line) for problem in wrong.value.diagnostics}
    assert {("/StartAt", 1), ("/States/Knead/Type", 2)} <= problems
    assert all(line.startswith(str(file)) for line in str(wrong.value).splitlines())


def test_placeholders_are_substituted_and_the_others_stay() -> None:
    definition = one("${knead_arn}", Parameters={"table": "${table}"})
    kneading = StateMachine.from_json(definition, substitutions={"knead_arn": ARN})

    kneading.set_resource_function(ARN, lambda parameters: parameters)

    assert kneading.tasks == {"Knead": ARN}
    assert kneading.execute().output == {"table": "${table}"}


def test_definition_that_is_changed_later_changes_no_machine() -> None:
    definition = one()
    kneading = machine(definition).set_resource_function("Knead", 1)

    definition["States"]["Knead"]["Type"] = "Fail"

    assert kneading.execute().status == "SUCCEEDED"
    assert json.loads(kneading.to_json())["States"]["Knead"]["Type"] == "Task"


# ---------------------------------------------------------------- executions


def test_thousand_executions_from_threads_are_one_and_the_same() -> None:
    retry = [{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL", "IntervalSeconds": 60}]
    each = {"Type": "Map", "ItemProcessor": one(Retry=retry), "End": True}
    mapping = machine({"StartAt": "Each", "States": {"Each": each}})
    mapping.set_resource_function("Knead", [Busy, {"grams": 1}], duration=3)
    first = list(mapping.execute([1, 2]).history)

    with ThreadPoolExecutor(4) as pool:
        histories = pool.map(lambda _: list(mapping.execute([1, 2]).history), range(1000))

    assert all(history == first for history in histories)


def test_output_that_is_changed_changes_no_history() -> None:
    execution = machine(one()).set_resource_function("Knead", {"tins": [1]}).execute()

    execution.output["tins"].append(2)  # type: ignore[index,call-overload,union-attr]  # a dict with a list

    assert execution.history[-1]["executionSucceededEventDetails"]["output"] == '{"tins":[1]}'
    assert machine(one()).set_resource_function("Knead", 1).execute().output == 1


def test_input_that_is_changed_later_changes_no_history() -> None:
    value = {"tins": [1]}
    execution = machine(one()).set_resource_function("Knead", 1).execute(value)

    value["tins"].append(2)

    assert execution.history[0]["executionStartedEventDetails"]["input"] == '{"tins":[1]}'


def test_execution_tells_all_of_itself() -> None:
    kneading = machine(one()).set_resource_function("Knead", 7, duration=1.5)

    execution = kneading.execute({"n": 1}, name="today", start=datetime(2030, 5, 1, tzinfo=UTC))

    assert execution.arn.endswith(":execution:StateMachine:today")
    assert (execution.status, execution.input, execution.output) == ("SUCCEEDED", {"n": 1}, 7)
    assert (execution.error, execution.cause, execution.elapsed) == (None, None, 1.5)
    assert (execution.path, len(execution.history)) == (["Knead"], 7)
    assert execution.history[0]["timestamp"] == datetime(2030, 5, 1, tzinfo=UTC)
    assert repr(execution) == "<Execution SUCCEEDED: Knead>"


def test_no_input_is_an_empty_object() -> None:
    assert machine(one()).set_resource_function("Knead", lambda given: given).execute().output == {}


def test_result_raises_where_the_execution_failed() -> None:
    execution = machine(one()).set_resource_function("Knead", TaskError("Burnt", "too hot")).execute()

    assert execution.output is None
    with pytest.raises(ExecutionFailed, match="FAILED: Burnt: too hot") as failed:
        execution.result(Dough)
    assert (failed.value.status, failed.value.error, failed.value.cause) == ("FAILED", "Burnt", "too hot")


def test_result_of_another_type_names_the_place() -> None:
    execution = machine(one()).set_resource_function("Knead", {"grams": "many"}).execute()

    with pytest.raises(Exception, match=r"\$\.grams"):
        execution.result(Dough)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"tins": [{1}]}, r"\$\.tins\[0\]: set is not a JSON value"),
        ({"grams": math.nan}, r"\$\.grams: nan is not a JSON number"),
        ([math.inf], r"\$\[0\]: inf is not a JSON number"),
        ({1: 2}, r"\$: key 1 is int, JSON keys are str"),
        (b"bread", r"\$: bytes is not a JSON value"),
        (object(), r"\$: object is not a JSON value"),
    ],
)
def test_input_that_is_not_json_names_its_place(value: object, said: str) -> None:
    with pytest.raises(TypeError, match=said):
        machine(one()).set_resource_function("Knead", 1).execute(value)


def test_input_that_holds_itself_is_refused() -> None:
    value: dict[str, Any] = {}
    value["self"] = value

    with pytest.raises(TypeError, match="nested deeper than"):
        machine(one()).set_resource_function("Knead", 1).execute(value)


def test_input_past_the_quota_is_refused_unless_there_are_no_quotas() -> None:
    echoing = machine(one()).set_resource_function("Knead", 1)
    large = "x" * 300_000

    with pytest.raises(StepError, match="AWS starts no execution with more than 262,144"):
        echoing.execute(large)
    assert echoing.execute(large, quotas=None).status == "SUCCEEDED"


# ---------------------------------------------------------------- whatever comes

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from("n s t items a") | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=12,
)

TIMES = st.sampled_from(["2025-06-01T00:00:00Z", "2026-01-01T00:00:00.5+01:00", "9999-12-31T23:59:59-23:59"])
READABLE = st.fixed_dictionaries(
    {
        "n": JSON | st.integers(-1, 100) | st.just(10**400),
        "s": JSON | st.sampled_from(["a", "\ud800a", 5]),
        "t": JSON | TIMES,
        "items": JSON | st.lists(JSON, max_size=3),
    }
)

EVERYTHING: dict[str, Any] = {
    "StartAt": "Read",
    "States": {
        "Read": {"Type": "Pass", "Parameters": {"all.$": "$", "it.$": "$$.Execution.Input"}, "Next": "Kind?"},
        "Kind?": {
            "Type": "Choice",
            "Choices": [
                {"Variable": "$.all.n", "IsPresent": False, "Next": "Count"},
                {"Variable": "$.all.n", "NumericGreaterThanPath": "$.all.s", "Next": "Count"},
                {"Variable": "$.all.s", "StringMatches": "*a*", "Next": "Hash"},
                {"Variable": "$.all.t", "TimestampLessThan": "2026-01-01T00:00:00Z", "Next": "Rest"},
                {"Variable": "$.all.n", "IsNumeric": True, "Next": "Sum"},
            ],
            "Default": "Each",
        },
        "Count": {
            "Type": "Pass",
            "Parameters": {
                "text.$": "States.JsonToString($.all)",
                "said.$": "States.Format('{} {}', $.all, $.it)",
            },
            "End": True,
        },
        "Hash": {
            "Type": "Pass",
            "Parameters": {
                "hash.$": "States.Hash($.all.s, 'SHA-256')",
                "code.$": "States.Base64Encode($.all.s)",
                "parts.$": "States.StringSplit($.all.s, 'a')",
            },
            "End": True,
        },
        "Sum": {
            "Type": "Pass",
            "Parameters": {
                "sum.$": "States.MathAdd($.all.n, 1)",
                "range.$": "States.ArrayRange(1, $.all.n, 2)",
            },
            "End": True,
        },
        "Rest": {"Type": "Wait", "TimestampPath": "$.all.t", "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.all.items",
            "ItemProcessor": one(Retry=BUSY, ResultPath="$.kneaded"),
            "ToleratedFailurePercentagePath": "$.all.n",
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.all.error", "Next": "Nap"}],
            "Next": "Nap",
        },
        "Nap": {"Type": "Wait", "SecondsPath": "$.all.n", "Next": "End"},
        "End": {"Type": "Fail", "ErrorPath": "$.all.s", "CausePath": "$.all.t"},
    },
}


@examples(100)
@given(value=JSON | READABLE, result=JSON)
def test_no_input_and_no_result_raises_out_of_execute(value: JSONValue, result: JSONValue) -> None:
    everything = machine(EVERYTHING).set_resource_function("Knead", [Busy, [result]])

    execution = everything.execute({} if value is None else value)

    assert execution.status in ("SUCCEEDED", "FAILED", "TIMED_OUT")
    assert len(list(execution.history)) == len(execution.history)


def test_job_of_another_service_says_how_to_give_its_end() -> None:
    run_task = {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": True}
    job = machine(
        {"StartAt": "Job", "States": {"Job": run_task | {"Parameters": {"TaskDefinition": "bake"}}}}
    )

    with pytest.raises(HandlerError, match=r"set_resource_function\('Job', \{\.\.\.\}\)"):
        job.execute()

    assert job.set_resource_function("Job", {"Tasks": []}).execute().output == {"Tasks": []}
