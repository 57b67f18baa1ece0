"""The world around a conformance case: services (moto's), other machines, activities, and who answers tokens.

Made from the case's ``setup``, ``other_machines`` and ``drivers``; nothing in it knows a case.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from step.arn import execution_arn, express_arn
from step.asl import taskfn
from step.asl.model import Definition
from step.asl.parse import parse
from step.engine.frames import ExecutionInfo
from step.engine.kernel import Kernel
from step.engine.program import Program
from step.engine.quotas import EXPRESS, Quotas
from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask
from step.runtime.answers import TaskAnswers
from step.runtime.executions import DrivenExecutions, StartPlan
from step.runtime.integrations import function_key
from step.runtime.map_items import MapItems
from step.runtime.objects import Objects
from step.runtime.service_tasks import call_service
from step.runtime.services import HttpAnswer, HttpRequest, ServiceCall, Unreachable
from step.runtime.virtual import Promise, VirtualDriver
from tests.conformance.dated import has_redrive_count

ACCOUNT = "111111111111"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/role"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
    "MOTO_ACCOUNT_ID": ACCOUNT,
}

Done = tuple[list[Input], int] | Promise | None
# Does the work of a Task on a Lambda function.
Invoke = Callable[[StartTask], "tuple[list[Input], int] | None"]


class World:
    """What does the work of a case's tasks; see ``runtime.virtual.Perform``."""

    def __init__(self, case: dict[str, Any], stubs: dict[str, Any], invoke: Invoke, objects: Objects) -> None:
        self.case = case
        self._stubs = stubs
        self._invoke = invoke
        self._objects = objects
        self._open = ExitStack()
        machines = [Machine(other, self) for other in case.get("other_machines", ())]
        self.executions = DrivenExecutions({machine.arn: machine for machine in machines})

    def __enter__(self) -> World:
        if self.case.get("setup"):
            _ = self.services
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def drive(self, kernel: Kernel, value: Any) -> None:
        """Run the case's execution, with the workers of its activities beside it."""
        driver = VirtualDriver(kernel, self.perform, self.items())
        self.executions.driver = driver
        for number, worker in enumerate(self.case.get("drivers", ())):
            if worker["kind"] == "activity_worker":
                arn = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:worker{number}"
                machine = Machine({"name": f"worker{number}", "arn": arn, **worker}, self)
                plan = machine.plan("run", worker["input"], kernel.now, self.executions)
                driver.start(plan.kernel, plan.perform, plan.items, worker["input"], lambda _: None)
        driver.run(value)

    def items(self) -> MapItems:
        """Read and write objects wherever the environment says that S3 is."""
        return MapItems({}, self._objects)

    def perform(self, task: StartTask) -> Done:
        self.executions.note(task)
        resource = Resource.from_text(task.resource)
        if resource.service == "lambda" or resource.kind == "lambda":
            return self._invoke(task)
        if resource.kind == "activity":
            self.executions.offer(task)
            return None
        if self.executions.takes(resource, task.payload):
            return self.executions.perform(resource, task)
        told = call_service(task, self)
        if told is None:
            return self._invoke(task)
        self._look_for_tokens()
        return told, 0

    # ------------------------------------------------------------ services

    @cached_property
    def services(self) -> Any:
        """The services, with what the case sets up; moto is imported when it is needed."""
        os.environ.update(_ENVIRONMENT)
        from step.aws.services import AwsServices
        from step.local.cloud.as_amazon import AsAmazon
        from tests.amazon import in_memory_aws

        self._open.enter_context(in_memory_aws())
        for call in self.case["setup"]:
            if call["service"] != "apigateway":
                _set_up(call)
        return AsAmazon(AwsServices())

    def call(self, call: ServiceCall) -> Any:
        return self.services.call(call)

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Answer in API Gateway's place: its double runs no functions."""
        url = urlsplit(request.url)
        method = f"{request.method} {url.path}"
        route = _routes(self.case["setup"]).get(method)
        if route is None:
            return _api_answer(403, "Forbidden", {"message": "Missing Authentication Token"})
        function, template = route
        body = request.body.decode() if request.body else "{}"
        query = ", ".join(f"{name}={value}" for name, value in parse_qsl(url.query))
        for said, meant in (("$input.json('$')", body), ("$input.params().querystring", f"{{{query}}}")):
            template = template.replace(said, meant)
        return _api_answer(200, "OK", self._stubs[function](json.loads(template)))

    def _look_for_tokens(self) -> None:
        """Let those who wait at a queue answer the tokens in its messages."""
        for waiting in self.case.get("drivers", ()):
            if waiting["kind"] != "sqs_task_token":
                continue
            import boto3

            client = boto3.client("sqs")
            messages = client.receive_message(QueueUrl=waiting["queue_url"], MaxNumberOfMessages=10)
            for message in messages.get("Messages", ()):
                client.delete_message(QueueUrl=waiting["queue_url"], ReceiptHandle=message["ReceiptHandle"])
                self._answer(json.loads(message["Body"]), waiting)

    def _answer(self, body: dict[str, Any], waiting: dict[str, Any]) -> None:
        answers = TaskAnswers(self.executions.driver, body["TaskToken"])
        if waiting["action"] == "failure":
            answers.failure(waiting.get("error"), waiting.get("cause"))
            return
        after = 0.0
        if waiting["action"] == "heartbeat_then_success":
            after = waiting.get("wait_s", 0.0)
            answers.heartbeat(after=after)
        is_whole = waiting.get("output") == "the message body"
        answers.success(body if is_whole else body.get("Message"), after=after)


