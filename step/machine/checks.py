"""The file that says what must hold on every path of a machine: its invariants, its world.

Imports the user's file; knows no search.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

from step.errors import StepError
from step.machine.files import import_file
from step.machine.paths import Handlers
from step.paths.moment import Invariant
from step.paths.work import Effect

# The names that mean something in such a file; its other public functions are invariants.
_NAMES = ("world", "effects", "handlers", "inputs", "bounds")


class Checks(TypedDict):
    """Keyword arguments of ``explore`` and ``follow``."""

    invariants: Sequence[Invariant]
    world: Any
    effects: Mapping[str, Effect]
    handlers: Handlers | None


NO_CHECKS: Checks = {"invariants": (), "world": None, "effects": {}, "handlers": None}


class CheckFile:
    """What a file says.

    Attributes:
        checks: Its invariants and its world.
        inputs: What executions are started with.
        bounds: Other options of an exploration.
    """

    def __init__(self, module: ModuleType) -> None:
        named = {name: getattr(module, name, None) for name in _NAMES}
        self.checks: Checks = {
            "invariants": [
                value
                for name, value in vars(module).items()
                if inspect.isfunction(value)
                and value.__module__ == module.__name__
                and not name.startswith("_")
                and name not in _NAMES
            ],
            "world": named["world"],
            "effects": named["effects"] or {},
            "handlers": named["handlers"],
        }
        self.inputs: Sequence[object] = named["inputs"] or [{}]
        self.bounds: Mapping[str, Any] = named["bounds"] or {}

    @classmethod
    def from_file(cls, file: Path) -> CheckFile:
        """Read a file: ``world``, ``effects``, ``handlers``, ``inputs``, ``bounds``, and invariants.

        Raises:
            StepError: the file can't be imported.
        """
        if not file.exists():
            raise StepError(f"{file}: no such Python file")
        return cls(import_file(file, f"step_checks_{file.stem}", StepError))


def load_checks(file: str | Path) -> Checks:
    """Read the invariants and the world of a file, for ``StateMachine.follow``."""
    return CheckFile.from_file(Path(file)).checks


def checks_file(definition: Path, given: Path | None) -> Path | None:
    """Say where the checks of a definition are: in ``paths/NAME.py`` unless given; None: nowhere."""
    if given is not None:
        return given
    name = definition.name.removesuffix(".json").removesuffix(".asl")
    beside = definition.parent.parent / "paths" / f"{name}.py"
    return beside if beside.exists() else None
