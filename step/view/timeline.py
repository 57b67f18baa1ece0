"""An execution as text for a terminal: when each state began, how long it took, how it went.

Pure: no clock, no IO. Reads the events of GetExecutionHistory.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

from step.view.text import human_duration
from step.view.visits import Event, Visit, event_details, gather_visits, moment

WIDTH = 100
LEAST_BAR = 12
# Iterations of one Map that are listed; a Map of thousands would bury everything else.
MAX_ITERATIONS = 20

_NOTES = {"running": "…", "caught": "caught", "failed": "✗", "aborted": "stopped"}


class _Row(NamedTuple):
    start: str
    took: str
    label: str
    visit: Visit | None


def render_timeline(events: Iterable[Event], *, width: int = WIDTH) -> str:
    """Write one row per visit of a state, the insides of Map and Parallel indented below it.

    A bar's stretches have the length of their logarithm, so that 12 hours and 80 milliseconds can
    be read side by side. Rows are ``width`` characters at most, unless names need more.
    """
    visits = gather_visits(events)
    if visits.start is None:
        return "no events"
    start = visits.start
    end = visits.end or max((v.end or v.start for v in visits.walk()), default=start)
    rows = [row for visit in _in_order(visits.roots) for row in _rows(visit, start, end, "")]
    columns = [
        max(len(text) for text in texts) for texts in zip(_HEADS, *(row[:3] for row in rows), strict=True)
    ]
    room = max(LEAST_BAR, width - sum(columns) - 6)
    scale = _Scale([t for v in visits.walk() for t in (v.start, v.end or end)] + [start, end], room)
    lines = [_line(_HEADS[0], _HEADS[1], _HEADS[2], "", columns)]
    for row in rows:
        bar = scale.bar(row.visit, end) if row.visit else ""
        lines.append(_line(row.start, row.took, row.label, bar, columns))
    error = f" {visits.error}" if visits.error else ""
    lines.append(f"{visits.status}{error} after {_duration(end - start)}")
    return "\n".join(lines)


_HEADS = ("start", "took", "state")


def _line(start: str, took: str, label: str, bar: str, columns: Sequence[int]) -> str:
    return f"{start:>{columns[0]}}  {took:>{columns[1]}}  {label:<{columns[2]}}  {bar}".rstrip()


def _rows(visit: Visit, start: datetime, end: datetime, indent: str) -> Iterator[_Row]:
    took = (visit.end or end) - visit.start
    note = _note(visit)
    label = indent + visit.name + (f"  {note}" if note else "")
    yield _Row(_duration(visit.start - start), _duration(took), label, visit)
    children = _in_order(visit.children)
    iterations = sorted({child.index for child in children if child.index is not None})
    shown = set(iterations[:MAX_ITERATIONS])
    last: int | None = None
    for child in children:
        if child.index is not None and child.index not in shown:
            continue
        if child.index is not None and child.index != last:
            last = child.index
            yield _Row("", "", f"{indent}  [{child.index}]", None)
        inner = indent + ("    " if child.index is not None else "  ")
        yield from _rows(child, start, end, inner)
    if len(iterations) > MAX_ITERATIONS:
        yield _Row("", "", f"{indent}  and {len(iterations) - MAX_ITERATIONS} more iterations", None)


def _note(visit: Visit) -> str:
    parts = []
    if visit.attempts > 1:
        parts.append(f"{visit.attempts} tries")
    mark = _NOTES.get(visit.status)
    if mark:
        is_error = visit.status in ("caught", "failed") and visit.error
        parts.append(f"{mark} {visit.error}" if is_error else mark)
    return ", ".join(parts)


def _in_order(visits: Sequence[Visit]) -> list[Visit]:
    """Order visits that ran side by side: each branch or iteration from its first visit to its last."""
    following: dict[int, list[Visit]] = {}
    firsts = []
    for visit in visits:
        if visit.came_from is None:
            firsts.append(visit)
        else:
            following.setdefault(id(visit.came_from), []).append(visit)
    firsts.sort(key=lambda visit: -1 if visit.index is None else visit.index)
    ordered: list[Visit] = []
    stack = firsts[::-1]
    while stack:
        visit = stack.pop()
        ordered.append(visit)
        stack.extend(reversed(following.get(id(visit), [])))
    return ordered


def _duration(span: timedelta) -> str:
    return human_duration(span.total_seconds())


class _Scale:
    """Where moments lie on the bar: every stretch between two of them is as long as its logarithm."""

    def __init__(self, moments: Iterable[datetime], room: int) -> None:
        self._moments = sorted(set(moments))
        weights = [math.log2(1 + (b - a).total_seconds() * 1000) for a, b in pairwise(self._moments)]
        total = sum(weights) or 1.0
        self._places = [0.0]
        for weight in weights:
            self._places.append(self._places[-1] + weight / total)
        self._room = room

    def bar(self, visit: Visit, now: datetime) -> str:
        start, end = self._column(visit.start), self._column(visit.end or now)
        if start == end:
            return " " * min(start, self._room - 1) + "▏"
        return " " * start + ("─" if visit.kind == "Wait" else "█") * (end - start)

    def _column(self, at: datetime) -> int:
        return round(self._places[bisect_left(self._moments, at)] * self._room)


def event_line(event: Event, start: datetime) -> str:
    """Write one event on one line: when after ``start``, its type, and the name or error that it tells."""
    details = event_details(event)
    told = details.get("name") or details.get("error") or details.get("resource") or ""
    index = details.get("index")
    if index is not None:
        told = f"{told} [{index}]"
    return f"{_duration(moment(event) - start):>14}  {event['type']:<24} {told}".rstrip()
