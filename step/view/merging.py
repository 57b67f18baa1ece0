"""Lines that end together: each is drawn up to where it joins another, so that dashes stay dashes.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from step.view.geometry import Line, Point

# How far a joining line goes on along the other, so that its corner can be round.
_STUB = 8

# A run along one axis: (is vertical, the other coordinate, from, to).
_Run = tuple[bool, int, int, int]


def trim_shared(lines: Sequence[Line], is_whole: Sequence[bool]) -> list[tuple[Point, ...]]:
    """Return the points of each line without the end that a longer line to the same target draws.

    Lines for which ``is_whole`` holds keep all their points.
    """
    trimmed: list[tuple[Point, ...]] = [line.points for line in lines]
    drawn: dict[tuple[Point, bool], list[_Run]] = {}
    order = sorted(range(len(lines)), key=lambda at: (not is_whole[at], -_length(lines[at].points), at))
    for at in order:
        line = lines[at]
        runs = drawn.setdefault((line.points[-1], line.edges[0].kind == "catch"), [])
        if not is_whole[at]:
            trimmed[at] = _trim(line.points, runs)
        runs.extend(_run(a, b) for a, b in pairwise(line.points))
    return trimmed


def _trim(points: tuple[Point, ...], runs: Sequence[_Run]) -> tuple[Point, ...]:
    keep = len(points) - 1
    while keep > 1 and _covers(runs, _run(points[keep - 1], points[keep])):
        keep -= 1
    if keep == len(points) - 1:
        return points
    return (*points[: keep + 1], _towards(points[keep], points[keep + 1]))


def _covers(runs: Sequence[_Run], part: _Run) -> bool:
    return any(run[:2] == part[:2] and run[2] <= part[2] and part[3] <= run[3] for run in runs)


def _run(one: Point, other: Point) -> _Run:
    if one[0] == other[0]:
        return True, one[0], min(one[1], other[1]), max(one[1], other[1])
    return False, one[1], min(one[0], other[0]), max(one[0], other[0])


def _towards(start: Point, goal: Point) -> Point:
    reach = min(_STUB, abs(goal[0] - start[0]) + abs(goal[1] - start[1]))
    x, y = start
    if goal[0] != x:
        return x + (reach if goal[0] > x else -reach), y
    return x, y + (reach if goal[1] > y else -reach)


def _length(points: Sequence[Point]) -> int:
    return sum(abs(a[0] - b[0]) + abs(a[1] - b[1]) for a, b in pairwise(points))
