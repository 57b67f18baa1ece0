from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from step.clock import now_ms
from step.local.functions.in_process import HandlerFolder, LocalContext


def context() -> LocalContext:
    return LocalContext(
        "bread", "arn:aws:lambda:us-east-1:123456789012:function:bread", "id", now_ms() + 1000
    )


def test_a_changed_file_is_loaded_again(tmp_path: Path) -> None:
    file = tmp_path / "bread.py"
    file.write_text("def handler(event, context): return 1")
    handlers = HandlerFolder(tmp_path)
    first = handlers.invoke("bread", b"{}", context())

    file.write_text("def handler(event, context): return [event, context.function_name]")
    os.utime(file, ns=(1, 1))
    second = handlers.invoke("bread", b'{"n": 1}', context())

    assert (first.body, json.loads(second.body)) == (b"1", [{"n": 1}, "bread"])
    assert handlers.names() == ["bread"]


def test_task_handlers_are_found(tmp_path: Path) -> None:
    (tmp_path / "bread.py").write_text(
        "from step import TaskHandlers\n"
        "handlers = TaskHandlers()\n"
        "@handlers.task\n"
        "def bake(minutes: int) -> int:\n"
        "    return minutes * 2\n"
    )

    outcome = HandlerFolder(tmp_path).invoke("bread", b'{"Task": "bake", "Input": 2}', context())

    assert (outcome.kind, outcome.body) == ("response", b"4")


def test_an_exception_is_lambdas_document_and_its_traceback_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bread.py").write_text("def handler(event, context):\n    raise ValueError('no flour')\n")

    outcome = HandlerFolder(tmp_path).invoke("bread", b"{}", context())

    document = json.loads(outcome.body)
    assert outcome.kind == "error"
    assert (document["errorType"], document["errorMessage"]) == ("ValueError", "no flour")
    assert [line for line in document["stackTrace"] if "bread.py" in line]
    assert "no flour" in caplog.text


def test_a_file_without_an_entry_says_what_is_expected(tmp_path: Path) -> None:
    (tmp_path / "bread.py").write_text("x = 1")

    document = json.loads(HandlerFolder(tmp_path).invoke("bread", b"{}", context()).body)

    assert "expected a function handler(event, context) or one TaskHandlers" in document["errorMessage"]
