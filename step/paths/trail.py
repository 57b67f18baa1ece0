"""What one execution did, point by point, gathered from its events in their order.

Pure: no clock, no IO. Knows which event means what, and neither AWS's camelCase nor the kernel's rows: two
readers (``events``, ``rows``) tell it of events by their ids and the ids that these follow.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol

from step.asl.model import Choice, Definition, Fail, Map, Parallel, State, Task
from step.asl.parse import every_state, inner_branches
from step.asl.retry import match_first
from step.engine.states.map import EXCEEDED
from step.jsonvalue import JSONValue
from step.paths.points import Point

# Where events don't tell an error's name.
UNKNOWN = "?"
_NOTHING: Mapping[str, JSONValue] = {}


class Stay:
    """One stay in a state. ``tries`` counts each retrier's; ``is_over``: the state was left or gave up."""

    __slots__ = (
        "begun",
        "error",
        "is_done",
        "is_over",
        "limit_ms",
        "name",
        "parent",
        "pending",
        "scheduled_at",
        "text",
        "tries",
        "variables",
    )

    def __init__(self, name: str, parent: Stay | None, *, is_begun: bool = False) -> None:
        self.name = name
        self.parent = parent
        # Whether its work was: of a task since it failed last.
        self.begun = is_begun
        self.error: str | None = None
        # Whether the work has succeeded: what leaves the state otherwise is a catcher.
        self.is_done = False
        self.is_over = False
        self.pending: int | None = None
        self.tries: dict[int, int] | None = None
        self.scheduled_at: float | None = None
        self.limit_ms: float | None = None
        # What only the reader of events notes: the state's input as text, and the variables' values.
        self.text: str | None = None
        self.variables = _NOTHING


class Values(Protocol):
    """Says what events don't: works out what a state did from the data that it was given."""

    def rule(self, state: Choice, stay: Stay) -> int | None:
        """Say which rule of a Choice held; None: its default."""

    def error(self, state: Fail, stay: Stay) -> str | None:
        """Name the error of a Fail state."""


# The states entered, the transitions taken, the other points: what most executions share with others.
Shape = tuple[frozenset[str], frozenset[tuple[str, "str | None"]], frozenset[Point]]
# A state that was left, and with what: (its name, the stay around it, its own stay where it may matter)
Left = tuple[str, "Stay | None", "Stay | None"]


