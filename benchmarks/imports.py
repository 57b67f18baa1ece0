"""Rows on import time: fresh interpreters, less a bare one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.row import Figure, Row

ROOT = Path(__file__).resolve().parent.parent
_FIRST_USE = """
import step
machine = step.StateMachine.from_json({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
assert machine.execute({}).status == "SUCCEEDED"
"""
_TASKS = """
from step.tasks import TaskHandlers
handlers = TaskHandlers(service="bakery")
@handlers.task
def bake(dough: dict) -> dict:
    return dough
"""
_TASKS_WITH_LOGGER = f"{_TASKS}handlers.logger.info('warm')\n"
_POWERTOOLS = """
import sys
from aws_lambda_powertools import Logger
logger = Logger(service="bakery", stream=sys.stderr)
def bake(event, context):
    return event
logger.info('warm')
"""


class Imports:
    def __init__(self, *, is_quick: bool) -> None:
        self._rounds = 7 if is_quick else 21

    def rows(self) -> Iterator[Callable[[], Row]]:
        """Give every row as something that measures it, again if need be."""
        yield lambda: self._row("import step", "import step", 60)
        yield lambda: self._row("import step, with StateMachine", "from step import StateMachine", 60)
        yield lambda: self._row("import step and a first execution", _FIRST_USE)
        if find_spec("aws_lambda_powertools") is None:
            yield lambda: self._row("A handler file", _TASKS)
            return
        yield lambda: self._beside_powertools("A handler file", _TASKS)
        yield lambda: self._beside_powertools("A handler file that logs", _TASKS_WITH_LOGGER)

    def _row(self, name: str, code: str, to_reach: float | None = None) -> Row:
        (milliseconds,) = _milliseconds([code], self._rounds)
        figures = (Figure(value=milliseconds, unit="ms", to_reach=to_reach),) if to_reach else ()
        return Row(name=name, step=milliseconds, figures=figures)

    def _beside_powertools(self, name: str, code: str) -> Row:
        ours, bare = _milliseconds([code, _POWERTOOLS], self._rounds)
        return Row(
            name=name,
            step=ours,
            plain=bare,
            figures=(Figure(value=ours / bare, unit="x a bare handler"),),
            note="plain: a bare handler with Powertools' Logger, which writes one line",
        )


def _milliseconds(codes: list[str], rounds: int) -> list[float]:
    """Run each code in fresh interpreters, in turns with a bare one; give what it takes beyond that."""
    everything = ["pass", *codes]
    taken: list[list[float]] = [[] for _ in codes]
    with TemporaryDirectory() as bytecode:
        environment = _environment(bytecode)
        for code in everything:
            _wall(code, environment)  # compiles the modules, as installing a wheel does
        for _ in range(rounds):
            bare, *others = (_wall(code, environment) for code in everything)
            for times, wall in zip(taken, others, strict=True):
                times.append(wall - bare)
    return [median(times) * 1e3 for times in taken]


def _environment(bytecode: str) -> Mapping[str, str]:
    # Where an environment keeps Python from writing bytecode, compiling would be all that is measured.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": bytecode}


def _wall(code: str, environment: Mapping[str, str]) -> float:
    start = perf_counter()
    subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, check=True, stderr=subprocess.DEVNULL
    )
    return perf_counter() - start
