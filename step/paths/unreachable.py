"""What no execution can do, by the definition's graph alone.

Pure: no clock, no IO. Says less than the explorer, which knows data and handlers; never says it wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from step.asl.model import (
    Branch,
    Catcher,
    Choice,
    Definition,
    Fail,
    Map,
    Parallel,
    Retrier,
    State,
    Succeed,
    Task,
)
from step.asl.parse import every_state, inner_branches
from step.asl.retry import match_error
from step.paths.points import Point


def unreachable(definition: Definition) -> dict[Point, str]:
    """Say of each point that can't be reached why not; the points of states that can't be entered too."""
    found: dict[Point, str] = {}
    _walk(definition, found)
    for state in every_state(definition):
        found.update(_shadowed(state))
    return found


def _walk(branch: Branch, found: dict[Point, str]) -> bool:
    """Note what of a scope can't be reached; say whether it can come to its end."""
    entered: dict[str, None] = {}
    waiting, ends = [branch.start_at], False
    while waiting:
        name = waiting.pop()
        if name in entered or name not in branch.states:
            continue
        entered[name] = None
        state = branch.states[name]
        completes = _completes(state, found)
        ends = ends or (completes and _is_last(state))
        waiting += [target for target, needs_end in _targets(state) if completes or not needs_end]
    for name, state in branch.states.items():
        if name not in entered:
            _give_up(state, found)
    return ends


def _completes(state: State, found: dict[Point, str]) -> bool:
    """Say whether a state can be left by its own transition."""
    inner = [_walk(branch, found) for branch in inner_branches(state)]
    if isinstance(state, Fail):
        return False
    if not isinstance(state, Parallel):
        # A Map may have no items.
        return True
    for number, ends in enumerate(inner):
        if not ends:
            found[Point("branch", state.name, number)] = "every way through the branch fails"
    if not all(inner):
        found[Point("next", state.name)] = "a branch always fails"
    return all(inner)


def _is_last(state: State) -> bool:
    return isinstance(state, Succeed) or getattr(state, "next", "") is None


def _targets(state: State) -> Iterator[tuple[str, bool]]:
    """List where a state may lead, and whether it must have come to its end for that."""
    match state:
        case Choice():
            dead = _repeated_rules(state)
            yield from ((rule.next, True) for at, rule in enumerate(state.choices) if at not in dead)
            if state.default is not None:
                yield state.default, True
        case Succeed() | Fail():
            return
        case _:
            if state.next is not None:
                yield state.next, True
    if isinstance(state, Task | Map | Parallel):
        dead = _behind(state.catch)
        yield from ((catcher.next, False) for at, catcher in enumerate(state.catch) if at not in dead)


def _give_up(state: State, found: dict[Point, str]) -> None:
    found[Point("state", state.name)] = "no transition leads to it"
    for branch in inner_branches(state):
        for inner in branch.states.values():
            _give_up(inner, found)


def _shadowed(state: State) -> Iterator[tuple[Point, str]]:
    if isinstance(state, Choice):
        for at in _repeated_rules(state):
            yield Point("rule", state.name, at), "an earlier rule says the same"
    if isinstance(state, Task | Map | Parallel):
        for at in _behind(state.catch):
            yield Point("catch", state.name, at), "earlier catchers take all its errors"
        for at in _behind(state.retry):
            for kind in ("retry", "exhausted"):
                yield Point(kind, state.name, at), "earlier retriers take all its errors"


def _repeated_rules(state: Choice) -> set[int]:
    tests = [rule.test for rule in state.choices]
    return {at for at, test in enumerate(tests) if test in tests[:at]}


def _behind(entries: Sequence[Retrier | Catcher]) -> set[int]:
    """Find the retriers or catchers that no error comes to: those before them take it, or nothing may."""
    return {
        at for at, entry in enumerate(entries) if all(_is_taken(n, entries[:at]) for n in entry.error_equals)
    }


def _is_taken(name: str, earlier: Sequence[Retrier | Catcher]) -> bool:
    if name == "States.Runtime":
        # Nothing matches it.
        return True
    if name == "States.ALL":
        return any("States.ALL" in entry.error_equals for entry in earlier)
    return any(match_error(name, entry.error_equals) for entry in earlier)
