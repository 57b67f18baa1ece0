"""moto's interpreter, driven as its users drive it: through boto3, in the same process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter, sleep
from typing import Any

# Long, for each look takes time from the thread that runs the execution.
_LOOK_SECONDS = 0.025
_ROLE = "arn:aws:iam::123456789012:role/benchmark"


class Moto:
    """A Step Functions client inside moto."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._machines = 0

    def execute(self, definition: dict[str, Any], value: object) -> tuple[float, str]:
        """Run one execution; give the seconds from its start to its end, and its ARN."""
        self._machines += 1
        machine = self._client.create_state_machine(
            name=f"benchmark-{self._machines}", definition=json.dumps(definition), roleArn=_ROLE
        )
        started = self._client.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(value)
        )
        arn: str = started["executionArn"]
        while (told := self._client.describe_execution(executionArn=arn))["status"] == "RUNNING":
            sleep(_LOOK_SECONDS)
        assert told["status"] == "SUCCEEDED", told
        # Its own dates, so that it doesn't pay for our looking.
        return (told["stopDate"] - told["startDate"]).total_seconds(), arn

    def read_history(self, arn: str) -> tuple[float, int]:
        """Read a whole history; give the seconds and the number of events."""
        start = perf_counter()
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": 1000}
        )
        count = sum(len(page["events"]) for page in pages)
        return perf_counter() - start, count


@contextmanager
def moto() -> Iterator[Moto | None]:
    """Give moto's interpreter; None where it isn't installed."""
    try:
        import boto3
        from moto import mock_aws
    except ModuleNotFoundError:
        yield None
        return
    with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
        client = boto3.client(
            "stepfunctions", "us-east-1", aws_access_key_id="benchmark", aws_secret_access_key="benchmark"
        )
        yield Moto(client)
