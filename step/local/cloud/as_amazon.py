"""What AWS's services answer to a task's call where moto answers something else, or fails.

The tasks' side of ``corrections``: by the port ``runtime.services.Services``, around who calls moto. Every
rule has its test in ``tests/local/cloud/test_as_amazon.py``. Pure but for the calls that it passes on.
Observed: services_aws_sdk, services_events, services_sns, error_handling_aws_sdk, error_handling_dynamodb.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import count
from typing import NamedTuple

from step.clock import now_ms
from step.jsonvalue import JSONObject, JSONValue
from step.runtime.services import (
    HttpAnswer,
    HttpRequest,
    Misfit,
    Refusal,
    ServiceAnswer,
    ServiceCall,
    Services,
    Unreachable,
)

Answer = ServiceAnswer | Refusal | Unreachable | Misfit
Call = Callable[[ServiceCall], Answer]
_TABLE = "[a-zA-Z0-9_.-]+"
_SECRET = re.compile(r"[A-Za-z0-9/_+=.@!-]+")
_MALFORMED: JSONObject = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}
# What DynamoDB tells only where it is asked to.
_ASKED_FOR = {
    "ConsumedCapacity": "ReturnConsumedCapacity",
    "ItemCollectionMetrics": "ReturnItemCollectionMetrics",
}
_numbers = count()
_ENCRYPTED: JSONObject = {"ServerSideEncryption": "AES256"}
# The members that have attributes by name.
_ATTRIBUTES = ("Item", "Key", "ExpressionAttributeValues")
_WRITES = frozenset({"putObject", "copyObject", "completeMultipartUpload"})
_READS = frozenset({"getObject", "headObject"})
# SNS: a sequence number has twenty digits, and each is greater than the one before.
_FIRST_NUMBER = 10_000_000_000_000_003_000


class AsAmazon(NamedTuple):
    """Who calls services, in AWS's words; see the port ``Services``."""

    services: Services

    def call(self, call: ServiceCall) -> Answer:
        """Call a service."""
        return said_by_aws(call, self.services.call)

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Send a request to an HTTP endpoint."""
        return self.services.fetch(request)


def said_by_aws(call: ServiceCall, moto: Call) -> Answer:
    """Let moto answer a call, and AWS where it would say something else."""
    rule = _RULES.get(call.service)
    return moto(call) if rule is None else rule(call, moto)


def _with(answer: Answer, more: JSONObject) -> Answer:
    return answer._replace(output=more | answer.output) if isinstance(answer, ServiceAnswer) else answer


def _without(answer: Answer, *names: str) -> Answer:
    if not isinstance(answer, ServiceAnswer):
        return answer
    return answer._replace(output={key: value for key, value in answer.output.items() if key not in names})


# ---------------------------------------------------------------- DynamoDB, Secrets Manager, S3


def _dynamodb(call: ServiceCall, moto: Call) -> Answer:
    name = call.parameters.get("TableName", "t")
    if isinstance(name, str) and not name.startswith("arn:") and not re.fullmatch(_TABLE, name):
        message = (
            f"1 validation error detected: Value '{name}' at 'tableName' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {_TABLE}"
        )
        return Refusal("DynamoDB", "ValidationException", message)
    if any(_has_empty_attribute(call.parameters.get(member)) for member in _ATTRIBUTES):
        message = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
        return Refusal("DynamoDB", "ValidationException", message)
    unasked = [told for told, asked in _ASKED_FOR.items() if call.parameters.get(asked, "NONE") == "NONE"]
    return _without(moto(call), *unasked)


def _has_empty_attribute(attributes: JSONValue) -> bool:
    values = attributes.values() if isinstance(attributes, dict) else ()
    return any(
        isinstance(value, dict) and not any(item is not None for item in value.values()) for value in values
    )


def _secrets(call: ServiceCall, moto: Call) -> Answer:
    if call.action != "createSecret" or _SECRET.fullmatch(str(call.parameters.get("Name", "n"))):
        return moto(call)
    message = (
        "Invalid name. Must be a valid name containing alphanumeric characters, "
        "or any of the following: -/_+=.@!"
    )
    return Refusal("Secrets Manager", "ValidationException", message)


def _s3(call: ServiceCall, moto: Call) -> Answer:
    """Tell of S3's encryption, which is always on; of checksums only to who asks or writes."""
    answer = moto(call)
    if call.action in _WRITES:
        return _with(answer, {**_ENCRYPTED, "ChecksumType": "FULL_OBJECT"})
    if call.action not in _READS:
        return answer
    if call.parameters.get("ChecksumMode") != "ENABLED" and isinstance(answer, ServiceAnswer):
        answer = _without(answer, *(name for name in answer.output if name.startswith("Checksum")))
    return _with(answer, _ENCRYPTED)


# ---------------------------------------------------------------- EventBridge


def _events(call: ServiceCall, moto: Call) -> Answer:
    """Refuse entries whose detail is no JSON object; moto takes the others."""
    entries = call.parameters.get("Entries")
    if call.action != "putEvents" or not isinstance(entries, list):
        return moto(call)
    good = [entry for entry in entries if _has_object(entry)]
    if len(good) == len(entries):
        return moto(call)
    told: list[JSONValue] = []
    if good:
        answer = moto(call._replace(parameters={**call.parameters, "Entries": good}))
        if not isinstance(answer, ServiceAnswer):
            return answer
        told = list(answer.output["Entries"])  # type: ignore[arg-type]  # moto gives a list
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


# ---------------------------------------------------------------- SNS, SQS


def _sns(call: ServiceCall, moto: Call) -> Answer:
    """Publish as SNS does. AWS: SNS API reference, "Publish"; developer guide, "FIFO topics"."""
    if call.action != "publish":
        return moto(call)
    given = call.parameters
    target = given.get("TopicArn") or given.get("TargetArn")
    if not (target or given.get("PhoneNumber")):
        return _invalid("TopicArn or TargetArn Reason: no value for required parameter")
    if given.get("Message") == "":
        return _invalid("Empty message")
    if isinstance(target, str) and len(target.split(":")) < 6:
        return _invalid("TopicArn")
    is_fifo = str(target).endswith(".fifo")
    if is_fifo and not given.get("MessageGroupId"):
        return _invalid("The MessageGroupId parameter is required for FIFO topics")
    answer = moto(call)
    if isinstance(answer, Refusal) and answer.code == "NotFound":
        return answer._replace(message="Topic does not exist")
    if isinstance(answer, Refusal) and "ContentBasedDeduplication" in answer.message:
        return _invalid(answer.message)
    if is_fifo and isinstance(answer, ServiceAnswer) and "SequenceNumber" not in answer.output:
        number = str(_FIRST_NUMBER + now_ms() * 1000 + next(_numbers) % 1000)
        return answer._replace(output={**answer.output, "SequenceNumber": number})
    return answer


def _invalid(what: str) -> Refusal:
    message = f"Invalid parameter: {what}"
    return Refusal("SNS", "InvalidParameter", message, exception="InvalidParameterException")


def _sqs(call: ServiceCall, moto: Call) -> Answer:
    if call.action == "sendMessage" and call.parameters.get("MessageBody") == "":
        return Refusal("SQS", "MissingParameter", "The request must contain the parameter MessageBody.")
    return moto(call)


_RULES: dict[str, Callable[[ServiceCall, Call], Answer]] = {
    "dynamodb": _dynamodb,
    "eventbridge": _events,
    "s3": _s3,
    "secretsmanager": _secrets,
    "sns": _sns,
    "sqs": _sqs,
}
