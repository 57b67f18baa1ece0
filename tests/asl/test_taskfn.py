"""TaskFn becomes a plain Task that carries a message to the handler of its name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.asl.taskfn import expand

ROOT = Path(__file__).parents[2]


def state(document: dict[str, Any], name: str = "Knead") -> Any:
    return json.loads(StateMachine.from_json(document).to_json())["States"][name]


def machine(knead: dict[str, Any], **top: Any) -> dict[str, Any]:
    return {**top, "StartAt": "Knead", "States": {"Knead": {"Type": "TaskFn", "End": True, **knead}}}


def test_a_jsonpath_message_carries_task_input_and_four_facts_of_the_execution() -> None:
    task = state(machine({}))

    assert task["Resource"] == "${function_arn}"
    assert task["Parameters"] == {
        "Task": "Knead",
        "Input.$": "$",
        "Context": {
            "Execution.$": "$$.Execution.Id",
            "StartTime.$": "$$.Execution.StartTime",
            "EnteredTime.$": "$$.State.EnteredTime",
            "RetryCount.$": "$$.State.RetryCount",
        },
    }


@pytest.mark.parametrize("place", ["machine", "state"])
def test_a_jsonata_message_is_written_in_jsonata(place: str) -> None:
    language = {"QueryLanguage": "JSONata"}
    document = machine({}, **language) if place == "machine" else machine(language)

    task = state(document)

    assert "Parameters" not in task
    assert task["Arguments"]["Task"] == "Knead"
    assert task["Arguments"]["Input"] == "{% $states.input %}"
    assert task["Arguments"]["Context"]["RetryCount"] == "{% $states.context.State.RetryCount %}"


@pytest.mark.parametrize(
    ("written", "message_input"),
    [
        ({"Parameters": {"dough.$": "$.dough", "salt": 1}}, {"dough.$": "$.dough", "salt": 1}),
        ({"QueryLanguage": "JSONata", "Arguments": "{% $states.input.dough %}"}, "{% $states.input.dough %}"),
    ],
)
def test_parameters_that_the_user_wrote_become_the_input(written: dict[str, Any], message_input: Any) -> None:
    task = state(machine(written))

    assert (task.get("Parameters") or task["Arguments"])["Input"] == message_input


def test_all_other_fields_stay_in_their_order() -> None:
    knead = {
        "Comment": "slowly",
        "TimeoutSeconds": 9,
        "ResultPath": None,
        "Retry": [],
        "InputPath": "$.dough",
    }

    task = state(machine(knead))

    assert [key for key in task if key in knead] == list(knead)
    assert {key: task[key] for key in knead} == knead


@pytest.mark.parametrize("body", ["Iterator", "ItemProcessor"])
def test_states_inside_parallel_and_map_are_expanded(body: str) -> None:
    inner = machine({})
    outer = {"Type": "Parallel", "Branches": [inner], "End": True}
    each: dict[str, Any] = {
        "Type": "Map",
        body: {"StartAt": "Outer", "States": {"Outer": outer}},
        "End": True,
    }

    document: Any = expand({"StartAt": "Each", "States": {"Each": each}}, "arn:aws:lambda:::function:f")

    [branch] = document["States"]["Each"][body]["States"]["Outer"]["Branches"]
    assert branch["States"]["Knead"]["Resource"] == "arn:aws:lambda:::function:f"


def test_a_definition_without_taskfn_is_printed_as_it_was_written() -> None:
    document = machine(
        {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"a": 1}}
    )

    assert json.loads(StateMachine.from_json(document).to_json()) == document


@pytest.mark.parametrize("name", ["bread", "hello"])
def test_what_json_prints_is_a_definition_that_lint_accepts(name: str) -> None:
    text = StateMachine.from_file(ROOT / "states" / f"{name}.asl.json").to_json()

    assert StateMachine.from_json(text).to_json() == text
