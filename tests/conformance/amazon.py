"""What AWS's services say and moto's leave out; moto says the rest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from step.jsonvalue import JSONObject, JSONValue
from step.runtime.services import Refusal, ServiceAnswer, ServiceCall

Call = Callable[[ServiceCall], Any]
_TABLE = "[a-zA-Z0-9_.-]+"
_MALFORMED: JSONObject = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}


def said_by_aws(call: ServiceCall, moto: Call) -> Any:
    """Let moto answer a call, and AWS where it would say more."""
    match call.service, call.action:
        case "dynamodb", _ if not _is_table(call.parameters.get("TableName", "t")):
            return _no_table(str(call.parameters["TableName"]))
        case "secretsmanager", "createSecret" if not re.fullmatch(
            r"[A-Za-z0-9/_+=.@!-]+", str(call.parameters.get("Name", "n"))
        ):
            return Refusal(
                "Secrets Manager",
                "ValidationException",
                "Invalid name. Must be a valid name containing alphanumeric characters, "
                "or any of the following: -/_+=.@!",
            )
        case "s3", "putObject":
            return _with(moto(call), {"ChecksumType": "FULL_OBJECT", "ServerSideEncryption": "AES256"})
        case "eventbridge", "putEvents":
            return _put_events(call, moto)
    return moto(call)


def _is_table(name: JSONValue) -> bool:
    return isinstance(name, str) and (name.startswith("arn:") or bool(re.fullmatch(_TABLE, name)))


def _no_table(name: str) -> Refusal:
    message = (
        f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {_TABLE}"
    )
    return Refusal("DynamoDB", "ValidationException", message)


def _with(answer: Any, more: JSONObject) -> Any:
    return answer._replace(output=more | answer.output) if isinstance(answer, ServiceAnswer) else answer


def _put_events(call: ServiceCall, moto: Call) -> Any:
    """Refuse entries whose detail is no JSON object; moto takes the others."""
    entries = call.parameters["Entries"]
    assert isinstance(entries, list)
    good = [entry for entry in entries if _has_object(entry)]
    if len(good) == len(entries):
        return moto(call)
    told: list[JSONValue] = []
    if good:
        told = moto(call._replace(parameters={**call.parameters, "Entries": good})).output["Entries"]
    answers = iter(told)
    results = [next(answers) if _has_object(entry) else _MALFORMED for entry in entries]
    failed = sum(isinstance(result, dict) and "ErrorCode" in result for result in results)
    return ServiceAnswer({"Entries": results, "FailedEntryCount": failed})


def _has_object(entry: JSONValue) -> bool:
    detail = entry.get("Detail") if isinstance(entry, dict) else None
    try:
        return isinstance(json.loads(str(detail)), dict)
    except ValueError:
        return False
