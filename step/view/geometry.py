"""What a layout yields: boxes, lines and labels with absolute integer coordinates, y downwards.

Pure: no clock, no IO. Knows neither how they were placed nor how they are drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from step.view.graph import Edge, Vertex

NAME_SIZE = 13
SMALL_SIZE = 11
NAME_HEIGHT = 17
SMALL_HEIGHT = 14
# Where a box's text starts: right of the icon.
TEXT_LEFT = 40
TEXT_TOP = 9

Point = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """Text beside a line. ``lines`` may be shortened, ``text`` is whole."""

    x: int
    y: int
    width: int
    height: int
    lines: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One or more edges between the same two vertices, drawn as a polyline of right angles."""

    source: Vertex
    target: Vertex
    edges: tuple[Edge, ...]
    points: tuple[Point, ...]
    label: Label | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A vertex with its place; the panels of a Map or Parallel lie inside, below its text."""

    vertex: Vertex
    x: int
    y: int
    width: int
    height: int
    name_lines: tuple[str, ...] = ()
    caption_lines: tuple[str, ...] = ()
    retry_lines: tuple[str, ...] = ()
    panels: tuple[Panel, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A scope with its place. Nothing of it lies outside, no line of it enters another scope."""

    x: int
    y: int
    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]

    def walk(self) -> Iterator[Panel]:
        """Yield this panel and all inside it."""
        yield self
        for box in self.boxes:
            for panel in box.panels:
                yield from panel.walk()


def move_panel(panel: Panel, dx: int, dy: int) -> Panel:
    """Move a panel with everything in it."""
    return replace(
        panel,
        x=panel.x + dx,
        y=panel.y + dy,
        boxes=tuple(move_box(box, dx, dy) for box in panel.boxes),
        lines=tuple(_move_line(line, dx, dy) for line in panel.lines),
    )


def move_box(box: Box, dx: int, dy: int) -> Box:
    """Move a box with everything in it."""
    panels = tuple(move_panel(panel, dx, dy) for panel in box.panels)
    return replace(box, x=box.x + dx, y=box.y + dy, panels=panels)


def _move_line(line: Line, dx: int, dy: int) -> Line:
    points = tuple((x + dx, y + dy) for x, y in line.points)
    label = line.label and replace(line.label, x=line.label.x + dx, y=line.label.y + dy)
    return replace(line, points=points, label=label)
