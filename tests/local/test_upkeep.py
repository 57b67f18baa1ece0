"""Backups of a store, and the deletion of old executions, while its service runs and while it doesn't."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from step.durable import journal
from step.durable.clocks import VirtualClock
from step.errors import StepError
from step.local.serving import LocalService, Options
from step.local.upkeep import BASE, back_up_closed, clean_closed
from tests.serving import ACCOUNT, client_at, ended

ROLE = f"arn:aws:iam::{ACCOUNT}:role/baker"
PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
FAILS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Burnt", "Cause": "black"}}})
WAITS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}})
TOKEN = json.dumps(
    {
        "StartAt": "Ask",
        "States": {
            "Ask": {
                "Type": "Task",
                "Resource": f"arn:aws:states:us-east-1:{ACCOUNT}:activity:ask",
                "TimeoutSeconds": 99_999_999,
                "End": True,
            }
        },
    }
)
DAY_MS = 24 * 3600 * 1000


class Place:
    """A service on a store."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.clock = VirtualClock()
        self.service = LocalService.start(Options(store=store, clock=self.clock))
        self.sfn = client_at(self.service.endpoint, "stepfunctions")

    def create(self, name: str, definition: str) -> str:
        answer = self.sfn.create_state_machine(name=name, roleArn=ROLE, definition=definition)
        return str(answer["stateMachineArn"])

    def start(self, machine: str, **more: Any) -> str:
        return str(self.sfn.start_execution(stateMachineArn=machine, **more)["executionArn"])

    def ask(self, what: str, headers: Mapping[str, str] | None = None, **asked: str) -> tuple[int, Any]:
        parts = urlsplit(self.service.endpoint)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        connection.request("POST", f"{BASE}{what}", json.dumps(asked), dict(headers or {}))
        response = connection.getresponse()
        told = response.status, json.loads(response.read())
        connection.close()
        return told

    def close(self) -> None:
        self.service.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path / "store")
    yield made
    made.close()


def test_a_backup_has_all_that_was_acknowledged_before_it_and_goes_on_with_what_ran(
    place: Place, tmp_path: Path
) -> None:
    place.sfn.create_activity(name="ask")
    asking = place.start(place.create("asking", TOKEN), name="asking")
    quick = place.create("quick", PASS)
    s3 = client_at(place.service.endpoint, "s3")
    s3.create_bucket(Bucket="loaves")
    s3.put_object(Bucket="loaves", Key="large", Body=b"x" * 100_000)
    acknowledged: list[str] = []
    is_over = threading.Event()

    def load() -> None:
        while not is_over.is_set():
            acknowledged.append(place.start(quick, input=json.dumps({"much": "x" * 5000})))

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    while len(acknowledged) < 60:
        assert any(thread.is_alive() for thread in threads)
    before = list(acknowledged)

    status, _ = place.ask("backup", folder=str(tmp_path / "backup"))

    is_over.set()
    for thread in threads:
        thread.join()
    assert status == 200
    restored = Place(tmp_path / "backup")
    try:
        for arn in before:
            told = ended(restored.sfn, arn)
            assert told["status"] == "SUCCEEDED"
            history = restored.sfn.get_execution_history(executionArn=arn)["events"]
            assert history == place.sfn.get_execution_history(executionArn=arn)["events"]
        task = restored.sfn.get_activity_task(activityArn=f"arn:aws:states:us-east-1:{ACCOUNT}:activity:ask")
        restored.sfn.send_task_success(taskToken=task["taskToken"], output='"yes"')
        assert ended(restored.sfn, asking)["output"] == '"yes"'
        objects = client_at(restored.service.endpoint, "s3")
        assert objects.get_object(Bucket="loaves", Key="large")["Body"].read() == b"x" * 100_000
        # The one that was copied runs on by itself.
        assert place.sfn.describe_execution(executionArn=asking)["status"] == "RUNNING"
    finally:
        restored.close()


