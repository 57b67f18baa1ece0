"""TestState, with the workers that executions have.

AWS: Step Functions API reference, "TestState". Observed: test_state.
"""

from __future__ import annotations

from step.aws.models import output_shape
from step.durable.clocks import Clock
from step.durable.host import Work
from step.engine.frames import ExecutionInfo
from step.engine.vocabulary import Input, StartTask
from step.errors import HandlerError, Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.service.arns import MACHINE, Caller
from step.machine import test_state as api


class Testing:
    """The operation that tests a state."""

    __test__ = False

    def __init__(self, work: Work, clock: Clock) -> None:
        self._work = work
        self._clock = clock

    def test(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer TestState; waits for the state's work."""
        machine_arn = caller.arn(MACHINE, "TestState")

        def perform(task: StartTask) -> tuple[list[Input], int] | None:
            return self._work(task, _info(machine_arn, self._clock.now_ms(), params.get("roleArn"))), 0

        try:
            return api.test_state(
                params,
                perform=perform,
                output_shape=output_shape,
                machine_arn=machine_arn,
                start_ms=self._clock.now_ms(),
                seed=new_uuid(),
            )
        except HandlerError as error:
            raise Refused("ValidationException", str(error)) from error


def _info(machine_arn: str, start_ms: int, role: JSONValue) -> ExecutionInfo:
    """Name the execution that a tested state's work is done for."""
    return ExecutionInfo(
        arn=machine_arn.replace(":stateMachine:", ":express:", 1) + ":test",
        name="test",
        input=None,
        start_ms=start_ms,
        role_arn=None if role is None else str(role),
        machine_arn=machine_arn,
        machine_name="TestState",
    )