def _set_up(call: dict[str, Any]) -> None:
    import boto3
    from botocore import xform_name

    client = boto3.client(call["service"])
    getattr(client, xform_name(call["operation"]))(**call["params"])


def _routes(setup: list[dict[str, Any]]) -> dict[str, tuple[str, str]]:
    """Say which function answers which method of an API ("POST /stage/path"), and its event's template."""
    paths, functions, stages = {}, {}, []
    for call in setup:
        params, answer = call["params"], call.get("answer", {})
        match call["operation"]:
            case "CreateResource":
                paths[answer["id"]] = answer["path"]
            case "PutIntegration":
                uri = params.get("uri", "").partition("/functions/")[2].removesuffix("/invocations")
                template = params.get("requestTemplates", {}).get("application/json", "$input.json('$')")
                functions[params["resourceId"], params["httpMethod"]] = (function_key(uri), template)
            case "CreateDeployment":
                stages.append(params["stageName"])
    return {
        f"{method} /{stage}{paths[resource]}": function
        for (resource, method), function in functions.items()
        if resource in paths
        for stage in stages
    }


def _api_answer(status: int, reason: str, result: Any) -> HttpAnswer:
    body = json.dumps(result).encode()
    headers = {
        "Connection": "keep-alive",
        "Content-Length": str(len(body)),
        "Content-Type": "application/json",
        "Date": "Thu, 01 Jan 1970 00:00:00 GMT",
        "Via": "1.1 a.cloudfront.net (CloudFront)",
        "x-amz-apigw-id": "id",
        "X-Amz-Cf-Id": "id",
        "X-Amz-Cf-Pop": "pop",
        "x-amzn-RequestId": "id",
        "X-Amzn-Trace-Id": "id",
        "X-Cache": "Miss from cloudfront" if status == 200 else "Error from cloudfront",
    }
    return HttpAnswer(status, reason, {name: [value] for name, value in headers.items()}, body)


class Machine:
    """Another machine of a case; see ``runtime.executions.Machine``."""

    def __init__(self, other: dict[str, Any], world: World) -> None:
        self.arn: str = other["arn"]
        self._name = other["name"]
        self._is_express = other.get("type") == "EXPRESS"
        self.definition: Definition = parse(taskfn.expand(other["definition"]))
        self._program = Program.from_definition(self.definition)
        self._world = world

    def plan(self, name: str, value: Any, start_ms: int, executions: DrivenExecutions) -> StartPlan:
        arn = express_arn(self.arn, name, "run") if self._is_express else execution_arn(self.arn, name)
        info = ExecutionInfo(
            arn=arn,
            name=name,
            input=value,
            start_ms=start_ms,
            role_arn=ROLE,
            machine_arn=self.arn,
            machine_name=self._name,
            seed=f"{executions.seed}/{name}",
            redrive_count=0 if has_redrive_count(self._world.case) else None,
        )
        kernel = Kernel(self._program, info, EXPRESS if self._is_express else Quotas())
        return StartPlan(kernel, self._world.perform, self._world.items())
