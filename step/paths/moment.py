"""What an invariant is shown, and what it says to it.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from step.engine.history import Written, entries
from step.engine.kernel import Kernel, Status
from step.errors import StepError
from step.jsonvalue import JSONValue


class Moment:
    """What one step of an execution has come to: an answer, a failure, or some time that has passed.

    Attributes:
        state: The state in which it happened; "": the execution has just begun.
        entered: The states that were entered in the step, in order, each with its input.
        status: "RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT" or "ABORTED".
        output: What it came to; None unless it succeeded.
        error: The ASL error name that it failed with, if any.
        cause: The error's cause, if any.
        world: The world as it is now; not to be changed.
        is_tainted: Whether a failure was neither tried again nor told by the end; only where that is asked.
    """

    __slots__ = (
        "_elapsed_ms",
        "_noted",
        "cause",
        "entered",
        "error",
        "is_tainted",
        "output",
        "state",
        "status",
        "world",
    )

    def __init__(
        self,
        kernel: Kernel,
        world: Any,
        *,
        state: str,
        rows: Sequence[Written],
        is_tainted: bool = False,
        noted: set[str] | None = None,
    ) -> None:
        self.entered: list[tuple[str, JSONValue]] = list(entries(rows))
        self.state = self.entered[-1][0] if self.entered else state
        self.status: Status = kernel.status
        self.output = kernel.output
        self.error = kernel.error.name if kernel.error else None
        self.cause = kernel.error.cause if kernel.error else None
        self.world = world
        self.is_tainted = is_tainted
        self._elapsed_ms = kernel.now - kernel.info.start_ms
        self._noted = noted

    @property
    def has_ended(self) -> bool:
        return self.status != "RUNNING"

    @property
    def elapsed(self) -> float:
        """How long the execution has run, in seconds."""
        if self._noted is not None:
            self._noted.add("elapsed")
        return self._elapsed_ms / 1000

    def has_entered(self, state: str) -> bool:
        """Whether a state was entered in this step."""
        return any(name == state for name, _ in self.entered)

    def input_of(self, state: str) -> Any:
        """What a state that was entered in this step was given; None: it wasn't entered."""
        return next((value for name, value in self.entered if name == state), None)


# Holds unless it returns False or raises an AssertionError.
Invariant = Callable[[Moment], object]


def complaint(invariant: Invariant, moment: Moment) -> str | None:
    """Ask an invariant; None: it holds.

    Raises:
        StepError: it fails with something else than an AssertionError.
    """
    try:
        if invariant(moment) is not False:
            return None
    except AssertionError as error:
        told = str(error).partition("\n")[0]
        if told:
            return told
    except Exception as error:
        raise StepError(f"invariant {title(invariant)!r}: {type(error).__name__}: {error}") from error
    return title(invariant)


def title(invariant: Invariant) -> str:
    """Name an invariant: the first line of its docstring, or its own name in words."""
    text = (getattr(invariant, "__doc__", None) or "").strip().partition("\n")[0].rstrip(".")
    return text or getattr(invariant, "__name__", "invariant").replace("_", " ")


def complaints(invariants: Iterable[Invariant], moment: Moment) -> Iterable[tuple[Invariant, str]]:
    """Ask several invariants; gives those that don't hold, with what they say."""
    for invariant in invariants:
        told = complaint(invariant, moment)
        if told is not None:
            yield invariant, told
