"""The states before anything is changed: Validate, Lock, Recover.

Knows the ports. What comes in was written by a client and is believed in nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from step.clock import format_timestamp
from step.deployer.client import PruneRequest
from step.deployer.deployment import Deployment
from step.deployer.document import parse_release
from step.deployer.lock import HolderRuns, Lock, LockHeld
from step.deployer.names import Target
from step.deployer.ports import Ports
from step.deployer.reading import (
    DocumentMisfit,
    Members,
    account,
    machine_name,
    name,
    number,
    project_name,
    region,
    text,
)
from step.deployer.release import (
    CHECK_INPUT,
    MAX_RELEASE_BYTES,
    InvalidRelease,
    Release,
    SmokeTest,
    check_age,
)
from step.deployer.rollout import parse_rollout
from step.deployer.signature import check_signature
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

T = TypeVar("T")
# A recovery that was itself stopped is followed to the deploy that it was for.
_FOLLOWED = 10
# Who starts recoveries beside people: EventBridge, on an execution's end and on a schedule.
BY_RULE, BY_SWEEP = "rule", "sweep"


def validate(ports: Ports, value: JSONValue, execution: str) -> Deployment:
    """Check all of a release that can be checked without its project's account.

    Raises:
        InvalidRelease: lists what is wrong with it.
    """
    members = Members(value, "input")
    document = members.value("release")
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    release = parse_release(document)
    now = ports.clock.now_ms()
    check_age(release, now)
    problems = []
    problems += misnamed(execution, release.execution_name)
    if release.account not in ports.allowed_accounts:
        problems.append(f"release/account: {release.account} is not on the deployer's list of accounts")
    if problems:
        raise InvalidRelease(problems)
    check_uploaded(ports, release.key, release, parse_release)
    check_signature(ports, release)
    return Deployment(
        target=release.target,
        uuid=_uuid(execution),
        started_at=format_timestamp(now),
        release=_tested(release, execution),
        release_sha256=release.sha256,
    )


def _tested(release: Release, execution: str) -> Release:
    """Have a new deployer asked whether all of it is there, before it is the one that repairs."""
    itself = ":".join(execution.split(":")[:7]).replace(":execution:", ":stateMachine:")
    if release.target.machine_arn != itself or release.definition is None or release.smoke_test is not None:
        return release
    return replace(release, smoke_test=SmokeTest(input=CHECK_INPUT))


def lock(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Take the target's lock.

    Returns:
        The deployment; its fence is 0 where it would recover, and there is nothing to recover.

    Raises:
        LockHeld, LeaseRunning: another has it.
        HolderRuns: what is to be recovered from runs, or AWS doesn't know yet that it has ended.
    """
    held = Lock(ports, deployment.target.lock_key, execution)
    if deployment.recovers is not None and held.read().owner not in (*deployment.dead, execution):
        return deployment
    try:
        item = held.acquire(deployment.release_id, deployment.release_sha256)
    except LockHeld as problem:
        if deployment.recovers is None:
            raise
        if held.read().owner in deployment.dead:
            raise HolderRuns(str(problem)) from problem
        # Somebody else was faster: nothing is left to do here.
        return deployment
    return replace(deployment, fence=item.fence, is_inherited=item.is_armed or item.is_committed)


def recover(ports: Ports, value: JSONValue, execution: str) -> Deployment:
    """Find out what an execution that was stopped was to deploy.

    Raises:
        InvalidRelease: the input names no deploy.
    """
    members = Members(value, "input")
    stopped = members.needed("recover", _execution_arn)
    by = members.optional("by", text(1, 20))
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    dead, statuses, release, target = _what_it_was_for(ports, stopped)
    deployment = Deployment(
        target=target,
        uuid=_uuid(execution),
        started_at=format_timestamp(ports.clock.now_ms()),
        release=release,
        release_sha256="" if release is None else release.sha256,
        recovers=dead[-1],
        dead=tuple(dead),
    )
    # The rule tells of every end. A recovery that failed by itself isn't tried again by the next one at once,
    # but by the sweep; and most deploys that fail have put everything right, and have said so.
    is_over = by == BY_RULE and len(dead) > 1 and statuses[0] == "FAILED"
    if not is_over and Lock(ports, target.lock_key, execution).read().owner not in (*dead, execution):
        is_over = ports.table.get(target.record_key(deployment.release_id)) is not None
    return replace(deployment, is_idle=is_over)


