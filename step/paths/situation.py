"""Where an explored execution stands between two steps: the kernel, the world, and what nobody answers.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from step.engine.explored_kernel import ExploredKernel
from step.engine.frames import Frame, Op, Timer
from step.engine.key import Seen, key
from step.engine.states.map import MapAttempt
from step.engine.vocabulary import Input, StartTask
from step.paths.work import Held

Path = tuple[int, ...]


class Focus(NamedTuple):
    """A branch that goes on alone; ``run`` tells its group from a later one in the same place."""

    path: Path
    run: str


class Late(NamedTuple):
    """An answer that comes at its time."""

    due: int
    op: int
    item: Input


class Situation:
    """Never changed once it is made: a step makes another one.

    Attributes:
        kernel: The execution.
        held: The world: what handlers have changed outside; None: there is none.
        hung: The open work that nobody answers any more.
        late: The answers that are on their way.
        focus: The branches that go on alone, each inside the one before.
        faults: How many there have been, where that is bounded.
        is_tainted: Whether a failure was neither tried again nor told by the end, where that is asked.
    """

    __slots__ = ("faults", "focus", "held", "hung", "is_tainted", "kernel", "late")

    def __init__(
        self,
        kernel: ExploredKernel,
        held: Held | None,
        hung: frozenset[int] = frozenset(),
        late: tuple[Late, ...] = (),
        focus: tuple[Focus, ...] = (),
        faults: int = 0,
        is_tainted: bool = False,
    ) -> None:
        self.kernel = kernel
        self.held = held
        self.hung = hung
        self.late = late
        self.focus = focus
        self.faults = faults
        self.is_tainted = is_tainted

    def fork(self) -> Situation:
        kernel = self.kernel.fork()
        return Situation(kernel, self.held, self.hung, self.late, self.focus, self.faults, self.is_tainted)

    @property
    def is_running(self) -> bool:
        return self.kernel.status == "RUNNING"

    def open_tasks(self) -> list[tuple[int, Op]]:
        """The tasks that wait for an answer which may still come, by their branches' places."""
        hung, late = self.hung, {one.op for one in self.late}
        found = [
            (number, op)
            for number, op in self.kernel.ops.items()
            if number not in hung and number not in late and isinstance(op.command, StartTask)
        ]
        if len(found) > 1:
            found.sort(key=lambda pair: pair[1].frame.path)
        return found

    @property
    def wakes_at(self) -> int | None:
        """The time at which something happens by itself."""
        times = [one.due for one in self.late]
        if self.kernel.timers:
            times.append(self.kernel.timers[0][0])
        return min(times, default=None)

    def timers_of(self, frame: Frame) -> dict[Timer, int]:
        """When the timers of the work that a branch waits for go off."""
        return {
            what: at for at, _, op, owner, what in self.kernel.timers if owner is frame and op == frame.op
        }

    def settle(self) -> None:
        """Forget what was noted of work that is over."""
        ops = self.kernel.ops
        if self.hung:
            self.hung = frozenset(op for op in self.hung if op in ops)
        if self.late:
            self.late = tuple(one for one in self.late if one.op in ops)

    def key(self, seen: Seen) -> tuple[Any, ...]:
        """Say what will come of it."""
        kernel, world = self.kernel, self.held and self.held.name
        if not self.is_running:
            return (key(kernel, seen), world, self.is_tainted, self.faults)
        ops = kernel.ops
        return (
            key(kernel, seen),
            world,
            sorted(ops[op].frame.path for op in self.hung),
            sorted(
                (one.due - kernel.now, ops[one.op].frame.path, type(one.item).__name__, *one.item[1:])
                for one in self.late
            ),
            [focus.path for focus in self.focus],
            self.is_tainted,
            self.faults,
        )


def frames(frame: Frame) -> Iterator[Frame]:
    """A branch and all that runs inside it, outermost first."""
    yield frame
    if frame.inner is not None:
        for child in frame.inner.live:
            yield from frames(child)


def branches_meet(frame: Frame) -> bool:
    """Whether the branches inside a frame's state have to do with each other before they end.

    In a Map the end of one iteration begins another, and failures that are tolerated are counted.
    """
    group = frame.inner
    return isinstance(group, MapAttempt) and (group.next_index < len(group.items) or bool(group.tolerated))
