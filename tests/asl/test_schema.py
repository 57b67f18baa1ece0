"""The JSON Schema of definitions: says something of every field, and refuses nothing that lint accepts."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from step.asl.schema import definition_schema
from step.asl.source import source_of
from step.asl.validate import has_errors, validate
from tests.asl.test_validate_rules import RULES, text_of

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = definition_schema()
VALIDATOR = Draft7Validator(SCHEMA)
FILES = sorted(
    file for folder in ("states", "templates", "examples") for file in (ROOT / folder).rglob("*.asl.json")
)
DEFINITIONS = [json.loads(file.read_text(encoding="utf-8")) for file in FILES]
RULED = [
    json.loads(text_of(case))
    for file in sorted(RULES.glob("*.json"))
    for case in json.loads(file.read_text(encoding="utf-8")).get("accepted", [])
]
# What somebody may put where something else stood.
VALUES: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "$",
    "$.a",
    "${x}",
    "{% $a %}",
    "{%",
    [],
    {},
    ["x"],
    {"a": 1},
]


def is_accepted(definition: Any) -> bool:
    return not has_errors(validate(source_of(definition)))


def problems(definition: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(definition)]


def test_it_is_a_schema_itself() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(ROOT).as_posix())
def test_definitions_of_the_repository_fit(file: Path) -> None:
    assert problems(json.loads(file.read_text(encoding="utf-8"))) == []


def test_whatever_the_rules_accept_fits() -> None:
    assert len(RULED) >= 60
    assert [(definition, told) for definition in RULED if (told := problems(definition))] == []


@given(st.data())
def test_whatever_lint_still_accepts_after_an_edit_fits(data: st.DataObject) -> None:
    definition = copy.deepcopy(data.draw(st.sampled_from(DEFINITIONS + RULED)))
    for _ in range(data.draw(st.integers(1, 3))):
        owner, key = data.draw(st.sampled_from([*places(definition)]))
        owner[key] = data.draw(st.sampled_from(VALUES))

    if is_accepted(definition):
        assert problems(definition) == []


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield value, key
        yield from places(item)


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        ({"Type": "Tsk"}, "is not valid under any of the given schemas"),
        ({"Timeout": 5}, "'Timeout' was unexpected"),
        ({"TimeoutSeconds": "soon"}, "is not valid under any of the given schemas"),
        ({"Retry": [{"MaxAttempts": 1}]}, "'ErrorEquals' is a required property"),
        ({"Catch": [{"ErrorEquals": [], "Next": "A"}]}, "[] should be non-empty"),
    ],
)
def test_a_slip_is_seen_in_the_editor(edit: dict[str, Any], said: str) -> None:
    state = {"Type": "TaskFn", "TimeoutSeconds": 5, "End": True, **edit}

    found = problems({"StartAt": "A", "States": {"A": state}})

    assert any(said in problem for problem in found), found


def test_every_field_and_every_type_says_what_it_is_for() -> None:
    def untold(schema: Any, at: str) -> Iterator[str]:
        if isinstance(schema, dict):
            for name, field in schema.get("properties", {}).items():
                if isinstance(field, dict) and name != "ProcessorConfig" and not field.get("description"):
                    yield f"{at}/{name}"
            for key, item in schema.items():
                yield from untold(item, f"{at}/{key}")
        elif isinstance(schema, list):
            for item in schema:
                yield from untold(item, at)

    told = {option["const"] for option in SCHEMA["definitions"]["State"]["properties"]["Type"]["oneOf"]}
    assert "TaskFn" in told
    conditions = [place for place in untold(SCHEMA, "") if "/if/" not in place]
    assert conditions == []
