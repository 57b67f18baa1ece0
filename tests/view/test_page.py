"""The page of an execution: self-contained, safe with any payload, and drawn by a browser."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from step import Execution, StateMachine

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or "chromium"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--virtual-time-budget=4000",
]
NASTY = "</script><img src=x onerror=alert(1)><!--"


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", **more}


def execution() -> Execution:
    each = {
        "Type": "Map",
        "ItemProcessor": {"StartAt": "Do", "States": {"Do": task(End=True)}},
        "ResultPath": None,
        "Next": "Rest",
    }
    states = {
        "Each": each,
        "Rest": {"Type": "Wait", "Seconds": 43200, "Next": "Try"},
        "Try": task(Catch=[{"ErrorEquals": ["ValueError"], "Next": "Give up"}], End=True),
        "Give up": {"Type": "Fail", "Error": "GaveUp", "Cause": NASTY},
    }
    machine = StateMachine.from_json({"StartAt": "Each", "States": states}, name="page")
    machine.set_resource_function("Do", lambda item: item)
    machine.set_resource_function("Try", ValueError("not today"))
    return machine.execute([1, NASTY])


def test_a_page_asks_for_nothing_and_holds_payloads_as_data() -> None:
    page = execution().report()

    assert NASTY not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert "default-src 'none'" in page
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)
    assert json.loads(data)["cause"] == NASTY


def dom(page: str, tmp_path: Path, script: str = "") -> str:
    file = tmp_path / "page.html"
    file.write_text(page.replace("</body>", f"<script>{script}</script></body>"), encoding="utf-8")
    profile = tmp_path / "profile"
    command = [BROWSER, *FLAGS, f"--user-data-dir={profile}", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.mark.requires_component("browser")
def test_a_browser_shows_states_events_and_the_failure(tmp_path: Path) -> None:
    shown = dom(execution().report(), tmp_path)

    assert re.search(r'class="mark failed">✗ FAILED', shown)
    assert re.search(
        r'data-state="Each"[^>]*class="[^"]*is-succeeded|class="[^"]*is-succeeded[^>]*data-state="Each"',
        shown,
    )
    assert re.search(
        r'data-state="Try"[^>]*class="[^"]*is-caught|class="[^"]*is-caught[^>]*data-state="Try"', shown
    )
    assert "#1 Do" in shown
    assert "12 h" in shown
    assert "<img" not in shown


@pytest.mark.requires_component("browser")
def test_stepping_back_shows_the_history_as_it_was(tmp_path: Path) -> None:
    key = "document.onkeydown({key: 'Home', target: document.body, preventDefault() {}});"

    shown = dom(execution().report(), tmp_path, key)

    assert re.search(r"<output>1/\d+ ExecutionStarted", shown)
    assert not re.search(r'class="[^"]*is-succeeded', shown)
    assert re.search(r'class="[^"]*is-idle', shown)
