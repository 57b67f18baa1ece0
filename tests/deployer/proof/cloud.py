"""The AWS in memory as the world of an exploration: copied, compared, worked in by the deployer's tasks."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from typing import Any

from step.deployer.handlers import make_handlers
from step.deployer.ports import Ports
from step.errors import TaskError
from tests.deployer.memory_aws import MemoryAws
from tests.deployer.world import TARGET, World

# What the handlers work with, the innermost last; they are compiled once.
_PORTS: list[Ports] = []
_HANDLERS = make_handlers(lambda: _PORTS[-1])


class Cloud:
    """An AWS, with what tells whether a deploy has kept its word."""

    def __init__(self, aws: MemoryAws, world: World) -> None:
        self.aws = aws
        self.world = world

    def copy(self) -> Cloud:
        aws, made = self.aws, MemoryAws()
        made.items = {key: dict(item) for key, item in aws.items.items()}
        made.objects = aws.objects
        made.functions = {arn: _fresh(function) for arn, function in aws.functions.items()}
        made.machines = {arn: _fresh(machine) for arn, machine in aws.machines.items()}
        made.executions, made.led_before = dict(aws.executions), dict(aws.led_before)
        return Cloud(made, self.world)

    def key(self) -> list[Any]:
        """Say what is there: the table, the functions, the machines."""
        aws = self.aws
        return [
            [_plain(item) for item in aws.items.values()],
            [_plain(vars(function)) for function in aws.functions.values()],
            [_plain(vars(machine)) for machine in aws.machines.values()],
        ]

    @property
    def is_locked(self) -> bool:
        return bool(self.aws.items.get(TARGET.lock_key, {}).get("owner"))

    def runs_exactly(self, release: str) -> bool:
        return self._seen().runs_exactly(release)

    @property
    def is_mixed(self) -> bool:
        """Whether the alias leads to a definition with code of another release."""
        seen = self._seen()
        return any(seen.mix(route.version_arn) for route in self.aws.live(TARGET))

    @property
    def leads_as_before(self) -> bool:
        return [route.version_arn for route in self.aws.live(TARGET)] == [f"{TARGET.machine_arn}:1"]

    def _seen(self) -> World:
        seen = copy.copy(self.world)
        seen.aws = self.aws
        return seen


def handlers(cloud: Cloud) -> Mapping[str, object]:
    """Give what does the work of the deployer's tasks in a cloud; its clock stands still."""
    start = cloud.world.aws.clock.now

    def invoke(event: Any, context: object) -> Any:
        cloud.aws.clock.now = start
        _PORTS.append(cloud.aws.ports(TARGET.account))
        try:
            return _HANDLERS(event, context)
        except Exception as error:
            # As Lambda tells it.
            told = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            raise TaskError(type(error).__name__, json.dumps(told)) from error
        finally:
            _PORTS.pop()

    return {"${function_arn}": invoke}


def _fresh(thing: Any) -> Any:
    """Copy a function or a machine with its tables; what is in those is replaced, never changed."""
    made = copy.copy(thing)
    for name, value in vars(thing).items():
        if isinstance(value, dict | list | set):
            setattr(made, name, value.copy())
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, str | int | float | bytes | None):
        return value
    return _plain(vars(value))
