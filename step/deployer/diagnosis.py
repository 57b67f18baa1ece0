"""The state Diagnose: what is true where a deploy could neither be finished nor undone.

Knows the ports; changes nothing but the record. It believes what it reads now, so that a deploy whose last
answers got lost still ends as what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from step.clock import format_timestamp
from step.deployer.causes import is_of_a_broken_deployer, repair
from step.deployer.commit import CLEAN, DIRTY, PRUNED, SUCCESS, cause_of, told
from step.deployer.deployment import Deployment
from step.deployer.lock import Lock, LockItem
from step.deployer.looking import are_same
from step.deployer.names import LIVE
from step.deployer.ports import Ports, RecordExists, Route, Unavailable
from step.errors import Refused
from step.jsonvalue import JSONObject

T = TypeVar("T")
RECORD = "the record"
# Between two attempts to read the same.
_PAUSE_SECONDS = 3


def diagnose(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Say how the deploy really stands: ``verdict`` and ``cause``. Raises nothing on purpose."""
    unread: dict[str, str] = {}
    lock = Lock(ports, deployment.target.lock_key, execution)
    item = read_or_note(ports, "the lock", lock.read, unread)
    record = read_or_note(ports, RECORD, lambda: ports.table.get(_record_key(deployment)), unread)
    target = deployment.target
    routes = read_or_note(
        ports,
        f"the alias {LIVE!r}",
        lambda: ports.accounts.deploy(target).machines.routes(target.alias_arn),
        unread,
    )
    # A record that can't be read proves nothing: the release may have been recorded as live.
    verdict = DIRTY if RECORD in unread else _verdict(deployment, execution, item, routes, record)
    reasons = [cause_of(failure) for failure in (deployment.error, deployment.rollback_error) if failure]
    if verdict == SUCCESS:
        return replace(deployment, verdict=SUCCESS)
    if verdict == CLEAN:
        cause = "; then ".join(filter(None, [*reasons, deployment.left]))
        return replace(deployment, verdict=CLEAN, cause=cause)
    mend = mending_command(deployment.recovers or execution)
    cause = "\n".join(
        [
            f"The deploy of {target.project}/{target.config} could not be finished, nor proven undone.",
            *_differences(deployment, execution, item, routes),
            *(f"{what[0].upper()}{what[1:]} could not be read: {why}" for what, why in unread.items()),
            *(f"It failed with {reason}" for reason in reasons),
            *_broken(deployment, execution),
            f"The next deploy mends this. To mend it now: {mend}",
        ]
    )
    dirty = replace(deployment, verdict=DIRTY, cause=cause)
    with suppress(RecordExists, Unavailable, Refused):
        ports.table.record(dirty.record(execution, DIRTY, format_timestamp(ports.clock.now_ms())))
    return dirty


def _broken(deployment: Deployment, execution: str) -> list[str]:
    """Tell a broken deployer from a broken project."""
    names = [failure.Error for failure in (deployment.error, deployment.rollback_error) if failure]
    if not any(is_of_a_broken_deployer(name) for name in names):
        return []
    return [f"The deployer itself is broken; this leads it back: {repair(execution.split(':')[6])}"]


def mending_command(execution: str) -> str:
    """Write the command that cleans up after an execution, which has the release's name."""
    return f"step recover {execution.rpartition(':')[2]}"


def _verdict(
    deployment: Deployment,
    execution: str,
    item: LockItem | None,
    routes: tuple[Route, ...] | None,
    record: JSONObject | None,
) -> str:
    """Prove what can be proven; what can't be read proves nothing."""
    if item is None or item.owner == execution:
        return DIRTY
    mine = (record or {}).get("execution") == execution
    outcome = (record or {}).get("outcome") if mine else None
    if outcome == PRUNED:
        return SUCCESS
    if outcome == SUCCESS and routes is not None and are_same(routes, deployment.new_routes):
        return SUCCESS
    if outcome == SUCCESS:
        return DIRTY
    # The lock was given back, or was never ours, or is another's who has put right what we left.
    return CLEAN


def _differences(
    deployment: Deployment, execution: str, item: LockItem | None, routes: tuple[Route, ...] | None
) -> list[str]:
    found = []
    if routes is not None:
        prev = item.prev if item is not None and item.is_armed else deployment.prev_routes
        if item is not None and item.is_committed and are_same(routes, [Route(item.new, 100)]):
            found.append(f"The release is live: the alias {LIVE!r} leads to {told(routes)}.")
        elif prev and not are_same(routes, prev):
            found.append(f"The alias {LIVE!r} leads to {told(routes)}; before, it led to {told(prev)}.")
        else:
            found.append(f"The alias {LIVE!r} leads to {told(routes)}, as before.")
    if item is not None:
        held = item.owner == execution
        found.append(
            f"This execution still holds the lock {deployment.target.lock_key}."
            if held
            else f"The lock {deployment.target.lock_key} is not held by this execution."
        )
    return found


def read_or_note(ports: Ports, what: str, read: Callable[[], T], unread: dict[str, str]) -> T | None:
    """Read something, for a moment again and again; note why it couldn't be read."""
    last = ports.clock.now_ms() + 2 * _PAUSE_SECONDS * 1000
    while True:
        try:
            return read()
        except (Unavailable, Refused) as problem:
            if ports.clock.now_ms() >= last:
                unread[what] = str(problem)
                return None
            ports.clock.pause(_PAUSE_SECONDS)


def _record_key(deployment: Deployment) -> str:
    return deployment.target.record_key(deployment.release_id)
