"""The state Prune: delete versions that nothing uses any more.

Knows the ports. A machine keeps 1,000 versions and none goes away by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from step.deployer.definition import called_versions
from step.deployer.deployment import Deployment
from step.deployer.lock import Lock
from step.deployer.ports import OldVersions, Ports

# AWS: Step Functions, "Redriving executions": within 14 days after the execution ended.
_REDRIVABLE_MS = 14 * 24 * 3600 * 1000
# So that an invocation ends in time; the next one goes on.
_AT_ONCE = 50


def prune(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Delete what is unused: versions of the machine first, then those of functions that only they called."""
    lock = Lock(ports, deployment.target.lock_key, execution)
    target, keep = deployment.target, deployment.keep
    assert keep is not None
    old = ports.accounts.prune(target)
    versions = old.machine_versions(target.machine_arn)
    routed = frozenset(old.routed(target.machine_arn))
    since = ports.clock.now_ms() - _REDRIVABLE_MS
    unused = [
        version
        for version in versions[keep:]
        if version not in routed and not old.has_executions_since(version, since)
    ][-_AT_ONCE:]
    called = {version: called_versions(old.definition(version)) for version in versions}
    pruned = []
    for version in reversed(unused):
        lock.guard(deployment.fence, "HELD")
        old.delete_machine_version(version)
        pruned.append(version)
    pruned += _prune_functions(old, called, unused)
    return replace(deployment, pruned=tuple(pruned))


def _prune_functions(
    old: OldVersions, called: Mapping[str, frozenset[str]], unused: Sequence[str]
) -> list[str]:
    """Delete the versions of functions that only deleted versions of the machine called."""
    kept = frozenset().union(*(arns for version, arns in called.items() if version not in unused))
    candidates = frozenset().union(*(called[version] for version in unused)) - kept
    pruned = []
    for arn in sorted(candidates):
        name, version = arn.split(":")[-2:]
        if version.isdecimal() and version not in old.aliased(name):
            old.delete_function_version(name, version)
            pruned.append(arn)
    return pruned
