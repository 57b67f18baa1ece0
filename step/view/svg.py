"""A machine as SVG: one self-contained picture for README, terminal users and web pages.

Pure: no clock, no IO. No script and no font or image from outside; light and dark by the reader's choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from step.asl.model import Definition
from step.view.geometry import (
    NAME_HEIGHT,
    SMALL_HEIGHT,
    TEXT_LEFT,
    TEXT_TOP,
    Box,
    Label,
    Line,
    Panel,
    Point,
)
from step.view.graph import GraphScope, build_graph
from step.view.icons import draw_icon
from step.view.layout import lay_out
from step.view.merging import trim_shared
from step.view.style import STYLE, draw_badge, draw_retry_sign
from step.view.taken import Taken

CORNER = 8
# Characters that XML 1.0 can't hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render_svg(
    definition: Definition, *, title: str | None = None, taken: Taken | None = None, has_style: bool = True
) -> str:
    """Draw a definition; ``taken`` lays an executed path over it.

    Without style it takes its colours from the page that it stands in. The text begins with ``<svg`` and
    can stand in HTML as it is. Every state is a group with its whole name in ``data-state``, every line has
    ``data-from`` and ``data-to``.
    """
    heading = title or definition.comment or "State machine"
    return render_scope(build_graph(definition), heading=heading, taken=taken, has_style=has_style)


def render_scope(
    scope: GraphScope, *, heading: str, taken: Taken | None = None, style: str = "", has_style: bool = True
) -> str:
    """Draw a graph, as ``render_svg`` does a definition; ``style`` holds more rules for it."""
    panel = lay_out(scope)
    names = [box.vertex.name for inner in panel.walk() for box in inner.boxes if box.vertex.name]
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="step-machine" role="img" width="{panel.width}" '
        f'height="{panel.height}" viewBox="0 0 {panel.width} {panel.height}">',
        f"<title>{_text(heading)}</title>",
        f"<desc>{_text(_describe(names, taken))}</desc>",
        f"<style>{STYLE}{style}</style>" if has_style else "",
        f"<defs>{''.join(_heads())}</defs>",
        f'<rect class="canvas" width="{panel.width}" height="{panel.height}" rx="12"/>',
        *_draw_panel(panel, taken),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _describe(names: Sequence[str], taken: Taken | None) -> str:
    states = f"{len(names)} state{'' if len(names) == 1 else 's'}: {', '.join(names)}."
    if taken is None:
        return states
    passed = [name for name in names if name in taken.entered]
    failed = [name for name in names if name in taken.failed]
    return f"{states} Entered: {', '.join(passed) or 'none'}." + (
        f" Failed: {', '.join(failed)}." if failed else ""
    )


def _heads() -> Iterator[str]:
    for name, size in (("head", 7), ("head-catch", 7), ("head-taken", 10)):
        yield (
            f'<marker id="step-{name}" class="{name}" viewBox="0 0 10 10" refX="9" refY="5" '
            f'markerWidth="{size}" markerHeight="{size}" markerUnits="userSpaceOnUse" orient="auto">'
            '<path d="M0 0L10 5L0 10Z"/></marker>'
        )


def _draw_panel(panel: Panel, taken: Taken | None) -> Iterator[str]:
    lines = sorted(panel.lines, key=lambda line: _is_taken(line, taken))
    paths = trim_shared(lines, [_is_taken(line, taken) for line in lines])
    for line, points in zip(lines, paths, strict=True):
        yield _draw_line(line, points, taken)
    for box in panel.boxes:
        yield from _draw_box(box, taken)
    for line in lines:
        if line.label:
            yield _draw_label(line, line.label, taken)


# ------------------------------------------------------------------ lines


def _is_taken(line: Line, taken: Taken | None) -> bool:
    return taken is not None and any(taken.took(edge, line.source, line.target) for edge in line.edges)


def _classes(line: Line, taken: Taken | None) -> str:
    if taken is None:
        return ""
    return " taken" if _is_taken(line, taken) else " idle"


def _draw_line(line: Line, points: Sequence[Point], taken: Taken | None) -> str:
    is_catch = line.edges[0].kind == "catch"
    head = "head-taken" if _is_taken(line, taken) else "head-catch" if is_catch else "head"
    classes = "line" + " catch" * is_catch + _classes(line, taken)
    ends = f"data-from={_attribute(line.source.name)} data-to={_attribute(line.target.name)}"
    is_whole = points[-1] == line.points[-1]
    # A line that is drawn up to where it joins another has its whole beside it, for a page that paints paths.
    marker = f' marker-end="url(#step-{head})"' if is_whole else f' data-whole="{_path(line.points)}"'
    return f'<path class="{classes}" {ends}{marker} d="{_path(points)}"/>'


def _path(points: Sequence[Point]) -> str:
    parts = [f"M{points[0][0]} {points[0][1]}"]
    for before, (corner, after) in zip(points, pairwise(points[1:]), strict=False):
        radius = min(CORNER, _length(before, corner) // 2, _length(corner, after) // 2)
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        parts.append(f"L{start[0]} {start[1]}Q{corner[0]} {corner[1]} {end[0]} {end[1]}")
    parts.append(f"L{points[-1][0]} {points[-1][1]}")
    return "".join(parts)


def _length(one: Point, other: Point) -> int:
    return abs(one[0] - other[0]) + abs(one[1] - other[1])


def _towards(start: Point, goal: Point, distance: int) -> Point:
    def move(a: int, b: int) -> int:
        return a + (distance if b > a else -distance if b < a else 0)

    return move(start[0], goal[0]), move(start[1], goal[1])


def _draw_label(line: Line, label: Label, taken: Taken | None) -> str:
    kind = "label on-catch" if line.edges[0].kind == "catch" else "label"
    idle = " idle" if _classes(line, taken) == " idle" else ""
    spans = _spans(label.lines, label.x, label.y + SMALL_HEIGHT - 3, SMALL_HEIGHT)
    title = f"<title>{_text(label.text)}</title>" if "".join(label.lines) != label.text else ""
    return f'<g class="{kind}{idle}">{title}<text class="{kind}">{spans}</text></g>'


# ------------------------------------------------------------------ boxes


def _draw_box(box: Box, taken: Taken | None) -> Iterator[str]:
    x, y = box.x + box.width // 2, box.y + box.height // 2
    if box.vertex.kind == "Start":
        yield f'<circle class="dot" cx="{x}" cy="{y}" r="7"/>'
    elif box.vertex.kind == "End":
        yield f'<circle class="ring" cx="{x}" cy="{y}" r="9"/><circle class="dot" cx="{x}" cy="{y}" r="5"/>'
    else:
        yield from _draw_state(box, taken)


def _draw_state(box: Box, taken: Taken | None) -> Iterator[str]:
    vertex = box.vertex
    mark = taken.mark(vertex) if taken else ""
    idle = " idle" if taken and not mark else ""
    said = " · ".join(part for part in (vertex.name, vertex.caption, _retry(vertex.retry)) if part)
    yield f'<g class="state" data-state={_attribute(vertex.name)}><title>{_text(said)}</title>'
    yield _shape(box, mark)
    yield f'<g class="what{idle}">' + "".join(_draw_text(box)) + "</g>"
    for panel in box.panels:
        place = f'x="{panel.x}" y="{panel.y}" width="{panel.width}" height="{panel.height}"'
        yield f'<g class="scope"><rect class="panel" {place} rx="8"/>'
        yield from _draw_panel(panel, taken)
        yield "</g>"
    if taken and mark:
        yield draw_badge(mark, taken.entered[vertex.name], box.x + box.width - 4, box.y)
    yield "</g>"


def _retry(retry: str) -> str:
    return f"retry {retry}" if retry else ""


def _shape(box: Box, mark: str) -> str:
    classes = "box" + " fork" * bool(box.panels)
    if mark:
        classes += " ended-failed" if mark == "failed" else " entered"
    radius = box.height // 2 if box.vertex.kind in ("Succeed", "Fail") else 8
    size = f'width="{box.width}" height="{box.height}" rx="{min(radius, 22)}"'
    stack = ""
    if box.vertex.kind == "Map":
        stack = f'<rect class="{classes}" x="{box.x + 4}" y="{box.y + 4}" {size}/>'
    return stack + f'<rect class="{classes}" x="{box.x}" y="{box.y}" {size}/>'


def _draw_text(box: Box) -> Iterator[str]:
    yield draw_icon(box.vertex, box.x + 11, box.y + 12)
    left, y = box.x + TEXT_LEFT, box.y + TEXT_TOP
    yield f'<text class="name">{_spans(box.name_lines, left, y + 13, NAME_HEIGHT)}</text>'
    y += NAME_HEIGHT * len(box.name_lines)
    yield f"<text>{_spans(box.caption_lines, left, y + 11, SMALL_HEIGHT)}</text>"
    y += SMALL_HEIGHT * len(box.caption_lines)
    if box.retry_lines:
        yield draw_retry_sign(left, y + 2)
        yield f"<text>{_spans(box.retry_lines, left + 16, y + 11, SMALL_HEIGHT)}</text>"


def _spans(lines: Sequence[str], x: int, y: int, height: int) -> str:
    return "".join(
        f'<tspan x="{x}" y="{y + height * at}">{_text(line)}</tspan>' for at, line in enumerate(lines)
    )


def _text(text: str) -> str:
    return escape(_NOT_XML.sub("\ufffd", text))


def _attribute(text: str) -> str:
    return quoteattr(_NOT_XML.sub("\ufffd", text))
