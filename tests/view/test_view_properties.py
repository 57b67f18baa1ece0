from __future__ import annotations

import re
from itertools import combinations, pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from step.asl.parse import parse
from step.view import build_graph, render_dot, render_mermaid, render_svg
from step.view.channels import NEAR
from step.view.geometry import Box, Line, Panel
from step.view.layout import lay_out
from step.view.mermaid import escape_text
from tests.exploring import examples

NAMES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12),
    st.sampled_from(
        ["a" * 80, '"quoted"', "<&>", "🍞 dough", "end", "class", "x -> y", "back\\slash", "# 1;"]
    ),
    st.text("abcXYZ -_", min_size=1, max_size=80),
)
ERRORS = st.lists(st.sampled_from(["States.ALL", "OvenBroke", "States.Timeout"]), min_size=1, max_size=2)


@st.composite
def scopes(draw: st.DrawFn, names: list[str], depth: int) -> dict[str, Any]:
    """A valid scope that uses up ``names``; bodies of Map and Parallel get some of them."""
    own = [names.pop() for _ in range(min(len(names), draw(st.sampled_from([9, 6, 4, 2, 1])))) if names]
    states = {name: draw(states_of(own, names, depth)) for name in own}
    return {"StartAt": draw(st.sampled_from(own)), "States": states}


@st.composite
def states_of(draw: st.DrawFn, own: list[str], names: list[str], depth: int) -> dict[str, Any]:
    target = st.sampled_from(own)
    kinds = ["Task", "Pass", "Wait", "Choice", "Choice", "Succeed", "Fail", "Task"]
    if depth and len(names) > 2:
        kinds += ["Map", "Parallel"]
    kind = draw(st.sampled_from(kinds))
    state: dict[str, Any] = {"Type": kind}
    if kind == "Choice":
        operand = st.text("ab c", max_size=60)
        state["Choices"] = [
            {"Variable": "$.kind", "StringEquals": draw(operand), "Next": draw(target)}
            for _ in range(draw(st.integers(1, 4)))
        ]
        if draw(st.booleans()):
            state["Default"] = draw(target)
    elif kind not in ("Succeed", "Fail"):
        state |= {"End": True} if draw(st.booleans()) else {"Next": draw(target)}
    if kind == "Task":
        state["Resource"] = "arn:aws:lambda:eu-west-1:123456789012:function:knead"
    if kind == "Map":
        state["ItemProcessor"] = draw(scopes(names, depth - 1))
    if kind == "Parallel":
        count = draw(st.integers(1, min(3, len(names))))
        state["Branches"] = [draw(scopes(names, depth - 1)) for _ in range(count) if names]
    if kind in ("Task", "Map", "Parallel"):
        catchers = [
            {"ErrorEquals": draw(ERRORS), "Next": draw(target)} for _ in range(draw(st.integers(0, 2)))
        ]
        state |= {"Catch": catchers} if catchers else {}
        state |= {"Retry": [{"ErrorEquals": draw(ERRORS)}]} if draw(st.booleans()) else {}
    return state


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    count = draw(st.sampled_from([24, 12, 6, 2, 1]))
    names = draw(st.lists(NAMES.filter(str.strip), min_size=count, max_size=count, unique=True))
    return draw(scopes(names, 2))


def reversed_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: reversed_keys(value[key]) for key in reversed(value)}
    return [reversed_keys(item) for item in value] if isinstance(value, list) else value


def names_in(document: dict[str, Any]) -> list[str]:
    return [vertex.name for vertex in build_graph(parse(document)).walk()]


def overlap(a: Any, b: Any) -> bool:
    return bool(a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height)