def test_a_backup_has_a_folder_of_its_own(place: Place, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine").write_text("mine")

    status, told = place.ask("backup", folder=str(tmp_path / "there"))

    assert status == 400
    assert "something is there already" in told["message"]
    assert [file.name for file in (tmp_path / "there").iterdir()] == ["mine"]


@pytest.mark.parametrize("header", ["Origin", "Sec-Fetch-Site"])
def test_no_page_asks_for_the_store(place: Place, tmp_path: Path, header: str) -> None:
    value = place.service.endpoint if header == "Origin" else "same-origin"

    status, _ = place.ask("backup", {header: value}, folder=str(tmp_path / "backup"))

    assert status == 403
    assert not (tmp_path / "backup").exists()


@pytest.mark.parametrize(
    ("what", "asked"),
    [("backup", {}), ("clean", {}), ("clean", {"keep_ms": "-1"}), ("clean", {"keep_ms": "x"}), ("else", {})],
)
def test_what_is_no_request_about_the_store_is_refused(
    place: Place, what: str, asked: dict[str, str]
) -> None:
    assert place.ask(what, None, **asked)[0] == 400


def test_a_running_service_forgets_what_ended_before_and_keeps_what_runs(place: Place) -> None:
    quick, waits = place.create("quick", PASS), place.create("waits", WAITS)
    old = [place.start(quick) for _ in range(5)]
    for arn in old:
        ended(place.sfn, arn)
    place.service.host.hold_clock()
    place.clock.jump(place.clock.now_ms() + 10 * DAY_MS)
    running, new = place.start(waits), place.start(quick)
    ended(place.sfn, new)

    _, dry = place.ask("clean", keep_ms=str(9 * DAY_MS), dry="yes")
    is_there = place.sfn.describe_execution(executionArn=old[0])["status"]
    _, done = place.ask("clean", keep_ms=str(9 * DAY_MS))

    assert dry["executions"] == done["executions"] == {quick: 5}
    assert is_there == "SUCCEEDED"
    left = [e["executionArn"] for e in place.sfn.list_executions(stateMachineArn=quick)["executions"]]
    assert left == [new]
    assert place.sfn.describe_execution(executionArn=running)["status"] == "RUNNING"
    place.service.host.release_clock()


def test_the_service_forgets_by_itself_in_its_own_time(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    try:
        arn = place.start(place.create("quick", PASS))
        ended(place.sfn, arn)
        place.clock.jump(place.clock.now_ms() + 91 * DAY_MS)
        gone = threading.Event()

        def look() -> None:
            while not gone.is_set():
                with place.service.host.lock:
                    if place.service.host.journal.execution(arn) is None:
                        gone.set()
                gone.wait(0.05)

        threading.Thread(target=look, daemon=True).start()
        assert gone.wait(60)
    finally:
        gone.set()
        place.close()


def test_a_store_that_is_not_served_is_copied_and_cleaned_too(tmp_path: Path) -> None:
    place = Place(tmp_path / "store")
    quick = place.create("quick", PASS)
    arns = [place.start(quick, input=json.dumps("x" * 50_000)) for _ in range(20)]
    for arn in arns:
        ended(place.sfn, arn)
    place.close()

    back_up_closed(place.store, tmp_path / "backup")
    dry = clean_closed(place.store, 0, is_dry=True)
    done = clean_closed(place.store, 0, is_dry=False)

    assert dry.executions == done.executions == {quick: 20}
    assert dry.bytes_before == dry.bytes_after
    assert done.bytes_after < done.bytes_before // 2
    assert clean_closed(place.store, 0, is_dry=True).executions == {}
    assert clean_closed(tmp_path / "backup", 0, is_dry=True).executions == {quick: 20}


def test_where_there_is_no_store_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StepError, match="there is no store here"):
        back_up_closed(tmp_path / "none", tmp_path / "backup")

    assert list(tmp_path.iterdir()) == []


def test_a_search_looks_through_all_executions_by_name_input_and_end(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "_MOST_SEARCHED", 4)
    quick, fails = place.create("quick", PASS), place.create("fails", FAILS)
    old = place.start(quick, name="First-loaf", input='{"order": 1}')
    others = [place.start(quick, input=json.dumps({"order": 100 + number})) for number in range(12)]
    failed = place.start(fails, input='{"order": 7}')
    percent = place.start(quick, input='{"share": "50%"}')
    for arn in (old, failed, percent, *others):
        ended(place.sfn, arn)

    def found(text: str, limit: int = 50, **more: str) -> list[str]:
        _, told = place.ask("search", None, text=text, limit=str(limit), **more)
        return [one["executionArn"] for one in told["executions"]]

    assert found("first-LOAF") == [old]
    assert found('"order":10') == [*reversed(others[:10])]
    assert found('"order":', limit=3) == [failed, *reversed(others[10:])]
    assert found("burnt") == [failed]
    assert found("order", machine=fails) == [failed]
    assert found("order", status="FAILED") == [failed]
    assert found("50%") == [percent]
    assert found("50_") == []
