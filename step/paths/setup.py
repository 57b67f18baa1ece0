"""What is explored, and how: a machine with who does its work, a world, bounds and abstractions.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from step.asl.model import Definition
from step.engine.frames import ExecutionInfo
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.paths.work import Effect, Perform


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A machine and what is around it.

    Attributes:
        definition: The definition as its author wrote it.
        program: What runs.
        info: The execution; its input among it.
        quotas: AWS's limits; None: none.
        perform: Does a task's work in a world.
        effects: What tasks that succeed change in the world, by state.
        world: What handlers change outside; None: nothing.
        declared: The errors that handlers say they raise, by state.
        only: By state, errors beside which there are none.
        by_invocation: Whether a list of answers is attached somewhere.
        is_unknown: Whether values aren't known: there are no handlers.
    """

    definition: Definition
    program: Program
    info: ExecutionInfo
    quotas: Quotas | None
    perform: Perform
    effects: Mapping[str, Effect] = field(default_factory=dict)
    world: Any = None
    declared: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: Mapping[str, Sequence[str]] = field(default_factory=dict)
    by_invocation: bool = False
    is_unknown: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far to go.

    Attributes:
        faults: How many there may be on a way; None: any number.
        max_situations: Where to stop.
        leave_out: The names of fields, in data and world, that make no difference to what happens;
            "time": when a state was entered; "random": what is drawn; "attempts": how often a state has been
            tried again, so that any attempt may be the last.
        ends_within: How long every way may take, in seconds; None: as long as it likes.
        tells_swallowed: Whether a success with a failure that nobody hears of is wrong.
        stops_at_first: Whether the first way on which something doesn't hold is enough.
    """

    faults: int | None = None
    max_situations: int = 200_000
    leave_out: tuple[str, ...] = ()
    ends_within: float | None = None
    tells_swallowed: bool = False
    stops_at_first: bool = False


class Bounds(TypedDict, total=False):
    """``Extent`` as keyword arguments."""

    faults: int | None
    max_situations: int
    leave_out: tuple[str, ...]
    ends_within: float | None
    tells_swallowed: bool
    stops_at_first: bool
