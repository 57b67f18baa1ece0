"""What a machine does, worked out from its definition: ends, ways, time, transitions, events, cost, errors.

Pure: no clock, no IO. Knows no data: a Choice goes every way, a Task may fail with anything.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from step.asl.model import Branch, Catcher, Definition, Fail, Map, Parallel, Task
from step.asl.parse import every_state, inner_branches
from step.asl.retry import match_error
from step.engine.resources import Resource
from step.paths.effort import Span, reach, span_of
from step.paths.prices import PRICES, Prices
from step.paths.unreachable import unreachable
from step.paths.ways import Way, Ways

# AWS: an execution's history has no more; "Quotas".
MOST_EVENTS = 25_000
EXPRESS_SECONDS = 300
# The execution's own: started and ended; and its start, which is a transition.
_OWN_EVENTS, _OWN_TRANSITIONS = 2, 1
_WAYS_TOLD = 6
_YEAR_SECONDS = 365 * 86_400
# What stands for every error that isn't named.
ANYTHING = "any other error"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndExplained:
    """An end: its ways and what they take. ``without_faults`` is None where only catchers lead there.

    ``seconds``, ``transitions`` and ``events`` are the least and the most; ``is_looping``: what bounds the
    most are AWS's quotas or the machine's TimeoutSeconds.
    """

    status: Literal["SUCCEEDED", "FAILED"]
    error: str
    state: str
    count: int
    ways: tuple[Way, ...]
    seconds: tuple[float, float]
    transitions: tuple[float, float]
    events: tuple[float, float]
    without_faults: float | None
    is_looping: bool

    @property
    def title(self) -> str:
        """The end in words."""
        return f"{self.status} {self.error} in {self.state}".replace("  ", " ")


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorExplained:
    """Where errors of a state's work lead: after so many retries to a state, or to a failure (None)."""

    state: str
    errors: tuple[str, ...]
    retries: int
    target: str | None
    ends: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """All that is worked out.

    Attributes:
        definition: What it is about.
        ends: The machine's own ends.
        loops: Its loops, with how often each can turn before the history is full.
        errors: Where errors lead, those inside Parallels and Maps within these.
        grows: The states that add to the data, and where.
        not_express: Why it can't be an Express machine; "": it can.
        prices: What costs are worked out with.
    """

    definition: Definition
    ends: tuple[EndExplained, ...]
    loops: tuple[tuple[tuple[str, ...], int], ...]
    errors: tuple[ErrorExplained, ...]
    grows: tuple[tuple[str, str], ...]
    unreachable: tuple[str, ...]
    not_express: str
    prices: Prices = PRICES

    @property
    def caught(self) -> tuple[ErrorExplained, ...]:
        """Where errors lead that a catcher takes."""
        return tuple(error for error in self.errors if error.target is not None)

    @property
    def uncaught(self) -> tuple[ErrorExplained, ...]:
        """Where errors end the execution, or the branch around, as no catcher takes them."""
        return tuple(error for error in self.errors if error.target is None)

    @property
    def ways(self) -> int:
        """How many ways there are to all ends, loops folded."""
        return sum(end.count for end in self.ends)

    @property
    def usual(self) -> EndExplained | None:
        """The end that is meant: a good one that needs no fault, with the shortest way."""
        good = [end for end in self.ends if end.status == "SUCCEEDED" and end.without_faults is not None]
        return min(good, key=lambda end: end.transitions[0], default=None)


def explain(definition: Definition) -> Explanation:
    """Work out what a machine does."""
    ways = Ways(definition)
    spans = {name: span_of(state) for name, state in definition.states.items()}
    dead = [point.state for point in unreachable(definition) if point.kind == "state"]
    limit = definition.timeout_seconds
    ends = tuple(_end(ways, spans, name, limit) for name in ways.ends if name not in dead)
    errors = tuple(_errors(definition, {end.state: end.title for end in ends}))
    return Explanation(
        definition=definition,
        ends=ends,
        loops=tuple((loop, _turns(loop, spans)) for loop in ways.loops),
        errors=errors,
        grows=tuple(_growing(definition)),
        unreachable=tuple(dead),
        not_express=_not_express(definition, ends),
    )


