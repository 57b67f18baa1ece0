"""`step serve` as a process of its own, and boto3 clients that talk to it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

Seen = TypeVar("Seen")
REGION = "us-east-1"
ACCOUNT = "123456789012"
_MAIN = "import sys; from step.cli.main import main; sys.exit(main())"


class ServeFailed(Exception):  # noqa: N818 - reads as the sentence it is
    """The service didn't start; says what it said."""


class ServeProcess:
    """A running `step serve`; its log is in its folder."""

    def __init__(self, folder: Path, *options: str, environment: Mapping[str, str] | None = None) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", _MAIN, "serve", "--port", "0", "--output", "json", *options],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=log,
                env={
                    **{name: text for name, text in os.environ.items() if not name.startswith("AWS_")},
                    **(environment or {}),
                },
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.stdout.close()
            self.process.wait(20)
            raise ServeFailed((folder / "serve.log").read_text())
        about = json.loads(line)
        self.endpoint: str = about["endpoint"]
        self.viewer: str = about["viewer"]
        self.pid: int = about["pid"]

    def client(self, service: str, **more: Any) -> Any:
        """Make a boto3 client of a service."""
        return client_at(self.endpoint, service, **more)

    def kill(self) -> None:
        """End it as a loss of power of the process would: without a word."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as asked; return its exit status."""
        return self._end(signal.SIGTERM)

    def _end(self, number: int) -> int:
        self.process.send_signal(number)
        status = self.process.wait(20)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


def client_at(endpoint: str, service: str, *, key: str = "test", region: str = REGION, **more: Any) -> Any:
    """Make a boto3 client at an endpoint."""
    config = Config(
        inject_host_prefix=False,
        retries={"total_max_attempts": 1},
        s3={"addressing_style": "path"},
        read_timeout=90,
    )
    given = {"aws_access_key_id": key, "aws_secret_access_key": key, "config": config, **more}
    return boto3.client(service, endpoint_url=endpoint, region_name=region, **given)


def wait_for(client: Any, look: Callable[[], Seen | None]) -> Seen:
    """Look at a local service, and again after each change of an execution, until there is something to see.

    Args:
        client: A boto3 client of the service; the viewer beside it tells of changes, and that it is there.
        look: What falls short of truth is nothing to see.
    """
    with closing(HTTPConnection(urlsplit(client.meta.endpoint_url).netloc, timeout=60)) as connection:
        connection.request("GET", "/_step/api/changes")
        # The first line comes once changes are listened to.
        with connection.getresponse() as stream:
            while line := stream.readline():
                if line.startswith((b":", b"data:")) and (seen := look()):
                    return seen
    raise AssertionError("the service ended")


def ended(sfn: Any, arn: str) -> Any:
    """Wait for an execution's end in a local service; give its description."""

    def look() -> Any:
        told = sfn.describe_execution(executionArn=arn)
        return told if told["status"] != "RUNNING" else None

    return wait_for(sfn, look)
