"""A cloud behind a server, and boto3 clients of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from step.local.cloud import Cloud
from step.local.http_server import Server
from tests.serving import client_at


class Place:
    """A cloud that listens; ``restart`` forgets all that it didn't write."""

    def __init__(self, store: Path, stack: ExitStack) -> None:
        self.store = store
        self._stack = stack
        self._open()

    def _open(self) -> None:
        self.cloud = Cloud(self.store, endpoint=lambda: self.endpoint)
        server = Server(self.cloud.answer)
        self.endpoint = f"http://127.0.0.1:{server.port}"
        self._stack.callback(self.cloud.close)
        self._stack.callback(server.close)
        server.start()

    def restart(self) -> None:
        self._open()

    def client(self, service: str, **more: Any) -> Any:
        client = client_at(self.endpoint, service, **more)
        self._stack.callback(client.close)
        return client


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with ExitStack() as stack:
        yield Place(tmp_path / "store", stack)


Client = Callable[..., Any]
