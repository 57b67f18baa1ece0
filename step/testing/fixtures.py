"""The types of the fixtures, for the annotations of tests.

Knows nothing of pytest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # every pytest run imports this package
    from step.machine import Execution, StateMachine


class LoadMachine(Protocol):
    """What the fixture ``load_machine`` is."""

    def __call__(
        self,
        name: str | Path,
        *,
        substitutions: Mapping[str, str] | None = None,
        parameters: Mapping[str, str] | None = None,
    ) -> StateMachine:
        """Load a machine: of a definition's file, or ``PROJECT#MACHINE``."""


class AssertPath(Protocol):
    """What the fixture ``assert_path`` is."""

    def __call__(self, execution: Execution, *states: str | Sequence[str]) -> None:
        """Compare an execution's path with names of states."""
