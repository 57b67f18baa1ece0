"""Items and results of distributed Maps, read and written with their machine's role.

Knows a Map Run by its ARN; a port that gives a store of objects for a role, and the judge of permissions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from step.arn import Arn
from step.engine.vocabulary import Input, ReadItems, TaskFailed, WriteResults
from step.iam.needs import Need
from step.local.functions.keys import KeyHolder
from step.local.permissions.permissions import Permissions
from step.runtime.map_items import MapItems
from step.runtime.objects import Objects

_SESSION = "DistributedMap"


class RoleItems:
    """Reads and writes; see ``runtime.virtual.Items``.

    Args:
        role_of: Gives the role of a machine, by its ARN.
        objects_of: Gives a store that asks with a role.
        permissions: Judges what a Map Run itself needs.
    """

    def __init__(
        self,
        role_of: Callable[[str], str],
        objects_of: Callable[[str], Objects],
        permissions: Permissions,
    ) -> None:
        self._role_of = role_of
        self._permissions = permissions
        self._items_of = lru_cache(maxsize=64)(lambda role: MapItems({}, objects_of(role)))

    def read(self, command: ReadItems) -> Input:
        """Read a Map Run's next items; the first ones only where its child executions may be started.

        AWS: Step Functions developer guide, "IAM policies for using Distributed Map states".
        """
        machine = _machine_of(command.run)
        role = self._role_of(machine)
        named = Arn.from_text(machine)
        if command.first == 0 and named is not None:
            start = Need(action="states:StartExecution", resource=machine)
            refusal = self._permissions.judge_needs(KeyHolder(named.account, role, _SESSION), [start])
            if refusal is not None:
                return TaskFailed(command.op, "States.Permissions", str(refusal))
        return self._items_of(role).read(command)

    def write(self, command: WriteResults) -> Input:
        """Write a Map Run's next results."""
        return self._items_of(self._role_of(_machine_of(command.run))).write(command)


def _machine_of(run: str) -> str:
    """Name the machine of a Map Run."""
    return run.replace(":mapRun:", ":stateMachine:", 1).partition("/")[0]
