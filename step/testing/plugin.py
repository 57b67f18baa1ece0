"""The pytest plugin: fixtures that load machines and compare paths, and a page of what failed.

Registered by installing step; imports the interpreter only when a fixture is used.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from step.runtime.recent import KEEPERS, MOST

if TYPE_CHECKING:
    from step.machine import Execution, StateMachine
    from step.testing.fixtures import AssertPath, LoadMachine

# What was explained of the running test's comparison.
_COMPARED: list[str] = []
_EXECUTIONS = pytest.StashKey[deque["Execution"]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("step")
    group.addoption(
        "--step-report",
        type=Path,
        metavar="FOLDER",
        help="write a page for every execution of a failed test there (default: pytest's cache)",
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
def load_machine(request: pytest.FixtureRequest) -> Iterator[LoadMachine]:
    """Load a machine: ``load_machine("states/bread.asl.json", substitutions={...})``.

    A relative path starts at pytest's root folder. A bare name is states/NAME.asl.json with the handlers of
    lambda/NAME.py attached, where that file is; ``template.yaml#NAME`` is a machine of a project, with
    its Python functions. With ENV=local handlers reach the local service alone.
    """
    from step.local.confined import confined_where_asked
    from step.machine import StateMachine
    from step.machine.files import definition_file, handlers_file, load_handlers

    def load(
        name: str | Path,
        *,
        substitutions: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> StateMachine:
        file = definition_file(name, request.config.rootpath)
        machine = StateMachine.from_file(file, substitutions=substitutions, parameters=parameters)
        handlers = handlers_file(file, None)
        return machine.attach(load_handlers(handlers)) if handlers else machine

    with confined_where_asked():
        yield load


@pytest.fixture
def handlers_see_virtual_time() -> Iterator[None]:
    """Let ``datetime.now()``, ``time.time()`` and their like say an execution's time in its handlers.

    While a handler runs its clock stands, for the whole process; between two of them it is the wall clock.
    Needs the extra "clock".
    """
    from step.testing.travelling import travelling

    with travelling():
        yield


@pytest.fixture
def assert_path() -> AssertPath:
    """Compare an execution's path with names of states, side by side where they differ."""
    from step.testing.paths import assert_path

    return assert_path


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Keep a test's executions until it is reported."""
    kept = item.stash[_EXECUTIONS] = deque(maxlen=MOST)
    KEEPERS.append(kept)
    try:
        return (yield)
    finally:
        KEEPERS.remove(kept)
        _COMPARED.clear()
        del item.stash[_EXECUTIONS]


def pytest_assertrepr_compare(op: str, left: object, right: object) -> list[str] | None:
    """Explain an execution whose status, error or path isn't what a test says."""
    executions = [execution for keeper in KEEPERS for execution in keeper]
    if op != "==" or not executions:
        return None
    from step.testing.explanation import explain_compared

    found = explain_compared(executions, left, right)
    if found is None:
        return None
    lines, whole = found
    _COMPARED.append(whole)
    return lines


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Explain the executions of a failed test, and write their pages."""
    report = yield
    executions = item.stash.get(_EXECUTIONS, None)
    if report.when == "call" and report.failed and executions:
        from step.testing.explanation import explain_failed

        report.sections.append(("step", _COMPARED[-1] if _COMPARED else explain_failed(executions)))
        folder = item.config.getoption("--step-report")
        if folder is None and (cache := getattr(item.config, "cache", None)) is not None:
            folder = cache.mkdir("step-report")
        if folder is not None:
            report.sections.append(("step report", _write_pages(folder, item.nodeid, executions)))
    return report


def _write_pages(folder: Path, node: str, executions: Iterable[Execution]) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, execution in enumerate(executions, start=1):
        files.append(folder / f"{_file_name(node)}-{number}.html")
        files[-1].write_text(execution.report(), encoding="utf-8")
    return "\n".join(map(str, files))


def _file_name(node: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", node).strip("-")
