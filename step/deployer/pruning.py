"""The state Prune: delete versions that nothing uses any more, a few in each invocation.

Knows the ports. A machine keeps 1,000 versions and none goes away by itself. AWS gives few requests a second
for what has to be asked: first it is decided what may go at all, then it is asked about that alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from step.deployer.definition import called_versions
from step.deployer.deployment import Deployment, Pruning
from step.deployer.lock import Lock
from step.deployer.ports import OldVersions, Ports, Unavailable
from step.errors import Refused

# AWS: Step Functions, "Redriving executions": within 14 days after the execution ended.
_REDRIVABLE_MS = 14 * 24 * 3600 * 1000
# So many of the oldest go in one execution: what it hands on has to fit into its payload.
_AT_MOST = 100
# AWS: Step Functions quotas, "API action throttling": DescribeStateMachine 200 at once and 20 a second,
# ListExecutions 100 at once and 2 a second, of which a version takes four.
_READ_AT_ONCE, _READ_WAIT_SECONDS = 100, 5
_DELETED_AT_ONCE, _DELETE_WAIT_SECONDS = 20, 40
# So many names of what is gone are handed on; the rest is counted.
_NAMED = 200


def prune(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Go one step on: choose what may go, read what calls what, or delete a few.

    A version of the machine goes first, then those of functions that only it called. Another attempt repeats
    one step; deleting twice is no error.
    """
    target, keep = deployment.target, deployment.keep
    assert keep is not None
    old = ports.accounts.prune(target)
    pruning = deployment.pruning
    if pruning is None:
        versions = old.machine_versions(target.machine_arn)
        routed = frozenset(old.routed(target.machine_arn))
        chosen = [_number(version) for version in versions[keep:] if version not in routed]
        candidates = sorted(chosen)[:_AT_MOST]
        others = [number for number in map(_number, versions) if number not in candidates]
        pruning = Pruning(
            candidates=tuple(candidates),
            unread=(*candidates, *others) if candidates else (),
            more=len(chosen) - len(candidates),
            is_over=not candidates,
            wait_seconds=_READ_WAIT_SECONDS,
        )
        return replace(deployment, pruning=pruning)
    if pruning.unread:
        return replace(deployment, pruning=_read(old, target.machine_arn, pruning))
    return _delete(ports, old, deployment, pruning, execution)


def _read(old: OldVersions, machine_arn: str, pruning: Pruning) -> Pruning:
    """Read which functions' versions the candidates call, and nobody else does."""
    callers = {version: list(numbers) for version, numbers in pruning.callers.items()}
    now, later = pruning.unread[:_READ_AT_ONCE], pruning.unread[_READ_AT_ONCE:]
    for number in now:
        for called in map(_short, _called(old, f"{machine_arn}:{number}")):
            if number in pruning.candidates:
                callers.setdefault(called, []).append(number)
            else:
                callers.pop(called, None)
    return replace(
        pruning,
        unread=later,
        callers={version: tuple(numbers) for version, numbers in callers.items()},
    )


def _delete(
    ports: Ports, old: OldVersions, deployment: Deployment, pruning: Pruning, execution: str
) -> Deployment:
    """Delete the oldest candidates that nothing uses; what AWS holds back for now is the next step's."""
    lock, machine_arn = Lock(ports, deployment.target.lock_key, execution), deployment.target.machine_arn
    since = ports.clock.now_ms() - _REDRIVABLE_MS
    callers, pruned, left = dict(pruning.callers), [], list(pruning.candidates)
    for number in pruning.candidates[:_DELETED_AT_ONCE]:
        version = f"{machine_arn}:{number}"
        try:
            lock.guard(deployment.fence, "HELD")
            if _is_used(old, version, since):
                callers = {called: by for called, by in callers.items() if number not in by}
            else:
                pruned += _delete_one(old, deployment, number, callers)
        except Unavailable:
            if number == pruning.candidates[0]:
                raise
            break
        callers = _without(callers, number)
        left.remove(number)
    return replace(
        deployment,
        pruned=(*deployment.pruned, *pruned)[:_NAMED],
        pruned_count=deployment.pruned_count + len(pruned),
        pruning=replace(
            pruning,
            candidates=tuple(left),
            callers=callers,
            is_over=not left,
            wait_seconds=_DELETE_WAIT_SECONDS,
        ),
    )


def _delete_one(
    old: OldVersions, deployment: Deployment, number: int, callers: Mapping[str, tuple[int, ...]]
) -> list[str]:
    """Delete a version of the machine, and the functions' versions that only it still calls."""
    version = f"{deployment.target.machine_arn}:{number}"
    try:
        old.delete_machine_version(version)
    except Refused as refused:
        if refused.code != "ConflictException":
            raise
        # An alias that leads there since a moment ago.
        return []
    pruned = [version]
    for called in [called for called, by in callers.items() if by == (number,)]:
        name, _, function_version = called.rpartition(":")
        if function_version not in old.aliased(name):
            old.delete_function_version(name, function_version)
            pruned.append(deployment.target.function_arn(called))
    return pruned


def _is_used(old: OldVersions, version: str, since: int) -> bool:
    try:
        return old.has_executions_since(version, since)
    except Refused as refused:
        # Another attempt has deleted it.
        if refused.code not in ("StateMachineDoesNotExist", "ResourceNotFound"):
            raise
        return False


def _called(old: OldVersions, version: str) -> frozenset[str]:
    try:
        return called_versions(old.definition(version))
    except Refused as refused:
        if refused.code not in ("StateMachineDoesNotExist", "ResourceNotFound"):
            raise
        return frozenset()


def _without(callers: Mapping[str, tuple[int, ...]], number: int) -> dict[str, tuple[int, ...]]:
    left = {called: tuple(one for one in by if one != number) for called, by in callers.items()}
    return {called: by for called, by in left.items() if by}


def _short(function_arn: str) -> str:
    """Name a function's version: "bread:7"."""
    return ":".join(function_arn.split(":")[-2:])


def _number(version_arn: str) -> int:
    return int(version_arn.rpartition(":")[2])
