"""What a request to Lambda may hold: types and limits as data, and their check.

Pure. AWS: Lambda API reference.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from step.errors import Refused
from step.jsonvalue import JSONObject


class Between(NamedTuple):
    """A whole number between limits, both included."""

    least: int
    most: int


class Text(NamedTuple):
    """A text of a pattern (None: any), no longer than so many characters."""

    most: int = 1024
    pattern: str | None = None


class OneOf(NamedTuple):
    """One of some texts."""

    words: tuple[str, ...]


class ListOf(NamedTuple):
    """A list of a shape, no longer than so many items."""

    item: Any
    most: int = 1000


class MapOf(NamedTuple):
    """An object with any keys, and values of a shape."""

    value: Any


class Object(NamedTuple):
    """An object with known members."""

    members: dict[str, Any]
    required: tuple[str, ...] = ()


_BOOLEAN = bool
_ROLE = Text(10_000, r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
_ALIAS = Text(128, r"(?!^[0-9]+$)([a-zA-Z0-9-_]+)")
_VERSION = Text(1024, r"(\$LATEST|[0-9]+)")
_CODE = {
    "ZipFile": Text(400_000_000),
    "S3Bucket": Text(63),
    "S3Key": Text(1024),
    "S3ObjectVersion": Text(1024),
    "S3ObjectStorageMode": Text(64),
    "ImageUri": Text(),
    "SourceKMSKeyArn": Text(),
}
_ARCHITECTURES = ListOf(OneOf(("x86_64", "arm64")), 1)
_TEXTS = ListOf(Text(10_000))
_CONFIGURATION: dict[str, Any] = {
    "Role": _ROLE,
    "Handler": Text(128, r"[^\s]*"),
    "Description": Text(256),
    "Timeout": Between(1, 900),
    "MemorySize": Between(128, 10_240),
    "Runtime": Text(64),
    "Environment": Object({"Variables": MapOf(Text(65_536))}),
    "Layers": ListOf(Text(140), 5),
    "KMSKeyArn": Text(),
    "TracingConfig": Object({"Mode": OneOf(("Active", "PassThrough"))}),
    "DeadLetterConfig": Object({"TargetArn": Text()}),
    "EphemeralStorage": Object({"Size": Between(512, 10_240)}, ("Size",)),
    "SnapStart": Object({"ApplyOn": OneOf(("PublishedVersions", "None"))}),
    "LoggingConfig": Object(
        {
            "LogFormat": OneOf(("JSON", "Text")),
            "ApplicationLogLevel": OneOf(("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")),
            "SystemLogLevel": OneOf(("DEBUG", "INFO", "WARN")),
            "LogGroup": Text(512, r"[\.\-_/#A-Za-z0-9]+"),
        }
    ),
    "VpcConfig": Object({"SubnetIds": _TEXTS, "SecurityGroupIds": _TEXTS, "Ipv6AllowedForDualStack": bool}),
    "FileSystemConfigs": ListOf(Object({"Arn": Text(), "LocalMountPath": Text()}, ("Arn", "LocalMountPath"))),
    "ImageConfig": Object({"EntryPoint": _TEXTS, "Command": _TEXTS, "WorkingDirectory": Text()}),
}
_ROUTING = Object({"AdditionalVersionWeights": MapOf(float)})
_TAGS = MapOf(Text(256))
_EVENT_INVOKE = Object(
    {
        "MaximumRetryAttempts": Between(0, 2),
        "MaximumEventAgeInSeconds": Between(60, 21_600),
        "DestinationConfig": Object(
            {"OnSuccess": Object({"Destination": Text()}), "OnFailure": Object({"Destination": Text()})}
        ),
    }
)
_URL = {
    "AuthType": OneOf(("NONE", "AWS_IAM")),
    "InvokeMode": OneOf(("BUFFERED", "RESPONSE_STREAM")),
    "Cors": Object(
        {
            "AllowCredentials": bool,
            "AllowHeaders": _TEXTS,
            "AllowMethods": _TEXTS,
            "AllowOrigins": _TEXTS,
            "ExposeHeaders": _TEXTS,
            "MaxAge": Between(0, 86_400),
        }
    ),
}

REQUESTS: dict[str, Object] = {
    "CreateFunction": Object(
        {
            **_CONFIGURATION,
            "FunctionName": Text(140),
            "Code": Object(_CODE),
            "Publish": _BOOLEAN,
            "PackageType": OneOf(("Zip", "Image")),
            "Tags": _TAGS,
            "Architectures": _ARCHITECTURES,
            "CodeSigningConfigArn": Text(),
        },
        ("FunctionName", "Role", "Code"),
    ),
    "UpdateFunctionCode": Object(
        {
            **_CODE,
            "Architectures": _ARCHITECTURES,
            "Publish": _BOOLEAN,
            "DryRun": _BOOLEAN,
            "RevisionId": Text(),
        }
    ),
    "UpdateFunctionConfiguration": Object({**_CONFIGURATION, "RevisionId": Text()}),
    "PublishVersion": Object({"CodeSha256": Text(), "Description": Text(256), "RevisionId": Text()}),
    "CreateAlias": Object(
        {"Name": _ALIAS, "FunctionVersion": _VERSION, "Description": Text(256), "RoutingConfig": _ROUTING},
        ("Name", "FunctionVersion"),
    ),
    "UpdateAlias": Object(
        {
            "FunctionVersion": _VERSION,
            "Description": Text(256),
            "RoutingConfig": _ROUTING,
            "RevisionId": Text(),
        }
    ),
    "AddPermission": Object(
        {
            "StatementId": Text(100, r"[a-zA-Z0-9-_]+"),
            "Action": Text(256, r"(lambda:[*]|lambda:[a-zA-Z]+|[*])"),
            "Principal": Text(256, r"[^\s]+"),
            "SourceArn": Text(),
            "SourceAccount": Text(12, r"\d{12}"),
            "EventSourceToken": Text(256),
            "FunctionUrlAuthType": OneOf(("NONE", "AWS_IAM")),
            "InvokedViaFunctionUrl": _BOOLEAN,
            "PrincipalOrgID": Text(34),
            "RevisionId": Text(),
        },
        ("StatementId", "Action", "Principal"),
    ),
    "TagResource": Object({"Tags": _TAGS}, ("Tags",)),
    "PutFunctionConcurrency": Object(
        {"ReservedConcurrentExecutions": Between(0, 1000)}, ("ReservedConcurrentExecutions",)
    ),
    "PutProvisionedConcurrencyConfig": Object(
        {"ProvisionedConcurrentExecutions": Between(1, 1000)}, ("ProvisionedConcurrentExecutions",)
    ),
    "PutFunctionEventInvokeConfig": _EVENT_INVOKE,
    "UpdateFunctionEventInvokeConfig": _EVENT_INVOKE,
    "CreateFunctionUrlConfig": Object(_URL, ("AuthType",)),
    "UpdateFunctionUrlConfig": Object(_URL),
    "PutFunctionRecursionConfig": Object(
        {"RecursiveLoop": OneOf(("Allow", "Terminate"))}, ("RecursiveLoop",)
    ),
    "PutRuntimeManagementConfig": Object(
        {
            "UpdateRuntimeOn": OneOf(("Auto", "Manual", "FunctionUpdate")),
            "RuntimeVersionArn": Text(2048),
        },
        ("UpdateRuntimeOn",),
    ),
    "PutFunctionCodeSigningConfig": Object({"CodeSigningConfigArn": Text()}, ("CodeSigningConfigArn",)),
    "PublishLayerVersion": Object(
        {
            "Content": Object(_CODE),
            "Description": Text(256),
            "CompatibleRuntimes": ListOf(Text(64), 15),
            "CompatibleArchitectures": ListOf(OneOf(("x86_64", "arm64")), 2),
            "LicenseInfo": Text(512),
        },
        ("Content",),
    ),
}


def checked(operation: str, body: object) -> JSONObject:
    """Check a request's body; what the API doesn't know, and null, is left out.

    Raises:
        Refused: something is missing, of another type or beyond its limits.
    """
    found: JSONObject = _checked(REQUESTS[operation], body, "")
    return found


def _checked(shape: Any, value: Any, place: str) -> Any:
    match shape:
        case Object():
            _typed(value, dict, place)
            return _members(shape, value, place)
        case MapOf():
            _typed(value, dict, place)
            return {key: _checked(shape.value, item, f"{place}.{key}") for key, item in value.items()}
        case ListOf():
            _typed(value, list, place)
            if len(value) > shape.most:
                raise _beyond(place, f"Member must have length less than or equal to {shape.most}")
            return [_checked(shape.item, item, f"{place}.{n + 1}.member") for n, item in enumerate(value)]
        case Between():
            _typed(value, int, place)
            if not shape.least <= value <= shape.most:
                raise _beyond(place, f"Member must be between {shape.least} and {shape.most}")
        case Text():
            _typed(value, str, place)
            _check_text(shape, value, place)
        case OneOf():
            _typed(value, str, place)
            if value not in shape.words:
                raise _beyond(place, f"Member must satisfy enum value set: [{', '.join(shape.words)}]")
        case _:
            _typed(value, shape, place)
    return value


def _members(shape: Object, value: dict[str, Any], place: str) -> JSONObject:
    given = {name: item for name, item in value.items() if name in shape.members and item is not None}
    for name in shape.required:
        if name not in given:
            raise _beyond(f"{place}.{name}", "Member must not be null")
    return {name: _checked(shape.members[name], item, f"{place}.{name}") for name, item in given.items()}


def _check_text(shape: Text, value: str, place: str) -> None:
    if len(value) > shape.most:
        raise _beyond(place, f"Member must have length less than or equal to {shape.most}")
    if shape.pattern is not None and not re.fullmatch(shape.pattern, value):
        raise _beyond(place, f"Member must satisfy regular expression pattern: {shape.pattern}")


def _typed(value: object, kind: type, place: str) -> None:
    kinds: tuple[type, ...] = (int, float) if kind is float else (kind,)
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        raise Refused("SerializationException", f"{place.lstrip('.') or 'The request'} is of another type")


def _beyond(place: str, rule: str) -> Refused:
    words = [word[:1].lower() + word[1:] for word in place.strip(".").split(".")]
    return Refused(
        "ValidationException",
        f"1 validation error detected: Value at '{'.'.join(words)}' failed to satisfy constraint: {rule}",
    )
