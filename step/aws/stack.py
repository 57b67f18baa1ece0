"""Bring a project up on the local service, and take it down: functions, machines, and what is around them.

Whatever is there as it should be is left alone, so that the same again after a change touches what changed.
Knows operations of AWS's services by boto3's names; reads the functions' folders.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import step
from step.aws.connection import Aws
from step.aws.stack_sources import SOURCES, Sources
from step.errors import Refused, StepError
from step.packaging.archive import zip_bytes
from step.packaging.imports import part_of
from step.projects.application import Application, ProjectFunction, ProjectMachine, ProjectResource
from step.projects.resources import ROLE

_LEFT_OUT = frozenset({"__pycache__", "node_modules", ".aws-sam", ".git", "tests"})
_RUNTIME = f"python3.{sys.version_info.minor}"
# In the order in which they are made.
_FIRST = (
    "AWS::DynamoDB::Table",
    "AWS::Serverless::SimpleTable",
    "AWS::SQS::Queue",
    "AWS::SNS::Topic",
    "AWS::S3::Bucket",
    "AWS::StepFunctions::Activity",
    "AWS::Events::EventBus",
)
_LAST = ("AWS::Events::Rule", "AWS::Scheduler::Schedule", *SOURCES)
_GONE = ("NotFound", "NonExistent", "DoesNotExist", "NoSuchBucket", "NotExist")


class ProjectStack:
    """A project on the local service.

    Args:
        aws: The service.
        application: The project.
        say: Hears a line of everything that changes.

    Raises:
        StepError: the place isn't on this machine.
    """

    def __init__(self, aws: Aws, application: Application, say: Callable[[str], None]) -> None:
        if not aws.is_local:
            raise StepError(
                f"{aws.where}: only a local service is brought up to; start one with `step serve`"
            )
        self._aws = aws
        self._application = application
        self._say = say
        self._sources = Sources(aws, self._ask)

    def up(self) -> list[str]:
        """Make what isn't there, change what is otherwise; give the ARNs of the machines."""
        for resource in self._of(_FIRST):
            self._make(resource)
        for function in self._application.functions:
            self._put_function(function)
        arns = [self._put_machine(machine) for machine in self._application.machines]
        for resource in self._of(_LAST):
            self._put_start(resource)
        return arns

    def down(self) -> None:
        """Delete what ``up`` makes."""
        for resource in self._of(_LAST):
            self._drop_start(resource)
        for machine in self._application.machines:
            arn = _arn("states", f"stateMachine:{machine.name}")
            # Deleting one that isn't there is a success.
            if self._ask("stepfunctions", "describe_state_machine", stateMachineArn=arn) is not None:
                self._drop(machine.key, "stepfunctions", "delete_state_machine", stateMachineArn=arn)
        for function in self._application.functions:
            self._drop(function.key, "lambda", "delete_function", FunctionName=function.name)
        for resource in reversed([*self._of(_FIRST)]):
            self._unmake(resource)

    def _of(self, types: tuple[str, ...]) -> Iterator[ProjectResource]:
        for type in types:
            yield from (one for one in self._application.resources if one.type == type)

    # ------------------------------------------------------------ functions

    def _put_function(self, function: ProjectFunction) -> None:
        if function.missing:
            self._say(f"{function.key}: left out: {function.missing}")
            return
        code = _package(function)
        settings = {
            "Handler": function.handler.replace("/", "."),
            "Runtime": _RUNTIME,
            "Role": ROLE,
            "Timeout": 60,
            "Environment": {"Variables": dict(function.environment)},
        }
        there = self._ask("lambda", "get_function_configuration", FunctionName=function.name)
        if there is None:
            given = {"FunctionName": function.name, "Code": {"ZipFile": code}, **settings}
            self._aws.call("lambda", "create_function", **given)
            self._say(f"{function.key}: made")
            return
        if there["CodeSha256"] != base64.b64encode(hashlib.sha256(code).digest()).decode():
            self._aws.call("lambda", "update_function_code", FunctionName=function.name, ZipFile=code)
            self._say(f"{function.key}: code changed")
        if any(there.get(name, {"Variables": {}}) != value for name, value in settings.items()):
            self._aws.call("lambda", "update_function_configuration", FunctionName=function.name, **settings)
            self._say(f"{function.key}: configuration changed")

    # ------------------------------------------------------------ machines

    def _put_machine(self, machine: ProjectMachine) -> str:
        if machine.source.error is not None:
            raise StepError(f"{machine.file}:{machine.source.error.line}: {machine.source.error.message}")
        definition = json.dumps(machine.source.value)
        arn = _arn("states", f"stateMachine:{machine.name}")
        there = self._ask("stepfunctions", "describe_state_machine", stateMachineArn=arn)
        if there is None:
            given = {"name": machine.name, "definition": definition, "roleArn": ROLE, "type": machine.type}
            self._aws.call("stepfunctions", "create_state_machine", **given)
            self._say(f"{machine.key}: made")
        elif there["definition"] != definition:
            self._aws.call(
                "stepfunctions", "update_state_machine", stateMachineArn=arn, definition=definition
            )
            self._say(f"{machine.key}: definition changed")
        return arn

    # ------------------------------------------------------------ what is around them

    def _make(self, resource: ProjectResource) -> None:
        given, name = resource.properties, resource.name
        call: tuple[str, str, dict[str, Any]]
        match resource.type:
            case "AWS::DynamoDB::Table":
                is_there = self._ask("dynamodb", "describe_table", TableName=name) is not None
                keys = (
                    "KeySchema",
                    "AttributeDefinitions",
                    "GlobalSecondaryIndexes",
                    "LocalSecondaryIndexes",
                )
                made = {key: given[key] for key in keys if key in given}
                stream: Any = given.get("StreamSpecification")
                if stream:
                    made["StreamSpecification"] = {"StreamEnabled": True, **stream}
                call = (
                    "dynamodb",
                    "create_table",
                    {"TableName": name, **made, "BillingMode": "PAY_PER_REQUEST"},
                )
            case "AWS::Serverless::SimpleTable":
                is_there = self._ask("dynamodb", "describe_table", TableName=name) is not None
                call = ("dynamodb", "create_table", {"TableName": name, **_simple_table(given)})
            case "AWS::SQS::Queue":
                is_there = self._ask("sqs", "get_queue_url", QueueName=name) is not None
                attributes = _queue_attributes(given, name)
                call = ("sqs", "create_queue", {"QueueName": name, "Attributes": attributes})
            case "AWS::SNS::Topic":
                topic = _arn("sns", name)
                is_there = self._ask("sns", "get_topic_attributes", TopicArn=topic) is not None
                call = ("sns", "create_topic", {"Name": name})
            case "AWS::S3::Bucket":
                is_there = self._ask("s3", "get_bucket_location", Bucket=name.lower()) is not None
                call = ("s3", "create_bucket", {"Bucket": name.lower()})
            case "AWS::StepFunctions::Activity":
                activity = _arn("states", f"activity:{name}")
                is_there = self._ask("stepfunctions", "describe_activity", activityArn=activity) is not None
                call = ("stepfunctions", "create_activity", {"name": name})
            case _:
                is_there = self._ask("events", "describe_event_bus", Name=name) is not None
                call = ("events", "create_event_bus", {"Name": name})
        if not is_there:
            self._aws.call(call[0], call[1], **call[2])
            self._say(f"{resource.key}: made")

    def _unmake(self, resource: ProjectResource) -> None:
        key, name = resource.key, resource.name
        match resource.type:
            case "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable":
                self._drop(key, "dynamodb", "delete_table", TableName=name)
            case "AWS::SQS::Queue":
                there = self._ask("sqs", "get_queue_url", QueueName=name)
                if there is not None:
                    self._drop(key, "sqs", "delete_queue", QueueUrl=there["QueueUrl"])
            case "AWS::SNS::Topic":
                self._drop(key, "sns", "delete_topic", TopicArn=_arn("sns", name))
            case "AWS::S3::Bucket":
                self._drop(key, "s3", "delete_bucket", Bucket=name.lower())
            case "AWS::StepFunctions::Activity":
                self._drop(
                    key, "stepfunctions", "delete_activity", activityArn=_arn("states", f"activity:{name}")
                )
            case _:
                self._drop(key, "events", "delete_event_bus", Name=name)

    # ------------------------------------------------------------ what starts machines

    def _put_start(self, resource: ProjectResource) -> None:
        if resource.type in SOURCES:
            if self._has_code(resource) and self._sources.put(resource):
                self._say(f"{resource.key}: made")
            return
        given, name = dict(resource.properties), resource.name
        if resource.type == "AWS::Scheduler::Schedule":
            given = {key: value for key, value in given.items() if key != "Name"}
            is_there = self._ask("scheduler", "get_schedule", Name=name) is not None
            operation = "update_schedule" if is_there else "create_schedule"
            self._aws.call("scheduler", operation, **{**given, "Name": name})
        else:
            targets: Any = given.pop("Targets", None)
            bus = {"EventBusName": given["EventBusName"]} if given.get("EventBusName") else {}
            pattern = given.pop("EventPattern", None)
            if pattern is not None:
                given["EventPattern"] = pattern if isinstance(pattern, str) else json.dumps(pattern)
            known = ("ScheduleExpression", "EventPattern", "State", "Description", "EventBusName")
            rule = {key: given[key] for key in known if given.get(key)}
            is_there = self._ask("events", "describe_rule", Name=name, **bus) is not None
            self._aws.call("events", "put_rule", Name=name, **rule)
            if targets:
                self._aws.call("events", "put_targets", Rule=name, Targets=targets, **bus)
        if not is_there:
            self._say(f"{resource.key}: made")

    def _drop_start(self, resource: ProjectResource) -> None:
        name = resource.name
        if resource.type in SOURCES:
            if self._sources.drop(resource):
                self._say(f"{resource.key}: deleted")
            return
        if resource.type == "AWS::Scheduler::Schedule":
            self._drop(resource.key, "scheduler", "delete_schedule", Name=name)
            return
        bus = {key: value for key, value in resource.properties.items() if key == "EventBusName" and value}
        listed = self._ask("events", "list_targets_by_rule", Rule=name, **bus)
        ids = [target["Id"] for target in (listed or {}).get("Targets", [])]
        if ids:
            self._aws.call("events", "remove_targets", Rule=name, Ids=ids, **bus)
        if listed is not None:
            self._drop(resource.key, "events", "delete_rule", Name=name, **bus)

    def _has_code(self, resource: ProjectResource) -> bool:
        """Say whether the function that a source is for was made."""
        left_out = {one.arn for one in self._application.functions if one.missing}
        left_out |= {one.name for one in self._application.functions if one.missing}
        configuration: Any = resource.properties.get("Configuration") or {}
        function = resource.properties.get("FunctionName") or configuration.get("LambdaFunctionArn")
        return function not in left_out

    # ------------------------------------------------------------ calls

    def _ask(self, service: str, operation: str, **parameters: Any) -> dict[str, Any] | None:
        """Ask for something; None: it isn't there."""
        try:
            return self._aws.call(service, operation, **parameters)
        except Refused as refused:
            if any(word in refused.code for word in _GONE):
                return None
            raise

    def _drop(self, key: str, service: str, operation: str, **parameters: Any) -> None:
        if self._ask(service, operation, **parameters) is not None:
            self._say(f"{key}: deleted")


