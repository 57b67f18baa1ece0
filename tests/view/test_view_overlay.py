from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from step.asl.parse import parse
from step.asl.taskfn import expand
from step.view import Taken, draw, render_svg
from tests.counting import calls_in

BREAD = Path(__file__).parents[2] / "states" / "bread.asl.json"
SVG = "{http://www.w3.org/2000/svg}"


def lines(svg: str) -> dict[tuple[str, str], set[str]]:
    """Map (from, to) to the classes of the line."""
    return {
        (path.get("data-from", ""), path.get("data-to", "")): set(path.get("class", "").split())
        for path in ElementTree.fromstring(svg).iter(f"{SVG}path")
        if path.get("data-from") is not None
    }


def test_the_path_is_read_from_the_history(burnt_bread: list[dict[str, Any]]) -> None:
    taken = Taken.from_events(burnt_bread)

    assert taken.entered == {"Rise": 1, "Bake": 1, "Each": 1, "Slice": 1, "Burnt": 1}
    assert taken.edges == {("Rise", "Bake"), ("Slice", None)}
    assert taken.caught == {("Bake", "Each"): ("OvenBroke",)}
    assert taken.failed == {"Each", "Burnt"}


def test_a_state_that_hasnt_ended_is_running(burnt_bread: list[dict[str, Any]]) -> None:
    taken = Taken.from_events(burnt_bread[:5])

    assert taken.running == {"Bake"}
    assert not taken.failed


def test_states_that_an_abort_left_open_are_aborted(burnt_bread: list[dict[str, Any]]) -> None:
    aborted = burnt_bread[-1] | {"type": "ExecutionAborted"}

    taken = Taken.from_events([*burnt_bread[:4], aborted])

    assert taken.aborted == {"Bake"}
    assert not taken.running


def test_taken_lines_stand_out_and_others_fade(
    bread_document: dict[str, Any], burnt_bread: list[dict[str, Any]]
) -> None:
    svg = draw(parse(bread_document), burnt_bread, "svg")

    drawn = lines(svg)
    assert drawn["Rise", "Bake"] == {"line", "taken"}
    assert drawn["Bake", "Each"] == {"line", "catch", "taken"}
    assert drawn["Bake", "Eat"] == {"line", "idle"}


def test_outcomes_are_told_by_signs_and_words(
    bread_document: dict[str, Any], burnt_bread: list[dict[str, Any]]
) -> None:
    svg = ElementTree.fromstring(draw(parse(bread_document), burnt_bread, "svg"))

    badges = {
        state.get("data-state"): [
            circle.get("class") for circle in state.findall(f"{SVG}g/{SVG}circle[@r='9']")
        ]
        for state in svg.iter(f"{SVG}g")
        if state.get("data-state")
    }
    assert badges["Rise"] == ["succeeded"]
    assert badges["Bake"] == ["caught"]
    assert badges["Burnt"] == ["failed"]
    assert badges["Eat"] == []
    described = svg.findtext(f"{SVG}desc") or ""
    assert "Failed: Each, Burnt." in described


def test_how_often_a_state_was_entered_is_written_on_it(bread_document: dict[str, Any]) -> None:
    svg = render_svg(parse(bread_document), taken=Taken(entered={"Rise": 12, "Bake": 1}))

    counts = [
        text.text for text in ElementTree.fromstring(svg).iter(f"{SVG}text") if text.get("class") == "count"
    ]
    assert counts == ["12x"]


def test_the_picture_needs_nothing_from_outside(bread_document: dict[str, Any]) -> None:
    svg = render_svg(parse(bread_document))

    assert "prefers-color-scheme:dark" in svg
    assert "<script" not in svg
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg") == 1


def test_characters_that_xml_lacks_are_replaced() -> None:
    definition = parse({"StartAt": "a\x01\ud800", "States": {"a\x01\ud800": {"Type": "Succeed"}}})

    svg = ElementTree.fromstring(render_svg(definition, title="<b>\x00"))

    assert svg.findtext(f"{SVG}title") == "<b>\ufffd"
    assert [group.get("data-state") for group in svg.iter() if group.get("data-state")] == ["a\ufffd\ufffd"]


def test_lines_that_end_together_are_drawn_once() -> None:
    catch: Any = [{"ErrorEquals": ["States.ALL"], "Next": "Clean up"}]
    task: Any = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:eu-west-1:123456789012:function:f",
        "Catch": catch,
    }
    states: Any = {f"S{at}": task | {"Next": f"S{at + 1}"} for at in range(3)}
    document: Any = {
        "StartAt": "S0",
        "States": {**states, "S3": task | {"End": True}, "Clean up": {"Type": "Fail"}},
    }

    svg = ElementTree.fromstring(render_svg(parse(document)))

    into = [path for path in svg.iter(f"{SVG}path") if path.get("data-to") == "Clean up"]
    assert len(into) == 4
    assert len([path for path in into if path.get("marker-end")]) == 1


def test_dot_and_mermaid_mark_the_path(
    bread_document: dict[str, Any], burnt_bread: list[dict[str, Any]]
) -> None:
    definition = parse(bread_document)

    dot = draw(definition, burnt_bread, "dot")
    mermaid = draw(definition, burnt_bread, "mermaid")

    assert 's_1 -> s_2 [penwidth=3, color="#0969da"];' in dot
    assert '[label="OvenBroke", style=dashed, color="#bc4c00", lhead=cluster_s_4, penwidth=3' in dot
    assert 's_2 -.->|"OvenBroke"| s_4' in mermaid
    assert "class s_4_0_2,s_4 failed" in mermaid


def test_an_unknown_format_is_refused_by_name(bread_document: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="'png': expected one of svg, dot, mermaid"):
        draw(parse(bread_document), format="png")


def test_the_bread_is_drawn_in_a_blink() -> None:
    definition = parse(expand(json.loads(BREAD.read_text(encoding="utf-8"))))

    # It takes 72,000 calls, a twentieth of a second.
    assert calls_in(lambda: render_svg(definition)) < 150_000
