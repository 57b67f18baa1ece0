"""What of a machine can be covered: states, transitions, rules, retriers, catchers, timeouts, branches.

Pure: no clock, no IO. Knows the definition only, nothing of executions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, get_args

from step.asl.model import Branch, Choice, Definition, Fail, Map, Parallel, State, Succeed, Task
from step.asl.parse import inner_branches
from step.asl.source import join
from step.view.words import describe_rule

Kind = Literal[
    "state",
    "next",
    "rule",
    "default",
    "retry",
    "exhausted",
    "catch",
    "timeout",
    "heartbeat",
    "branch",
    "empty",
    "full",
    "deadline",
]
KINDS: tuple[Kind, ...] = get_args(Kind)


class Point(NamedTuple):
    """One thing that an execution may do. ``item`` counts rules, retriers, catchers or branches from 0.

    ``state`` is "" for what the machine does itself.
    """

    kind: Kind
    state: str
    item: int = 0

    @classmethod
    def from_key(cls, key: str) -> Point:
        """Read what ``key`` wrote."""
        kind, item, state = key.split("/", 2)
        if kind not in KINDS:
            raise ValueError(f"no kind of point: {kind!r}")
        return cls(kind, state, int(item))

    @property
    def key(self) -> str:
        """The point as a text: kind, item and state."""
        return f"{self.kind}/{self.item}/{self.state}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverable:
    """A point with its place in the document (a JSON pointer) and what it says in words."""

    point: Point
    pointer: str
    text: str


def coverables(definition: Definition) -> tuple[Coverable, ...]:
    """List every point of a machine, in the order of its document."""
    found = list(_scope(definition, definition.source, ""))
    if definition.timeout_seconds is not None:
        text = f"the machine's TimeoutSeconds, {definition.timeout_seconds}"
        found.append(Coverable(point=Point("deadline", ""), pointer="/TimeoutSeconds", text=text))
    return tuple(found)


def _scope(branch: Branch, document: Mapping[str, Any], pointer: str) -> Iterator[Coverable]:
    for name, state in branch.states.items():
        written: Mapping[str, Any] = document["States"][name]
        at = join(pointer, "States", name)
        yield from _state(state, at)
        for inner, (where, inside) in zip(inner_branches(state), _bodies(written, at), strict=True):
            yield from _scope(inner, inside, where)


def _bodies(written: Mapping[str, Any], pointer: str) -> list[tuple[str, Mapping[str, Any]]]:
    if written["Type"] == "Map":
        key = "ItemProcessor" if "ItemProcessor" in written else "Iterator"
        return [(join(pointer, key), written[key])]
    branches = enumerate(written.get("Branches", ()))
    return [(join(pointer, "Branches", number), branch) for number, branch in branches]


def _state(state: State, at: str) -> Iterator[Coverable]:
    def point(kind: Kind, text: str, *where: str | int, item: int = 0) -> Coverable:
        return Coverable(point=Point(kind, state.name, item), pointer=join(at, *where), text=text)

    yield point("state", "entered")
    match state:
        case Choice():
            for number, rule in enumerate(state.choices):
                told = f"{describe_rule(rule)} → {rule.next}"
                yield point("rule", told, "Choices", number, item=number)
            if state.default is not None:
                yield point("default", f"default → {state.default}", "Default")
        case Succeed() | Fail():
            return
        case _:
            ends = "ends the machine's or its branch's run" if state.next is None else f"→ {state.next}"
            yield point("next", ends, "End" if state.next is None else "Next")
    if isinstance(state, Task | Map | Parallel):
        for coverable in _work(state):
            kind, text, where, item = coverable
            yield point(kind, text, *where, item=item)


def _work(state: Task | Map | Parallel) -> Iterator[tuple[Kind, str, tuple[str | int, ...], int]]:
    for number, retrier in enumerate(state.retry):
        errors, where = _named(retrier.error_equals), ("Retry", number)
        if retrier.max_attempts:
            yield "retry", f"tried again for {errors}", where, number
            yield "exhausted", f"gave up {errors} after {retrier.max_attempts} retries", where, number
        else:
            yield "exhausted", f"not tried again for {errors}", where, number
    for number, catcher in enumerate(state.catch):
        told = f"caught {_named(catcher.error_equals)} → {catcher.next}"
        yield "catch", told, ("Catch", number), number
    match state:
        case Task():
            for kind, field in _limits(state):
                yield kind, field, (field,), 0
        case Parallel():
            for number, branch in enumerate(state.branches):
                told = f"branch {number + 1}, from {branch.start_at}, came to its end"
                yield "branch", told, ("Branches", number), number
        case Map() if state.item_reader is None:
            yield "empty", "over no items", (), 0
            yield "full", "over items", (), 0


def _named(errors: Sequence[str]) -> str:
    """Name up to three errors; of more, say how many."""
    if len(errors) > 3:
        return f"{', '.join(errors[:2])} and {len(errors) - 2} more"
    return ", ".join(errors)


def _limits(state: Task) -> Iterator[tuple[Kind, str]]:
    given: tuple[tuple[Kind, str, object], ...] = (
        ("timeout", "TimeoutSeconds", state.timeout_seconds),
        ("timeout", "TimeoutSecondsPath", state.timeout_seconds_path),
        ("heartbeat", "HeartbeatSeconds", state.heartbeat_seconds),
        ("heartbeat", "HeartbeatSecondsPath", state.heartbeat_seconds_path),
    )
    return ((kind, field) for kind, field, value in given if value is not None)
