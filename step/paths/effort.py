"""What it takes to go through a state: time, transitions, events.

Pure: no clock, no IO. Of work nobody knows how long it takes: at least no time, at most what the definition
allows it, retries with their waits counted.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from step.asl.model import Branch, Fail, Map, Parallel, Retrier, State, Task, Wait
from step.engine.resources import Resource
from step.paths.ways import Ways, transitions

# AWS: the longest a Lambda function runs.
LAMBDA_SECONDS = 900
ENDLESS = math.inf


class Effort(NamedTuple):
    """What something takes. ``seconds`` and the rest may be endless."""

    seconds: float = 0
    transitions: float = 0
    events: float = 0

    def plus(self, other: Effort) -> Effort:
        """What both take, one after the other."""
        return Effort(*(a + b for a, b in zip(self, other, strict=True)))

    def times(self, count: float) -> Effort:
        """What it takes so often, one after the other."""
        return Effort(*(value * count if value else 0 for value in self))


class Span(NamedTuple):
    """The least and the most that something takes."""

    least: Effort
    most: Effort


NOTHING = Span(Effort(), Effort())


def span_of(state: State) -> Span:
    """Say what a stay in a state takes."""
    events = 1 if isinstance(state, Fail) else 2
    once = Effort(0, 1, events)
    match state:
        case Wait():
            seconds = float(state.seconds) if isinstance(state.seconds, int | float) else None
            low, high = (0.0, ENDLESS) if seconds is None else (seconds, seconds)
            return Span(once._replace(seconds=low), once._replace(seconds=high))
        case Task():
            attempt = Effort(0, 1, _events_of(state))
            longest = attempt._replace(seconds=_longest(state))
            first = attempt._replace(transitions=0)
            most = _with_retries(once.plus(longest._replace(transitions=0)), longest, state.retry)
            return Span(once.plus(first), most)
        case Parallel():
            inner = [scope_span(branch) for branch in state.branches]
            return _fork(once, inner, state.retry)
        case Map():
            return _map(once, state)
        case _:
            return Span(once, once)


def _events_of(task: Task) -> int:
    """Count the events of an attempt: scheduled, started, perhaps submitted, ended."""
    return 4 if Resource.from_text(task.resource).pattern else 3


def _longest(task: Task) -> float:
    given = [limit for limit in (task.timeout_seconds,) if isinstance(limit, int | float)]
    if given:
        return float(given[0])
    resource = Resource.from_text(task.resource)
    is_lambda = resource.kind == "lambda" or (resource.service == "lambda" and not resource.pattern)
    return LAMBDA_SECONDS if is_lambda and task.timeout_seconds_path is None else ENDLESS


def _with_retries(total: Effort, attempt: Effort, retriers: Sequence[Retrier]) -> Effort:
    """Add up the most: after the first attempt each retrier is used up, each attempt as long as it may be."""
    for retrier in retriers:
        for number in range(1, min(retrier.max_attempts, 100) + 1):
            total = total.plus(attempt._replace(seconds=attempt.seconds + delay(retrier, number)))
        if retrier.max_attempts > 100:
            total = Effort(ENDLESS, total.transitions + retrier.max_attempts, total.events)
    return total


def delay(retrier: Retrier, number: int) -> float:
    """Say how long a retrier waits before its ``number``-th retry, in seconds, without jitter."""
    most = ENDLESS if retrier.max_delay_seconds is None else retrier.max_delay_seconds
    try:
        return min(most, retrier.interval_seconds * retrier.backoff_rate ** (number - 1))
    except OverflowError:
        return most


def _fork(once: Effort, inner: Sequence[Span], retriers: Sequence[Retrier]) -> Span:
    around = once.plus(Effort(0, 0, 2))
    least = Effort(
        max((span.least.seconds for span in inner), default=0),
        sum(span.least.transitions for span in inner),
        sum(span.least.events for span in inner),
    )
    most = Effort(
        max((span.most.seconds for span in inner), default=0),
        sum(span.most.transitions for span in inner),
        sum(span.most.events for span in inner),
    )
    # Another attempt is a transition, and begins with an event.
    again = most.plus(Effort(0, 1, 1))
    return Span(around.plus(least), _with_retries(around.plus(most), again, retriers))


def _map(once: Effort, state: Map) -> Span:
    around = once.plus(Effort(0, 0, 2))
    if state.item_processor.is_distributed:
        # Its iterations are executions of their own, with histories and transitions of their own.
        around = around.plus(Effort(0, 0, 2))
        return Span(around, around._replace(seconds=ENDLESS))
    # No items at least; nobody knows how many at most.
    return Span(around, Effort(ENDLESS, ENDLESS, ENDLESS))


def scope_span(branch: Branch) -> Span:
    """Say what going through a scope takes: by its shortest and its longest way to any end."""
    spans = {name: span_of(state) for name, state in branch.states.items()}
    ways = Ways(branch)
    found = [reach(ways, spans, end) for end in ways.ends]
    reached = [span for span in found if span is not None]
    if not reached:
        return Span(Effort(), Effort(ENDLESS, ENDLESS, ENDLESS))
    return Span(
        Effort(*(min(values) for values in zip(*(span.least for span in reached), strict=True))),
        Effort(*(max(values) for values in zip(*(span.most for span in reached), strict=True))),
    )


def reach(ways: Ways, spans: Mapping[str, Span], end: str, *, has_faults: bool = True) -> Span | None:
    """Say what it takes to come through a scope to an end, the end counted; None: no way leads there.

    Args:
        ways: The scope's ways.
        spans: What each of its states takes.
        end: The state that ends the scope.
        has_faults: Whether catchers may be taken.
    """
    least = _least(ways, spans, end, has_faults=has_faults)
    if least is None:
        return None
    return Span(least, most_to(ways, spans, end))


def _least(ways: Ways, spans: Mapping[str, Span], end: str, *, has_faults: bool) -> Effort | None:
    """Find the least time, the fewest transitions and the fewest events; each may be another way's."""
    following: dict[str, dict[str, bool]] = {name: {} for name in ways.branch.states}
    for one in transitions(ways.branch):
        if one.target in following and (has_faults or one.how != "catch"):
            # Where both lead there, it is left by its own transition: the more it took, the less is said.
            is_caught = following[one.source].get(one.target, False) or one.how == "catch"
            following[one.source][one.target] = is_caught
    found = [_least_of(ways, spans, end, following, part) for part in range(len(Effort._fields))]
    return None if None in found else Effort(*(value for value in found if value is not None))


