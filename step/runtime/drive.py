"""The one loop around kernels: what has come takes effect; then time passes until something is to happen.

Knows no clock, no journal and no threads: who drives says how inputs take effect and how time passes.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Generic, Protocol, TypeVar

from step.engine.kernel import Kernel
from step.engine.vocabulary import Continue, Input, StartChild

# At one instant what happens outside comes before a timer.
_DEED, _WAKE = 0, 1
# So many wakes more than are awaited may lie in an agenda.
_SPARE = 1000


class Run:
    """An execution that is driven. What is open in it is ``kernel.ops``, and nowhere else.

    ``op`` is what it is to its parent, if it has one; ``woken_at`` is the time for which the agenda has it.
    """

    __slots__ = ("kernel", "op", "woken_at")

    def __init__(self, kernel: Kernel, op: int) -> None:
        self.kernel = kernel
        self.op = op
        self.woken_at: int | None = None

    @property
    def is_running(self) -> bool:
        return self.kernel.status == "RUNNING"

    def is_due(self, at: int) -> bool:
        """Whether a noted time is still the one at which the kernel wants to be woken."""
        return self.woken_at == at == self.kernel.wake_at and self.is_running


class Deed(Protocol):
    """Something that happens at its time."""

    def is_due(self, at: int) -> bool:
        """Whether it is still to happen."""

    def happen(self) -> None: ...


R = TypeVar("R", bound=Run)


class Agenda(Generic[R]):
    """What is to happen, by time: a heap, whatever their number."""

    def __init__(self) -> None:
        self._deeds: list[tuple[int, int, Deed]] = []
        self._wakes: list[tuple[int, int, R]] = []
        self._order = 0
        # How many wakes there are when those that came to nothing are taken out.
        self._look_at = _SPARE

    def note(self, run: R) -> None:
        """Take notice of when an execution wants to be woken next."""
        at = run.kernel.wake_at
        if at is not None and at != run.woken_at:
            run.woken_at = at
            self._order += 1
            heappush(self._wakes, (at, self._order, run))
            if len(self._wakes) > self._look_at:
                self._forget_idle()

    def _forget_idle(self) -> None:
        """Let go of executions that have ended: each has noted the end of its longest time, a year away."""
        self._wakes = [wake for wake in self._wakes if wake[2].is_due(wake[0])]
        heapify(self._wakes)
        self._look_at = 2 * len(self._wakes) + _SPARE

    def add(self, at: int, deed: Deed) -> None:
        """Have something happen at a time."""
        self._order += 1
        heappush(self._deeds, (at, self._order, deed))

    def first(self) -> int | None:
        """Say when the next thing is to happen; None: nothing is."""
        deeds, wakes = self._deeds, self._wakes
        while deeds and not deeds[0][2].is_due(deeds[0][0]):
            heappop(deeds)
        while wakes and not wakes[0][2].is_due(wakes[0][0]):
            heappop(wakes)
        if deeds and (not wakes or deeds[0][0] <= wakes[0][0]):
            return deeds[0][0]
        return wakes[0][0] if wakes else None

    def take_deeds(self, now: int) -> list[Deed]:
        """Take out what is to happen by now, in the order in which it was asked for."""
        found = []
        while self._deeds and self._deeds[0][0] <= now:
            at, _, deed = heappop(self._deeds)
            if deed.is_due(at):
                found.append(deed)
        return found

    def take_wake(self, now: int) -> R | None:
        """Take out the first execution that is to be woken by now."""
        while self._wakes and self._wakes[0][0] <= now:
            at, _, run = heappop(self._wakes)
            if run.is_due(at):
                run.woken_at = None
                return run
        return None

    def next_wake(self) -> R | None:
        """Say which execution is to be woken first."""
        self.first()
        return self._wakes[0][2] if self._wakes else None


class Drive(Generic[R]):
    """Who drives kernels: real or virtual time, with a journal or without one."""

    def __init__(self) -> None:
        self.agenda: Agenda[R] = Agenda()

    def loop(self, goes_on: Callable[[], bool]) -> None:
        """Go on as long as it is wanted."""
        while goes_on():
            if self.has_come:
                self.take_in()
            else:
                self.pass_time(self.agenda.first())

    def follow(self, run: R) -> None:
        """See what a turn has left: an end, a fault, more to do at once, or a time to be woken at."""
        kernel = run.kernel
        if kernel.status != "RUNNING":
            self.ended(run)
        elif kernel.fault is not None:
            self.broke(run, kernel.fault)
        elif kernel.ready:
            self.put(run, Continue())
        elif kernel.timers:
            self.agenda.note(run)

    # ------------------------------------------------------------ what differs

    @property
    def has_come(self) -> bool:
        """Whether something has come that hasn't taken effect."""
        raise NotImplementedError

    def put(self, run: R, item: Input | StartChild) -> None:
        """Let something come."""
        raise NotImplementedError

    def take_in(self) -> None:
        """Let what has come take effect."""
        raise NotImplementedError

    def pass_time(self, at: int | None) -> None:
        """Wait for a moment, or jump to it, and let happen what is to happen then; None: nothing is."""
        raise NotImplementedError

    def ended(self, run: R) -> None:
        """Take note of an execution's end."""
        raise NotImplementedError

    def broke(self, run: R, fault: Exception) -> None:
        """Take note of a fault inside step."""
        raise NotImplementedError
