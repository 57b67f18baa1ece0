"""What each state does, in sentences for a reader who has never seen the machine.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from step.asl.model import (
    ABSENT,
    Catcher,
    Choice,
    Definition,
    Fail,
    Map,
    Parallel,
    Pass,
    Retrier,
    State,
    Succeed,
    Task,
    Wait,
)
from step.asl.parse import every_state
from step.view.graph import GraphScope, build_graph
from step.view.text import human_duration
from step.view.words import bare_expression, describe_rule, describe_state, short_resource

_MOST_ERRORS = 3


def in_order(definition: Definition) -> Iterator[tuple[int, State]]:
    """List states in the order in which transitions lead to them, with how deep they are inside others."""
    states = {state.name: state for state in every_state(definition)}
    return ((depth, states[name]) for name, depth in _depths(build_graph(definition), 0))


def _depths(scope: GraphScope, depth: int) -> Iterator[tuple[str, int]]:
    for vertex in scope.vertices:
        if vertex.name:
            yield vertex.name, depth
        for inner in vertex.scopes:
            yield from _depths(inner, depth + 1)


def sentences(state: State) -> list[str]:
    """Say what a state does, where it leads, and what becomes of its failures."""
    told = [_does(state)]
    if isinstance(state, Task | Map | Parallel):
        told += [_tries(retrier) for retrier in state.retry]
        told += [_catches(catcher) for catcher in state.catch]
    return [sentence for sentence in told if sentence]


def _does(state: State) -> str:
    match state:
        case Pass():
            return f"{_makes(state)}{_then(state)}"
        case Succeed():
            return "ends well"
        case Fail():
            error = (
                bare_expression(state.error) if state.error else state.error_path or "an error without a name"
            )
            cause = f": {state.cause}" if state.cause else ""
            return f"ends with the failure {error}{cause}"
        case Wait():
            return f"waits {_waits(state)}{_then(state)}"
        case Choice():
            return f"decides: {_decides(state)}"
        case Task():
            limit = f", within {_limit(state.timeout_seconds)}" if state.timeout_seconds else ""
            return f"{_calls(state)}{limit}{_then(state)}"
        case Parallel():
            starts = ", ".join(branch.start_at for branch in state.branches)
            many = f"{len(state.branches)} branches at once" if len(state.branches) > 1 else "a branch"
            return f"runs {many}, from {starts}{_then(state)}"
        case Map():
            where = state.items_path or (bare_expression(state.items) if isinstance(state.items, str) else "")
            of = f" of {where}" if where else ""
            how = ", in executions of their own" if state.item_processor.is_distributed else ""
            return f"runs from {state.item_processor.start_at} for each item{of}{how}{_then(state)}"
        case _:
            assert_never(state)


def _makes(state: Pass) -> str:
    is_plain = state.parameters is state.result is state.output is ABSENT
    return "passes its input on" if is_plain and not state.assign else "makes a value"


def _then(state: Pass | Wait | Task | Parallel | Map) -> str:
    return ", and that is the end" if state.next is None else f", then {state.next}"


def _waits(state: Wait) -> str:
    if isinstance(state.seconds, int | float):
        return human_duration(state.seconds)
    return describe_state(state).partition(" · ")[2]


def _calls(state: Task) -> str:
    kind, _, _ = describe_state(state).partition(" · ")
    return "calls its handler" if kind == "TaskFn" else f"calls {short_resource(state)}"


def _limit(seconds: object) -> str:
    return (
        human_duration(seconds) if isinstance(seconds, int | float) else f"{bare_expression(str(seconds))} s"
    )


def _decides(state: Choice) -> str:
    ways = [f"{rule.next} if {describe_rule(rule)}" for rule in state.choices]
    ways.append(f"else {state.default}" if state.default else "else it fails with States.NoChoiceMatched")
    return "; ".join(ways)


def _tries(retrier: Retrier) -> str:
    errors = named(retrier.error_equals)
    if not retrier.max_attempts:
        return f"isn't tried again after {errors}"
    times = "once" if retrier.max_attempts == 1 else f"up to {retrier.max_attempts} times"
    first = human_duration(retrier.interval_seconds)
    is_same = retrier.backoff_rate == 1 or retrier.max_attempts == 1
    grows = "" if is_same else f", then {retrier.backoff_rate:g} times as long"
    jitter = ", at random up to that" if retrier.jitter_strategy == "FULL" else ""
    return f"is tried again {times} after {errors}: after {first}{grows}{jitter}"


def _catches(catcher: Catcher) -> str:
    return f"goes on with {catcher.next} after {named(catcher.error_equals)}"


def named(errors: Sequence[str]) -> str:
    """Name errors as a reader would say them."""
    if "States.ALL" in errors:
        return "any error"
    if len(errors) > _MOST_ERRORS:
        return f"{', '.join(errors[:2])} or {len(errors) - 2} more"
    return " or ".join(errors)
