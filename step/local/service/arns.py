"""ARNs that requests of Step Functions name things by, and the names that things may have.

Pure. AWS: Step Functions API reference, "CreateStateMachine", "StartExecution". Observed: sfn_api,
sfn_api_activities, sfn_api_aliasing.
"""

from __future__ import annotations

from typing import NamedTuple

from step.arn import Arn
from step.errors import Refused
from step.local.functions.names import partition_of

MACHINE, ACTIVITY, EXECUTION, EXPRESS, MAP_RUN = "stateMachine", "activity", "execution", "express", "mapRun"


class Caller(NamedTuple):
    """In whose name a request is made, and in which region."""

    account: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """Name a thing of the caller's."""
        return f"arn:{partition_of(self.region)}:states:{self.region}:{self.account}:{kind}:{name}"


class MachineArn(NamedTuple):
    """A state machine's ARN, perhaps with the number of a version or the name of an alias."""

    machine: str
    qualifier: str | None

    @property
    def text(self) -> str:
        return self.machine if self.qualifier is None else f"{self.machine}:{self.qualifier}"

    @property
    def is_version(self) -> bool:
        return self.qualifier is not None and self.qualifier.isdigit()

    @property
    def is_labelled(self) -> bool:
        """Whether it is that of a distributed Map's child executions."""
        return "/" in self.machine


def machine_arn(text: str) -> MachineArn:
    """Read a state machine's ARN.

    Raises:
        Refused: InvalidArn.
    """
    name = _resource(text, MACHINE)
    head, _, qualifier = name.partition(":")
    if ":" in qualifier or not head or (":" in name and not qualifier):
        raise invalid_arn(f"Invalid ARN: {text}")
    return MachineArn(text[: len(text) - len(name)] + head, qualifier or None)


def activity_arn(text: str) -> str:
    """Check an activity's ARN."""
    _resource(text, ACTIVITY)
    return text


def execution_arn(text: str) -> str:
    """Check a Standard execution's ARN."""
    _resource(text, EXECUTION)
    return text


def map_run_arn(text: str) -> str:
    """Check a Map Run's ARN."""
    _resource(text, MAP_RUN)
    return text


def resource_kind(text: str) -> str:
    """Say what kind of thing of Step Functions an ARN names."""
    return _parts(text).resource.partition(":")[0]


def invalid_arn(why: str) -> Refused:
    return Refused("InvalidArn", f"Invalid Arn: '{why}'")


def _resource(text: str, kind: str) -> str:
    found, _, name = _parts(text).resource.partition(":")
    if found != kind:
        raise invalid_arn(f"Resource type not valid in this context: {found}")
    if not name:
        raise invalid_arn(f"Invalid ARN: {text}")
    return name


def _parts(text: str) -> Arn:
    arn = Arn.from_text(text)
    if arn is None:
        raise invalid_arn(f"Invalid ARN prefix: {text}")
    if arn.service != "states":
        raise invalid_arn(f"Invalid service: {arn.service}")
    return arn
