"""One call of AWS as the deployer makes it: what was refused, and what may have been applied.

Knows boto3's clients and exceptions; no operation.
"""

from __future__ import annotations

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
        "LimitExceededException",
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


def make_client(session: Any, service: str, region: str | None = None) -> Any:
    """Make a client that gives up soon: the machine's retriers have more patience."""
    from botocore.config import Config

    config = Config(
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
    )
    return session.client(service, region_name=region, config=config)


def ask(client: Any, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call an operation by boto3's name of it.

    Raises:
        Refused: AWS says no; nothing was changed.
        Unavailable: AWS says nothing, or that it can't just now; the call may have been applied.
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
        return answer
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
    except BotoCoreError as error:
        raise Unavailable(" ".join(str(error).split())) from error