def _arn(service: str, resource: str) -> str:
    from step.projects.names import ACCOUNT, REGION

    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


def _queue_attributes(given: Mapping[str, Any], name: str) -> dict[str, str]:
    """Give a queue's attributes as SQS takes them: texts."""
    attributes = {"FifoQueue": "true"} if name.endswith(".fifo") else {}
    for key in ("VisibilityTimeout", "DelaySeconds", "ContentBasedDeduplication", "RedrivePolicy"):
        if key in given:
            value = given[key]
            attributes[key] = value if isinstance(value, str) else json.dumps(value)
    return attributes


def _simple_table(given: Mapping[str, Any]) -> dict[str, Any]:
    """Make a SimpleTable's keys. AWS: SAM specification: ``id``, a text, unless it says otherwise."""
    key = given.get("PrimaryKey") or {}
    name, kind = key.get("Name", "id"), str(key.get("Type", "String"))[0]
    return {
        "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": kind}],
        "BillingMode": "PAY_PER_REQUEST",
    }


def _package(function: ProjectFunction) -> bytes:
    """Zip a function's code: its folder, its layers, and what its requirements name."""
    contents: dict[str, bytes] = {}
    for folder in reversed(function.folders):
        contents |= _files(folder)
    if function.inline:
        contents[f"{function.handler.partition('.')[0]}.py"] = function.inline.encode()
    requirements = contents.get("requirements.txt", b"")
    wanted = [line for line in requirements.decode("utf-8", "replace").splitlines() if _names_one(line)]
    if wanted and not any(".aws-sam" in folder.parts for folder in function.folders):
        contents = {**_installed(tuple(wanted), function.key), **contents}
    return zip_bytes({**_own_part(function), **contents})


def _own_part(function: ProjectFunction) -> dict[str, bytes]:
    """Take the part of step that a function imports: of the step that runs, whatever its requirements say."""
    files = [file for folder in function.folders if folder.is_dir() for file in sorted(folder.glob("*.py"))]
    root = Path(step.__path__[0]).resolve().parent
    return {name: file.read_bytes() for name, file in part_of("step", root, files).items()}


def _names_one(line: str) -> bool:
    """Say whether a line of requirements names something that neither Lambda's runtime nor step brings."""
    return bool(line.strip()) and not line.strip().startswith(("#", "boto3", "botocore", "slowcode"))


def _installed(wanted: tuple[str, ...], key: str) -> dict[str, bytes]:
    with TemporaryDirectory(prefix="step-") as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", folder, *wanted]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            told = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
            raise StepError(f"{key}: its requirements can't be installed: {told}")
        return _files(Path(folder))


def _files(folder: Path) -> dict[str, bytes]:
    if folder.suffix == ".zip":
        with zipfile.ZipFile(io.BytesIO(folder.read_bytes())) as archive:
            return {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not _LEFT_OUT & {*file.relative_to(folder).parts}
    }
