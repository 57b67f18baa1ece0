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
    group = parser.getgroup("step")
    group.addoption(
        "--step-report",
        type=Path,
        metavar="FOLDER",
        help="write a page for every execution of a failed test that used load_machine",
    )
    group.addoption(
        "--step-cov",
        nargs="?",
        const="",
        action="append",
        metavar="WHAT",
        help="which points of machines the tests take: of a machine's name, a definition file or a folder of "
        "these (default: of every machine that has a file; repeatable)",
    )
    group.addoption(
        "--step-cov-report",
        action="append",
        metavar="FORM[:PLACE]",
        help="term, term-missing, html:FOLDER, lcov:FILE, cobertura:FILE, json:FILE "
        "(default: term; repeatable)",
    )
    group.addoption(
        "--step-cov-fail-under",
        type=float,
        default=0.0,
        metavar="PERCENT",
        help="fail the run where less of all points is covered",
    )
    group.addoption(
        "--step-cov-data",
        type=Path,
        metavar="FILE",
        help="add what the run finds to what earlier runs left in FILE, and report both",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Gather coverage where it is asked for."""
    wanted = config.getoption("--step-cov")
    if wanted:
        from step.testing.coverage import CoveragePlugin

        config.pluginmanager.register(CoveragePlugin(config, wanted), "step_cov")


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