def sweep(ports: Ports, value: JSONValue, execution: str) -> JSONObject:
    """Look for a lock whose holder has ended without giving it back; which of several, chance decides.

    Returns:
        What ``recover`` takes; ``recover`` is None where every holder lives.

    Raises:
        InvalidRelease: the input asks for something else.
    """
    members = Members(value, "input")
    inner = members.inner("sweep", is_needed=True)
    if inner is not None:
        inner.finish()
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    dead = [holder for holder in sorted(ports.table.holders()) if _has_ended(ports, holder)]
    found = dead[UUID(_uuid(execution)).int % len(dead)] if dead else None
    return {"recover": found, "by": BY_SWEEP}


def _has_ended(ports: Ports, execution: str) -> bool:
    """Whether an execution has ended; from one that is gone only the next deploy takes over."""
    facts = ports.executions.describe(execution)
    return facts is not None and facts.status not in ("RUNNING", "PENDING_REDRIVE")


def plan_prune(ports: Ports, value: JSONValue, execution: str) -> Deployment:
    """Read what is to be pruned.

    Raises:
        InvalidRelease: lists what is wrong with the input.
    """
    request = read_prune_request(value)
    target = request.target
    problems = misnamed(execution, request.execution_name)
    if target.account not in ports.allowed_accounts:
        problems.append(f"prune/account: {target.account} is not on the deployer's list of accounts")
    if problems:
        raise InvalidRelease(problems)
    # Who prunes may deploy: that is to write to the project's prefix. Who may start may start anybody's.
    check_uploaded(ports, request.key, request, read_prune_request)
    return Deployment(
        target=target,
        uuid=_uuid(execution),
        started_at=format_timestamp(ports.clock.now_ms()),
        keep=request.keep,
        asked_by=request.requested_by,
    )


def read_prune_request(value: JSONValue) -> PruneRequest:
    """Read the input that asks for pruning.

    Raises:
        InvalidRelease: lists what is wrong with it.
    """
    outer = Members(value, "input")
    members = outer.inner("prune", is_needed=True)
    outer.finish()
    if members is None:
        raise InvalidRelease(outer.problems)
    target = Target(
        project=members.needed("project", project_name),
        config=members.needed("config", project_name),
        account=members.needed("account", account),
        region=members.needed("region", region),
        machine=members.needed("machine", machine_name),
    )
    request = PruneRequest(
        target=target,
        keep=members.needed("keep", number(1, 1000)),
        request_id=members.needed("request_id", name),
        requested_by=members.optional("requested_by", text(1, 512)),
    )
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    return request


def misnamed(execution: str, wanted: str) -> list[str]:
    """Compare the execution's name with what it is for: it is done once, and is seen by whose it is."""
    if execution.rpartition(":")[2] == wanted:
        return []
    return [f"input: the execution has to be called {wanted}, as what it is started with is done once"]


def check_uploaded(ports: Ports, key: str, asked: T, read: Callable[[JSONValue], T]) -> None:
    """Who may start the deployer and who may upload are two: both have to say the same.

    Raises:
        InvalidRelease: they don't.
    """
    try:
        uploaded = ports.bucket.read(key, None, MAX_RELEASE_BYTES)
    except Refused as refused:
        raise InvalidRelease([f"{key}: {refused}"]) from refused
    try:
        document: JSONValue = json.loads(uploaded)
    except (ValueError, RecursionError) as exc:
        raise InvalidRelease([f"{key}: what was uploaded is no JSON"]) from exc
    if read(document) != asked:
        raise InvalidRelease([f"{key}: what was uploaded is not what this execution was started with"])


def _what_it_was_for(ports: Ports, execution: str) -> tuple[list[str], list[str], Release | None, Target]:
    """Follow recoveries to the deploy that they were for: executions, statuses, and what it was for."""
    followed: list[str] = []
    statuses: list[str] = []
    for _ in range(_FOLLOWED):
        followed.append(execution)
        facts = ports.executions.describe(execution)
        if facts is None:
            raise InvalidRelease([f"input/recover: there is no execution {execution}"])
        statuses.append(facts.status)
        given = json.loads(facts.input)
        if not isinstance(given, dict):
            break
        if "release" in given:
            release = parse_release(given["release"])
            return followed, statuses, release, release.target
        if "prune" in given:
            return followed, statuses, None, read_prune_request(given).target
        if "rollout" in given:
            # It holds no lock: each of its deploys is recovered by itself.
            return followed, statuses, None, parse_rollout(given).stages[0].release.target
        execution = str(given.get("recover"))
    raise InvalidRelease([f"input/recover: {execution} is no deploy"])


def _execution_arn(value: JSONValue) -> str:
    if isinstance(value, str) and ":execution:" in value and value.count(":") == 7 and len(value) < 400:
        return value
    raise DocumentMisfit("the ARN of an execution")


def _uuid(execution: str) -> str:
    """Name a deploy; its client has no say in that."""
    return str(uuid5(NAMESPACE_URL, execution))
