"""The states around the one call that callers notice, and those that give the lock back.

Knows the ports. Whoever moves the alias has written the journal in the same invocation; what counts
afterwards is what AWS says, not what the call said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from step.clock import format_timestamp
from step.deployer.causes import message_of, redact
from step.deployer.deployment import Deployment, Failure
from step.deployer.lock import Lock, LockLost
from step.deployer.looking import are_same, await_there, read_routes, wait_for, weights
from step.deployer.names import LIVE
from step.deployer.ports import Ports, ProjectMachines, RecordExists, Route
from step.deployer.staging import check_staged
from step.errors import StepError
from step.jsonvalue import JSONObject

SUCCESS, CLEAN, DIRTY = "Success", "FailureClean", "FailureDirty"
# A rollout's alone: some of its places have the release, and others what they had.
PARTIAL = "FailurePartial"
# What the records of other executions than deploys say.
RECOVERED, PRUNED = "Recovered", "Pruned"


class LiveMoved(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The alias leads where neither this deploy nor the one before has led it."""


class NotRolledBack(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The alias may still lead to the new version: the lock isn't given back."""


def deploy(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Lead the alias to the new version: all of it, or the first share of a canary."""
    project = ports.accounts.deploy(deployment.target)
    check_staged(ports, project, deployment)
    return move(ports, project.machines, deployment, execution, deployment.prev_routes, 0)


def move(
    ports: Ports,
    machines: ProjectMachines,
    deployment: Deployment,
    execution: str,
    expected: Sequence[Route],
    step: int,
) -> Deployment:
    """Lead the alias from where it has to be to where a step of the canary has it, journal first."""
    wanted = deployment.routes_at(step)
    check_routes(ports, machines, deployment, expected, wanted)
    lock = Lock(ports, deployment.target.lock_key, execution)
    lock.arm(deployment.fence, deployment.prev_routes, deployment.version)
    _lead(ports, machines, deployment, wanted)
    if wanted == deployment.new_routes:
        _commit(ports, lock, deployment, execution)
    return deployment.at_step(step)


def rollback(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Make the alias lead where the journal says it did before; nothing where no flip was armed.

    Also what a lock that was taken over wants first. Where the lock isn't ours, whoever has it sees to that.
    A version that neither the journal nor the release knows was made live by somebody else: it is left.
    """
    lock = Lock(ports, deployment.target.lock_key, execution)
    item = lock.read()
    if item.owner != execution:
        # A deploy that was redriven goes on to the next guard, which ends it.
        return replace(deployment, is_inherited=False)
    if not (item.is_armed or item.is_committed):
        return replace(deployment, is_inherited=False)
    # Of a release that was live alone when its deploy ended, only the lock has to be given back.
    is_done = item.is_committed and (deployment.is_inherited or deployment.recovers is not None)
    machines = ports.accounts.deploy(deployment.target).machines

    def is_ours(routes: Sequence[Route]) -> bool:
        if is_done:
            return are_same(routes, [Route(item.new, 100)])
        return weights(routes).keys() <= {item.new, *weights(item.prev)}

    routes = read_routes(ports, machines, deployment.target.alias_arn, is_ours)
    if not is_ours(routes):
        lock.settle(item.fence)
        left = (
            f"the alias {LIVE!r} leads to {told(routes)}: somebody else has moved it, and it was left there"
        )
        return replace(deployment, is_inherited=False, left=left)
    if is_done:
        lock.finish(item)
        return replace(deployment, is_inherited=False, finished=item.release)
    lock.arm(item.fence, item.prev, item.new, heeds_halt=False)
    _lead(ports, machines, deployment, item.prev)
    lock.settle(item.fence)
    return replace(deployment, is_inherited=False)


def release_lock(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Give the lock back after what was wanted is done, and record it.

    Raises:
        LockLost: it isn't ours; the alias leads back to where it did.
    """
    release, lock = deployment.release, Lock(ports, deployment.target.lock_key, execution)
    outcome = PRUNED if release is None else SUCCESS
    done = replace(deployment, verdict=SUCCESS)
    record = done.record(execution, outcome, format_timestamp(ports.clock.now_ms()))
    deployed = None if release is None else _deployed(deployment)
    if not lock.release(deployment.fence, record, deployed):
        raise LockLost("the lock was taken over before the deploy could end")
    return done


def release_lock_failure(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Give the lock back, if we have it, after a deploy that failed and was undone; and record it."""
    said = [cause_of(deployment.error), deployment.left]
    failed = replace(deployment, verdict=CLEAN, cause="; then ".join(filter(None, said)))
    outcome = RECOVERED if deployment.recovers else CLEAN
    record = failed.record(execution, outcome, format_timestamp(ports.clock.now_ms()))
    lock = Lock(ports, deployment.target.lock_key, execution)
    item = lock.read()
    if item.owner == execution:
        if item.is_armed or item.is_committed:
            raise NotRolledBack(f"the alias may still lead to {item.new}")
        lock.release(item.fence, record)
    elif deployment.recovers and deployment.error:
        # Nothing was recovered; who the lock belongs to will say what the release came to.
        return failed
    else:
        try:
            ports.table.record(record)
        except RecordExists:
            there = ports.table.get(str(record["key"])) or {}
            if (there.get("execution"), there.get("outcome")) == (execution, SUCCESS):
                # It was live when its execution was stopped; whoever took the lock over has recorded that.
                return replace(failed, verdict=SUCCESS)
    return failed


def cause_of(failure: Failure | None) -> str:
    """Tell a failure: its name and its message, without secrets."""
    if failure is None:
        return ""
    return f"{failure.Error}: {redact(message_of(failure.Cause))}"


def check_routes(
    ports: Ports, machines: ProjectMachines, deployment: Deployment, *expected: Sequence[Route]
) -> None:
    """Make sure that the alias leads to one of these; after a flip whose answer got lost, to the new one."""

    def is_expected(routes: Sequence[Route]) -> bool:
        return any(are_same(routes, one) for one in expected)

    routes = read_routes(ports, machines, deployment.target.alias_arn, is_expected)
    if not is_expected(routes):
        raise LiveMoved(f"the alias {LIVE!r} leads to {told(routes)}: somebody else has moved it")


def _commit(ports: Ports, lock: Lock, deployment: Deployment, execution: str) -> None:
    """Note in the lock that the release is live alone, with what ReleaseLock has still to write."""
    done = replace(deployment, verdict=SUCCESS)
    record = done.record(execution, SUCCESS, format_timestamp(ports.clock.now_ms()))
    lock.commit(deployment.fence, record, _deployed(deployment))


def _deployed(deployment: Deployment) -> JSONObject:
    release = deployment.wanted
    return {
        "release": release.release_id,
        "created_at": release.created_at,
        "version": deployment.version,
    }


def _lead(ports: Ports, machines: ProjectMachines, deployment: Deployment, routes: Sequence[Route]) -> None:
    """Move the alias and see it moved: its API is eventually consistent."""
    alias = deployment.target.alias_arn
    await_there(ports, lambda: machines.route(alias, routes))
    wait_for(
        ports,
        lambda: machines.routes(alias),
        lambda there: are_same(there, routes),
        f"the alias {LIVE!r} doesn't lead to {told(routes)} yet",
    )


def told(routes: Sequence[Route]) -> str:
    """Write where an alias leads, for people."""
    return ", ".join(f"{route.version_arn} ({route.weight} %)" for route in routes) or "nothing"
