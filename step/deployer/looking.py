"""Looking at AWS until what it says can be believed: some of it is a moment old, or not done yet.

Knows the ports; waits by their clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from step.deployer.ports import Ports, ProjectMachines, Route
from step.errors import Refused, StepError

T = TypeVar("T")
_PATIENCE_SECONDS, _INTERVAL_SECONDS = 60, 2
# So often, and after so long, an alias is looked at again.
_LOOKS, _FIRST_LOOK_SECONDS, _LAST_LOOK_SECONDS = 5, 0.5, 4.0

_THERE_LOOKS = 5
_NOT_THERE = frozenset(
    {"ExecutionDoesNotExist", "ResourceNotFound", "ResourceNotFoundException", "StateMachineDoesNotExist"}
)


class NotYet(StepError):  # noqa: N818 - the error's name in the deployer's history
    """AWS hasn't finished what it was asked for; another attempt looks again."""


def read_routes(
    ports: Ports, machines: ProjectMachines, alias_arn: str, is_good: Callable[[Sequence[Route]], bool]
) -> tuple[Route, ...]:
    """Read where an alias leads, as two reads in a row say it: one may be a moment old.

    What isn't good is read again for a while before it is believed.
    """
    routes = machines.routes(alias_arn)
    for look in range(_LOOKS):
        ports.clock.pause(min(_FIRST_LOOK_SECONDS * 2**look, _LAST_LOOK_SECONDS))
        before, routes = routes, machines.routes(alias_arn)
        if set(before) == set(routes) and is_good(routes):
            break
    return routes


def are_same(one: Sequence[Route], other: Sequence[Route]) -> bool:
    """Whether two aliases lead to the same versions with the same weights."""
    return weights(one) == weights(other)


def weights(routes: Sequence[Route]) -> dict[str, int]:
    """Name the versions that get anything, with their shares."""
    return {route.version_arn: route.weight for route in routes if route.weight}


def await_there(ports: Ports, ask: Callable[[], T]) -> T:
    """Ask about, or use, what was made a moment ago: "there is none" may be a moment old.

    AWS: Step Functions API, DescribeStateMachine: "This operation is eventually consistent."
    """
    for _ in range(_THERE_LOOKS):
        try:
            return ask()
        except Refused as refused:
            if refused.code not in _NOT_THERE:
                raise
            ports.clock.pause(_INTERVAL_SECONDS)
    return ask()


def wait_for(ports: Ports, ask: Callable[[], T], is_good: Callable[[T], bool], what: str) -> T:
    """Ask until the answer is good.

    Raises:
        NotYet: it took too long.
    """
    for _ in range(_PATIENCE_SECONDS // _INTERVAL_SECONDS):
        answer = ask()
        if is_good(answer):
            return answer
        ports.clock.pause(_INTERVAL_SECONDS)
    raise NotYet(what)
