"""What a terminal shows meanwhile: the live view of an execution, the line of a long command."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from step import StateMachine
from step.cli.live import can_show, table
from step.cli.waiting import shown_while_waiting
from step.errors import TaskError
from step.view.progress import progress_rows
from step.view.visits import moment

ROOT = Path(__file__).resolve().parents[2]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"
MACHINE = {
    "StartAt": "Price",
    "States": {
        "Price": {
            "Type": "Task",
            "Resource": FUNCTION,
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 60}],
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 3600, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "One", "States": {"One": {"Type": "Succeed"}}},
            "Next": "Ask",
        },
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "https://queue", "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        },
    },
}


def answered(parameters: Any, answers: Any) -> dict[str, str]:
    answers.success({}, after=7200)
    return {}


@pytest.fixture(scope="module")
def events() -> list[Any]:
    machine = StateMachine.from_json(MACHINE)  # type: ignore[arg-type]  # JSON
    machine.set_resource_function("Price", [TaskError("Busy", ""), ["a", "b"]])
    return list(machine.set_callback("Ask", answered).execute({}).history)


def until(events: list[Any], type: str) -> list[Any]:
    """Cut a history after the first event of a type, as somebody sees it who looks then."""
    at = next(at for at, event in enumerate(events) if event["type"] == type)
    return events[: at + 1]


@pytest.mark.parametrize(
    ("type", "name", "told"),
    [
        ("LambdaFunctionStarted", "Price", "waits for the function"),
        ("LambdaFunctionFailed", "Price", "waits for the next attempt after Busy"),
        ("WaitStateEntered", "Rest", "waits for time"),
        ("MapStateStarted", "Each", "waits for its iterations"),
        ("TaskSubmitted", "Ask", "waits for its token's answer"),
    ],
)
def test_what_is_waited_for_is_told(events: list[Any], type: str, name: str, told: str) -> None:
    so_far = until(events, type)

    row = progress_rows(so_far, moment(so_far[-1]))[-1]

    assert (row.name, row.status, row.told) == (name, "running", told)


def test_rows_have_times_attempts_and_what_is_inside_of_what(events: list[Any]) -> None:
    rows = progress_rows(events, moment(events[-1]))

    price, rest, each, *inner, ask = rows
    assert (price.took, price.attempts, price.status) == (60, 2, "succeeded")
    assert (rest.start, rest.took) == (60, 3600)
    assert [(row.name, row.depth) for row in (each, *inner)] == [("Each", 0), ("[0] One", 1), ("[1] One", 1)]
    assert ask.took == 7200


def test_what_goes_on_takes_until_now(events: list[Any]) -> None:
    so_far = until(events, "WaitStateEntered")
    now = moment(events[-1])

    assert progress_rows(so_far, now)[-1].took == (now - moment(so_far[-1])).total_seconds()


def test_a_table_that_is_too_long_shows_its_end(events: list[Any]) -> None:
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115 - the console's

    console.print(table(events, moment(events[-1]), 3))

    lines = console.export_text().splitlines()
    console.file.close()
    assert lines[0].startswith("SUCCEEDED 3 h 1 min")
    assert "(3 earlier)" in lines[2]
    assert "Ask" in lines[-1]


def test_nothing_is_drawn_where_there_is_no_terminal() -> None:
    assert not can_show()


def in_a_terminal(*words: str, cwd: Path, **environment: str) -> str:
    """Run a command whose stderr is a terminal; give what that got."""
    main, side = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "step", *words],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=side,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "120", "LINES": "40", **environment},
    )
    os.close(side)
    seen = b""
    try:
        while part := os.read(main, 65536):
            seen += part
    except OSError:
        # The other side is closed.
        pass
    finally:
        os.close(main)
    assert process.wait(20) == 0, seen.decode()
    return seen.decode()


def test_a_durable_run_is_drawn_in_a_terminal(tmp_path: Path) -> None:
    words = ("run", str(ROOT / "states" / "bread.asl.json"), "--store", str(tmp_path / "store"))

    drawn = in_a_terminal(*words, cwd=tmp_path)

    assert "SUCCEEDED 14 h 5 min" in drawn
    assert "RemoveCoolEat" in drawn
    assert "LambdaFunctionStarted" not in drawn


def test_a_terminal_that_can_not_be_drawn_on_gets_lines(tmp_path: Path) -> None:
    words = ("run", str(ROOT / "states" / "bread.asl.json"), "--store", str(tmp_path / "store"))

    assert "LambdaFunctionStarted" in in_a_terminal(*words, cwd=tmp_path, TERM="dumb")


class Terminal:
    """A stream that says it is one, and keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None: ...


def test_a_long_command_says_that_it_works_and_what_it_prints_replaces_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with shown_while_waiting("step explore", after=0.01):
        signal.pause()
        print("found something", file=sys.stderr)

    drawn = r"(\r\x1b\[2Kstep explore: \d s\r)+"
    assert re.fullmatch(drawn + r"\r\x1b\[2Kfound something\n", terminal.text)
    assert sys.stderr is terminal


def test_a_quick_command_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    with shown_while_waiting("step lint"):
        print("fine", file=sys.stderr)

    assert terminal.text == "fine\n"
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_without_a_terminal_nothing_is_said_and_no_timer_is_set(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_while_waiting("step explore", after=0.01):
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)

    assert capsys.readouterr().err == ""
