"""What a handler gives and the next one takes: found where no value can be both, with the field."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from step.asl.source import source_of
from step.cli.main import main
from step.machine.advice import lint
from step.machine.files import load_handlers
from step.paths.typed import misfits
from step.tasks import TaskContext, TaskHandlers
from step.tasks.schemas import input_schema, output_schema, schema_of

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Item:
    sku: str
    count: int = 1


@dataclass
class Order:
    items: list[Item]
    note: str | None = None


@dataclass
class Priced:
    items: list[Item]
    total: float
    note: str | None = None


class Paid(TypedDict):
    total: float
    receipt: NotRequired[str]


def _lint(handlers: TaskHandlers, document: Any) -> list[str]:
    diagnostics = lint(source_of(document), handlers)
    return [f"{d.location}: {d.text}" for d in diagnostics if d.code == "TYPE_MISFIT"]


def _two(first: dict[str, Any] | None = None, between: dict[str, Any] | None = None) -> Any:
    states: dict[str, Any] = {
        "First": {"Type": "TaskFn", "TimeoutSeconds": 1, "Next": "Between" if between else "Second"},
        "Second": {"Type": "TaskFn", "TimeoutSeconds": 1, "End": True},
    }
    states["First"] |= first or {}
    if between:
        states["Between"] = {**between, "Next": "Second"}
    return {"StartAt": "First", "States": states}


def _handlers(gives: Any, takes: Any) -> TaskHandlers:
    def first(value: Any) -> Any: ...
    def second(value: Any) -> None: ...

    first.__annotations__["return"] = gives
    second.__annotations__["value"] = takes
    handlers = TaskHandlers()
    handlers.task("First")(first)
    handlers.task("Second")(second)
    return handlers


@pytest.mark.parametrize(
    ("gives", "takes", "problem"),
    [
        (Order, Priced, "$: Priced needs 'total', which Order hasn't"),
        (Priced, Order, "$: Order knows no 'total', which Priced has"),
        (str, int, "$: expected integer, gets string"),
        (list[int], Order, "$: expected Order, gets array"),
        (Literal["a", "b"], Literal["c"], "$: none of ['a', 'b'] is among ['c']"),
        (str | None, int | float, "$: string fits none of integer, number"),
        (None, Order, "$: expected Order, gets null"),
    ],
)
def test_a_result_that_cant_be_the_input_is_found(gives: Any, takes: Any, problem: str) -> None:
    told = f"/States/First: What 'First' gives comes to 'Second': {problem}"

    assert _lint(_handlers(gives, takes), _two()) == [told]


@pytest.mark.parametrize(
    ("gives", "takes"),
    [
        (Order, Order),
        (int, float),
        (Order | None, Order),
        (Any, Order),
        (Order, Any),
        (dict[str, int], Order),
        (Paid, dict[str, Any]),
        (Literal["a", "b"], Literal["b"]),
    ],
)
def test_what_may_fit_is_no_misfit(gives: Any, takes: Any) -> None:
    assert _lint(_handlers(gives, takes), _two()) == []


@pytest.mark.parametrize(
    "between",
    [
        {"Type": "Wait", "Seconds": 1},
        {"Type": "Pass"},
        {"Type": "TaskFn", "TimeoutSeconds": 1, "ResultPath": None},
    ],
)
def test_a_value_is_followed_through_states_that_pass_it_on(between: dict[str, Any]) -> None:
    handlers = _handlers(Order, Priced)
    handlers.task("Between")(lambda value: value)

    (told,) = _lint(handlers, _two(between=between))

    assert told.startswith("/States/Between: What 'First' gives comes to 'Second'")


@pytest.mark.parametrize(
    ("first", "between"),
    [
        ({"ResultPath": "$.order"}, None),
        ({"ResultSelector": {"total.$": "$.n"}}, None),
        ({}, {"Type": "Pass", "Parameters": {"total": 1}}),
        ({}, {"Type": "Pass", "OutputPath": "$.x"}),
    ],
)
def test_a_value_that_is_changed_on_the_way_isnt_judged(
    first: dict[str, Any], between: dict[str, Any] | None
) -> None:
    assert _lint(_handlers(Order, Priced), _two(first, between)) == []


def test_fields_within_are_named_by_their_place() -> None:
    given = schema_of(dict[str, Any], is_given=True) | {
        "required": ["a"],
        "properties": {"a": {"type": "string"}},
    }
    taken = {"type": "object", "properties": {"a": {"type": "integer"}}}

    assert list(misfits(given, taken, "$")) == ["$.a: expected integer, gets string"]


def test_schemas_say_what_is_needed_to_take_and_what_is_always_given() -> None:
    taken, given = schema_of(Item, is_given=False), schema_of(Item, is_given=True)

    assert taken["required"] == ["sku"]
    assert given["required"] == ["sku", "count"]
    assert schema_of(Paid, is_given=True)["required"] == ["total"]
    assert schema_of(tuple[int, str], is_given=True)["prefixItems"] == [
        {"type": "integer"},
        {"type": "string"},
    ]


def test_a_class_that_holds_itself_is_told_once() -> None:
    schema = schema_of(Tree, is_given=True)

    assert schema["properties"] == {"children": {"type": "array", "items": {}}}


@dataclass
class Tree:
    children: list[Tree]


def test_handlers_without_annotations_or_input_take_anything() -> None:
    handlers = TaskHandlers()

    @handlers.task
    def nothing() -> None: ...

    @handlers.task
    def knows(context: TaskContext) -> int:
        return 1

    assert [input_schema(handler) for handler in handlers.tasks.values()] == [{}, {}]
    assert [output_schema(handler) for handler in handlers.tasks.values()] == [
        {"type": "null"},
        {"type": "integer"},
    ]


def test_the_projects_own_machines_have_no_misfit() -> None:
    for name in ("bread", "deployer", "hello"):
        document = json.loads((ROOT / "states" / f"{name}.asl.json").read_text(encoding="utf-8"))
        handlers = load_handlers(ROOT / "lambda" / f"{name}.py")
        assert _lint(handlers, document) == []


def test_the_command_prints_every_handlers_schemas(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schemas", "--handlers", str(ROOT / "lambda" / "bread.py")]) == 0

    told = json.loads(capsys.readouterr().out)
    assert told["Bake"]["input"]["title"] == "Bread"
    assert told["Bake"]["output"]["properties"]["oven"]["properties"]["celsius"] == {"type": "integer"}
    assert main(["schemas"]) == 2
