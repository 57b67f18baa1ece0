"""The local service as its own process, for tests that type command lines against it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest


class Service:
    """``step serve`` on a store: started on a free port, ended or killed, started again."""

    def __init__(self, store: Path, *words: str) -> None:
        self._command = [sys.executable, "-m", "step.cli.main", "serve", "--port", "0", "--output", "json"]
        self._command += ["--store", str(store), *words]
        # Where it says that it runs; not where another one of this repository does.
        self._folder = store.parent
        self._process: subprocess.Popen[str] | None = None
        self.endpoint = ""

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=self._folder, stdout=subprocess.PIPE, text=True, env=environment()
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"step serve ended at once with {self._process.wait()}"
        self.endpoint = str(json.loads(line)["endpoint"])

    def end(self, how: int = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(how)
            process.communicate(timeout=20)


def environment(**more: str) -> dict[str, str]:
    """This process's environment without anything of a real AWS."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "ENV"
    }
    files = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    return {**kept, **files, "AWS_EC2_METADATA_DISABLED": "true", **more}


@pytest.fixture(scope="session")
def new_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Service]]:
    """Start services that end with the tests."""
    services: list[Service] = []

    def new(*words: str) -> Service:
        service = Service(tmp_path_factory.mktemp("store"), *words)
        services.append(service)
        service.start()
        return service

    yield new
    for service in services:
        service.end()


@pytest.fixture(scope="session")
def service(new_service: Callable[..., Service]) -> Service:
    """One service in virtual time that all tests share."""
    return new_service("--clock", "virtual")
