"""Path coverage of a test run: gathers every execution, merges processes and runs, and reports.

Imported only where ``--step-cov`` is given.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from step.clock import now_ms
from step.errors import StepError
from step.machine import StateMachine
from step.machine.coverage_files import covered_machine, write_report
from step.machine.watchers import Ran, watching
from step.paths.coverage import Coverage
from step.paths.coverage_report import CoveredMachine, table, total_percent

_KEY = "step_cov"


class CoveragePlugin:
    """The part of the plugin that a run with ``--step-cov`` has.

    Args:
        config: pytest's.
        wanted: Machines' names, definition files and folders of these; "" is every machine that has a file.
    """

    def __init__(self, config: pytest.Config, wanted: Sequence[str]) -> None:
        self._config = config
        self._root = config.rootpath
        self._wanted = wanted
        self._found: dict[tuple[str, str], Coverage] = {}
        # By a machine's text: what it is gathered in; a test loads the same file again and again.
        self._known: dict[tuple[str, str | None, int], Coverage | None] = {}
        self._kept: list[object] = []
        self._watch = ExitStack()
        self._watch.enter_context(watching(self._take))

    # ------------------------------------------------------------ gathering

    def _take(self, ran: Ran) -> None:
        key = (ran.machine, ran.file, id(ran.definition))
        if key not in self._known:
            # Kept, so that no other definition gets its id.
            self._kept.append(ran.definition)
            self._known[key] = self._coverage_of(ran)
        coverage = self._known[key]
        if coverage is not None:
            coverage.add(ran.history)

    def _coverage_of(self, ran: Ran) -> Coverage | None:
        coverage = Coverage(ran.definition)
        # A test may read the file itself: the text says which one it is.
        file = self._shown(ran.file) if ran.file else self._files.get(coverage.digest, "")
        if not any(self._means(wanted, ran.machine, file) for wanted in self._wanted):
            return None
        return self._found.setdefault((file or ran.machine, coverage.digest), coverage)

    @cached_property
    def _files(self) -> dict[str, str]:
        """By what a definition can do, the file that says so."""
        return {coverage.digest: name for name, coverage in self._untouched()}

    def _means(self, wanted: str, machine: str, file: str) -> bool:
        if not wanted:
            return bool(file)
        asked = self._shown(wanted)
        return wanted == machine or asked == file or file.startswith(f"{asked.rstrip('/')}/")

    def _shown(self, file: str) -> str:
        path = (self._root / file).resolve()
        return path.relative_to(self._root).as_posix() if path.is_relative_to(self._root) else path.as_posix()

    def _merge(self, documents: Sequence[Mapping[str, Any]]) -> None:
        for document in documents:
            coverage = Coverage.from_json(document)
            key = (str(document["name"]), coverage.digest)
            if key in self._found:
                self._found[key].merge(coverage)
            else:
                self._found[key] = coverage

    def _documents(self) -> list[dict[str, Any]]:
        return [{"name": name, **coverage.to_json()} for (name, _), coverage in self._found.items()]

    # ------------------------------------------------------------ what pytest calls

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take what a process of pytest-xdist found."""
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told:
            self._merge(json.loads(told))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand over what was found, or judge it."""
        self._watch.close()
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            output[_KEY] = json.dumps(self._documents())
            return
        kept = self._config.getoption("--step-cov-data")
        if kept is not None:
            self._add_to(kept)
        least = self._config.getoption("--step-cov-fail-under")
        if total_percent(self._machines()) < least and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print the tables, and write the reports."""
        machines = self._machines()
        terminalreporter.section("step coverage")
        if not machines:
            terminalreporter.line("no machine that --step-cov means was executed, and no definition is there")
            return
        asked = self._config.getoption("--step-cov-report") or ["term"]
        if any(form.startswith("term") for form in asked):
            for line in table(machines, has_missing="term-missing" in asked):
                terminalreporter.line(line)
        for form in asked:
            if not form.startswith("term"):
                kind, _, place = form.partition(":")
                terminalreporter.line(f"wrote {write_report(kind, place, machines, self._root, now_ms())}")
        least = self._config.getoption("--step-cov-fail-under")
        if total_percent(machines) < least:
            share = f"{total_percent(machines):.2f}%"
            terminalreporter.line(
                f"step coverage: {share} is less than the {least:g}% that were asked for", red=True
            )

    # ------------------------------------------------------------ results

    def _add_to(self, file: Path) -> None:
        file = self._root / file
        try:
            self._merge(json.loads(file.read_text(encoding="utf-8"))["machines"])
        except FileNotFoundError:
            pass
        except (ValueError, KeyError, TypeError, StepError) as fault:
            raise pytest.UsageError(f"--step-cov-data {file}: {fault}") from None
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"machines": self._documents()}), encoding="utf-8")

    def _machines(self) -> list[CoveredMachine]:
        found = dict(self._found)
        files = {name for name, _ in found}
        for name, coverage in self._untouched():
            if name not in files:
                # Never executed: all of it is missing.
                found[(name, coverage.digest)] = coverage
        return [covered_machine(name, coverage, self._root) for (name, _), coverage in sorted(found.items())]

    def _untouched(self) -> Iterator[tuple[str, Coverage]]:
        """Give each definition that is meant, with nothing taken; what AWS would refuse can't be covered."""
        for file in self._definitions():
            with suppress(StepError):
                yield self._shown(str(file)), Coverage(StateMachine.from_file(file).definition)

    def _definitions(self) -> Iterator[Path]:
        for wanted in self._wanted:
            place = self._root / (wanted or "states")
            if place.is_dir():
                yield from sorted(place.rglob("*.asl.json"))
            elif place.is_file():
                yield place
