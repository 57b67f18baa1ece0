"""What changed between two definitions, told in words, in Markdown, and in one picture."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.asl.model import Definition
from step.paths.diff import diff
from step.paths.diff_picture import diff_picture
from step.paths.diff_report import markdown, text_lines
from step.paths.ways import Ways

ROOT = Path(__file__).resolve().parents[2]
BREAD: Any = json.loads((ROOT / "states" / "bread.asl.json").read_text(encoding="utf-8"))


def _definition(document: Any) -> Definition:
    return StateMachine.from_json(document).definition


@pytest.fixture
def changed() -> Any:
    return copy.deepcopy(BREAD)


def _lines(new: Any, old: Any = BREAD) -> list[str]:
    return list(text_lines(diff(_definition(old), _definition(new))))


def test_the_same_in_another_order_and_with_other_comments_is_no_change(changed: Any) -> None:
    changed["Comment"] = "Another loaf."
    changed["States"] = dict(reversed(changed["States"].items()))

    assert [line for line in _lines(changed) if "Comment" not in line] == ["machine"]
    changed["Comment"] = BREAD["Comment"]
    assert _lines(changed) == ["nothing changed in what the machine does"]
    changed["States"]["Bake"]["Comment"] = "Hotter"
    assert _lines(changed) == ["states", "  ~ Bake: only its comment"]
    assert diff(_definition(BREAD), _definition(changed)).is_empty


def test_a_changed_field_is_told_with_what_it_was(changed: Any) -> None:
    changed["States"]["WaitForRise"]["Seconds"] = 3600
    changed["States"]["Golden?"]["Choices"][0]["Variable"] = "$.oven.left"

    lines = _lines(changed)

    assert "  ~ WaitForRise: Seconds: 7200 → 3600" in lines
    assert "  ~ Golden? now reads $.oven.left" in lines
    assert "  ~ Golden? no longer reads $.oven.minutes_to_golden" in lines


def test_a_renamed_state_is_told_as_one_and_its_ways_are_the_same(changed: Any) -> None:
    text = json.dumps(changed).replace("TakeOutPale", "TakeOut")

    lines = _lines(json.loads(text))

    assert lines == [
        "states",
        "  ~ TakeOutPale is called TakeOut",
        "executions that run",
        "  on AWS an execution keeps the definition that it was started with: what serves TakeOutPale must "
        "stay for 64,800 s after the change",
        "  a durable run that is in TakeOutPale can't go on under the new definition",
    ]


def test_an_end_that_is_lost_and_ways_gained_and_lost_are_told(changed: Any) -> None:
    del changed["States"]["Bake"]["Catch"][0]
    del changed["States"]["SaveDough"], changed["States"]["OvenBroken"]

    lines = _lines(changed)

    assert "  - FAILED OvenBroken in OvenBroken, which can't be reached any more" in lines
    assert "ways, loops folded: 11, now 9" in lines
    assert "  - InitMix > WaitForLeaven > Mix&Knead > WaitForRise > Bake > SaveDough > OvenBroken" in lines
    assert "  - Bake → SaveDough (caught OvenBroken)" in lines


def test_markdown_quotes_what_is_code(changed: Any) -> None:
    changed["States"]["a `b` c"] = {"Type": "Pass", "Next": "Bake"}
    changed["States"]["WaitForRise"]["Next"] = "a `b` c"

    told = markdown(diff(_definition(BREAD), _definition(changed)), "What changes in bread")

    assert told.startswith("### What changes in bread\n\n**States**\n\n")
    assert "- `+` ``a `b` c``: Pass\n" in told
    assert "- `-` `WaitForRise` → `Bake`\n" in told


def test_what_a_task_is_called_with_matters_to_executions_that_run() -> None:
    work: Any = {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:w", "End": True}
    old: Any = {"StartAt": "Work", "States": {"Work": work}}
    new: Any = {"StartAt": "Work", "States": {"Work": {**work, "Parameters": {"n.$": "$.n"}}}}

    assert "  Work: what is called must understand both messages while old executions run" in _lines(new, old)


def test_the_picture_shows_both(changed: Any) -> None:
    changed["States"]["Smell"] = {"Type": "Wait", "Seconds": 60, "Next": "WaitForGolden"}
    changed["States"]["Bake"]["Next"] = "Smell"
    del changed["States"]["Bake"]["Catch"][0]
    del changed["States"]["SaveDough"], changed["States"]["OvenBroken"]

    picture = diff_picture(_definition(BREAD), _definition(changed))

    assert "new · Wait" in picture
    assert "gone · TaskFn" in picture
    assert "changed · TaskFn" in picture
    assert picture.count('<g class="state"') == 17


def test_branches_are_merged_branch_by_branch() -> None:
    def parallel(*branches: str) -> Any:
        inner = [{"StartAt": n, "States": {n: {"Type": "Pass", "End": True}}} for n in branches]
        return {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": inner, "End": True}}}

    picture = diff_picture(_definition(parallel("A", "B")), _definition(parallel("A", "C", "D")))

    assert picture.count('<g class="state"') == 5
    assert [
        line for line in _lines(parallel("A", "C"), parallel("A", "B")) if "B" in line or "C" in line
    ] == [
        "  ~ B is called C",
        "  a durable run that is in B can't go on under the new definition",
    ]


def test_ways_are_counted_without_being_listed() -> None:
    # Forty choices of two states each, one after the other: 2 ** 40 ways.
    states: Any = {}
    for at in range(40):
        following = f"C{at + 1}" if at < 39 else "End"
        rule = {"Variable": "$.n", "IsPresent": True, "Next": f"A{at}"}
        states[f"C{at}"] = {"Type": "Choice", "Choices": [rule], "Default": f"B{at}"}
        states[f"A{at}"] = states[f"B{at}"] = {"Type": "Pass", "Next": following}
    states["End"] = {"Type": "Succeed"}
    ways = Ways(_definition({"StartAt": "C0", "States": states}))

    assert ways.total == 2**40
    assert len(ways.to("End", 3)) == 3
    assert diff(ways.branch, ways.branch).ways_gained is None  # type: ignore[arg-type]  # it is a whole definition


def test_ways_fold_loops() -> None:
    ways = Ways(_definition(BREAD))

    assert ways.loops == [("WaitForGolden", "Golden?", "CheckGolden")]
    assert sum(ways.counts.values()) == sum(len(ways.to(end, 100)) for end in ways.ends) == 11
    assert ways.to("NeverGolden", 1)[0].told.endswith(
        "WaitForGolden ↻ > Golden? ↻ > TakeOutPale > NeverGolden"
    )