class Trail:
    """Gathers one execution, or a child execution of a distributed Map.

    Attributes:
        entered: The states that were entered.
        pairs: The transitions taken, but for those of catchers; the second is None at the end of a scope.
        points: The rest.
        at: By an event's id, the innermost stay that its branch is in after it.
        left: By an event's id, the state that was left with it and what hasn't been followed yet.
    """

    def __init__(self, states: Mapping[str, State], values: Values | None = None) -> None:
        self._states = states
        self._values = values
        self.entered: set[str] = set()
        self.pairs: set[tuple[str, str | None]] = set()
        self.points: set[Point] = set()
        self.at: dict[int, Stay | None] = {}
        self.left: dict[int, Left] = {}
        # By an event's id, the name of the error that it tells.
        self._errors: dict[int, str | None] = {}
        self._redriven: list[Stay] = []

    # ------------------------------------------------------------ states

    def stay(self, previous: int) -> Stay | None:
        """Give the innermost stay that a branch is in after an event."""
        found = self.at.get(previous)
        if found is None and previous in self.left:
            return self.left[previous][1]
        return found

    def enter(self, number: int, previous: int, name: str, *, text: str | None = None) -> Stay:
        """Take that a state was entered; ``text`` is its input, where values are to be worked out."""
        stay = Stay(name, self.stay(previous))
        before = self.left.pop(previous, None)
        if before is not None:
            self.follow(before, name)
            if before[2] is not None:
                stay.variables = before[2].variables
        elif stay.parent is not None:
            stay.variables = stay.parent.variables
        self.entered.add(name)
        self.at[number] = stay
        stay.text = text
        state = self._states.get(name)
        if isinstance(state, Fail):
            self._errors[number] = state.error if has_fixed_error(state) else self._worked_out(state, stay)
        return stay

    def leave(self, number: int, previous: int, name: str) -> Stay | None:
        """Take that a state was left; where it leads the next event says."""
        stay = self.stay(previous)
        while stay is not None and stay.name != name:
            stay = stay.parent
        parent = None if stay is None else stay.parent
        if stay is not None:
            stay.is_over = True
        self.at[number] = parent
        self.left[number] = (name, parent, stay)
        return stay

    def pass_by(self, number: int, previous: int) -> None:
        """Take an event that changes nothing."""
        self.at[number] = self.stay(previous)

    def follow(self, left: Left, target: str | None) -> None:
        """Say which transition led from a state that was left."""
        name, _, stay = left
        state = self._states.get(name)
        if stay is None:
            self.pairs.add((name, target))
        elif isinstance(state, Task | Map | Parallel) and self._is_caught(state, stay, target):
            self._note_catcher(state, stay, target)
        elif isinstance(state, Choice) and self._values is not None and len(ways_to(state, target)) > 1:
            self.points.add(_way(name, self._values.rule(state, stay)))
        else:
            self.pairs.add((name, target))

    def _is_caught(self, state: Task | Map | Parallel, stay: Stay, target: str | None) -> bool:
        if not stay.is_done:
            return True
        # What came after the work failed, and no event says so.
        return target != state.next and any(catcher.next == target for catcher in state.catch)

    def _note_catcher(self, state: Task | Map | Parallel, stay: Stay, target: str | None) -> None:
        first = None if stay.error == UNKNOWN else match_first(state.catch, stay.error)
        fitting = [at for at, catcher in enumerate(state.catch) if catcher.next == target]
        if first is not None and (target is None or first in fitting):
            self.points.add(Point("catch", state.name, first))
        elif fitting:
            self.points.add(Point("catch", state.name, fitting[0]))

    # ------------------------------------------------------------ work

    def attempt(self, number: int, previous: int, at_ms: float | None, limit_ms: float | None = None) -> None:
        """Take that a Task's work was scheduled, with its TimeoutSeconds in ms."""
        stay = self.stay(previous) or self._redriven_task()
        self.at[number] = stay
        if stay is None:
            return
        if stay.pending is not None:
            self._retried(stay)
        stay.begun, stay.is_done = True, False
        stay.scheduled_at, stay.limit_ms = at_ms, limit_ms

    def succeed(self, number: int, previous: int) -> None:
        """Take that a Task's work succeeded."""
        stay = self.stay(previous)
        self.at[number] = stay
        if stay is not None:
            stay.is_done = True

    def fail(self, number: int, previous: int, error: str | None) -> None:
        """Take that a state's work, or an expression of it, failed."""
        stay = self.stay(previous) or self._redriven_task()
        self.at[number] = stay
        self._errors[number] = error
        if stay is not None:
            if stay.pending is not None and not stay.begun:
                # It failed again before its work was scheduled.
                self._retried(stay)
            self._failed(stay, error)

    def time_out(self, number: int, previous: int, error: str | None, at_ms: float | None) -> None:
        """Take that a Task's work took too long, or gave no sign of life for too long."""
        stay = self.stay(previous) or self._redriven_task()
        self.at[number] = stay
        self._errors[number] = error
        if stay is None:
            return
        state = self._states.get(stay.name)
        is_silent = isinstance(state, Task) and _has_heartbeat(state) and not _is_late(stay, at_ms)
        self.points.add(Point("heartbeat" if is_silent else "timeout", stay.name))
        self._failed(stay, "States.HeartbeatTimeout" if is_silent else error)

    def fork(self, number: int, previous: int, length: int | None = None) -> None:
        """Take that a Parallel, or a Map over so many items, began or began again."""
        stay = self._forking(previous)
        self.at[number] = stay
        if stay is None:
            return
        if stay.begun and stay.pending is None:
            self._failed(stay, self._fork_error(stay, previous))
        if stay.pending is not None:
            self._retried(stay)
        stay.begun, stay.is_done = True, False
        if length is not None:
            self.points.add(Point("full" if length else "empty", stay.name))

    def fork_succeed(self, number: int, previous: int) -> None:
        """Take that all branches or iterations came to their end."""
        stay = self._forking(previous)
        self.at[number] = stay
        if stay is not None:
            stay.is_done = True

    def iterate(self, number: int, previous: int, name: str) -> None:
        """Take that a Map's iteration began or ended."""
        stay = self.stay(previous)
        while stay is not None and stay.name != name:
            stay = stay.parent
        self.at[number] = stay

    def fork_fail(self, number: int, previous: int, error: str | None = None) -> None:
        """Take that a Parallel or Map failed and isn't tried again; ``error`` where the event says it."""
        stay = self._forking(previous)
        self.at[number] = stay
        if stay is None:
            return
        name = error if error is not None else self._fork_error(stay, previous)
        stay.is_over = True
        self._errors[number] = name
        self._failed(stay, name)

    def error_of(self, number: int, error: str | None) -> None:
        """Take the error that an event tells, as a Fail state's entry does."""
        self._errors[number] = error

    def plain(self, kind: str, number: int, previous: int) -> None:
        """Take an event of which the type says all."""
        match kind:
            case "ParallelStateStarted":
                self.fork(number, previous)
            case "ParallelStateSucceeded" | "MapStateSucceeded":
                self.fork_succeed(number, previous)
            case "ParallelStateFailed" | "MapStateFailed":
                self.fork_fail(number, previous)
            case _:
                self.pass_by(number, previous)

    def end(self, kind: str) -> None:
        """Take the end of the execution."""
        if kind == "ExecutionTimedOut":
            self.points.add(Point("deadline", ""))

    def redrive(self, number: int) -> None:
        """Take that the execution goes on from the states that didn't succeed, their retries reset."""
        open_stays = {id(stay): stay for stay in self.at.values() if stay is not None}
        self._redriven = [s for s in open_stays.values() if not s.is_done and (s.error or not s.is_over)]
        for stay in self._redriven:
            stay.is_over, stay.pending, stay.tries, stay.begun = False, None, None, False
        self.at[number] = None

    # ------------------------------------------------------------ within

    def _worked_out(self, state: Fail, stay: Stay) -> str | None:
        return UNKNOWN if self._values is None else self._values.error(state, stay)

    def _redriven_task(self) -> Stay | None:
        tasks = (s for s in self._redriven if isinstance(self._states.get(s.name), Task) and not s.begun)
        return next(tasks, None)

    def _forking(self, previous: int) -> Stay | None:
        """Find the fork that an event tells of: the innermost around the last event that isn't over."""
        stay = self.stay(previous)
        while stay is not None and (
            stay.is_over or not isinstance(self._states.get(stay.name), Parallel | Map)
        ):
            stay = stay.parent
        return stay

    def _fork_error(self, stay: Stay, previous: int) -> str | None:
        state = self._states[stay.name]
        if self.stay(previous) is stay and previous in self._errors:
            # A Map Run tells its own.
            return self._errors[previous]
        error = EXCEEDED if _tolerates(state) else self._errors.get(previous, UNKNOWN)
        if error == UNKNOWN:
            inner = self.stay(previous)
            if inner is not None and isinstance(self._states.get(inner.name), Choice):
                error = "States.NoChoiceMatched"
        return error

    def _failed(self, stay: Stay, matched_as: str | None) -> None:
        stay.error, stay.is_done, stay.pending = matched_as, False, None
        state = self._states.get(stay.name)
        if not isinstance(state, Task | Map | Parallel) or matched_as == UNKNOWN:
            return
        number = match_first(state.retry, matched_as)
        if number is None:
            return
        tried = stay.tries.get(number, 0) if stay.tries else 0
        if tried >= state.retry[number].max_attempts:
            self.points.add(Point("exhausted", stay.name, number))
        else:
            stay.pending = number
            if isinstance(state, Task):
                stay.begun = False

    def _retried(self, stay: Stay) -> None:
        number = stay.pending
        if number is not None:
            self.points.add(Point("retry", stay.name, number))
            stay.tries = stay.tries or {}
            stay.tries[number] = stay.tries.get(number, 0) + 1
            stay.pending = None

    # ------------------------------------------------------------ what it comes to

    def rename(self, name: Callable[[Any], str]) -> None:
        """Put names in place of what a reader kept states as, once all is told."""
        ends = {left[0] for left in self.left.values() if left[2] is None}
        self.pairs.update((one, None) for one in ends)
        self.left = {at: left for at, left in self.left.items() if left[2] is not None}
        self.pairs = {(name(one), two if two is None else name(two)) for one, two in self.pairs}
        self.entered = {name(one) for one in self.entered}

    def shape(self) -> Shape:
        """Give all that was gathered, once the execution has been told whole, as one hashable value."""
        for left in self.left.values():
            self.follow(left, None)
        self.left.clear()
        return frozenset(self.entered), frozenset(self.pairs), frozenset(self.points)

    def points_of(self, shape: Shape) -> frozenset[Point]:
        """Say which points of the definition a shape is."""
        entered, pairs, points = shape
        found = {*points, *(Point("state", name) for name in entered)}
        for name, target in pairs:
            found.update(self._transition(name, target))
        for state in self._states.values():
            if isinstance(state, Parallel) and state.name in entered:
                found.update(_ended_branches(state, pairs))
        return frozenset(found)

    def _transition(self, name: str, target: str | None) -> Sequence[Point]:
        state = self._states.get(name)
        if isinstance(state, Choice):
            ways = ways_to(state, target)
            return [_way(name, ways[0])] if len(ways) == 1 else []
        if state is not None and getattr(state, "next", "") == target:
            return [Point("next", name)]
        return []


