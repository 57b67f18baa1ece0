"""A project that no tool was told of: definitions in states/, functions in lambda/."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.errors import StepError
from step.projects.project import open_project

PREFIX = "arn:aws:lambda:us-east-1:123456789012:function"
HANDLERS = """
from step.tasks import TaskHandlers

handlers = TaskHandlers()


@handlers.task("{task}")
def work(value: object) -> str:
    return "{told}"
"""


def task(next: str | None, **more: object) -> dict[str, Any]:
    onward = {"Next": next} if next else {"End": True}
    return {"Type": "TaskFn", "TimeoutSeconds": 5, **more, **onward}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    states = {"Price": task("Ship"), "Ship": task(None, Resource="${courier_arn}")}
    (tmp_path / "states").mkdir()
    (tmp_path / "lambda").mkdir()
    (tmp_path / "states" / "order.asl.json").write_text(json.dumps({"StartAt": "Price", "States": states}))
    (tmp_path / "lambda" / "order.py").write_text(HANDLERS.format(task="Price", told="priced"))
    (tmp_path / "lambda" / "courier.py").write_text(HANDLERS.format(task="Ship", told="shipped"))
    return tmp_path


def test_a_task_fn_calls_the_machine_s_function_or_the_one_that_it_names(folder: Path) -> None:
    application = open_project(folder)

    [machine] = application.machines
    assert isinstance(machine.source.value, dict)
    states: Any = machine.source.value["States"]
    assert machine.name == "order"
    assert {name: state["Resource"] for name, state in states.items()} == {
        "Price": f"{PREFIX}:order",
        "Ship": f"{PREFIX}:courier",
    }
    assert [function.name for function in application.functions] == ["courier", "order"]


def test_its_functions_do_the_work(folder: Path) -> None:
    execution = StateMachine.from_file(f"{folder}#order").execute({})

    assert (execution.status, execution.output) == ("SUCCEEDED", "shipped")
    assert execution.mocked == {}


def test_a_broken_definition_is_said_by_whoever_checks_it(folder: Path) -> None:
    (folder / "states" / "order.asl.json").write_text('{"StartAt": "A", "States": {"A": 1}}')

    [machine] = open_project(folder).machines

    assert machine.source.value == {"StartAt": "A", "States": {"A": 1}}


def test_a_folder_without_definitions_is_no_project(tmp_path: Path) -> None:
    (tmp_path / "lambda").mkdir()

    with pytest.raises(StepError, match=r"it has none of .*states/\*\.asl\.json"):
        open_project(tmp_path)
