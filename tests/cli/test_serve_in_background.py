"""step serve --detach, --status and --stop: a service that outlives its command, and is found again."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from step.served import DEFAULT_STORE, served

Step = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def step(tmp_path: Path) -> Iterator[Step]:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "step", *words],
            cwd=tmp_path,
            env={**environment, "ENV": "local"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    yield run
    run("serve", "--stop")


def test_service_goes_on_and_is_found_until_it_is_stopped(step: Step, tmp_path: Path) -> None:
    started = json.loads(step("serve", "--detach", "--port", "0", "--output", "json").stdout)
    again = step("serve", "--detach", "--output", "json")
    status = step("serve", "--status", "--output", "json")
    executions = step("executions", "--output", "json")
    stopped = step("serve", "--stop")

    assert started["store"] == str(tmp_path / DEFAULT_STORE)
    assert json.loads(again.stdout) == json.loads(status.stdout) == started
    assert (executions.returncode, json.loads(executions.stdout)) == (0, [])
    assert (stopped.returncode, stopped.stdout) == (
        0,
        f"stopped process {started['pid']}; .step keeps everything\n",
    )
    for words in ("--status", "--stop"):
        nobody = step("serve", words)
        assert (nobody.returncode, nobody.stderr) == (1, "step serve: nobody serves .step\n")


def test_what_keeps_it_from_starting_is_said_and_the_status_is_its_own(step: Step, tmp_path: Path) -> None:
    refused = step("serve", "--detach", "--host", "192.0.2.1", "--token", "x")

    assert refused.returncode == 2
    assert "192.0.2.1" in refused.stderr
    assert served(tmp_path / DEFAULT_STORE) is None


def test_service_that_died_is_not_taken_for_a_running_one(step: Step, tmp_path: Path) -> None:
    started = json.loads(step("serve", "--detach", "--port", "0", "--output", "json").stdout)
    os.kill(started["pid"], signal.SIGKILL)
    # Its number is another process's by now.
    with (tmp_path / DEFAULT_STORE / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
    address = tmp_path / DEFAULT_STORE / "service.json"
    address.write_text(json.dumps({**json.loads(address.read_text()), "pid": os.getpid()}))

    assert step("serve", "--stop").returncode == 1
