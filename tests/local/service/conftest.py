"""A local service in this process, at a port of its own, whose clock jumps over waits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests import serving
from tests.serving import ACCOUNT, client_at

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[LocalService]:
    running = LocalService.start(Options(store=tmp_path / "store", clock=VirtualClock()))
    yield running
    running.close()


@pytest.fixture
def sfn(service: LocalService) -> Any:
    return client_at(service.endpoint, "stepfunctions")


@pytest.fixture
def create(sfn: Any) -> Callable[..., str]:
    """Create a machine; gives its ARN."""

    def create(name: str, definition: Any, **more: Any) -> str:
        answer = sfn.create_state_machine(name=name, roleArn=ROLE, definition=json.dumps(definition), **more)
        return str(answer["stateMachineArn"])

    return create


@pytest.fixture
def ended(sfn: Any) -> Callable[[str], Any]:
    """Wait for the end of an execution; gives its description."""

    return partial(serving.ended, sfn)
