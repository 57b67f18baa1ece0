"""What CreateStateMachine refuses besides the definition: names, logging, versions, and a name that is taken.

Pure: a request in, a refusal out; which machines exist is the caller's knowledge.
AWS: Step Functions API reference, CreateStateMachine. Observed: create_errors_api, sfn_api, sfn_api_logs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from step.errors import Refused
from step.jsonvalue import JSONValue

# AWS: API reference, CreateStateMachine, "name".
_NAME_LENGTH = 80
_NOT_IN_NAMES = frozenset('<>{}[]?*"#%\\^|~`$&,;:/ \t\n')
# What two requests of one name must agree on to be one request. AWS: the role and the tags don't count.
_IDENTITY = ("definition", "type", "loggingConfiguration", "tracingConfiguration", "encryptionConfiguration")
_DEFAULTS: Mapping[str, JSONValue] = {"type": "STANDARD"}


def check_create(request: Mapping[str, JSONValue]) -> None:
    """Refuse a request that is wrong in itself, whatever machines there are.

    Args:
        request: CreateStateMachine's parameters, already of the types that its model names.

    Raises:
        Refused: With AWS's code and message.
    """
    check_name(str(request.get("name")))
    check_logging(request.get("loggingConfiguration"))
    check_version_description(request)


def check_logging(logging: JSONValue) -> None:
    """Refuse a logging configuration that logs and doesn't say where to.

    Observed: sfn_api_logs: without a level, or with OFF, destinations may be missing.
    """
    if not isinstance(logging, dict) or logging.get("level", "OFF") == "OFF":
        return
    destinations = logging.get("destinations")
    if not isinstance(destinations, list) or len(destinations) != 1:
        raise Refused(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Must specify exactly one Log Destination.",
        )


def check_log_group(logging: JSONValue, has_group: Callable[[str], bool]) -> None:
    """Refuse a logging configuration whose log group isn't there. Observed: sfn_api_logs.

    Args:
        logging: The configuration, which ``check_logging`` has let pass.
        has_group: Says whether there is a log group of this ARN, which ends in ``:*``.
    """
    if not isinstance(logging, dict) or logging.get("level", "OFF") == "OFF":
        return
    for destination in logging["destinations"]:  # type: ignore[union-attr]  # see above
        group = destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn")  # type: ignore[union-attr]
        if not has_group(str(group)):
            raise Refused(
                "InvalidLoggingConfiguration", "Invalid Logging Configuration: Log Destination not found."
            )


def check_version_description(request: Mapping[str, JSONValue]) -> None:
    """Refuse the description of a version that isn't published. Observed: sfn_api_versioning."""
    if request.get("versionDescription") is not None and not request.get("publish"):
        raise Refused("ValidationException", "Version description can only be set when publish is true")


def check_name_is_free(
    request: Mapping[str, JSONValue], arn: str, existing: Mapping[str, JSONValue] | None
) -> None:
    """Refuse a name that a different machine has; the same request again is the same machine.

    Args:
        request: CreateStateMachine's parameters.
        arn: The ARN that the machine would have.
        existing: The parameters of the machine that has this ARN; None: there is none.
    """
    if existing is not None and any(_given(request, key) != _given(existing, key) for key in _IDENTITY):
        raise Refused("StateMachineAlreadyExists", f"State Machine Already Exists: '{arn}'")


def check_name(name: str) -> None:
    """Refuse what can't name a machine, an activity or an execution."""
    if not 1 <= len(name) <= _NAME_LENGTH or any(c in _NOT_IN_NAMES or _is_control(c) for c in name):
        raise Refused("InvalidName", f"Invalid Name: '{name}'")


def _is_control(character: str) -> bool:
    return character < " " or "\x7f" <= character <= "\x9f"


def _given(request: Mapping[str, JSONValue], key: str) -> JSONValue:
    return request.get(key) or _DEFAULTS.get(key)
