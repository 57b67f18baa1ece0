"""A function's configuration as Lambda keeps and shows it.

Pure but for the time and ids that are passed in. AWS: Lambda API reference, "FunctionConfiguration".
"""

from __future__ import annotations

from step.clock import format_timestamp, now_ms
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.functions.archives import Archive
from step.local.functions.names import LATEST, FunctionName, LayerName, Owner
from step.local.functions.store import LayerShelf

_KEPT = (
    "Description",
    "Handler",
    "KMSKeyArn",
    "MemorySize",
    "Role",
    "Runtime",
    "Timeout",
    "TracingConfig",
    "EphemeralStorage",
    "DeadLetterConfig",
    "FileSystemConfigs",
)
_REMOVED_WHEN_EMPTY = ("KMSKeyArn", "DeadLetterConfig", "FileSystemConfigs")
_MOST_ENVIRONMENT_BYTES = 4096
_MOST_LAYERS = 5
# The model allows what only capacity providers give. AWS: Lambda developer guide, "Lambda quotas".
_LIMITS = {"Timeout": 900, "MemorySize": 10_240}
_RESERVED = frozenset(
    {
        "_HANDLER",
        "_X_AMZN_TRACE_ID",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_EXECUTION_ENV",
        "AWS_LAMBDA_FUNCTION_NAME",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
        "AWS_LAMBDA_FUNCTION_VERSION",
        "AWS_LAMBDA_INITIALIZATION_TYPE",
        "AWS_LAMBDA_LOG_GROUP_NAME",
        "AWS_LAMBDA_LOG_STREAM_NAME",
        "AWS_ACCESS_KEY",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_LAMBDA_RUNTIME_API",
        "LAMBDA_TASK_ROOT",
        "LAMBDA_RUNTIME_DIR",
    }
)
# What changes with every publication although nothing was changed.
_NOT_COMPARED = frozenset({"Description", "FunctionArn", "LastModified", "RevisionId", "Version"})


def new_configuration(name: FunctionName, asked: JSONObject, layers: LayerShelf) -> JSONObject:
    """Make ``$LATEST``'s configuration of what CreateFunction asks for; its code comes with ``set_code``."""
    configuration: JSONObject = {
        "FunctionName": name.name,
        "FunctionArn": name.function_arn,
        "Version": LATEST,
        "Description": "",
        "Timeout": 3,
        "MemorySize": 128,
        "PackageType": "Zip",
        "Architectures": asked.get("Architectures") or ["x86_64"],
        "EphemeralStorage": {"Size": 512},
        "TracingConfig": {"Mode": "PassThrough"},
        "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
        "LoggingConfig": {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name.name}"},
        "State": "Active",
        "LastUpdateStatus": "Successful",
    }
    if not (asked.get("Handler") and asked.get("Runtime")):
        raise Refused(
            "InvalidParameterValueException",
            "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
        )
    configure(configuration, asked, layers, name.owner)
    return configuration


def configure(configuration: JSONObject, asked: JSONObject, layers: LayerShelf, owner: Owner) -> None:
    """Set what a request says of a configuration, and a new revision.

    Raises:
        Refused: an environment that Lambda wouldn't take, or a layer that isn't there.
    """
    _check_limits(asked)
    for name in _KEPT:
        if name in asked:
            configuration[name] = asked[name]
    for name in _REMOVED_WHEN_EMPTY:
        if configuration.get(name) in ("", [], {}, {"TargetArn": ""}):
            del configuration[name]
    if "Environment" in asked:
        _set_environment(configuration, asked["Environment"])
    if "Layers" in asked:
        _set_layers(configuration, asked["Layers"], layers, owner)
    if "LoggingConfig" in asked:
        _set_logging(configuration, asked["LoggingConfig"])
    if "SnapStart" in asked:
        apply_on = _object(asked["SnapStart"]).get("ApplyOn", "None")
        configuration["SnapStart"] = {"ApplyOn": apply_on, "OptimizationStatus": "Off"}
    if "VpcConfig" in asked:
        _set_vpc(configuration, _object(asked["VpcConfig"]))
    revise(configuration)


def set_code(configuration: JSONObject, archive: Archive) -> None:
    """Set a configuration's code, and a new revision."""
    configuration |= {
        "_digest": archive.digest,
        "CodeSha256": archive.code_sha256,
        "CodeSize": archive.size_bytes,
    }
    revise(configuration)


