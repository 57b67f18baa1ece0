"""Draw the pictures of the documentation anew: docs/bread.svg, docs/viewer.png, docs/viewer-map.png.

The runs are in virtual time: a picture changes with what it shows, a PNG also with the browser's fonts.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from step import Execution, StateMachine
from step.jsonvalue import JSONObject, JSONValue
from step.machine.files import definition_file, handlers_file, load_handlers
from step.view import draw

ROOT = Path(__file__).resolve().parent.parent
SIZE = (1200, 760)


def bread() -> StateMachine:
    """Load the bread with its handlers."""
    file = definition_file("bread", ROOT)
    handlers = handlers_file(file, None)
    assert handlers is not None
    return StateMachine.from_file(file).attach(load_handlers(handlers))


def bread_picture() -> str:
    """Draw a loaf for which nothing goes wrong."""
    machine = bread()
    return draw(machine.definition, machine.execute({}).history)


def loaf() -> Execution:
    """Bake a loaf in an oven that fails once, and that needs two looks."""
    oven = {"celsius": 0, "failures": 1, "minutes_to_golden": 8}
    return bread().execute({"oven": oven}, name="sunday-loaf")


def toast() -> Execution:
    """Toast a thousand slices: some are caught, and one fails while others wait."""

    def put_in(slice: int) -> int:
        if slice % 97 == 11:
            raise KeyError("jam")
        if slice == 640:
            raise ValueError("too thick")
        return slice

    put: JSONObject = {"Type": "Task", "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:toaster"}
    caught: JSONValue = [{"ErrorEquals": ["KeyError"], "Next": "Clean"}]
    inside: JSONObject = {
        "PutIn": {**put, "Catch": caught, "Next": "Toast"},
        "Clean": {"Type": "Pass", "Next": "Toast"},
        "Toast": {"Type": "Wait", "Seconds": 90, "End": True},
    }
    each: JSONObject = {"Type": "Map", "ItemProcessor": {"StartAt": "PutIn", "States": inside}, "End": True}
    machine = StateMachine.from_json({"StartAt": "EachSlice", "States": {"EachSlice": each}}, name="toast")
    machine.set_resource_function("PutIn", put_in)
    return machine.execute(list(range(1000)), name="breakfast")


def main() -> None:
    docs = ROOT / "docs"
    (docs / "bread.svg").write_text(bread_picture(), encoding="utf-8")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for name, execution, place in [
            ("viewer", loaf(), "event=30&tab=timeline"),
            ("viewer-map", toast(), "state=2&event=6019"),
        ]:
            page = Path(folder) / f"{name}.html"
            page.write_text(execution.report(), encoding="utf-8")
            width, height = SIZE
            # What moves would be somewhere else each time.
            tab = browser.new_page(
                viewport={"width": width, "height": height}, timezone_id="UTC", reduced_motion="reduce"
            )
            tab.goto(f"{page.as_uri()}#{place}")
            tab.locator('.step-machine [aria-selected="true"]').wait_for()
            tab.screenshot(path=docs / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
