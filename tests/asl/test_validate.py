"""What holds for the validator as a whole; its rules are data in ``rules/``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.asl import taskfn
from step.asl.advice import advise
from step.asl.parse import parse
from step.asl.rules.codes import CODES
from step.asl.source import read_source, source_of
from step.asl.validate import validate
from step.errors import Diagnostic
from step.jsonvalue import JSONValue
from tests.counting import calls_in

RULES = Path(__file__).parent / "rules"
WORDS = ["StartAt", "States", "Type", "Next", "End", "Default", "Choices", "Catch", "Retry", "ErrorEquals"]
WORDS += ["Branches", "ItemProcessor", "Iterator", "ProcessorConfig", "Mode", "Assign", "Output", "Items"]
WORDS += ["QueryLanguage", "Variable", "And", "Not", "Condition", "Parameters", "ItemReader", "Label", "x.$"]
WORDS += ["Seconds", "Timestamp", "TimeoutSeconds"]
SCALARS = ["A", "JSONata", "JSONPath", "DISTRIBUTED", "EXPRESS", "Task", "Map", "Parallel", "Choice", "Pass"]
SCALARS += [
    "TaskFn",
    "$",
    "$$",
    "$.a",
    "$x",
    "{%",
    "%}",
    "{% $eval(a) %}",
    "States.ALL",
    "States.UUID(",
    "${x}",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(SCALARS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(WORDS) | st.text(max_size=3), inner, max_size=5)
    ),
    max_leaves=30,
)


def known_definitions() -> list[Any]:
    cases = [
        case
        for file in sorted(RULES.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8"))["accepted"]
    ]
    states = [case["state"] for case in cases if "state" in case]
    return [
        {
            "StartAt": "A",
            "QueryLanguage": case.get("language", "JSONPath"),
            "States": {"A": state, "B": state},
        }
        for case, state in zip((case for case in cases if "state" in case), states, strict=True)
    ]


NULL = {"Variable": "$.x", "IsNull": True, "Next": "B"}
DEFINITIONS = known_definitions()


@given(JSON)
def test_any_json_gives_diagnostics_and_nothing_else(value: JSONValue) -> None:
    for document in (value, {"StartAt": "A", "States": {"A": value, "B": {"Type": value}}}):
        source = source_of(document)
        problems = [*validate(source), *advise(source, {"A": ("E",)})]
        assert {problem.code for problem in problems} <= set(CODES)


@given(st.data())
def test_what_the_validator_passes_for_a_run_can_be_parsed(data: st.DataObject) -> None:
    # given: a right definition, changed at a few places
    definition = json.loads(json.dumps(data.draw(st.sampled_from(DEFINITIONS))))
    for _ in range(data.draw(st.integers(1, 4))):
        holder, key = data.draw(st.sampled_from(list(_slots(definition))))
        if data.draw(st.booleans()):
            holder[key] = data.draw(JSON)
        else:
            del holder[key]
        if not definition:
            break

    # when
    source = source_of(definition)
    problems = validate(source, for_run=True)
    advise(source)

    # then
    assert all(not problem.location or problem.location[0] == "/" for problem in problems)
    if not any(problem.severity == "ERROR" for problem in problems):
        assert isinstance(source.value, dict)
        parse(taskfn.expand(source.value))


def _slots(value: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    if isinstance(value, dict | list):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        for key in keys:
            found.append((value, key))
            found += _slots(value[key])
    return found


def test_every_problem_is_reported_at_once() -> None:
    source = read_source(
        """{ "StartAt": "Mix", "Timeout": 5, "States": {
          "Mix": { "Type": "Pass", "ResultPath": "dough", "Next": "Baek" },
          "Bake": { "Type": "Task", "Resource": "oven", "Retry": [{ "ErrorEquals": [] }], "End": true }
        } }"""
    )

    found = [(problem.location, problem.line) for problem in validate(source)]

    assert found == [
        ("", 1),
        ("/States/Mix/ResultPath", 2),
        ("/States/Bake/Resource", 3),
        ("/States/Bake/Retry/0/ErrorEquals", 3),
        ("/States/Mix/Next", 2),
        ("/States/Bake", 3),
    ]


@pytest.mark.parametrize(
    ("state", "location"),
    [
        ({"Type": "Wait", "Seconds": "${seconds}", "End": True}, "/States/A/Seconds"),
        ({"Type": "Pass", "InputPath": "${path}", "End": True}, "/States/A/InputPath"),
        ({"Type": "Pass", "Parameters": {"a.$": "$.${name}"}, "End": True}, "/States/A/Parameters/a.$"),
        ({"Type": "Choice", "Choices": [NULL], "Default": "${next}"}, "/States/A/Default"),
        ({"Type": "Wait", "Timestamp": "${day}T00:00:00Z", "End": True}, "/States/A/Timestamp"),
    ],
)
def test_placeholder_passes_lint_and_needs_a_value_for_a_run(state: dict[str, Any], location: str) -> None:
    others = {"B": {"Type": "Succeed"}} if state["Type"] == "Choice" else {}
    source = source_of({"StartAt": "A", "States": {"A": state, **others}})

    assert validate(source) == []
    problems = validate(source, for_run=True)
    assert [problem.location for problem in problems] == [location]
    assert "substitutions" in problems[0].message


def test_placeholder_in_a_resource_is_no_hindrance_to_a_run() -> None:
    task = {"Type": "Task", "Resource": "${arn}", "Parameters": {"Bucket": "${bucket}"}, "End": True}

    assert validate(source_of({"StartAt": "A", "States": {"A": task}}), for_run=True) == []


def test_cost_of_a_definition_that_is_all_wrong_grows_with_its_size() -> None:
    def cost(size: int) -> int:
        states: dict[str, Any] = {
            f"State {index}": {"Type": "Task", "Resource": "oven", "Next": f"Stat {index + 1}"}
            for index in range(size)
        }
        source = read_source(json.dumps({"StartAt": "State 0", "States": states}, indent=1))
        problems: list[Diagnostic] = []
        calls = calls_in(lambda: problems.extend(validate(source)))
        assert len(problems) > size
        return calls

    assert cost(2_000) < 2.5 * cost(1_000)


def test_deep_nesting_of_states_is_no_problem() -> None:
    definition: dict[str, Any] = {"StartAt": "S0", "States": {"S0": {"Type": "Succeed"}}}
    for depth in range(1, 49):
        branches = {"Type": "Parallel", "Branches": [definition], "End": True}
        definition = {"StartAt": f"S{depth}", "States": {f"S{depth}": branches}}

    assert validate(source_of(definition)) == []
