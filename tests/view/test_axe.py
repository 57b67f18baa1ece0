"""A judge from elsewhere: an execution's page suits screen readers, keys, narrow screens, light and dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from step import StateMachine
from tests.judging import complaints_in_both_schemes

pytestmark = [pytest.mark.requires_component("browser"), pytest.mark.requires_component("axe")]
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:f"


def report() -> str:
    """A Map with a failed, a caught and an aborted iteration, behind a state that was tried again."""
    retry: Any = [{"ErrorEquals": ["TimeoutError"]}]
    catch: Any = [{"ErrorEquals": ["KeyError"], "Next": "Mend"}]
    inside: dict[str, Any] = {
        "Cut": {"Type": "Task", "Resource": FUNCTION, "Catch": catch, "Next": "Eat"},
        "Mend": {"Type": "Pass", "Next": "Eat"},
        "Eat": {"Type": "Wait", "Seconds": 5, "End": True},
    }
    states: dict[str, Any] = {
        "Try": {"Type": "Task", "Resource": FUNCTION, "Retry": retry, "ResultPath": None, "Next": "Each"},
        "Each": {"Type": "Map", "ItemProcessor": {"StartAt": "Cut", "States": inside}, "End": True},
    }
    machine = StateMachine.from_json({"StartAt": "Try", "States": states}, name="toast")
    machine.set_resource_function("Try", [TimeoutError("slow"), 1])
    machine.set_resource_function("Cut", [1, KeyError("jam"), 2, ValueError("it fell")])
    return machine.execute([0, 1, 2, 3]).report()


def test_no_state_of_an_execution_page_shuts_somebody_out(tab: Page, tmp_path: Path) -> None:
    file = tmp_path / "page.html"
    file.write_text(report(), encoding="utf-8")
    tab.set_viewport_size({"width": 400, "height": 800})
    tab.goto(file.as_uri())

    found: dict[str, list[str]] = {}
    # A state, the Map's iterations, the timeline, the events, the whole execution, the keys.
    for name, keys in [
        ("state", "n"),
        ("map", "nn"),
        ("timeline", "2"),
        ("events", "3"),
        ("all", "4"),
        ("keys", "?"),
    ]:
        tab.keyboard.press("Home")
        for key in keys:
            tab.keyboard.press(key)
        found[name] = complaints_in_both_schemes(tab)

    assert not any(found.values()), found
    assert tab.evaluate("document.documentElement.scrollWidth") <= 400
