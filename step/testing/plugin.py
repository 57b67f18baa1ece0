"""The pytest plugin: fixtures that load machines and compare paths, and a page of what failed.

Registered by installing step; imports the interpreter only when a fixture is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from step.machine import Execution, StateMachine

_EXECUTIONS = pytest.StashKey[list["Execution"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("step").addoption(
        "--step-report",
        type=Path,
        metavar="FOLDER",
        help="write a page for every execution of a failed test that used load_machine",
    )


@pytest.fixture
def load_machine(request: pytest.FixtureRequest) -> Iterator[Callable[..., StateMachine]]:
    """Load a machine: ``load_machine("states/bread.asl.json", substitutions={...})``.

    A relative path starts at pytest's root folder. A bare name is states/NAME.asl.json with the handlers of
    lambda/NAME.py attached, where that file is; ``template.yaml#NAME`` is a machine of a project, with
    its Python functions. With ENV=local handlers reach the local service alone.
    """
    from step.local.confined import confined_where_asked
    from step.machine import StateMachine
    from step.machine.files import definition_file, handlers_file, load_handlers

    executions: list[Execution] = request.node.stash.setdefault(_EXECUTIONS, [])

    class Recorded(StateMachine):
        def execute(self, *args: Any, **kwargs: Any) -> Execution:
            execution = super().execute(*args, **kwargs)
            executions.append(execution)
            return execution

    def load(
        name: str | Path,
        *,
        substitutions: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> StateMachine:
        file = definition_file(name, request.config.rootpath)
        machine = Recorded.from_file(file, substitutions=substitutions, parameters=parameters)
        handlers = handlers_file(file, None)
        return machine.attach(load_handlers(handlers)) if handlers else machine

    with confined_where_asked():
        yield load


@pytest.fixture
def assert_path() -> Callable[..., None]:
    """Compare an execution's path with names of states, side by side where they differ."""
    from step.testing.paths import assert_path

    return assert_path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write the pages of a failed test's executions."""
    report = yield
    folder = item.config.getoption("--step-report")
    executions = item.stash.get(_EXECUTIONS, [])
    if folder is not None and report.when == "call" and report.failed and executions:
        folder.mkdir(parents=True, exist_ok=True)
        files = []
        for number, execution in enumerate(executions, start=1):
            files.append(folder / f"{_file_name(item.nodeid)}-{number}.html")
            files[-1].write_text(execution.report(), encoding="utf-8")
        report.sections.append(("step report", "\n".join(map(str, files))))
    return report


def _file_name(node: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", node).strip("-")
