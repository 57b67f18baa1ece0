"""Amazon Resource Names: what a state machine's resources and executions are called.

Pure: knows no other module of step.
"""

from __future__ import annotations

from typing import NamedTuple


class Arn(NamedTuple):
    """``arn:partition:service:region:account:resource``; the resource may hold colons."""

    partition: str
    service: str
    region: str
    account: str
    resource: str

    @classmethod
    def from_text(cls, text: str) -> Arn | None:
        """Split an ARN; None where the text isn't one."""
        parts = text.split(":", 5)
        if len(parts) != 6 or parts[0] != "arn":
            return None
        return cls(*parts[1:])

    def to_text(self) -> str:
        return ":".join(("arn", *self))


def execution_arn(machine_arn: str, name: str) -> str:
    """Name an execution of a machine."""
    return machine_arn.replace(":stateMachine:", ":execution:", 1) + f":{name}"


def machine_of(execution_arn: str) -> str:
    """Name the machine of an execution."""
    return execution_arn.replace(":execution:", ":stateMachine:", 1).rpartition(":")[0]


def express_arn(machine_arn: str, name: str, part: str) -> str:
    """Name an Express execution, whose ARN has a part that makes it unique."""
    return machine_arn.replace(":stateMachine:", ":express:", 1) + f":{name}:{part}"


def labelled_arn(machine_arn: str, label: str) -> str:
    """Name the machine that a distributed Map's child executions belong to."""
    return machine_arn.partition("/")[0] + f"/{label}"


def map_run_arn(machine_arn: str, label: str, name: str) -> str:
    """Name a Map Run."""
    return labelled_arn(machine_arn, label).replace(":stateMachine:", ":mapRun:", 1) + f":{name}"
