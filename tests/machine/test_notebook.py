"""What a notebook shows of a machine and of an execution: HTML that stands alone and runs nothing."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from step import Execution, StateMachine

DEFINITION = """{
  "Comment": "<b>&",
  "StartAt": "Charge",
  "States": {
    "Charge": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:charge",
      "TimeoutSeconds": 5,
      "Next": "Rest"
    },
    "Rest": { "Type": "Wait", "Seconds": 3600, "End": true }
  }
}"""


@pytest.fixture
def machine() -> StateMachine:
    machine = StateMachine.from_json(DEFINITION, name="order")
    return machine.set_resource_function("Charge", lambda event: event)


def parsed(html: str) -> ElementTree.Element:
    """Read the HTML as XML, which it is too: nothing in it is left open or unescaped."""
    return ElementTree.fromstring(html)


def rows(execution: Execution) -> dict[str, str]:
    table = parsed(execution._repr_html_()).find("table")
    assert table is not None
    return {"".join(row[0].itertext()): "".join(row[1].itertext()) for row in table}


def test_a_machine_is_its_picture(machine: StateMachine) -> None:
    html = machine._repr_html_()

    texts = [text.strip() for text in parsed(html).itertext()]
    assert {"order", "Charge", "Rest"} <= {*texts}
    assert "<script" not in html
    assert re.findall(r"""(?:src|href)=["'](?!#)""", html) == []


def test_an_execution_tells_its_status_its_data_and_its_path(machine: StateMachine) -> None:
    execution = machine.execute({"note": "<script>alert(1)</script>"})

    assert rows(execution) == {
        "status": "SUCCEEDED after 1 h",
        "input": '{"note":"<script>alert(1)</script>"}',
        "output": '{"note":"<script>alert(1)</script>"}',
        "path": "Charge > Rest",
    }
    assert "<script" not in execution._repr_html_()


def test_a_failed_execution_tells_its_error(machine: StateMachine) -> None:
    machine.set_resource_function("Charge", ValueError("no & never"))

    told = rows(machine.execute({}))

    assert told["status"].startswith("FAILED")
    assert told["error"].startswith("ValueError ")
    assert "no & never" in told["error"]
    assert "output" not in told


def test_large_data_is_cut(machine: StateMachine) -> None:
    told = rows(machine.execute({"text": "x" * 100_000}))

    assert told["input"].endswith("... (100,011 characters)")
