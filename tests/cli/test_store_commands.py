"""``step backup`` and ``step clean``, of a store that is served by another process or by none."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from step.cli.main import main
from tests.serving import ACCOUNT, ServeProcess, ended

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})

Serve = Callable[[str], ServeProcess]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    started: list[ServeProcess] = []

    def start(store: str) -> ServeProcess:
        started.append(ServeProcess(tmp_path, "--store", str(tmp_path / store)))
        return started[-1]

    yield start
    for process in started:
        if process.process.poll() is None:
            process.stop()


def run(sfn: Any, count: int) -> list[str]:
    machine = sfn.create_state_machine(name="quick", roleArn=ROLE, definition=MACHINE)["stateMachineArn"]
    return [str(sfn.start_execution(stateMachineArn=machine)["executionArn"]) for _ in range(count)]


def test_backup_and_store_both_have_what_was_acknowledged_when_the_service_is_killed(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = serve("store")
    before = run(first.client("stepfunctions"), 10)

    assert main(["backup", str(tmp_path / "copy"), "--store", str(tmp_path / "store")]) == 0
    after = run(first.client("stepfunctions"), 10)
    first.kill()

    assert capsys.readouterr().out == f"{tmp_path / 'copy'}\n"
    again, copy = serve("store").client("stepfunctions"), serve("copy").client("stepfunctions")
    for arn in before:
        assert ended(copy, arn)["status"] == ended(again, arn)["status"] == "SUCCEEDED"
    assert {ended(again, arn)["status"] for arn in after} == {"SUCCEEDED"}


def test_clean_says_what_it_would_delete_and_then_does(
    serve: Serve, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = serve("store")
    sfn = service.client("stepfunctions")
    for arn in run(sfn, 3):
        ended(sfn, arn)
    store = str(tmp_path / "store")

    dry = main(["clean", "--store", store, "--dry-run", "--keep", "1d"]), capsys.readouterr().out
    service.stop()
    young = main(["clean", "--store", store, "--keep", "1d", "--output", "json"]), capsys.readouterr().out

    assert dry[0] == young[0] == 0
    assert dry[1].startswith("0 executions would be deleted; the journal had ")
    assert json.loads(young[1])["executions"] == {}


def test_a_search_prints_the_executions_that_have_a_text(
    serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    service = serve("store")
    sfn = service.client("stepfunctions")
    first, *_ = run(sfn, 2)
    ended(sfn, first)
    name = first.rpartition(":")[2]

    place = ["--endpoint", service.endpoint, "--region", "us-east-1"]
    assert main(["executions", "quick", "--search", name[:13].upper(), "--output", "json", *place]) == 0
    [told] = json.loads(capsys.readouterr().out)
    assert (told["arn"], told["machine"], told["status"]) == (first, "quick", "SUCCEEDED")
    assert main(["executions", "--search", "none-of-them", *place]) == 0
    assert name not in capsys.readouterr().out


def test_a_store_that_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = str(tmp_path / "none")

    assert main(["backup", str(tmp_path / "copy"), "--store", store]) == 2
    assert main(["clean", "--store", store]) == 2
    assert capsys.readouterr().err.count("there is no store here") == 2
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("keep", ["90", "d", "0d", "-1d", "1w", "1.5h", ""])
def test_a_time_that_is_none_is_wrong_use(keep: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended_with:
        main(["clean", f"--keep={keep}"])

    assert ended_with.value.code == 2
    assert "as 90d, or forever" in capsys.readouterr().err


def test_forever_leaves_nothing_to_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "--keep", "forever"]) == 2
    assert "nothing to clean" in capsys.readouterr().err
