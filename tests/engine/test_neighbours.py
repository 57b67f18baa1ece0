"""Whatever fails in a field fails as the rules say, wherever the state stands: thousands of machines."""

from __future__ import annotations

import json
from functools import cache
from itertools import groupby
from typing import Any

import pytest

from step.asl.parse import parse
from step.asl.source import read_source
from step.asl.validate import has_errors, validate
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, StartTask, TaskSucceeded
from step.runtime.map_items import MapItems
from step.runtime.virtual import VirtualDriver
from tests.engine.neighbours import (
    JSONATA,
    JSONPATH,
    PLACES,
    VALUE,
    Case,
    Place,
    Spot,
    cases,
    expected,
    faults,
    given_to,
    machine,
    state,
)


def test_neighbours_are_many_and_none_is_without_an_expectation() -> None:
    listed = list(cases())

    assert len(listed) >= 5000
    assert len({case.name for case in listed}) == len(listed)
    for (spot, _), group in groupby(listed, lambda case: (case.spot, case.place.is_caught)):
        assert list(group), spot


@pytest.mark.parametrize("spot", [*JSONPATH, *JSONATA], ids=lambda spot: f"{spot.kind}.{spot.field}")
def test_what_fails_in_a_field_fails_as_the_rules_say_wherever_it_stands(engine: Any, spot: Spot) -> None:
    wrong = [
        f"{case.name}\n    {difference}"
        for case in cases_of(spot)
        if (difference := difference_of(engine, case))
    ]

    assert wrong == [], f"{len(wrong)} of {len(cases_of(spot))}: " + "\n".join(wrong[:5])


@cache
def cases_of(spot: Spot) -> list[Case]:
    return [Case(spot, fault, place) for fault in faults(spot) for place in PLACES]


def difference_of(engine: Any, case: Case) -> str | None:
    """Run a case; say how it differs from what must come of it."""
    definition = machine(state(case.spot, case.fault), case.place)
    if not case.place.around and has_errors(validate(read_source(json.dumps(definition)))):
        return f"refused: {validate(read_source(json.dumps(definition)))}"
    kernel = run(engine, definition, given_to(case.place))
    wanted = expected(case.spot, case.fault, case.place)
    events = [(event["type"], event["previousEventId"]) for event in kernel.history]
    found: dict[str, tuple[object, object]] = {
        "events": (events, wanted.events),
        "status": (kernel.status, wanted.status),
        "error": (kernel.error and kernel.error.name, wanted.error),
        "cause": (kernel.error and kernel.error.cause, wanted.cause),
    }
    return next((f"{what} {one}\n    wanted {two}" for what, (one, two) in found.items() if one != two), None)


def run(engine: Any, definition: dict[str, Any], value: Any) -> Kernel:
    kernel = Kernel(Program.from_definition(parse(definition)), engine.info_of(value), Quotas())
    VirtualDriver(kernel, _echo, MapItems({}, None)).run(value)
    return kernel


def _echo(task: StartTask) -> tuple[list[Input], int]:
    return [TaskSucceeded(task.op, VALUE)], 0


@pytest.mark.parametrize("spot", [*JSONPATH, *JSONATA], ids=lambda spot: f"{spot.kind}.{spot.field}")
def test_what_fails_in_a_child_execution_fails_as_in_a_machine_of_its_own(engine: Any, spot: Spot) -> None:
    fault = next(faults(spot))
    child = machine(state(spot, fault), Place())
    child["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    definition: Any = {
        "StartAt": "Each",
        "States": {"Each": {"Type": "Map", "ItemProcessor": child, "End": True}},
    }
    value: Any = [VALUE]
    kernel = Kernel(Program.from_definition(parse(definition)), engine.info_of(value), Quotas())
    driver = VirtualDriver(kernel, _echo, MapItems({}, None))

    driver.run(value)

    [inner] = driver.children
    wanted = expected(spot, fault, Place())
    assert [(event["type"], event["previousEventId"]) for event in inner.history] == wanted.events
    assert (inner.error and inner.error.name, inner.error and inner.error.cause) == (
        wanted.error,
        wanted.cause,
    )
    assert kernel.error is not None
    assert kernel.error.name == "States.ExceedToleratedFailureThreshold"
    assert [(event["type"], event["previousEventId"]) for event in kernel.history][-3:] == [
        ("MapRunFailed", 4),
        ("MapStateFailed", 5),
        ("ExecutionFailed", 6),
    ]
