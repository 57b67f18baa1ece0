"""Nothing that a client sends gives a 500 or stops the service. SOAK=1 tries for long."""

from __future__ import annotations

import json
import os
import random
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import ServiceModel

from step.local.http import Request
from step.local.serving import LocalService

ROUNDS = 400 if os.environ.get("SOAK") == "1" else 12
MODEL = ServiceModel(Loader().load_service_model("stepfunctions", "service-2"))
ACCOUNT = "arn:aws:states:us-east-1:123456789012"
# What requests are made of: things that are there, things that nearly are, and things that never were.
TEXTS = [
    "",
    "a",
    "bread",
    "live",
    "{}",
    "[]",
    "{",
    "null",
    "\ud800",
    "\x00",
    "'; DROP TABLE documents; --",
    "x" * 5000,
    "[" * 5000,
    '{"a": "\\ud800"}',
    '{"a": 1e999}',
    "9" * 5000,
    '{"StartAt":"A","States":{"A":{"Type":"Pass","End":true}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":9,"End":true}}}',
    '{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.x"}}}',
    "arn:aws:iam::123456789012:role/baker",
    f"{ACCOUNT}:stateMachine:bread",
    f"{ACCOUNT}:stateMachine:bread:1",
    f"{ACCOUNT}:stateMachine:bread:live",
    f"{ACCOUNT}:stateMachine:bread/label",
    f"{ACCOUNT}:stateMachine:",
    f"{ACCOUNT}:execution:bread:a",
    f"{ACCOUNT}:express:bread:a:b",
    f"{ACCOUNT}:activity:a",
    f"{ACCOUNT}:mapRun:bread/label:a",
    "arn:aws:lambda:us-east-1:123456789012:function:bread",
    "WyJhIiwxXQ==",
    "EXPRESS",
    "RUNNING",
    "TRACE",
]
NUMBERS = [0, 1, -1, 2, 100, 1000, 1001, 2**31, 2**63, 10**400, 0.5, -0.0, 1e308]
# GetActivityTask waits a minute for a task.
OPERATIONS = [name for name in MODEL.operation_names if name != "GetActivityTask"]


def some(draw: random.Random, shape: Any, depth: int = 0) -> Any:
    """Make a value that a shape takes, mostly."""
    if draw.random() < 0.08 or depth > 6:
        return draw.choice([None, True, [], {}, {"a": [1]}, [[]], *NUMBERS, *TEXTS])
    match shape.type_name:
        case "structure":
            members = shape.members.items()
            required = shape.required_members
            return {
                name: some(draw, member, depth + 1)
                for name, member in members
                if draw.random() < (0.95 if name in required else 0.3)
            }
        case "list":
            return [some(draw, shape.member, depth + 1) for _ in range(draw.randrange(3))]
        case "boolean":
            return draw.choice([True, False])
        case "string":
            return draw.choice([*(getattr(shape, "enum", None) or ()), *TEXTS])
        case _:
            return draw.choice(NUMBERS)


def answer(service: LocalService, operation: str, body: bytes) -> int:
    headers = {"x-amz-target": f"AWSStepFunctions.{operation}", "host": "localhost"}
    told = service.step_functions.answer(Request("POST", "/", "", headers, body, "127.0.0.1"))
    assert isinstance(told.body, bytes)
    if told.status == 200:
        json.loads(told.body)
    else:
        assert json.loads(told.body)["__type"]
    return told.status


@pytest.mark.parametrize("operation", OPERATIONS)
def test_requests_like_the_models_are_answered(service: LocalService, operation: str) -> None:
    draw = random.Random(operation)
    shapes = {name: MODEL.operation_model(name).input_shape for name in OPERATIONS}
    for number in range(ROUNDS):
        # Others in between, so that there is something to be found.
        for name in (operation, draw.choice(OPERATIONS), operation):
            body = json.dumps(some(draw, shapes[name])).encode()
            assert answer(service, name, body) in (200, 400), (number, name, body[:500])


def test_requests_like_nothing_are_answered(service: LocalService) -> None:
    draw = random.Random("nothing")
    for _ in range(ROUNDS * 20):
        body = draw.randbytes(draw.randrange(200))
        operation = draw.choice([*OPERATIONS, "", "x" * 3000, "é", "CreateStateMachine.x"])
        assert answer(service, operation, body) in (200, 400, 501), (operation, body)
