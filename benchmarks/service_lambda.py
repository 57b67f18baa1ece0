"""Lambda tasks, distributed Maps and SDK integrations of ``step serve``, beside direct Invokes.

A handler that gives back what it gets, deployed as a zip: what is measured is the way to it and back.
"""

from __future__ import annotations

import io
import json
import multiprocessing
import sys
import zipfile
from base64 import b64encode
from collections.abc import Callable, Mapping
from functools import partial
from http.client import HTTPConnection
from itertools import pairwise
from statistics import quantiles
from threading import Thread
from time import perf_counter, sleep
from types import MappingProxyType
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from benchmarks.service_client import Client

_ACCOUNT = "123456789012"
_ROLE = f"arn:aws:iam::{_ACCOUNT}:role/bench"
FUNCTION = f"arn:aws:lambda:us-east-1:{_ACCOUNT}:function:echo"
_CODE = "def handler(event, context):\n    return event\n"
_SCOPE = (
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
)
_PROCESSES = 4


class Rate(NamedTuple):
    """How many a second, and the time that 99 of 100 took at most."""

    per_second: float
    p99_ms: float


def deploy(endpoint: str) -> None:
    """Make the function, and warm a process of it."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("echo.py", _CODE)
    body = {
        "FunctionName": "echo",
        "Runtime": f"python{sys.version_info[0]}.{sys.version_info[1]}",
        "Role": _ROLE,
        "Handler": "echo.handler",
        "Timeout": 60,
        "Code": {"ZipFile": b64encode(archive.getvalue()).decode()},
    }
    invoker = Invoker(endpoint)
    invoker.request("POST", "/2015-03-31/functions", json.dumps(body).encode())
    invoker.invoke()


class Invoker:
    """A connection by which the function is called."""

    def __init__(self, endpoint: str) -> None:
        parts = urlsplit(endpoint)
        assert parts.hostname is not None
        self._connection = HTTPConnection(parts.hostname, parts.port, timeout=120)

    def invoke(self) -> None:
        """Call it once and wait."""
        assert self.request("POST", "/2015-03-31/functions/echo/invocations", b'{"n":1}') == b'{"n": 1}'

    def request(
        self,
        method: str,
        path: str,
        body: bytes,
        service: str = "lambda",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        headers = {"Content-Type": "application/json", "Authorization": _SCOPE.format(service), **more}
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        told = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {told[:500]!r}")
        return told

    def ask(self, service: str, target: str, asked: dict[str, Any]) -> bytes:
        """Ask a service that is asked by targets."""
        more = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": target}
        return self.request("POST", "/", json.dumps(asked).encode(), service, more)


def invokes(endpoint: str, clients: int, rounds: int) -> Rate:
    """Call the function by so many clients at once, so often each."""
    share = -(-clients // _PROCESSES) if clients > 1 else 1
    shares = [share] * (clients // share)
    context = multiprocessing.get_context("spawn")
    with context.Pool(len(shares)) as pool:
        # Processes that are there before the clock runs.
        pool.map(abs, range(len(shares) * 4))
        begun = perf_counter()
        times = pool.map(partial(_client, endpoint, rounds), shares, chunksize=1)
        took = perf_counter() - begun
    flat = [one for some in times for one in some]
    return Rate(len(flat) / took, quantiles(flat, n=100)[98] * 1000)


def _client(endpoint: str, rounds: int, threads: int) -> list[float]:
    times: list[float] = []

    def work() -> None:
        invoker = Invoker(endpoint)
        for _ in range(rounds):
            begun = perf_counter()
            invoker.invoke()
            times.append(perf_counter() - begun)

    _in_threads(work, threads)
    return times


def _in_threads(work: Callable[[], None], threads: int) -> None:
    started = [Thread(target=work) for _ in range(threads)]
    for thread in started:
        thread.start()
    for thread in started:
        thread.join()


def tasks(endpoint: str, number: int) -> float:
    """Run an execution of so many Lambda tasks in a row; give tasks a second."""
    task = {"Type": "Task", "Resource": FUNCTION}
    names = [f"Task{at}" for at in range(number)]
    states = {name: {**task, "Next": after} for name, after in pairwise(names)} | {
        names[-1]: {**task, "End": True}
    }
    return number / _seconds(endpoint, f"tasks-{number}", {"StartAt": names[0], "States": states}, {"n": 1})


def express_tasks(endpoint: str, rounds: int) -> Rate:
    """Run an Express machine of one Lambda task so often, waiting for each; a second."""
    client = Client(endpoint)
    definition = {"StartAt": "Do", "States": {"Do": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
    arn = client.create("one-express", definition, type="EXPRESS")
    times = []
    for _ in range(rounds):
        begun = perf_counter()
        told = client.call("StartSyncExecution", stateMachineArn=arn, input='{"n": 1}')
        assert told["status"] == "SUCCEEDED", told
        times.append(perf_counter() - begun)
    return Rate(rounds / sum(times), quantiles(times, n=100)[98] * 1000)


def map_items(endpoint: str, number: int) -> float:
    """Run a distributed Map of so many lines of an object, a function for each; give items a second."""
    lines = b"".join(b'{"n": %d}\n' % one for one in range(number))
    put = Invoker(endpoint)
    put.request("PUT", "/items", b"", "s3")
    put.request("PUT", f"/items/{number}.jsonl", lines, "s3")
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket": "items", "Key": f"{number}.jsonl"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Do",
            "States": {"Do": {"Type": "Task", "Resource": FUNCTION, "End": True}},
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": "items", "Prefix": "results"},
        },
        "End": True,
    }
    return number / _seconds(endpoint, f"map-{number}", {"StartAt": "Each", "States": {"Each": each}}, {})


def make_queue_and_table(endpoint: str) -> list[tuple[str, dict[str, Any]]]:
    """Make what SDK integrations use; give them, with their parameters."""
    invoker = Invoker(endpoint)
    url = json.loads(invoker.ask("sqs", "AmazonSQS.CreateQueue", {"QueueName": "q"}))["QueueUrl"]
    key = {"AttributeName": "id", "KeyType": "HASH"}
    table = {
        "TableName": "t",
        "KeySchema": [key],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "BillingMode": "PAY_PER_REQUEST",
    }
    invoker.ask("dynamodb", "DynamoDB_20120810.CreateTable", table)
    machine = Client(endpoint).create(
        "nothing", {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
    )
    item = {"id": {"S.$": "States.Format('{}', $)"}}
    return [
        ("arn:aws:states:::aws-sdk:sfn:describeStateMachine", {"StateMachineArn": machine}),
        ("arn:aws:states:::aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": item}),
        ("arn:aws:states:::dynamodb:putItem", {"TableName": "t", "Item": item}),
        ("arn:aws:states:::sqs:sendMessage", {"QueueUrl": url, "MessageBody": "m"}),
    ]


def sdk_calls(endpoint: str, number: int, resource: str, parameters: dict[str, Any]) -> float:
    """Run a Map of so many items, each a call of a service; give calls a second."""
    call = {"Type": "Task", "Resource": resource, "Parameters": parameters, "ResultPath": None, "End": True}
    processor = {"StartAt": "Call", "States": {"Call": call}}
    each = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": True}
    name = "-".join([*resource.split(":")[-2:], str(number)])
    return number / _seconds(
        endpoint, f"sdk-{name}", {"StartAt": "Each", "States": {"Each": each}}, {"items": list(range(number))}
    )


def _seconds(endpoint: str, name: str, definition: dict[str, Any], value: Any) -> float:
    """Run an execution; give how long it took by its own dates."""
    client = Client(endpoint)
    arn = client.create(name, definition)
    started = client.call("StartExecution", stateMachineArn=arn, input=json.dumps(value))
    while True:
        told = client.call(
            "DescribeExecution", executionArn=started["executionArn"], includedData="METADATA_ONLY"
        )
        if told["status"] != "RUNNING":
            break
        sleep(0.05)
    if told["status"] != "SUCCEEDED":
        raise RuntimeError(f"{name}: {told['status']} {told.get('error')} {told.get('cause', '')[:300]}")
    return float(told["stopDate"]) - float(told["startDate"])