def _least_of(
    ways: Ways,
    spans: Mapping[str, Span],
    end: str,
    following: Mapping[str, Mapping[str, bool]],
    part: int,
) -> float | None:
    """Find the least of one part of the effort."""
    start = ways.branch.start_at
    # What it takes to come to a state, the state itself not counted.
    best: dict[str, float] = {start: 0}
    waiting = {start}
    while waiting:
        name = min(waiting, key=lambda one: best[one])
        waiting.remove(name)
        for target, is_caught in following[name].items():
            left = _least_caught(ways.branch.states[name], spans[name]) if is_caught else spans[name].least
            cost = best[name] + left[part]
            if cost < best.get(target, ENDLESS):
                best[target] = cost
                waiting.add(target)
    return best[end] + spans[end].least[part] if end in best else None


def _least_caught(state: State, span: Span) -> Effort:
    """Say what a stay takes at least that a catcher ends: a fork may fail before anything in it begins."""
    return Effort(0, 1, 4) if isinstance(state, Map | Parallel) else span.least


def most_to(ways: Ways, spans: Mapping[str, Span], end: str) -> Effort:
    """Add up the most that a way to an end can take; endless where a loop is on one."""
    leading = ways.leading_to(end)
    most: dict[str, Effort] = {}
    looping = {name for loop in ways.loops for name in loop}
    for group in reversed(ways.groups):
        for name in group:
            if name not in leading:
                continue
            arrived = [most[before] for before in ways.before[name] if before in most and before not in group]
            if name == ways.branch.start_at:
                arrived.append(Effort())
            if not arrived and len(group) == 1:
                continue
            highest = Effort(*(max(values) for values in zip(*arrived, strict=True))) if arrived else Effort()
            most[name] = highest.plus(spans[name].most)
        if any(name in looping for name in group) and any(name in most for name in group):
            for name in group & leading:
                most[name] = Effort(ENDLESS, ENDLESS, ENDLESS)
    return most.get(end, Effort())