def revise(configuration: JSONObject) -> None:
    """Note that a configuration changed."""
    configuration["LastModified"] = timestamp()
    configuration["RevisionId"] = new_uuid()


def timestamp() -> str:
    """Write the time as Lambda does."""
    return format_timestamp(now_ms()).replace("Z", "+0000")


def is_same(one: JSONObject, other: JSONObject) -> bool:
    """Whether two versions are the same but for what publishing itself sets."""
    return _compared(one) == _compared(other)


def _compared(configuration: JSONObject) -> JSONObject:
    return {name: value for name, value in configuration.items() if name not in _NOT_COMPARED}


def check_revision(configuration: JSONObject, asked: JSONValue) -> None:
    """Compare a request's RevisionId with what is there.

    Raises:
        Refused: it was made for another revision.
    """
    if asked is not None and asked != configuration["RevisionId"]:
        raise Refused(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the"
            " GetFunction/GetAlias API to retrieve the latest RevisionId",
        )


def _check_limits(asked: JSONObject) -> None:
    for name, most in _LIMITS.items():
        value = asked.get(name)
        if isinstance(value, int) and value > most:
            raise Refused(
                "ValidationException",
                f"1 validation error detected: Value '{value}' at '{name[0].lower()}{name[1:]}' failed to"
                f" satisfy constraint: Member must have value less than or equal to {most}",
            )


def _set_environment(configuration: JSONObject, asked: JSONValue) -> None:
    variables = _object(_object(asked).get("Variables") or {})
    reserved = sorted(_RESERVED & set(variables))
    if reserved:
        raise Refused(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables"
            f" you have provided contains reserved keys that are currently not supported for modification."
            f" Reserved keys used in this request: {', '.join(reserved)}",
        )
    size = sum(len(f"{name}{value}".encode("utf-8", "surrogatepass")) for name, value in variables.items())
    if size > _MOST_ENVIRONMENT_BYTES:
        raise Refused(
            "InvalidParameterValueException",
            "Lambda was unable to configure your environment variables because the environment variables"
            f" you have provided exceeded the {_MOST_ENVIRONMENT_BYTES // 1024}KB limit.",
        )
    for name, value in variables.items():
        if "\0" in str(value):
            raise Refused("InvalidParameterValueException", f"{name}: no process takes a value with NUL")
    if variables:
        configuration["Environment"] = {"Variables": dict(variables)}
    else:
        configuration.pop("Environment", None)


def _set_layers(configuration: JSONObject, asked: JSONValue, layers: LayerShelf, owner: Owner) -> None:
    found: list[JSONValue] = []
    texts = asked if isinstance(asked, list) else []
    if len(texts) > _MOST_LAYERS:
        raise Refused("InvalidParameterValueException", f"Cannot reference more than {_MOST_LAYERS} layers.")
    for text in texts:
        name = LayerName.from_text(str(text), owner)
        try:
            version = layers.version(name)
        except Refused:
            raise Refused("InvalidParameterValueException", f"Layer version {text} does not exist.") from None
        content = _object(version["Content"])
        found.append({"Arn": text, "CodeSize": content["CodeSize"]})
    if found:
        configuration["Layers"] = found
    else:
        configuration.pop("Layers", None)


def _set_logging(configuration: JSONObject, asked: JSONValue) -> None:
    """AWS: Lambda developer guide, "Configuring advanced logging controls": levels with JSON only."""
    config = {**_object(configuration["LoggingConfig"]), **_object(asked)}
    levels = {"ApplicationLogLevel", "SystemLogLevel"}
    if config["LogFormat"] == "Text":
        if levels & set(_object(asked)):
            raise Refused("InvalidParameterValueException", "Log levels need LogFormat JSON.")
        config = {name: value for name, value in config.items() if name not in levels}
    configuration["LoggingConfig"] = config


def _set_vpc(configuration: JSONObject, asked: JSONObject) -> None:
    if asked.get("SubnetIds") or asked.get("SecurityGroupIds"):
        configuration["VpcConfig"] = {
            "SubnetIds": [],
            "SecurityGroupIds": [],
            "Ipv6AllowedForDualStack": False,
            **asked,
            "VpcId": "vpc-00000000",
        }
    else:
        configuration.pop("VpcConfig", None)


def _object(value: JSONValue) -> JSONObject:
    assert isinstance(value, dict)  # as the request's shape says
    return value
