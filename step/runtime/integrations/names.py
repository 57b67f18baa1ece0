"""Names of AWS's services and their members, as Step Functions' integrations have them.

Pure: no clock, no IO. The names come from the AWS SDK for Java, which makes the calls.
AWS: Step Functions developer guide, "Learning to use AWS service SDK integrations".
"""

from __future__ import annotations

import re

_BOUNDARIES = (
    (re.compile(r"[^A-Za-z0-9]+"), " "),
    (re.compile(r"([^a-z]{2,})v([0-9]+)"), r"\1 v\2"),
    (re.compile(r"([^A-Z]{2,})V([0-9]+)"), r"\1 V\2"),
    (re.compile(r"([a-z])([A-Z])"), r"\1 \2"),
    (re.compile(r"([A-Z]+)([A-Z][a-z])"), r"\1 \2"),
    (re.compile(r"([0-9]+)([a-zA-Z])"), r"\1 \2"),
)
# Shapes of errors end in one of these; an exception's name ends in the last one only.
_ERROR_SUFFIX = re.compile(r"(Fault|Error|Exception)$")


def class_name(service_id: str) -> str:
    """Name a service as its errors do: "DynamoDB" -> "DynamoDb", "Secrets Manager" -> "SecretsManager"."""
    for boundary, spaced in _BOUNDARIES:
        service_id = boundary.sub(spaced, service_id)
    words = service_id.split()
    if len(words) > 1 and words[-1] == "Service":
        words.pop()
    return "".join(word.capitalize() for word in words)


def exception_name(shape: str) -> str:
    """Name an exception after the shape of an error: "InvalidToken" -> "InvalidTokenException"."""
    return _ERROR_SUFFIX.sub("", shape[:1].upper() + shape[1:]) + "Exception"


def member_name(name: str) -> str:
    """Name a member: "executionArn" -> "ExecutionArn", "DBInstances" -> "DbInstances", "ETag" stays.

    The SDK's accessor has a leading run of capitals in lower case; Step Functions puts its first letter up.
    """
    end = 1
    while end < len(name) and name[end].isupper() and not (end + 1 < len(name) and name[end + 1].islower()):
        end += 1
    return name[:1].upper() + name[1:end].lower() + name[end:]
