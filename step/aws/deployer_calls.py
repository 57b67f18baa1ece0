"""One call of AWS as the deployer makes it: what was refused, and what may have been applied.

Knows boto3's clients and exceptions; no operation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from step.deployer.ports import Unavailable
from step.errors import Refused

# So that an invocation of 120 s has the time for several calls that hang.
_CONNECT_SECONDS, _READ_SECONDS, _ATTEMPTS = 3, 20, 2
# AWS: "Error codes common to all services", what single services call their limits, and what is in the way of
# another change that is under way. Everything else that is refused would be refused again.
_NOT_NOW = frozenset(
    {
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "InternalServerError",
        "KmsThrottlingException",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ResourceConflictException",
        "ServiceException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)


def make_client(
    session: Any,
    service: str,
    region: str | None = None,
    *,
    read_seconds: int = _READ_SECONDS,
    attempts: int = _ATTEMPTS,
) -> Any:
    """Make a client that gives up soon: the machine's retriers have more patience."""
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=read_seconds,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    return session.client(service, region_name=region, config=config)


def ask(
    client: Any,
    operation: str,
    needs: Sequence[str] = (),
    echoes: Mapping[str, str] | None = None,
    /,
    **parameters: Any,
) -> dict[str, Any]:
    """Call an operation by boto3's name of it.

    Args:
        client: The service's client.
        operation: The operation.
        needs: The members of the answer that will be read: botocore takes any JSON for an answer.
        echoes: Members of the answer that say what was asked about.
        parameters: The operation's own.

    Raises:
        Refused: AWS says no; nothing was changed.
        Unavailable: AWS says nothing, or that it can't just now, or what answers isn't AWS; the call may have
            been applied.
        botocore's ClientError: a condition of DynamoDB failed, which only the caller can read.
    """
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        NoCredentialsError,
        NoRegionError,
        ParamValidationError,
    )

    try:
        answer: dict[str, Any] = getattr(client, operation)(**parameters)
    except ClientError as error:
        said = error.response.get("Error", {})
        code, message = str(said.get("Code", "")), str(said.get("Message", ""))
        if code in ("ConditionalCheckFailedException", "TransactionCanceledException"):
            raise
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400))
        if status >= 500 or code in _NOT_NOW:
            raise Unavailable(f"{code}: {message}") from error
        raise Refused(code, message) from error
    except (NoCredentialsError, NoRegionError, ParamValidationError) as error:
        raise Refused(type(error).__name__, " ".join(str(error).split())) from error
    except (BotoCoreError, ValueError) as error:
        # ValueError: what botocore makes of an answer that isn't in the service's format.
        raise Unavailable(" ".join(str(error).split())) from error
    _check(operation, answer, needs, echoes or {})
    return answer


def _check(
    operation: str, answer: Mapping[str, Any], needs: Sequence[str], echoes: Mapping[str, str]
) -> None:
    """Make sure that an answer is AWS's, and to this question; a proxy's or a portal's has status 200 too.

    Raises:
        Unavailable: it isn't.
    """
    wrong = [member for member in needs if answer.get(member) is None]
    wrong += [member for member, value in echoes.items() if answer.get(member) != value]
    if not answer.get("ResponseMetadata", {}).get("RequestId"):
        wrong.insert(0, "a request's id")
    if wrong:
        raise Unavailable(f"{operation}: what answered isn't AWS, or answered something else: no {wrong[0]}")
