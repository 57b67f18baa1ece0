"""Answer the conformance runner's cases with step's interpreter.

The runner and its cases live outside the project; ``make conformance CORPUS=<folder>`` brings them together.
"""

from __future__ import annotations

import json
import logging
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.validate import ParamValidator
from run_conformance import LambdaFailure, NotSupported

from step.asl import taskfn
from step.asl.parse import parse
from step.asl.refusal import refuse_errors
from step.asl.source import read_source
from step.asl.validate import validate
from step.aws.models import output_shape
from step.aws.s3 import S3Objects
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, Start, StartTask, Stop, TaskFailed, TaskSubmitted, TaskSucceeded
from step.errors import Refused, StepError
from step.jsonvalue import to_text
from step.machine import test_state as api
from step.machine.create_request import check_create, check_log_group
from step.runtime.integrations import LAMBDA_INVOKE, function_key, invocation, invoke_response
from tests.conformance.dated import has_redrive_count, history_then, names_timeout, started_then
from tests.conformance.services import World

# A moment with all its digits, as most have.
_START_MS = 1_767_225_600_123


def run(definition: Any, input: Any, resources: dict[str, Any], *, case: dict[str, Any]) -> dict[str, Any]:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    source = read_source(text)
    try:
        refuse_errors(validate(source, type=case.get("machine_type") or "STANDARD"))
    except Refused as refusal:
        return {"status": "REJECTED", "error": refusal.code, "cause": refusal.message}
    if case["kind"] == "create_error":
        return _create(case)
    document: Any = source.value
    try:
        program = Program.from_definition(parse(taskfn.expand(document)))
    except StepError as error:
        raise NotSupported(str(error)) from None
    name = case.get("machine_name") or "machine"
    is_express = case.get("machine_type") == "EXPRESS"
    kind, run_name = ("express", "run:part") if is_express else ("execution", "run")
    info = ExecutionInfo(
        arn=f"arn:aws:states:us-east-1:111111111111:{kind}:{name}:{run_name}",
        name="run",
        input=input,
        start_ms=_START_MS,
        role_arn="arn:aws:iam::111111111111:role/role",
        machine_arn=case.get("machine_arn") or f"arn:aws:states:us-east-1:111111111111:stateMachine:{name}",
        machine_name=name,
        redrive_count=0
        if has_redrive_count(case) and not (is_express and "express_sync" in case["id"])
        else None,
    )
    kernel = Kernel(program, info, Quotas())
    stubs = {function_key(arn): stub for arn, stub in resources.items()}
    delays = {function_key(arn): d.get("delay_s", 0) for arn, d in case["resources"].items()}
    if "stopped_by_test" in case:
        kernel.handle(Start(input), _START_MS)
        kernel.handle(Stop(None, None), _START_MS)
    else:
        with World(case, stubs, lambda task: _perform(task, stubs, delays), S3Objects()) as world:
            world.drive(kernel, input)
    history = started_then(history_then(list(kernel.history), case), case)
    answer: dict[str, Any] = {"status": kernel.status, "history": history}
    if kernel.status == "SUCCEEDED":
        answer["output"] = kernel.output
    elif kernel.error is not None and (kernel.status != "TIMED_OUT" or names_timeout(case)):
        answer |= {key: value for key, value in kernel.error._asdict().items() if value is not None}
        answer = {("error" if key == "name" else key): value for key, value in answer.items()}
    return answer


def _create(case: dict[str, Any]) -> dict[str, Any]:
    """Create a machine whose definition is sound: the case tells of no machine that is there before."""
    made = {
        call["params"].get("logGroupName") for call in case["setup"] if call["operation"] == "CreateLogGroup"
    }
    try:
        check_create(case["create_params"])
        logging = case["create_params"].get("loggingConfiguration")
        check_log_group(logging, lambda arn: arn.split(":log-group:")[-1].removesuffix(":*") in made)
    except Refused as refusal:
        return {"status": "REJECTED", "error": refusal.code, "cause": refusal.message}
    return {"status": "CREATED"}


def _perform(
    task: StartTask, stubs: dict[str, Any], delays: dict[str, float]
) -> tuple[list[Input], int] | None:
    if task.resource in LAMBDA_INVOKE:
        call = invocation(task.payload)
        function, event = function_key(call.function), call.event
    elif ":lambda:" in task.resource and not task.resource.startswith("arn:aws:states"):
        function, event = function_key(task.resource), task.payload
    else:
        raise NotSupported(f"integration {task.resource}")
    if function not in stubs:
        cause = (
            f"Function not found: arn:aws:lambda:us-east-1:111111111111:function:{function}:$LATEST "
            "(Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; "
            "Request ID: 0; Proxy: null)"
        )
        return [TaskFailed(task.op, "Lambda.ResourceNotFoundException", cause)], 0
    delay, stub = delays.get(function, 0), stubs[function]
    done: Input
    try:
        # A stub that is slow is slow in virtual time.
        result = event if delay else stub(event)
    except LambdaFailure as failure:
        done = TaskFailed(task.op, failure.error_type, to_text(failure.payload))
    else:
        wrapped = invoke_response(result, task) if task.resource in LAMBDA_INVOKE else result
        done = (TaskSubmitted if task.token else TaskSucceeded)(task.op, wrapped)
    return [done], round(delay * 1000)


def test_state(
    definition: Any, input: Any, params: dict[str, Any], resources: dict[str, Any]
) -> dict[str, Any]:
    """Answer TestState as a client of AWS sees it: the client itself refuses what the model doesn't allow."""
    request = {**params, "definition": definition if isinstance(definition, str) else json.dumps(definition)}
    if input is not None:
        request["input"] = json.dumps(input)
    model = ServiceModel(Loader().load_service_model("stepfunctions", "service-2"))
    report = ParamValidator().validate(request, model.operation_model("TestState").input_shape)
    if report.has_errors():
        cause = f"Parameter validation failed:\n{report.generate_report()}"
        return {"status": "REJECTED", "error": "ParamValidationError", "cause": cause}
    stubs = {function_key(arn): stub for arn, stub in resources.items()}
    try:
        return dict(
            api.test_state(
                request,
                perform=lambda task: _perform(task, stubs, {}),
                output_shape=output_shape,
                machine_arn="arn:aws:states:us-east-1:111111111111:stateMachine:machine",
                start_ms=_START_MS,
            )
        )
    except Refused as refusal:
        return {"status": "REJECTED", "error": refusal.code, "cause": refusal.message}


logging.disable(logging.INFO)
