"""What the two APIs of step's own honour of botocore's models; all else is refused by name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.aws.requests import Operations
from step.durable.clocks import VirtualClock
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.front import Front, Operation
from step.local.functions import Functions, Owner
from step.local.http import Request
from step.local.protocols import Json, Rest
from step.local.serving import LocalService, Options

OWNER = Owner("123456789012", "us-east-1")
# What each operation refuses. A member that a new botocore brings belongs here until step honours it.
_CAPACITY = {"AcceleratorConfig", "CapacityProviderConfig", "DurableConfig", "ImageConfig", "RuntimeConfig"}
_CODE = {"ImageUri", "SourceKMSKeyArn"}
_S3_FILES = "FileSystemConfigs.S3FilesConfig"
# Kafka's, DocumentDB's and the streams' that aren't there.
_SOURCES = {
    "AmazonManagedKafkaEventSourceConfig",
    "DocumentDBEventSourceConfig",
    "KMSKeyArn",
    "LoggingConfig",
    "MetricsConfig",
    "ProvisionedPollerConfig",
    "SelfManagedEventSource",
    "SelfManagedKafkaEventSourceConfig",
    "SourceAccessConfigurations",
    "TumblingWindowInSeconds",
}
NOT_HONOURED = {
    "CreateFunction": {
        *_CAPACITY,
        *(f"Code.{name}" for name in _CODE),
        _S3_FILES,
        "PublishTo",
        "TenancyConfig",
    },
    "Invoke": {"DurableExecutionName", "TenantId"},
    "ListFunctions": {"MasterRegion"},
    "CreateEventSourceMapping": {
        *_SOURCES,
        "Queues",
        "StartingPositionTimestamp",
        "Topics",
    },
    "UpdateEventSourceMapping": _SOURCES - {"SelfManagedEventSource"},
    "PublishVersion": {"PublishTo"},
    "UpdateFunctionCode": {*_CODE, "PublishTo"},
    "UpdateFunctionConfiguration": {*_CAPACITY, _S3_FILES},
}


class NoObjects:
    def read(self, owner: Owner, bucket: str, key: str, version: str | None) -> bytes:
        raise Refused("NoSuchKey", "no objects here")


@pytest.fixture
def functions(tmp_path: Path) -> Iterator[Functions]:
    functions = Functions(
        tmp_path / "lambda", owner=OWNER, objects=NoObjects(), endpoint=lambda: "http://127.0.0.1:1"
    )
    yield functions
    functions.close()


def paths(shape: Any, path: str = "", seen: tuple[str, ...] = ()) -> Iterator[str]:
    """Name every member of a shape and of what is within it."""
    if shape is None or shape.name in seen:
        return
    if shape.type_name in ("list", "map"):
        yield from paths(shape.member if shape.type_name == "list" else shape.value, path, seen)
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            place = f"{path}.{name}" if path else name
            yield place
            yield from paths(member, place, (*seen, shape.name))


def holding(shape: Any, path: list[str]) -> JSONValue:
    """Make parameters that hold a member."""
    if shape.type_name == "list":
        return [holding(shape.member, path)]
    if shape.type_name == "map":
        return {"key": holding(shape.value, path)}
    if shape.type_name == "structure":
        return {path[0]: holding(shape.members[path[0]], path[1:])} if path else {}
    words: list[str] = getattr(shape, "enum", None) or ["x"]
    return words[0]


def refused_members(front: Front[Any], model: Operations) -> dict[str, set[str]]:
    """Tell what each operation refuses; what is within a member that is refused isn't told again."""
    found: dict[str, set[str]] = {}
    for operation in front.operations:
        shape = model.input_shape(operation)
        for path in paths(shape):
            params = holding(shape, path.split("."))
            assert isinstance(params, dict)
            for place in front.ignored(operation, params):
                found.setdefault(operation, set()).add(place.partition(" ")[0])
    return found


def test_every_member_that_lambda_has_is_honoured_or_refused_by_name(functions: Functions) -> None:
    assert refused_members(functions.front, Operations("lambda")) == NOT_HONOURED


def test_step_functions_honours_every_member_of_every_operation(tmp_path: Path) -> None:
    service = LocalService.start(Options(store=tmp_path, clock=VirtualClock()))
    front, model = service.step_functions.front, Operations("stepfunctions")
    try:
        assert front.operations == model.names
        assert refused_members(front, model) == {}
    finally:
        service.close()


def test_no_table_names_a_member_that_no_model_has(functions: Functions) -> None:
    model = Operations("lambda")
    for operation, row in functions.front._table.items():
        shape = model.input_shape(operation)
        members = set(shape.members) if shape is not None else set()
        assert {word.partition("=")[0] for word in row.honours.split()} <= members, operation


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"DurableConfig": {"ExecutionTimeout": 60}}, "DurableConfig"),
        ({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}, "TenancyConfig"),
        ({"DurableConfig": {}, "ImageConfig": {}}, "ImageConfig, DurableConfig"),
        ({"PackageType": "Image"}, "PackageType 'Image' (only Zip)"),
        ({"Code": {"ImageUri": "registry/image"}}, "Code.ImageUri"),
        ({"Code": {"S3ObjectStorageMode": "REFERENCE"}}, "Code.S3ObjectStorageMode 'REFERENCE' (only COPY)"),
    ],
)
def test_a_setting_that_is_not_honoured_makes_nothing(functions: Functions, more: Any, told: str) -> None:
    asked = {"FunctionName": "f", "Role": "arn:aws:iam::123456789012:role/r", "Code": {}, **more}

    with pytest.raises(Refused, match="step doesn't honour") as refused:
        functions.front.call("CreateFunction", OWNER, asked)

    assert refused.value.code == "InvalidParameterValueException"
    assert told in refused.value.message
    assert functions.front.call("ListFunctions", OWNER, {}) == {"Functions": []}


def test_an_operation_that_is_not_answered_is_named(functions: Functions) -> None:
    known = functions.answer(Request("GET", "/2020-04-22/code-signing-configs/", "", {}, b"", ""), OWNER)
    unknown = functions.answer(Request("GET", "/2015-03-31/functions/f/oven", "", {}, b"", ""), OWNER)

    assert (known.status, unknown.status) == (501, 501)
    assert isinstance(known.body, bytes)
    assert b"ListCodeSigningConfigs is not answered" in known.body


@pytest.mark.parametrize("protocol", [Json(Operations("stepfunctions")), Rest(Operations("lambda"))])
def test_an_operation_is_done_only_with_what_is_honoured(protocol: Json | Rest) -> None:
    done: list[JSONObject] = []
    resource = "resourceArn" if isinstance(protocol, Json) else "Resource"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:f"

    def do(owner: Owner, params: JSONObject) -> JSONObject:
        done.append(params)
        return {}

    operation = "ListTagsForResource" if isinstance(protocol, Json) else "ListTags"
    willing, other = (
        Front[Owner](protocol, {operation: Operation(do, honours)}, {}, code="Unheard")
        for honours in (resource, "")
    )

    willing.call(operation, OWNER, {resource: arn})
    with pytest.raises(Refused, match=f"Unheard: step doesn't honour {resource} of {operation}"):
        other.call(operation, OWNER, {resource: arn})

    assert done == [{resource: arn}]
