"""A definition that AWS would refuse is refused in AWS's words: every state, every field, every rule.

The words stand here once more, as they were recorded; what follows from them for a field is worked out from
the tables of the language.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from step.asl.refusal import location, refuse_errors
from step.asl.rules.states import STATE_TYPES, TYPES
from step.asl.source import source_of
from step.asl.validate import validate
from step.errors import Diagnostic, Refused
from step.jsonvalue import JSONObject

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
PASS = {"StartAt": "Inner", "States": {"Inner": {"Type": "Pass", "End": True}}}
SOUND: dict[str, dict[str, Any]] = {
    "Task": {"Type": "Task", "Resource": FUNCTION, "End": True},
    "Wait": {"Type": "Wait", "Seconds": 1, "End": True},
    "Pass": {"Type": "Pass", "End": True},
    "Succeed": {"Type": "Succeed"},
    "Fail": {"Type": "Fail"},
    "Choice": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNull": True, "Next": "End"}]},
    "Parallel": {"Type": "Parallel", "Branches": [PASS], "End": True},
    "Map": {"Type": "Map", "ItemProcessor": PASS, "End": True},
}
EVERY_FIELD = sorted({field for kind in STATE_TYPES for field in TYPES[kind].fields})


def problems(state: dict[str, Any], language: str = "JSONPath") -> list[tuple[str, str | None, str]]:
    states: JSONObject = {"A": state, "End": {"Type": "Succeed"}}
    document: JSONObject = {"StartAt": "A", "QueryLanguage": language, "States": states}
    found = validate(source_of(document))
    return [
        (d.code, d.location, d.message)
        for d in found
        if d.severity == "ERROR" and d.location != "/States/End"
    ]


def refused(message: str, place: str = "") -> tuple[str, str, str]:
    return "SCHEMA_VALIDATION_FAILED", f"/States/A{place}", message


@pytest.mark.parametrize("kind", STATE_TYPES)
def test_every_field_that_a_type_doesnt_have_is_not_supported(kind: str) -> None:
    for field in ("Oven", *EVERY_FIELD):
        if field not in TYPES[kind].fields:
            assert refused(f"Field '{field}' is not supported") in problems({**SOUND[kind], field: "x"})


def _of_language(kind: str) -> Iterator[tuple[str, str, str]]:
    for name, field in TYPES[kind].fields.items():
        if field.only is not None:
            yield name, field.only, "JSONata" if field.only == "JSONPath" else "JSONPath"


@pytest.mark.parametrize("kind", STATE_TYPES)
def test_every_field_of_the_other_query_language_is_refused_for_that(kind: str) -> None:
    for name, only, language in _of_language(kind):
        words = (
            f"The QueryLanguage is set to '{language}', but field '{name}' is only supported for the "
            f"'{only}' QueryLanguage"
        )
        assert refused(words) in problems({**SOUND[kind], name: "x"}, language)


@pytest.mark.parametrize("kind", STATE_TYPES)
def test_every_missing_field_is_required(kind: str) -> None:
    for name in TYPES[kind].required:
        state = {key: value for key, value in SOUND[kind].items() if key != name}
        assert refused(f"These fields are required: [{name}]") in problems(state)


@pytest.mark.parametrize("kind", STATE_TYPES)
def test_fields_that_exclude_each_other_are_listed(kind: str) -> None:
    for choice in TYPES[kind].choices:
        listed = f"[{', '.join(choice.names)}]"
        state = {key: value for key, value in SOUND[kind].items() if key not in choice.names}
        two = dict.fromkeys(choice.names[:2], "x")
        too_many = refused(f"There should only be one of the following fields: {listed}")
        assert too_many in problems({**state, **two})
        none = refused(f"This object should have only one of the following fields: {listed}")
        assert (none in problems(state)) is (choice.presence == "exactly one")


@pytest.mark.parametrize("kind", [kind for kind in STATE_TYPES if "End" in SOUND[kind]])
def test_a_way_on_is_one_of_next_and_end(kind: str) -> None:
    nothing = {key: value for key, value in SOUND[kind].items() if key != "End"}
    none = refused("This object should have only one of the following fields: [Next, End]")
    assert none in problems(nothing)
    both = refused("There should only be one of the following fields: [Next, End]")
    assert both in problems({**SOUND[kind], "Next": "End"})


# What each value is refused with by fields of a type of their own.
WRONG: dict[str, tuple[object, str]] = {
    "Comment": (1, "Expected value of type String"),
    "QueryLanguage": (
        "JSONPat",
        "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]",
    ),
    "Next": (1, "Expected value of type String"),
    "End": ("x", "Expected value of type Boolean"),
    "Retry": ({}, "Expected value of type Array"),
    "Catch": ("x", "Expected value of type Array"),
    "Assign": ([], "Expected value of type Object"),
    "Resource": (1, "Expected value of type String"),
    "Credentials": (1, "Expected value of type Object"),
    "TimeoutSeconds": (0, "Minimum value is 1"),
    "HeartbeatSeconds": (1.5, "Expected value of type Integer"),
    "Seconds": (-1, "Minimum value is 0"),
    "Timestamp": ("yesterday", "String does not match RFC3339 timestamp"),
    "Branches": ([], "Value cannot be empty"),
    "Choices": ([], "Value cannot be empty"),
    "Default": (1, "Expected value of type String"),
    "InputPath": ("a", "Value must be a valid JSONPath."),
    "OutputPath": ("a", "Value must be a valid JSONPath."),
    "ResultPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "SecondsPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "TimestampPath": ("$.a[*]", "Value is not a Reference Path: '[' must be followed by ' or '['"),
    "TimeoutSecondsPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "HeartbeatSecondsPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "ItemsPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "MaxConcurrency": (-1, "Minimum value is 0"),
    "MaxConcurrencyPath": ("a", "Value is not a Reference Path: Reference path didn't start with '$'"),
    "ToleratedFailureCount": (-1, "Minimum value is 0"),
    "ToleratedFailurePercentage": (101, "Maximum value is 100.0"),
    "ItemProcessor": ([], "Expected value of type Object"),
    "ItemReader": ([], "Expected value of type Object"),
    "ItemBatcher": ([], "Expected value of type Object"),
    "ResultWriter": ([], "Expected value of type Object"),
    "Label": (1, "Expected value of type String"),
    "Error": (1, "Expected value of type String"),
    "Cause": (1, "Expected value of type String"),
}


@pytest.mark.parametrize("kind", STATE_TYPES)
def test_a_wrong_value_is_refused_in_the_same_words_wherever_the_field_stands(kind: str) -> None:
    for name, (value, words) in WRONG.items():
        if name in TYPES[kind].fields:
            assert refused(words, f"/{name}") in problems({**SOUND[kind], name: value})


def test_all_problems_are_told_at_once_those_of_transitions_last() -> None:
    # given: a machine with a problem of a field behind one of a transition
    document: JSONObject = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Next": "Nowhere"},
            "B": {"Type": "Choice", "Choices": [{"Variable": "$.a", "IsNul": True, "Next": "Nobody"}, 1]},
        },
    }

    # when
    with pytest.raises(Refused) as refusal:
        refuse_errors(validate(source_of(document)))

    # then
    assert refusal.value.code == "InvalidDefinition"
    told = refusal.value.message.split("SCHEMA_VALIDATION_FAILED: ")[1:]
    assert [words.partition(" at /")[0][:40] for words in told] == [
        "Field 'IsNul' is not supported",
        "This object should have only one of the ",
        "Expected value of type Object",
    ]
    assert refusal.value.message.endswith(
        "/States/B/Choices[1], MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next, "
        "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nobody at /States/B/Choices[0]/Next, "
        "MISSING_END_STATE: Workflow has no terminal state at null'"
    )


def test_a_hint_is_steps_own_and_no_part_of_what_aws_says() -> None:
    (found,) = validate(source_of({"StartAt": "A", "Coment": "", "States": {"A": {"Type": "Succeed"}}}))
    assert (found.message, found.hint) == ("Field 'Coment' is not supported", 'did you mean "Comment"?')
    assert (
        str(found)
        == "/: SCHEMA_VALIDATION_FAILED: Field 'Coment' is not supported (did you mean \"Comment\"?)"
    )


def test_a_place_is_written_as_aws_writes_it() -> None:
    def at(pointer: str | None) -> str | None:
        return location(Diagnostic(severity="ERROR", code="", message="", location=pointer))

    places = ["", None, "/States/1/Choices/0/Next", "/States/P/Branches/10"]
    assert [at(place) for place in places] == [
        "/",
        None,
        "/States/1/Choices[0]/Next",
        "/States/P/Branches[10]",
    ]
