"""Log lines and metrics that name the task: the same keys with Powertools and without."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from step.errors import HandlerError
from step.tasks import TaskHandlers

MESSAGE = {"Task": "Bake", "Input": 1, "Context": {"Execution": "arn:one", "RetryCount": 2}}


class FakeLambdaContext:
    aws_request_id = "request-1"


def _lines(service: str) -> list[dict[str, Any]]:
    """Log before, in and after a task that fails; return the lines without their times."""
    lines: list[str] = []

    class Stream:
        def write(self, text: str) -> None:
            lines.append(text)

        def flush(self) -> None: ...

    handlers = TaskHandlers(service=service)

    @handlers.task("Bake")
    def bake(dough: int) -> None:
        # The first to ask for the logger, in the middle of a task.
        handlers.logger.info("in the %s", "oven", celsius=250, extra={"loaf": 1})
        handlers.logger.debug("unseen")
        try:
            raise ValueError("burnt")
        except ValueError:
            handlers.logger.exception("bad")
        raise ValueError("burnt")

    stderr, sys.stderr = sys.stderr, Stream()
    try:
        for _ in range(2):
            with pytest.raises(ValueError, match="burnt"):
                handlers(MESSAGE, FakeLambdaContext())
        handlers.logger.info({"done": True})
    finally:
        sys.stderr = stderr
    read: list[dict[str, Any]] = [json.loads(line) for line in "".join(lines).splitlines()]
    for line in read:
        assert line.pop("timestamp").startswith("2")
        assert "ValueError: burnt" in line.pop("exception", "ValueError: burnt")
        line.pop("stack_trace", None)
        assert line.pop("location").split(":")[0] in ("bake", "_lines")
    return read


def _expected(service: str) -> list[dict[str, Any]]:
    keys = {"service": service, "execution": "arn:one", "state": "Bake", "attempt": 3}
    keys["function_request_id"] = "request-1"
    task_lines = [
        {"level": "INFO", "message": "in the oven", **keys, "celsius": 250, "loaf": 1},
        {"level": "ERROR", "message": "bad", **keys, "exception_name": "ValueError"},
    ]
    return [*task_lines, *task_lines, {"level": "INFO", "message": {"done": True}, "service": service}]


def test_lines_name_the_task_without_powertools(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "aws_lambda_powertools", None)

    assert _lines("plain") == _expected("plain")


def test_lines_name_the_task_with_powertools() -> None:
    assert _lines("powered") == _expected("powered")


def test_metrics_are_flushed_after_each_task(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = TaskHandlers(service="bakery", metrics="Bakery")

    @handlers.task("Bake")
    def bake(loaves: int) -> None:
        if loaves:
            handlers.metrics.add_metric(name="loaves", unit="Count", value=loaves)

    handlers(MESSAGE, None)
    handlers({**MESSAGE, "Input": 0}, None)

    (line,) = capsys.readouterr().out.splitlines()
    written = json.loads(line)
    assert (written["loaves"], written["state"], written["execution"]) == ([1.0], "Bake", "arn:one")


def test_metrics_must_be_asked_for() -> None:
    with pytest.raises(HandlerError, match="no metrics were asked for"):
        _ = TaskHandlers().metrics
