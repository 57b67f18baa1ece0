"""The states before anything is changed: Validate, Lock, Recover.

Knows the ports. What comes in was written by a client and is believed in nothing.
"""

from __future__ import annotations

import json
from dataclasses import replace
from uuid import NAMESPACE_URL, uuid5

from step.clock import format_timestamp
from step.deployer.deployment import Deployment
from step.deployer.lock import Lock, LockHeld
from step.deployer.names import Target
from step.deployer.ports import Ports
from step.deployer.reading import Members, Misfit, account, machine_name, name, number, region
from step.deployer.release import (
    MAX_RELEASE_BYTES,
    InvalidRelease,
    Release,
    check_age,
    parse_release,
)
from step.errors import Refused
from step.jsonvalue import JSONValue

# A recovery that was itself stopped is followed to the deploy that it was for.
_FOLLOWED = 10


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
    if execution.rpartition(":")[2] != release.release_id:
        problems.append(
            f"input: the execution has to be called as its release, {release.release_id}: it is deployed once"
        )
    if release.account not in ports.allowed_accounts:
        problems.append(f"release/account: {release.account} is not on the deployer's list of accounts")
    if problems:
        raise InvalidRelease(problems)
    _check_upload(ports, release)
    return Deployment(
        target=release.target,
        uuid=_uuid(execution),
        started_at=format_timestamp(now),
        release=release,
        release_sha256=release.sha256,
    )


def lock(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Take the target's lock.

    Returns:
        The deployment; its fence is 0 where it would recover, and there is nothing to recover.

    Raises:
        LockHeld, LeaseRunning: another has it.
    """
    held = Lock(ports, deployment.target.lock_key, execution)
    if deployment.recovers is not None and held.read().owner not in (deployment.recovers, execution):
        return deployment
    try:
        item = held.acquire(deployment.release_id, deployment.release_sha256)
    except LockHeld:
        if deployment.recovers is None:
            raise
        # It runs again, or somebody else was faster: nothing is left to do here.
        return deployment
    return replace(deployment, fence=item.fence, is_inherited=item.is_armed or item.is_committed)


def recover(ports: Ports, value: JSONValue, execution: str) -> Deployment:
    """Find out what an execution that was stopped was to deploy.

    Raises:
        InvalidRelease: the input names no deploy.
    """
    members = Members(value, "input")
    stopped = members.needed("recover", _execution_arn)
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    release, target = _what_it_was_for(ports, stopped)
    return Deployment(
        target=target,
        uuid=_uuid(execution),
        started_at=format_timestamp(ports.clock.now_ms()),
        release=release,
        release_sha256="" if release is None else release.sha256,
        recovers=stopped,
    )


def plan_prune(ports: Ports, value: JSONValue, execution: str) -> Deployment:
    """Read what is to be pruned.

    Raises:
        InvalidRelease: lists what is wrong with the input.
    """
    target, keep = _read_target(value)
    if target.account not in ports.allowed_accounts:
        raise InvalidRelease([f"prune/account: {target.account} is not on the deployer's list of accounts"])
    return Deployment(
        target=target,
        uuid=_uuid(execution),
        started_at=format_timestamp(ports.clock.now_ms()),
        keep=keep,
    )


def _read_target(value: JSONValue) -> tuple[Target, int]:
    """Read the input that asks for pruning: the target, and how many versions stay.

    Raises:
        InvalidRelease: lists what is wrong with it.
    """
    outer = Members(value, "input")
    members = outer.inner("prune", is_needed=True)
    outer.finish()
    if members is None:
        raise InvalidRelease(outer.problems)
    target = Target(
        project=members.needed("project", name),
        config=members.needed("config", name),
        account=members.needed("account", account),
        region=members.needed("region", region),
        machine=members.needed("machine", machine_name),
    )
    keep = members.needed("keep", number(1, 1000))
    members.finish()
    if members.problems:
        raise InvalidRelease(members.problems)
    return target, keep


def _check_upload(ports: Ports, release: Release) -> None:
    """Who may start a deploy and who may upload are two: both have to say the same."""
    try:
        uploaded = ports.bucket.read(release.key, None, MAX_RELEASE_BYTES)
    except Refused as refused:
        raise InvalidRelease([f"{release.key}: {refused}"]) from refused
    try:
        document: JSONValue = json.loads(uploaded)
    except (ValueError, RecursionError) as exc:
        raise InvalidRelease([f"{release.key}: what was uploaded is no JSON"]) from exc
    if parse_release(document) != release:
        raise InvalidRelease(
            [f"{release.key}: what was uploaded is not what this execution was started with"]
        )


def _what_it_was_for(ports: Ports, execution: str) -> tuple[Release | None, Target]:
    for _ in range(_FOLLOWED):
        facts = ports.executions.describe(execution)
        if facts is None:
            raise InvalidRelease([f"input/recover: there is no execution {execution}"])
        given = json.loads(facts.input)
        if not isinstance(given, dict):
            break
        if "release" in given:
            release = parse_release(given["release"])
            return release, release.target
        if "prune" in given:
            return None, _read_target(given)[0]
        execution = str(given.get("recover"))
    raise InvalidRelease([f"input/recover: {execution} is no deploy"])


def _execution_arn(value: JSONValue) -> str:
    if isinstance(value, str) and ":execution:" in value and value.count(":") == 7 and len(value) < 400:
        return value
    raise Misfit("the ARN of an execution")


def _uuid(execution: str) -> str:
    """Name a deploy; its client has no say in that."""
    return str(uuid5(NAMESPACE_URL, execution))
