"""Lambda on one machine: functions are kept, published, pointed at, and run."""

from step.local.functions.functions import CODE_PATH, Functions
from step.local.functions.invocation import Invocation
from step.local.functions.logs import Written
from step.local.functions.names import Owner, partition_of
from step.local.functions.operations import CodeObjects

__all__ = ["CODE_PATH", "CodeObjects", "Functions", "Invocation", "Owner", "Written", "partition_of"]
