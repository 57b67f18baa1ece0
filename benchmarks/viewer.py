"""Measure the viewer's pages in a browser: how soon one shows something, and how soon it answers a key.

``python -m benchmarks.viewer`` prints a table: the page of a Map with 10,000 iterations (a longer history
than AWS lets become) and a list of 50,000 executions, at 1,400 and at 400 pixels. The list's source
answers from memory.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from step.asl.parse import parse
from step.clock import now_ms
from step.local.http_server import Server
from step.local.viewer import Viewer
from step.machine.report import report
from step.view.visits import Event

ITERATIONS = 10_000
EXECUTIONS = 50_000
WIDTHS = (1400, 400)
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:large"
# From the key to the frame that shows what it did.
_PRESS = """(key) => new Promise((done) => {
  const began = performance.now();
  const pressed = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true });
  (document.activeElement || document.body).dispatchEvent(pressed);
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - began)));
})"""
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    print(f"{'':44}{'shown':>9}{'key, median':>13}{'worst':>8}{'elements':>10}")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--headless", "--no-sandbox"])
        large = Path(folder) / "large.html"
        large.write_text(_large_page(), encoding="utf-8")
        server = Server(Viewer(Many()).answer)
        server.start()
        for width in WIDTHS:
            for name, keys in [("state", "pnpn"), ("timeline", "2pnpn"), ("events", "3pnpn")]:
                _measure(
                    browser, f"{ITERATIONS:,} iterations, {name}", large.as_uri(), width, [*keys, *_ARROWS]
                )
            where = f"http://127.0.0.1:{server.port}/_step/executions"
            _measure(browser, f"{EXECUTIONS:,} executions", where, width, _ROWS, "[role=grid]")
        server.close()
        browser.close()


_ARROWS = ["ArrowLeft"] * 4 + ["ArrowRight"] * 2 + ["Home", "End"]
_ROWS = ["ArrowDown"] * 4 + ["PageDown"] * 6 + ["End"] * 4


def _measure(
    browser: Browser, name: str, url: str, width: int, keys: Sequence[str], focus: str = "body"
) -> None:
    page: Page = browser.new_page(viewport={"width": width, "height": 800})
    page.goto(url)
    page.locator("h2, [data-row]").first.wait_for()
    painted = page.evaluate(_PAINTED)
    page.locator(focus).focus()
    times = [page.evaluate(_PRESS, key) for key in keys]
    count = page.evaluate("document.querySelectorAll('*').length")
    print(
        f"{name + f', {width} px':44}{painted:6.0f} ms{median(times):10.0f} ms{max(times):5.0f} ms{count:10,}"
    )
    page.close()


def _large_page() -> str:
    inside = {"StartAt": "Cut", "States": {"Cut": {"Type": "Pass", "End": True}}}
    states = {"Each": {"Type": "Map", "ItemProcessor": inside, "End": True}}
    facts = {"name": "large", "machine": "large", "status": "SUCCEEDED"}
    return report(parse({"StartAt": "Each", "States": states}), facts, _history())


def _history() -> list[Event]:
    events: list[Event] = []

    def add(kind: str, previous: int | None = None, **details: Any) -> int:
        number = len(events) + 1
        key = (
            "state" + kind[-7:].lstrip("e")
            if kind.endswith(("StateEntered", "StateExited"))
            else kind[0].lower() + kind[1:]
        )
        at = BEGAN + timedelta(milliseconds=number)
        told = {f"{key}EventDetails": details} if details else {}
        events.append(
            {
                "id": number,
                "previousEventId": number - 1 if previous is None else previous,
                "type": kind,
                "timestamp": at,
                **told,
            }
        )
        return number

    add("ExecutionStarted", input="[]")
    add("MapStateEntered", 0, name="Each", input="[]")
    started = add("MapStateStarted", length=ITERATIONS)
    for index in range(ITERATIONS):
        value = f'{{"number":{index},"flour":"{"rye " * 30}"}}'
        add("MapIterationStarted", started, name="Each", index=index)
        add("PassStateEntered", name="Cut", input=value)
        add("PassStateExited", name="Cut", output=value)
        add("MapIterationSucceeded", name="Each", index=index)
    add("MapStateSucceeded")
    add("MapStateExited", name="Each", output="[]")
    add("ExecutionSucceeded", output="[]")
    return events


class Many:
    """A source of many executions, a third of which failed."""

    where = "memory"
    can_act = False

    def now_ms(self) -> int:
        return now_ms()

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        if operation == "ListStateMachines":
            return {"stateMachines": [{"stateMachineArn": MACHINE, "name": "large", "creationDate": BEGAN}]}
        if operation == "ListExecutions":
            first, size = int(parameters.get("nextToken", 0)), int(parameters["maxResults"])
            rows = [_execution(number) for number in range(first, min(first + size, EXECUTIONS))]
            more = {"nextToken": str(first + size)} if first + size < EXECUTIONS else {}
            return {"executions": rows, **more}
        return {**_execution(0), "error": "ValueError", "cause": "it fell", "input": "{}"}

    def events(self, arn: str, after: int) -> Sequence[Event]:
        return []

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        return lambda: None


def _execution(number: int) -> Mapping[str, Any]:
    began = BEGAN - timedelta(minutes=number)
    return {
        "executionArn": f"{MACHINE.replace('stateMachine', 'execution')}:{number}",
        "stateMachineArn": MACHINE,
        "name": f"loaf-{number:05}",
        "status": "SUCCEEDED" if number % 3 else "FAILED",
        "startDate": began,
        "stopDate": began + timedelta(seconds=number % 100),
    }


if __name__ == "__main__":
    main()
