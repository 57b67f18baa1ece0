"""The kernels of a distributed Map's child executions.

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.arn import labelled_arn
from step.engine.child_execution import child_arn
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.quotas import EXPRESS, Quotas
from step.engine.vocabulary import Input, StartChild, TaskFailed, TaskSucceeded

_STANDARD = Quotas()


def child_kernel(parent: Kernel, command: StartChild, now: int) -> Kernel:
    """Make the kernel of a child execution that starts ``now``, with limits of its own."""
    machine_arn = labelled_arn(parent.info.machine_arn, command.label)
    info = ExecutionInfo(
        arn=child_arn(machine_arn, command.name, is_express=command.is_express),
        name=command.name,
        input=command.input,
        start_ms=now,
        role_arn=parent.info.role_arn,
        machine_arn=machine_arn,
        machine_name=machine_arn.rpartition(":")[2],
        seed=f"{parent.info.seed}/{command.name}",
        rules=parent.info.rules,
    )
    quotas = None
    if parent.quotas is not None:
        quotas = EXPRESS if command.is_express else _STANDARD
    return Kernel(parent.program.children[command.state], info, quotas)


def child_answer(child: Kernel, op: int) -> Input:
    """Say to the parent how a child execution has ended."""
    if child.status == "SUCCEEDED":
        return TaskSucceeded(op, child.output)
    error = child.error
    if child.status == "TIMED_OUT":
        return TaskFailed(op, "States.Timeout", None)
    return TaskFailed(op, error.name if error else None, error.cause if error else None)
