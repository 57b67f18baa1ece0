"""What should hold for every machine.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from step.asl.model import Branch, Definition, Map, Parallel, Task
from step.asl.parse import inner_branches
from step.engine.frames import FATAL
from step.paths.moment import Invariant, Moment

_HISTORY = "maximum number of history events"


def builtin_invariants(definition: Definition, *, tells_swallowed: bool) -> list[Invariant]:
    """List the invariants that nobody has to write."""
    names = dict(_caught(definition, ()))

    def what_a_catcher_names_is_caught(moment: Moment) -> None:
        """What a catcher names is caught"""
        if moment.status != "FAILED" or moment.error not in FATAL:
            return
        caught = names.get(moment.state, ())
        assert not {moment.error, "States.ALL"} & {*caught}, (
            f"{moment.state} fails with {moment.error}, which its catcher looks as if it caught: nothing does"
        )

    def no_quota_is_exceeded(moment: Moment) -> None:
        """No quota is exceeded"""
        assert moment.error != "States.DataLimitExceeded", (
            f"{moment.state}: the payload is larger than AWS takes"
        )
        assert _HISTORY not in (moment.cause or ""), f"{moment.state}: there are more events than AWS takes"

    def no_failure_ends_in_a_success(moment: Moment) -> None:
        """No failure ends in a success"""
        assert not (moment.is_tainted and moment.status == "SUCCEEDED"), (
            "a task failed, was not tried again, and the execution succeeds all the same"
        )

    swallowed: Sequence[Invariant] = (no_failure_ends_in_a_success,) if tells_swallowed else ()
    return [what_a_catcher_names_is_caught, no_quota_is_exceeded, *swallowed]


def _caught(branch: Branch, outer: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Give the error names that the catchers of each state, and of those around it, have."""
    for name, state in branch.states.items():
        own = outer
        if isinstance(state, Task | Parallel | Map):
            own += tuple(error for catcher in state.catch for error in catcher.error_equals)
        yield name, own
        for inner in inner_branches(state):
            yield from _caught(inner, own)