def _end(ways: Ways, spans: dict[str, Span], name: str, limit: int | None) -> EndExplained:
    state = ways.branch.states[name]
    least, most = reach(ways, spans, name) or spans[name]
    clean = reach(ways, spans, name, has_faults=False)
    is_failed = isinstance(state, Fail)
    longest = limit or _YEAR_SECONDS
    return EndExplained(
        status="FAILED" if is_failed else "SUCCEEDED",
        error=(state.error or state.error_path or "") if isinstance(state, Fail) else "",
        state=name,
        count=ways.counts[name],
        ways=tuple(ways.to(name, _WAYS_TOLD)),
        seconds=(least.seconds, min(most.seconds, max(longest, least.seconds))),
        transitions=_capped(least.transitions, most.transitions, _OWN_TRANSITIONS, MOST_EVENTS // 2),
        events=_capped(least.events, most.events, _OWN_EVENTS, MOST_EVENTS),
        is_looping=math.isinf(most.transitions),
        without_faults=None if clean is None else clean.least.seconds,
    )


def _capped(least: float, most: float, own: int, limit: int) -> tuple[float, float]:
    return least + own, max(least + own, min(most + own, limit))


def _turns(loop: Sequence[str], spans: dict[str, Span]) -> int:
    """Say how often a loop can turn before the history is full, by its shortest turn."""
    events = min(spans[name].least.events for name in loop) * min(len(loop), 2)
    return int(MOST_EVENTS // max(events, 1))


# ---------------------------------------------------------------- errors


def _errors(branch: Branch, titles: dict[str, str]) -> Iterator[ErrorExplained]:
    ways = Ways(branch)
    for name, state in branch.states.items():
        if isinstance(state, Task | Map | Parallel):
            led: dict[ErrorExplained, list[str]] = {}
            for error in _names(state):
                led.setdefault(_led(ways, name, state, error, titles), []).append(error)
            yield from (replace(one, errors=tuple(errors)) for one, errors in led.items())
        for inner in inner_branches(state):
            yield from _errors(inner, {})


def _names(state: Task | Map | Parallel) -> list[str]:
    """List the errors that a state tells apart, and one that it doesn't."""
    named: dict[str, None] = {}
    for error_equals in [entry.error_equals for entry in state.retry] + [
        one.error_equals for one in state.catch
    ]:
        named.update(dict.fromkeys(error_equals))
    special = ("States.ALL", "States.TaskFailed")
    if isinstance(state, Task) and (state.timeout_seconds or state.timeout_seconds_path):
        named.setdefault("States.Timeout")
    return [*(name for name in named if name not in special), ANYTHING]


def _led(
    ways: Ways, name: str, state: Task | Map | Parallel, error: str, titles: dict[str, str]
) -> ErrorExplained:
    # No retrier and no catcher names it.
    asked = "step.Unforeseen" if error == ANYTHING else error
    retries = next((r.max_attempts for r in state.retry if match_error(asked, r.error_equals)), 0)
    catcher: Catcher | None = next((c for c in state.catch if match_error(asked, c.error_equals)), None)
    target = catcher.next if catcher is not None else None
    ends = [titles.get(end, end) for end in ways.ends if target in ways.leading_to(end)] if target else []
    return ErrorExplained(state=name, errors=(), retries=retries, target=target, ends=tuple(ends))


# ---------------------------------------------------------------- data, Express


def _growing(definition: Definition) -> Iterator[tuple[str, str]]:
    for state in every_state(definition):
        path = getattr(state, "result_path", "$")
        if state.query_language == "JSONPath" and isinstance(path, str) and path != "$":
            yield state.name, f"adds {path}"
        if state.assign:
            yield state.name, f"sets {', '.join('$' + name for name in state.assign)}"


def _not_express(definition: Definition, ends: Sequence[EndExplained]) -> str:
    for state in every_state(definition):
        if isinstance(state, Task):
            resource = Resource.from_text(state.resource)
            if resource.kind == "activity" or resource.pattern:
                return f"{state.name} waits for an answer from outside"
        if isinstance(state, Map) and state.item_processor.is_distributed:
            return f"{state.name} is a distributed Map"
    shortest = min((end.seconds[0] for end in ends if end.status == "SUCCEEDED"), default=0)
    if shortest > EXPRESS_SECONDS:
        return "every way to a good end takes longer than 5 minutes"
    return ""