def inside(inner: Any, outer: Any) -> bool:
    return bool(
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def crosses(one: tuple[int, int], other: tuple[int, int], box: Box) -> bool:
    return (
        min(one[0], other[0]) < box.x + box.width
        and max(one[0], other[0]) > box.x
        and min(one[1], other[1]) < box.y + box.height
        and max(one[1], other[1]) > box.y
    )


def lie_on_each_other(one: Line, other: Line) -> bool:
    for a, b in pairwise(one.points):
        for c, d in pairwise(other.points):
            for across, along in ((0, 1), (1, 0)):
                if (
                    a[across] == b[across]
                    and c[across] == d[across]
                    and abs(a[across] - c[across]) < NEAR - 2
                ):
                    low = max(min(a[along], b[along]), min(c[along], d[along]))
                    high = min(max(a[along], b[along]), max(c[along], d[along]))
                    if high - low > 2:
                        return True
    return False


@examples(80)
@given(documents())
def test_boxes_labels_and_panels_never_overlap(document: dict[str, Any]) -> None:
    for panel in lay_out(build_graph(parse(document))).walk():
        labels = [line.label for line in panel.lines if line.label]

        for one, other in combinations([*panel.boxes, *labels], 2):
            assert not overlap(one, other), (one, other)
        for box in panel.boxes:
            assert inside(box, panel)
            assert all(inside(inner, box) for inner in box.panels)
            assert not any(overlap(a, b) for a, b in combinations(box.panels, 2))
        assert all(inside(label, panel) for label in labels)


@examples(80)
@given(documents())
def test_lines_join_their_states_and_cross_no_other(document: dict[str, Any]) -> None:
    for panel in lay_out(build_graph(parse(document))).walk():
        places = {id(box.vertex): box for box in panel.boxes}
        for line in panel.lines:
            source, target = places[id(line.source)], places[id(line.target)]

            assert line.points[0][1] == source.y + source.height
            assert source.x < line.points[0][0] < source.x + source.width
            assert line.points[-1][1] == target.y
            assert target.x < line.points[-1][0] < target.x + target.width
            for one, other in pairwise(line.points):
                assert (one[0] == other[0]) != (one[1] == other[1])
                assert not any(crosses(one, other, box) for box in panel.boxes)


def task(target: str | None, *catches: str) -> dict[str, Any]:
    catchers = [{"ErrorEquals": ["States.ALL"], "Next": name} for name in catches]
    way = {"Next": target} if target else {"End": True}
    resource = "arn:aws:lambda:eu-west-1:123456789012:function:knead"
    return {"Type": "Task", "Resource": resource, "Catch": catchers, **way}


def choice(*targets: str) -> dict[str, Any]:
    rules = [{"Variable": "$.kind", "StringEquals": "", "Next": target} for target in targets]
    return {"Type": "Choice", "Choices": rules}


# Lines from C and D go in a circle: each ends below where another begins.
CIRCLE: dict[str, Any] = {
    "StartAt": "B",
    "States": {
        "A": choice(),
        "B": {"Type": "Pass", "End": True},
        "C": choice("A", "G"),
        "D": task("B", "G"),
        "# 1;": choice("C"),
        "F": {"Type": "Pass", "End": True},
        "G": task(None, "B"),
        "H": task("A", "A"),
    },
}


@examples(80)
@given(documents())
@example(CIRCLE)
def test_lines_to_different_targets_never_lie_on_each_other(document: dict[str, Any]) -> None:
    for panel in lay_out(build_graph(parse(document))).walk():
        for one, other in combinations(panel.lines, 2):
            if one.target is not other.target:
                assert not lie_on_each_other(one, other), (one.points, other.points)


@examples(40)
@given(documents())
def test_pictures_dont_depend_on_key_order(document: dict[str, Any]) -> None:
    one, other = parse(document), parse(reversed_keys(document))

    for render in (render_svg, render_dot, render_mermaid):
        assert render(one) == render(other)


@examples(60)
@given(documents())
def test_every_name_is_in_every_picture(document: dict[str, Any]) -> None:
    definition = parse(document)

    svg = ElementTree.fromstring(render_svg(definition))
    dot = render_dot(definition)
    mermaid = render_mermaid(definition)

    states = [group.get("data-state") for group in svg.iter() if group.get("data-state")]
    texts = ["".join(text.itertext()) for text in svg.iter("{http://www.w3.org/2000/svg}text")]
    shown = {re.sub(r"\s", "", text) for text in texts}
    for name in names_in(document):
        assert name in states
        assert re.sub(r"\s", "", name) in shown
        assert name.replace("\\", "\\\\").replace('"', '\\"') in dot
        assert escape_text(name) in mermaid


@examples(40)
@given(documents())
def test_the_happy_path_is_one_straight_line(document: dict[str, Any]) -> None:
    def middle(panel: Panel, kind: str) -> list[int]:
        return [box.x + box.width // 2 for box in panel.boxes if box.vertex.kind == kind]

    scope = build_graph(parse(document))
    panel = lay_out(scope)
    seen, todo = {0}, [0]
    while todo:
        at = todo.pop()
        for edge in scope.edges:
            if edge.source == at and edge.kind != "catch" and edge.target not in seen:
                seen.add(edge.target)
                todo.append(edge.target)

    if scope.vertices[-1].kind == "End" and len(scope.vertices) - 1 in seen:
        assert middle(panel, "Start") == middle(panel, "End")


@pytest.mark.parametrize("count", [1, 60])
def test_a_chain_of_any_length_stays_straight(count: int) -> None:
    states = {f"S{at}": {"Type": "Pass", "Next": f"S{at + 1}"} for at in range(count)}
    document: dict[str, Any] = {"StartAt": "S0", "States": {**states, f"S{count}": {"Type": "Succeed"}}}

    panel = lay_out(build_graph(parse(document)))

    assert len({box.x + box.width // 2 for box in panel.boxes}) == 1
    assert all(len(line.points) == 2 for line in panel.lines)
