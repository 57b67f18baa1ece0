"""The page of an execution: self-contained, safe with any payload, and used as a person uses it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from step import Execution, StateMachine
from step.machine.report import plain_event, script
from step.view import Visits, gather_visits
from step.view.visits import Event

NASTY = "</script><img src=x onerror=alert(1)><!--"
browser_only = pytest.mark.requires_component("browser")


def task(**more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", **more}


def test_a_page_can_be_written_whatever_characters_a_payload_has() -> None:
    machine = StateMachine.from_json({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}})

    page = machine.execute({"half": "\ud83d", "line": "\u2028"}).report()

    page.encode("utf-8")


def machine() -> StateMachine:
    inside = {
        "Do": task(
            Retry=[{"ErrorEquals": ["TimeoutError"]}], Catch=[{"ErrorEquals": ["KeyError"], "Next": "No"}]
        )
        | {"Next": "Yes"},
        "Yes": {"Type": "Pass", "End": True},
        "No": {"Type": "Pass", "End": True},
    }
    states: dict[str, Any] = {
        "Each": {
            "Type": "Map",
            "ItemProcessor": {"StartAt": "Do", "States": inside},
            "ResultPath": None,
            "Next": "Rest",
        },
        "Rest": {"Type": "Wait", "Seconds": 43200, "Next": "Try"},
        "Try": task(Assign={"kept": 1}, Catch=[{"ErrorEquals": ["ValueError"], "Next": NASTY}], Next="Rest"),
        NASTY: {"Type": "Fail", "Error": "GaveUp", "Cause": NASTY},
    }
    made = StateMachine.from_json({"StartAt": "Each", "States": states}, name="page")
    made.set_resource_function("Do", [1, TimeoutError("slow"), KeyError("gone"), 3])
    made.set_resource_function("Try", raise_in_a_handler)
    return made


def raise_in_a_handler(payload: Any) -> None:
    raise ValueError(f"not today: {NASTY}")


def execution() -> Execution:
    return machine().execute([0, 1, 2])


@pytest.fixture
def shown(tab: Page, tmp_path: Path) -> Page:
    file = tmp_path / "page.html"
    file.write_text(execution().report(), encoding="utf-8")
    tab.goto(file.as_uri())
    return tab


def state(page: Page, name: str) -> Any:
    return page.locator(f"[data-state={json.dumps(name)}]")


def test_a_page_asks_for_nothing_and_holds_payloads_as_data() -> None:
    page = execution().report()

    assert NASTY not in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    [policy] = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    [data] = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data)["cause"] == NASTY


@browser_only
def test_the_state_that_failed_is_shown_first_with_its_error(shown: Page) -> None:
    expect(shown.get_by_role("heading", level=1)).to_have_text(re.compile("^page / "))
    expect(shown.locator(".heading .badge")).to_have_text("failed")
    expect(shown.locator(".banner")).to_contain_text("GaveUp")
    expect(shown.locator("#panel-State h2")).to_have_text(NASTY)
    expect(state(shown, "Try")).to_have_class(re.compile("is-caught"))
    expect(state(shown, "Each")).to_have_class(re.compile("is-succeeded"))
    expect(shown.locator('path.catch.taken[data-from="Try"]')).to_have_count(1)
    assert shown.locator("img").count() == 0


@browser_only
def test_a_lambda_failure_is_told_as_a_traceback_and_its_data_lie_beside_it(shown: Page) -> None:
    state(shown, "Try").click()

    panel = shown.locator("#panel-State")
    expect(panel.locator(".failure-message")).to_have_text(f"not today: {NASTY}")
    expect(panel.get_by_role("region", name="Traceback")).to_contain_text("in raise_in_a_handler")
    expect(panel.get_by_role("region", name="Input", exact=True)).to_have_text("[\n  0,\n  1,\n  2\n]")
    expect(panel.get_by_role("region", name="Effective parameters")).to_be_visible()


@browser_only
def test_keys_step_through_the_history_and_the_graph_follows(shown: Page) -> None:
    output = shown.locator("output")

    shown.keyboard.press("Home")
    expect(output).to_contain_text("1/")
    assert shown.locator(".is-succeeded, .is-failed, .is-running").count() == 0

    shown.keyboard.press("ArrowRight")
    expect(output).to_contain_text("MapStateEntered Each")
    expect(state(shown, "Each")).to_have_class(re.compile("is-running"))

    shown.keyboard.press("f")
    expect(output).to_contain_text("LambdaFunctionFailed")
    shown.get_by_role("slider").fill("2")
    expect(output).to_contain_text("3/")

    shown.keyboard.press("?")
    expect(shown.get_by_role("dialog")).to_contain_text("the next failure")


@browser_only
def test_an_iteration_is_chosen_and_the_graph_shows_it_alone(shown: Page) -> None:
    state(shown, "Each").locator("> .what").click()
    expect(shown.locator(".iteration")).to_have_count(3)
    expect(state(shown, "No")).to_have_class(re.compile("is-succeeded"))

    shown.get_by_role("option", name=re.compile("#0")).click()
    expect(state(shown, "Yes")).to_have_class(re.compile("is-succeeded"))
    expect(state(shown, "No")).to_have_class(re.compile("is-idle"))

    shown.get_by_role("button", name="next iteration").click()
    expect(shown.get_by_role("spinbutton", name="iteration of Each")).to_have_value("1")
    expect(shown.locator(".attempts tbody tr")).to_have_count(2)


@browser_only
def test_a_map_shows_how_its_iterations_went_the_failed_ones_first(tab: Page, tmp_path: Path) -> None:
    def slice_bread(number: int) -> int:
        if number in (11, 500):
            raise KeyError("jam")
        if number == 990:
            raise ValueError("it fell")
        return number

    catch = [{"ErrorEquals": ["KeyError"], "Next": "Eat"}]
    inside = {"Cut": task(Catch=catch, Next="Eat"), "Eat": {"Type": "Wait", "Seconds": 1, "End": True}}
    each: dict[str, Any] = {"Type": "Map", "ItemProcessor": {"StartAt": "Cut", "States": inside}, "End": True}
    toast = StateMachine.from_json({"StartAt": "Each", "States": {"Each": each}}, name="toast")
    toast.set_resource_function("Cut", slice_bread)
    file = tmp_path / "toast.html"
    file.write_text(toast.execute(list(range(1000))).report(), encoding="utf-8")
    tab.goto(file.as_uri())

    state(tab, "Each").locator("> .what").click()
    outcomes = tab.get_by_role("group", name="Iterations by how they went")
    rows = tab.locator(".iteration")
    expect(tab.locator(".iterations-box h3")).to_have_text("1,000 iterations")
    expect(rows.nth(0)).to_contain_text(re.compile("#990.*ValueError: it fell"))
    expect(outcomes).to_have_text(re.compile("failed 1caught 2aborted .*succeeded"))
    assert rows.count() < 60

    outcomes.get_by_role("button", name="caught").click()
    expect(rows).to_have_text([re.compile("#11.*KeyError"), re.compile("#500.*KeyError")])
    outcomes.get_by_role("button", name="all").click()
    tab.get_by_role("searchbox", name="Find iterations").fill("500")
    rows.first.click()
    expect(tab.get_by_role("spinbutton", name="iteration of Each")).to_have_value("500")


@browser_only
def test_an_address_leads_to_an_event_a_state_and_a_tab(shown: Page) -> None:
    shown.keyboard.press("Home")
    for _ in range(5):
        shown.keyboard.press("n")
    state(shown, "Each").locator("> .what").click()
    shown.keyboard.press("2")
    expect(shown).to_have_url(re.compile(r"#event=\d+&state=\d+&tab=timeline$"))
    told = [shown.locator(place).text_content() for place in ("output", ".stay.is-current .line-name")]
    address = shown.url

    shown.goto("about:blank")
    shown.goto(address)

    expect(shown.get_by_role("tab", name="Timeline")).to_have_attribute("aria-selected", "true")
    again = [shown.locator(place).text_content() for place in ("output", ".stay.is-current .line-name")]
    assert again == told
    shown.evaluate("location.hash = 'event=2'")
    expect(shown.locator("output")).to_contain_text("MapStateEntered")


@browser_only
def test_the_picture_is_one_stop_of_the_tab_key_and_arrows_go_from_state_to_state(shown: Page) -> None:
    shown.get_by_role("slider").focus()
    shown.keyboard.press("Tab")
    expect(state(shown, "Each")).to_be_focused()
    shown.keyboard.press("Tab")
    expect(shown.get_by_role("button", name="larger")).to_be_focused()
    shown.keyboard.press("Shift+Tab")

    shown.keyboard.press("ArrowDown")
    expect(state(shown, "Do")).to_be_focused()
    shown.keyboard.press("Enter")

    expect(shown.locator("#panel-State h2")).to_have_text("Do")
    expect(state(shown, "Do")).to_have_attribute("aria-selected", "true")


@browser_only
def test_on_a_narrow_page_who_chooses_a_state_is_led_to_what_it_says(shown: Page) -> None:
    shown.set_viewport_size({"width": 400, "height": 700})
    name = shown.locator("#panel-State h2")
    expect(name).not_to_be_in_viewport()

    state(shown, "Each").locator("> .what > g").click()

    expect(name).to_have_text("Each")
    expect(name).to_be_in_viewport()
    shown.keyboard.press("3")
    expect(shown.locator(".event.is-current")).to_be_in_viewport()


@browser_only
def test_waits_take_little_room_in_the_timeline_and_events_are_filtered(shown: Page) -> None:
    shown.keyboard.press("2")
    wait = shown.locator(".stay", has_text="Rest").locator(".bar").bounding_box()
    track = shown.locator(".track").first.bounding_box()
    assert wait is not None
    assert track is not None
    assert 0.05 < wait["width"] / track["width"] < 0.8
    expect(shown.locator(".stay", has_text="Rest").locator(".took")).to_have_text("12 h")

    shown.keyboard.press("/")
    shown.keyboard.type("timeouterror")
    shown.get_by_role("combobox", name="Kind of event").select_option("failures")
    expect(shown.locator(".event")).to_have_count(1)
    shown.locator(".event").click()
    expect(shown.locator(".event-said h2")).to_contain_text("LambdaFunctionFailed")


@browser_only
def test_everything_has_a_name_and_light_and_dark_can_be_chosen(shown: Page) -> None:
    controls = "button, input, select, [role=button], [tabindex='0']"
    names = shown.evaluate(
        """(controls) => [...document.querySelectorAll(controls)]
        .filter((one) => !one.getAttribute("aria-label") && !one.textContent.trim() && !one.labels?.length)
        .map((one) => one.outerHTML)""",
        controls,
    )
    assert names == []
    paper = "getComputedStyle(document.body).backgroundColor"

    shown.keyboard.press("t")
    light = shown.evaluate(paper)
    shown.keyboard.press("t")

    assert light == "rgb(255, 255, 255)"
    assert shown.evaluate(paper) == "rgb(13, 17, 23)"


@browser_only
def test_25_000_events_open_at_once_and_few_of_them_are_elements(tab: Page, tmp_path: Path) -> None:
    body = {"StartAt": "Do", "States": {"Do": task(End=True)}}
    each: dict[str, Any] = {"Type": "Map", "ItemProcessor": body, "End": True}
    large = StateMachine.from_json({"StartAt": "Each", "States": {"Each": each}}, name="large")
    large.set_resource_function("Do", lambda item: item)
    file = tmp_path / "large.html"
    file.write_text(large.execute(list(range(3500))).report(), encoding="utf-8")

    tab.goto(file.as_uri())
    expect(tab.locator(".iterations-box h3")).to_have_text("3,500 iterations")
    expect(tab.locator(".heading dl")).to_contain_text("tookat once")
    tab.keyboard.press("3")

    expect(tab.locator("output")).to_contain_text("24506/24506")
    expect(tab.locator(".event.is-current")).to_contain_text("ExecutionSucceeded")
    assert tab.locator(".event").count() < 100
    # A narrow page has no height of its own that would bound a list.
    tab.set_viewport_size({"width": 400, "height": 800})
    for key, rows in [("2", ".stay"), ("3", ".event")]:
        tab.keyboard.press(key)
        expect(tab.locator(rows).first).to_be_visible()
        assert tab.locator(rows).count() < 100


# ---------------------------------------------------------------- one reading of histories, in two languages


def outline(visits: Visits) -> list[Any]:
    return [[visit.name, visit.status, visit.index, visit.error or None] for visit in visits.walk()]


def redriven() -> list[Event]:
    """A Parallel of which a branch fails, is redriven, and ends well."""
    kinds = [
        ("ExecutionStarted", 0, {}),
        ("ParallelStateEntered", 0, {"name": "P"}),
        ("ParallelStateStarted", 2, {}),
        ("TaskStateEntered", 3, {"name": "A"}),
        ("LambdaFunctionScheduled", 4, {}),
        ("PassStateEntered", 3, {"name": "B"}),
        ("PassStateExited", 6, {"name": "B"}),
        ("LambdaFunctionFailed", 5, {"error": "No"}),
        ("ParallelStateFailed", 8, {}),
        ("ExecutionFailed", 9, {"error": "No"}),
        ("ExecutionRedriven", 10, {"redriveCount": 1}),
        ("LambdaFunctionScheduled", 11, {}),
        ("LambdaFunctionSucceeded", 12, {}),
        ("TaskStateExited", 13, {"name": "A"}),
        ("ParallelStateSucceeded", 14, {}),
        ("ParallelStateExited", 14, {"name": "P"}),
        ("ExecutionSucceeded", 16, {}),
    ]
    return [
        {
            "id": number,
            "previousEventId": previous,
            "type": kind,
            "timestamp": f"2026-01-01T00:00:{number:02}.000Z",
            f"{kind[0].lower()}{kind[1:]}EventDetails"
            if "State" not in kind or not kind.endswith(("Entered", "Exited"))
            else f"state{kind[-7:] if kind.endswith('Entered') else 'Exited'}EventDetails": details,
        }
        for number, (kind, previous, details) in enumerate(kinds, 1)
    ]


def test_a_redrive_opens_again_what_failed() -> None:
    visits = gather_visits(redriven())

    assert visits.status == "SUCCEEDED"
    assert [(visit.name, visit.status, visit.attempts) for visit in visits.walk()] == [
        ("P", "succeeded", 1),
        ("A", "succeeded", 2),
        ("B", "succeeded", 0),
    ]


@browser_only
def test_the_page_reads_a_history_as_python_does(tab: Page, burnt_bread: list[dict[str, Any]]) -> None:
    histories: list[list[Any]] = [list(execution().history), burnt_bread, redriven()]
    tab.goto("about:blank")
    tab.add_script_tag(content=script("visits") + "\nwindow.visits = module_visits;")
    read = """(events) => [...visits.walk(visits.gatherVisits(events).roots)].map((visit) =>
        [visit.name, visit.status, visit.index, visit.error || null])"""

    for history in histories:
        for end in range(1, len(history) + 1):
            events = [plain_event(event) for event in history[:end]]
            told = tab.evaluate(read, events)
            assert sorted(told, key=str) == sorted(outline(gather_visits(events)), key=str), end
