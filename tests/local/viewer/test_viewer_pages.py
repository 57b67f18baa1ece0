"""The live viewer in a browser: lists that follow, an execution that grows, actions, two side by side."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.judging import complaints_in_both_schemes

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


def test_the_list_names_the_error_and_is_used_by_keys_alone(tab: Page, little: Any, bread: str) -> None:
    for name, is_cold in [("monday", False), ("tuesday", True)]:
        little.ended(little.start(bread, {"cold": is_cold}, name))
    tab.goto(little.url)
    row = tab.get_by_role("row").filter(has_text="tuesday")
    expect(row).to_contain_text(f"RuntimeError: the oven is cold {NASTY}")

    tab.get_by_role("grid").focus()
    for key in ("ArrowDown", "x", "ArrowDown", "x"):
        tab.keyboard.press(key)
    expect(tab.get_by_role("button", name="Compare")).to_be_enabled()
    tab.keyboard.press("Home")
    tab.keyboard.press("Enter")

    expect(tab.locator("h1")).to_have_text("bread / tuesday")


def test_a_thousand_executions_are_read_on_while_somebody_scrolls(tab: Page, little: Any) -> None:
    machine = little.create("pass", {"Go": {"Type": "Pass", "End": True}}, "Go")
    for number in range(250):
        little.start(machine, {}, f"pass-{number:03}")
    tab.goto(little.url)
    status = tab.get_by_role("status").filter(has_text="executions")
    expect(status).to_have_text("the newest 100 executions")

    tab.get_by_role("grid").focus()
    # The end of what is there; what comes then is behind it.
    for told in ("the newest 200 executions", "250 executions"):
        tab.keyboard.press("End")
        expect(status).to_have_text(told)

    assert tab.locator("[data-row]").count() < 60


def test_a_machine_is_chosen_when_an_execution_is_started(tab: Page, little: Any, bread: str) -> None:
    hello = little.create("hello", {"Hello": {"Type": "Pass", "End": True}}, "Hello")
    little.ended(little.start(hello, {"to": "the baker"}, "monday"))
    tab.goto(f"{little.url}executions")

    tab.get_by_role("button", name="Start…").click()
    tab.get_by_role("dialog").get_by_label("Machine").select_option("hello")
    expect(tab.get_by_label("Input (JSON)")).to_have_value('{\n  "to": "the baker"\n}')
    tab.get_by_role("dialog").get_by_role("button", name="Start").click()

    expect(tab.locator("h1")).to_contain_text("hello / ")


def test_a_waiting_task_is_answered_from_the_page(tab: Page, little: Any) -> None:
    task = {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": True}
    parameters = {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}
    machine = little.create("ask", {"Ask": {**task, "Parameters": parameters}}, "Ask")
    open_execution(tab, little, little.start(machine, {}, "monday"))

    tab.get_by_role("button", name="Answer…").click()
    dialog = tab.get_by_role("dialog")
    expect(dialog.get_by_label("Task token")).to_have_value(re.compile(".{40,}"))
    dialog.get_by_label("It failed").check()
    dialog.get_by_label("Error").fill("Refused")
    dialog.get_by_role("button", name="Send").click()

    expect(tab.locator(".heading .badge")).to_have_text("failed")
    expect(tab.locator(".banner")).to_contain_text("Refused")
    expect(tab.get_by_role("button", name="Answer…")).to_have_count(0)


def test_a_distributed_map_shows_how_its_children_ended_and_leads_to_the_failed_ones(
    tab: Page, little: Any
) -> None:
    little.tasks["Cut"] = lambda number: 1 / (number - 3)
    task = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:cut", "End": True}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Cut",
        "States": {"Cut": task},
    }
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 5, "End": True}
    machine = little.create("toast", {"Each": each}, "Each")
    open_execution(tab, little, little.ended(little.start(machine, list(range(6)), "monday")))
    expect(tab.locator("#panel-State")).to_contain_text("6 child executions")
    expect(tab.locator("#panel-State")).to_contain_text("succeeded 5")

    tab.get_by_role("link", name="failed 1").click()

    expect(tab.locator("[data-row]")).to_have_count(1)
    expect(tab.locator("[data-row]")).to_contain_text("ZeroDivisionError")


def test_the_time_of_what_runs_goes_on_though_nothing_happens(tab: Page, little: Any, bread: str) -> None:
    open_execution(tab, little, little.start(bread, {"ask": True}, "monday"))
    time = tab.locator(".heading dl div", has_text="so far").locator("dd")
    expect(time).to_contain_text("s")
    first = time.text_content()

    expect(time).not_to_have_text(first or "")


def test_elements_stay_the_same_while_an_execution_grows(tab: Page, little: Any, bread: str) -> None:
    open_execution(tab, little, little.start(bread, {"ask": True}, "monday"))
    expect(tab.locator("#panel-State h2")).to_have_text("Ask")
    marked = [
        ".heading h1",
        ".heading .badge",
        "#panel-State h2",
        "#panel-State pre",
        '[data-state="Warm?"] .mark',
    ]
    tab.locator('[data-state="Ask"]').click()
    for place in marked:
        tab.locator(place).first.evaluate("(element) => { element.isOld = true; }")
    copy = tab.get_by_role("button", name="copy Input")
    copy.focus()

    little.tasks["Ask"].set()
    expect(tab.locator(".heading .badge")).to_have_text("succeeded")

    for place in marked:
        assert tab.locator(place).first.evaluate("(element) => element.isOld"), place
    expect(copy).to_be_focused()


def test_a_list_keeps_its_elements_while_it_grows(tab: Page, little: Any, bread: str) -> None:
    little.ended(little.start(bread, {}, "monday"))
    tab.goto(little.url)
    grid = tab.get_by_role("grid")
    expect(grid.get_by_role("link", name="monday")).to_be_visible()
    grid.evaluate("(element) => { element.isOld = true; }")

    little.ended(little.start(bread, {}, "tuesday"))

    expect(grid.get_by_role("link", name="tuesday")).to_be_visible()
    assert grid.evaluate("(element) => element.isOld")


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


def test_what_a_machines_executions_took_of_it_is_saved_as_a_page(
    tab: Page, little: Any, bread: str, tmp_path: Path
) -> None:
    little.ended(little.start(bread, {}, "monday"))
    tab.goto(f"{little.url}executions?machine={quote(bread)}")
    with tab.expect_download() as download:
        tab.get_by_role("button", name="Coverage").click()
    assert download.value.suggested_filename == "bread-coverage.html"
    file = tmp_path / "coverage.html"
    download.value.save_as(file)

    tab.goto(file.as_uri())

    expect(tab.locator(".sum")).to_contain_text("1 execution")
    expect(tab.locator(".not").filter(has_text="Ask").first).to_be_visible()


def test_what_is_not_there_is_said(tab: Page, little: Any) -> None:
    tab.goto(f"{little.url}execution?arn=arn:aws:states:us-east-1:123456789012:execution:a:b")

    expect(tab.get_by_role("alert")).to_contain_text("ExecutionDoesNotExist")


@pytest.mark.requires_component("axe")
def test_no_page_shuts_somebody_out_or_is_wider_than_the_screen(tab: Page, little: Any, bread: str) -> None:
    first = little.ended(little.start(bread, {"cold": True, "flour": "rye" * 200}, "monday"))
    other = little.ended(
        little.start(bread, {"cold": False}, "a-name-that-is-as-long-as-names-may-be-" + "n" * 40)
    )
    tab.set_viewport_size({"width": 400, "height": 800})
    pages = [
        ("machines", ".list a"),
        ("executions", ".execution-row a"),
        ("executions?search=nothing", "text=No execution fits."),
        (f"execution?arn={quote(first)}", "#panel-State h2"),
        (f"compare?a={quote(first)}&b={quote(other)}", ".compare-detail h2"),
        ("execution?arn=nothing", "[role=alert]"),
    ]
    found: dict[str, list[str]] = {}
    for page, place in pages:
        tab.goto(little.url + page)
        expect(tab.locator(place).first).to_be_visible()
        found[page] = complaints_in_both_schemes(tab)
        assert tab.evaluate("document.documentElement.scrollWidth") <= 400, page
    for page, button in [(pages[1][0], "Start…"), (pages[3][0], "Compare…"), (pages[3][0], "Start again…")]:
        tab.goto(little.url + page)
        tab.get_by_role("button", name=button).click()
        expect(tab.get_by_role("dialog")).to_be_visible()
        found[button] = complaints_in_both_schemes(tab)

    assert not any(found.values()), found
