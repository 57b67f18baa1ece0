"""The live viewer in a browser: lists that follow, an execution that grows, actions, two side by side."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.requires_component("browser")
NASTY = "<img src=x onerror=alert(1)>"


@pytest.fixture
def bread(little: Any) -> str:
    """A machine that asks before it bakes, and fails with a cold oven."""

    def bake(payload: Any) -> Any:
        if payload.get("cold"):
            raise RuntimeError(f"the oven is cold {NASTY}")
        return payload

    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:kitchen"}
    little.tasks = {"Ask": threading.Event(), "Bake": bake}
    states = {
        "Warm?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.ask", "IsPresent": True, "Next": "Ask"}],
            "Default": "Rise",
        },
        "Ask": {**task, "Next": "Rise"},
        "Rise": {"Type": "Wait", "Seconds": 43200, "Next": "Bake"},
        "Bake": {**task, "End": True},
    }
    return str(little.create("bread", states, "Warm?"))


def open_execution(tab: Page, little: Any, arn: str) -> None:
    tab.goto(f"{little.url}execution?arn={quote(arn)}")


def test_the_list_follows_what_happens(tab: Page, little: Any, bread: str) -> None:
    tab.goto(little.url)
    expect(tab.get_by_role("status").filter(has_text="Nothing has run yet.")).to_be_visible()

    arn = little.start(bread, {"ask": True}, "monday")
    row = tab.get_by_role("row").filter(has_text="monday")
    expect(row.locator(".badge")).to_have_text("running")

    little.tasks["Ask"].set()
    little.ended(arn)
    expect(row.locator(".badge")).to_have_text("succeeded")
    expect(row).to_contain_text("12 h")

    tab.get_by_role("combobox", name="Status").select_option("FAILED")
    expect(tab.get_by_text("No execution fits.")).to_be_visible()


def test_an_execution_grows_while_it_is_looked_at(tab: Page, little: Any, bread: str) -> None:
    arn = little.start(bread, {"ask": True}, "monday")
    open_execution(tab, little, arn)
    expect(tab.locator('[data-state="Ask"]')).to_have_class(re.compile("is-running"))
    expect(tab.locator('[data-state="Bake"]')).to_have_class(re.compile("is-idle"))

    little.tasks["Ask"].set()

    expect(tab.locator('[data-state="Bake"]')).to_have_class(re.compile("is-succeeded"))
    expect(tab.locator(".heading .badge")).to_have_text("succeeded")
    expect(tab.locator("output")).to_contain_text("ExecutionSucceeded")
    expect(tab.get_by_role("button", name="Stop")).to_be_hidden()


def test_an_execution_is_stopped_and_redriven_by_hand(tab: Page, little: Any, bread: str) -> None:
    arn = little.start(bread, {"ask": True}, "monday")
    open_execution(tab, little, arn)

    tab.get_by_role("button", name="Stop").click()
    dialog = tab.get_by_role("dialog")
    dialog.get_by_label("Error").fill("TooLate")
    dialog.get_by_role("button", name="Stop").click()
    expect(tab.locator(".heading .badge")).to_have_text("aborted")
    expect(tab.locator(".banner")).to_contain_text("TooLate")

    little.tasks["Ask"].set()
    tab.get_by_role("button", name="Redrive").click()
    tab.get_by_role("dialog").get_by_role("button", name="Redrive").click()
    expect(tab.locator(".heading .badge")).to_have_text("succeeded")
    expect(tab.locator(".heading")).to_contain_text("redriven1 time")


def test_an_execution_is_started_again_with_another_input_and_both_are_compared(
    tab: Page, little: Any, bread: str
) -> None:
    first = little.ended(little.start(bread, {"cold": True}, "monday"))
    open_execution(tab, little, first)
    expect(tab.locator(".banner")).to_contain_text(f"the oven is cold {NASTY}")

    tab.get_by_role("button", name="Start again…").click()
    text = tab.get_by_label("Input (JSON)")
    expect(text).to_have_value('{\n  "cold": true\n}')
    text.fill("{no JSON")
    tab.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(tab.get_by_role("alert")).to_contain_text("JSON")
    text.fill('{"cold": false}')
    tab.get_by_label("Name").fill("tuesday")
    tab.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(tab.locator("h1")).to_have_text("bread / tuesday")
    expect(tab.locator(".heading .badge")).to_have_text("succeeded")

    tab.get_by_role("button", name="Compare…").click()
    tab.get_by_role("dialog").get_by_role("link", name="monday").click()
    expect(tab.locator(".verdict")).to_have_text("They part at Bake: succeeded in A, failed in B.")
    expect(tab.locator(".compare-row.is-current")).to_contain_text("Bake")


def test_an_execution_is_taken_away_as_a_page_and_as_a_test(
    tab: Page, little: Any, bread: str, tmp_path: Path
) -> None:
    arn = little.ended(little.start(bread, {"cold": True}, "monday"))
    open_execution(tab, little, arn)

    tab.get_by_role("button", name="Copy as pytest").click()
    expect(tab.get_by_role("dialog").locator("pre")).to_contain_text("def test_bread(assert_path):")
    tab.keyboard.press("Escape")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    tab.goto(file.as_uri())
    expect(tab.locator("h1")).to_have_text("bread / monday")
    expect(tab.locator('[data-state="Bake"]')).to_have_class(re.compile("is-failed"))


def test_what_is_not_there_is_said(tab: Page, little: Any) -> None:
    tab.goto(f"{little.url}execution?arn=arn:aws:states:us-east-1:123456789012:execution:a:b")

    expect(tab.get_by_role("alert")).to_contain_text("ExecutionDoesNotExist")
