"""TestState: run one state of a definition, with its work done or mocked, and tell what its data was.

Pure over its ports: ``Perform`` does the work of a Task, ``OutputShape`` knows what APIs give.
AWS: API reference, "TestState"; Step Functions developer guide, "Testing state machines with TestState API".
"""

# ruff: noqa: PT028 - this is no test, it has the name of the API

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from step.clock import now_ms
from step.engine.frames import ExecutionInfo
from step.jsonvalue import JSONObject, to_text
from step.machine.test_state_context import check_context
from step.machine.test_state_definition import read_tested
from step.machine.test_state_mocks import OutputShape, check_mock, refuse_unfit
from step.machine.test_state_request import StateRequest
from step.machine.test_state_run import Perform, StateOutcome, run_state

MACHINE_ARN = "arn:aws:states:us-east-1:123456789012:stateMachine:TestState"


def test_state(
    params: Mapping[str, Any],
    *,
    perform: Perform | None = None,
    output_shape: OutputShape | None = None,
    machine_arn: str = MACHINE_ARN,
    start_ms: int | None = None,
    seed: str = "0",
) -> JSONObject:
    """Answer a request of the TestState API.

    Args:
        params: The request's parameters, named as the API does; texts of JSON are texts.
        perform: Does the work of a Task without a mock.
        output_shape: Knows the outputs of APIs; without it mocked results aren't checked against them.
        machine_arn: What the machine around the state is called.
        start_ms: When it starts; the wall clock's time where it isn't given.
        seed: What names and random values come from.

    Returns:
        The API's answer; texts of JSON are texts.

    Raises:
        Refused: AWS would refuse the request.
        HandlerError: a Task has no mock, and nobody does its work.
    """
    request = StateRequest.from_params(params)
    tested = read_tested(request.definition, request.state_name)
    refuse_unfit(request, tested.state)
    if request.mock is not None:
        check_mock(request.mock, request, tested.state, output_shape)
    if request.context is not None:
        check_context(request.context, tested.state)
    info = _info(request, machine_arn, now_ms() if start_ms is None else start_ms, seed)
    return _answer(run_state(tested, request, info, perform), request)


# Tells pytest that this is no test, wherever it is imported.
test_state.__test__ = False  # type: ignore[attr-defined]  # functions take attributes


def _info(request: StateRequest, machine_arn: str, start_ms: int, seed: str) -> ExecutionInfo:
    name = str(uuid5(NAMESPACE_URL, f"{machine_arn}/{seed}"))
    return ExecutionInfo(
        # Observed: state_with_variables. The execution is an Express one, without a part of its own.
        arn=machine_arn.replace(":stateMachine:", ":express:", 1) + f":{name}",
        name=name,
        input=request.input,
        start_ms=start_ms,
        role_arn=request.role_arn,
        machine_arn=machine_arn,
        machine_name=machine_arn.rpartition(":")[2],
        seed=seed,
        redrive_count=None,
        context=request.context,
    )


def _answer(outcome: StateOutcome, request: StateRequest) -> JSONObject:
    answer: JSONObject = {"status": outcome.status}
    if outcome.status in ("SUCCEEDED", "CAUGHT_ERROR"):
        answer["output"] = to_text(outcome.output)
    if outcome.error is not None:
        told = {"error": outcome.error.name, "cause": outcome.error.cause}
        answer |= {name: text for name, text in told.items() if text is not None}
    if outcome.next_state is not None:
        answer["nextState"] = outcome.next_state
    if request.level != "INFO":
        answer["inspectionData"] = outcome.told
    return answer
