"""The search: every situation once, breadth first.

Pure but for the handlers that are asked.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from step.engine.explored_kernel import ExploredKernel
from step.engine.frames import ExecutionInfo, Timer
from step.engine.key import NOTHING, Seen, digest, without
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import StartTask
from step.paths.graph import NOWHERE, Graph
from step.paths.moment import Invariant, Moment, complaints
from step.paths.moves import LAMBDA_MS, Move, Moves
from step.paths.situation import Situation
from step.paths.work import hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What is explored.

    Attributes:
        program: The machine.
        info: The execution.
        quotas: AWS's limits.
        world: What handlers change; None: nothing.
        moves: What can happen.
        seen: What else decides on what comes.
        leave_out: The names of fields that make no difference.
    """

    program: Program
    info: ExecutionInfo
    quotas: Quotas | None
    world: Any
    moves: Moves
    seen: Seen = NOTHING
    leave_out: frozenset[str] = frozenset()

    def start(self) -> Situation:
        """Begin the execution."""
        kernel = ExploredKernel(self.program, self.info, self.quotas)
        at = Situation(kernel, hold(self.world, self.leave_out))
        kernel.start(has_deadline=self.seen.deadline)
        if not self.moves.rules.exact:
            kernel.order_timers()
        return at

    def along(self, way: Iterable[Move]) -> Iterator[Situation]:
        """Go a way of moves, as the search did.

        Raises:
            ValueError: a move can't be made.
        """
        at = self.start()
        yield at
        for move in way:
            found = next((then for made, then, _ in self.moves.of(at) if made == move), None)
            if found is None:
                raise ValueError(f"no move {move} here")
            at = found
            yield at

    def at(self, way: Iterable[Move]) -> Situation:
        """Say where a way of moves leads."""
        return list(self.along(way))[-1]

    def name(self, at: Situation) -> bytes:
        """Name a situation: the same name, the same future."""
        value = at.key(self.seen)
        return digest(without(value, self.leave_out) if self.leave_out else value)


# What succeeds is the state of the whole, whichever branch came last.
ROOT = Move("answers")


class EndForm(NamedTuple):
    """A way in which executions end: how, and the state they were in last."""

    status: str
    error: str | None
    state: str


class Breach(NamedTuple):
    """An invariant that doesn't hold after a move from a situation; None: at the beginning."""

    invariant: Invariant
    told: str
    source: int
    move: Move | None


@dataclass(slots=True, kw_only=True)
class Findings:
    """What a search has found."""

    graph: Graph = field(default_factory=Graph)
    ends: dict[EndForm, list[Move]] = field(default_factory=dict)
    breaches: dict[Invariant, Breach] = field(default_factory=dict)
    entered: set[str] = field(default_factory=set)
    stuck: list[int] = field(default_factory=list)
    # Tasks that no timer ends, with their resources.
    unbounded: dict[str, str] = field(default_factory=dict)
    is_closed: bool = False
    # What invariants have asked for.
    noted: set[str] = field(default_factory=set)


def search(
    model: Model, invariants: Sequence[Invariant], max_situations: int, stops_at_first: bool = False
) -> Findings:
    """Walk all ways until nothing new comes, or there are more situations than allowed.

    Raises:
        TiesMatter: see ``Moves``.
    """
    found = Findings()
    graph = found.graph
    start = model.start()
    graph.find(model.name(start), -1, None)
    _observe(found, invariants, start, MoveTaken(NOWHERE, None, 0, ""))
    ahead = deque([(0, start)] if start.is_running else [])
    while ahead and len(graph) <= max_situations and not (stops_at_first and found.breaches):
        source, at = ahead.popleft()
        _note_unbounded(found, at)
        is_stuck = True
        for move, then, goes_on in model.moves.of(at):
            is_stuck, target = False, NOWHERE
            if goes_on:
                target, is_new = graph.find(model.name(then), source, move)
                time = then.kernel.now - at.kernel.now
                graph.add(
                    source, target, move, time, time + _slow(at, move), then.kernel.count - at.kernel.count
                )
                if is_new and then.is_running:
                    ahead.append((target, then))
            state = state_of(at, move if then.kernel.status != "SUCCEEDED" else ROOT)
            _observe(found, invariants, then, MoveTaken(source, move, target, state))
        if is_stuck:
            found.stuck.append(source)
    found.is_closed = not ahead
    return found


def _note_unbounded(found: Findings, at: Situation) -> None:
    """Note the tasks that no timer ends."""
    for _, op in at.open_tasks():
        if isinstance(op.command, StartTask) and not at.timers_of(op.frame):
            found.unbounded[op.command.state] = op.command.resource


class MoveTaken(NamedTuple):
    """A move from one situation to another, and the state that it happens in."""

    source: int
    move: Move | None
    target: int
    state: str


def _observe(found: Findings, invariants: Sequence[Invariant], at: Situation, step: MoveTaken) -> None:
    moment = moment_of(at, step.state, found.noted)
    found.entered.update(name for name, _ in moment.entered)
    if moment.has_ended:
        if step.target != NOWHERE:
            found.graph.ends.add(step.target)
        end = EndForm(moment.status, moment.error, moment.state)
        if end not in found.ends:
            found.ends[end] = [*found.graph.way_to(step.source), step.move] if step.move else []
    for invariant, told in complaints(invariants, moment):
        found.breaches.setdefault(invariant, Breach(invariant, told, step.source, step.move))


def moment_of(at: Situation, state: str, noted: set[str] | None = None) -> Moment:
    """Show a situation to an invariant; ``state`` is where the step to it began."""
    kernel, world = at.kernel, at.held and at.held.world
    return Moment(kernel, world, state=state, rows=kernel.rows, is_tainted=at.is_tainted, noted=noted)


def state_of(at: Situation, move: Move) -> str:
    """Name the state in which something happens."""
    if move.what == "time" and at.kernel.timers:
        return at.kernel.timers[0][3].state.name
    frame = at.kernel.frame_at(move.path)
    return frame.state.name if frame else ""


def _slow(at: Situation, move: Move) -> int:
    """How much longer a task may take before it is answered; none: it was hung, or is late."""
    if move.what not in ("answers", "fails") or move.is_late:
        return 0
    for _, op in at.open_tasks():
        if op.frame.path == move.path:
            timeout = at.timers_of(op.frame).get(Timer.TIMEOUT)
            assert isinstance(op.command, StartTask)
            return LAMBDA_MS if timeout is None else timeout - at.kernel.now
    return 0