def _ended_branches(state: Parallel, pairs: Collection[tuple[str, str | None]]) -> Iterator[Point]:
    for at, branch in enumerate(state.branches):
        last = (inner.name for inner in branch.states.values() if getattr(inner, "next", None) is None)
        if any((name, None) in pairs for name in last):
            yield Point("branch", state.name, at)


def ways_to(state: Choice, target: str | None) -> list[int | None]:
    """List the rules of a Choice that lead to a state; None is its default."""
    ways: list[int | None] = [at for at, rule in enumerate(state.choices) if rule.next == target]
    return [*ways, None] if target is not None and state.default == target else ways


def needs_values(definition: Definition) -> bool:
    """Say whether events alone may not tell what was taken.

    Rules of one Choice may lead to one state, and the error of a Fail in a branch may come from its data.
    """
    for state in every_state(definition):
        if isinstance(state, Choice):
            targets = [rule.next for rule in state.choices] + ([state.default] if state.default else [])
            if len(set(targets)) < len(targets):
                return True
        inner = (found for branch in inner_branches(state) for found in every_state(branch))
        if any(isinstance(found, Fail) and not has_fixed_error(found) for found in inner):
            return True
    return False


def has_fixed_error(state: Fail) -> bool:
    """Say whether a Fail state's error is the same each time."""
    return state.error_path is None and not (state.error or "").lstrip().startswith("{%")


def _way(name: str, number: int | None) -> Point:
    return Point("default", name) if number is None else Point("rule", name, number)


def _tolerates(state: State) -> bool:
    if not isinstance(state, Map):
        return False
    given = (
        state.tolerated_failure_count,
        state.tolerated_failure_count_path,
        state.tolerated_failure_percentage,
        state.tolerated_failure_percentage_path,
    )
    return any(limit not in (None, 0) for limit in given)


def _has_heartbeat(state: Task) -> bool:
    return state.heartbeat_seconds is not None or state.heartbeat_seconds_path is not None


def _is_late(stay: Stay, at_ms: float | None) -> bool:
    """Whether a task's whole time was over, as far as that is known."""
    if stay.limit_ms is None:
        return False
    if at_ms is None or stay.scheduled_at is None:
        return True
    return at_ms - stay.scheduled_at >= stay.limit_ms
