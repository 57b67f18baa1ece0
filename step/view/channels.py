"""Channels: the rows of the horizontal lines between two layers of states.

Pure: no clock, no IO. Every line has a row of its own wherever another would meet it, and a label shares
its row with no other line, so that labels never cover each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import NamedTuple

from step.view.columns import Segment, crossings

TOP_ROOM = 10
BOTTOM_ROOM = 18
LEAST_HEIGHT = 32
LINE_ROOM = 7
LABEL_GAP = 7  # from a line's start to its label
# Parallel lines nearer than this would look like one.
NEAR = 7
# Room between what shares a row.
_AIR = 10


class LabelSize(NamedTuple):
    width: int
    height: int


class Row(NamedTuple):
    """Where a segment runs: ``y`` of its line from the channel's top; its label's corner, if it has one."""

    y: int
    label: tuple[int, int] | None


class Channel(NamedTuple):
    """``rows`` are as the segments were; ``conflicts`` lists those of which one has to lie on another."""

    height: int
    rows: tuple[Row, ...]
    conflicts: tuple[int, ...]


class _Strip(NamedTuple):
    # A segment with all that its row covers across.
    segment: Segment
    size: LabelSize | None
    label: tuple[int, int] | None
    low: int
    high: int


def is_straight(segment: Segment) -> bool:
    """Tell whether a segment only goes down."""
    low, high = segment.span
    return low == high


def route_channel(segments: Sequence[Segment], sizes: Sequence[LabelSize | None]) -> Channel:
    """Give each segment its row."""
    if not segments:
        return Channel(0, (), ())
    strips = [_strip(segment, size) for segment, size in zip(segments, sizes, strict=True)]
    rowed = [at for at, strip in enumerate(strips) if strip.size or not is_straight(strip.segment)]
    order, conflicts = _order(strips, rowed)
    tops: dict[int, int] = {}
    for place, at in enumerate(order):
        above = [other for other in order[:place] if _meet(strips[other], strips[at])]
        tops[at] = max((tops[other] + _height(strips[other]) for other in above), default=0)
    depth = max((tops[at] + _height(strips[at]) for at in rowed), default=0)
    height = max(LEAST_HEIGHT, TOP_ROOM + depth + BOTTOM_ROOM)
    ys = [
        TOP_ROOM + tops[at] + _height(strip) - LINE_ROOM if at in tops else height // 2
        for at, strip in enumerate(strips)
    ]
    rows = tuple(
        Row(ys[at], _place_label(at, strips, ys, TOP_ROOM + tops[at]) if strip.size else None)
        for at, strip in enumerate(strips)
    )
    return Channel(height, rows, conflicts)


def spread(
    wishes: Sequence[int], foreign: Sequence[Sequence[int]], low: int, high: int, step: int
) -> list[int]:
    """Place ports of one state, in their order, as near to where they should be as can be.

    Each is within ``low`` and ``high``, ``step`` from its neighbours, and not ``NEAR`` any of its ``foreign``
    lines. Where there is no room for that, they stay where they should be.
    """
    cheapest = [0.0] * (high - low + 1)
    ways: list[list[int]] = []
    for at, (wish, lines) in enumerate(zip(wishes, foreign, strict=True)):
        # By place: the least cost with this port there or left of it, and where it is then.
        costs: list[float] = []
        way: list[int] = []
        cost, place = inf, low
        for x in range(low, high + 1):
            before = 0.0 if not at else cheapest[x - step - low] if x - step >= low else inf
            if before + abs(x - wish) < cost and all(abs(x - line) >= NEAR for line in lines):
                cost, place = before + abs(x - wish), x
            costs.append(cost)
            way.append(place)
        cheapest = costs
        ways.append(way)
    if cheapest[-1] == inf:
        return list(wishes)
    places: list[int] = []
    x = high
    for way in reversed(ways):
        places.append(way[x - low])
        x = places[-1] - step
    return places[::-1]


def _strip(segment: Segment, size: LabelSize | None) -> _Strip:
    low, high = segment.span
    if size is None:
        return _Strip(segment, None, None, low, high)
    start = segment.tops[0]
    if high == start and low != high:
        label = (start - LABEL_GAP - size.width, start - LABEL_GAP)
    else:
        label = (start + LABEL_GAP, start + LABEL_GAP + size.width)
    return _Strip(segment, size, label, min(low, label[0]), max(high, label[1]))


def _height(strip: _Strip) -> int:
    if strip.size is None:
        return 2 * LINE_ROOM
    return strip.size.height + (4 if is_straight(strip.segment) else LINE_ROOM + 4)


def _meet(one: _Strip, other: _Strip) -> bool:
    if one.segment.net == other.segment.net and not one.size and not other.size:
        return False
    return one.low < other.high + _AIR and other.low < one.high + _AIR


def _order(strips: Sequence[_Strip], rowed: list[int]) -> tuple[list[int], tuple[int, ...]]:
    """Order rows from the top, so that few lines cross and none lies on another."""
    cost = {(a, b): _cost(strips[a], strips[b]) for a in rowed for b in rowed if a != b}
    clash = {pair: _lie_on_each_other(strips[pair[0]], strips[pair[1]]) for pair in cost}
    order: list[int] = []
    conflicts: list[int] = []
    rest = list(rowed)
    while rest:
        best = min(
            rest,
            key=lambda at: (
                sum(clash[at, other] for other in rest if other != at),
                sum(cost[at, other] - cost[other, at] for other in rest if other != at),
                at,
            ),
        )
        if any(clash[best, other] for other in rest if other != best):
            conflicts += _circling(rest, clash)
        rest.remove(best)
        order.append(best)
    return order, tuple(dict.fromkeys(conflicts))


def _circling(rest: Sequence[int], clash: Mapping[tuple[int, int], int]) -> list[int]:
    """Leave out, one after the other, what could be first or last without lying on what is left."""
    circling, count = list(rest), -1
    while len(circling) != count:
        count = len(circling)
        for at in list(circling):
            others = [other for other in circling if other != at]
            if not any(clash[at, other] for other in others) or not any(clash[other, at] for other in others):
                circling = others
    return circling


def _cost(above: _Strip, below: _Strip) -> int:
    count = 2 * crossings(above.segment, below.segment)
    if above.label:
        count += 3 * sum(1 for x in below.segment.tops if above.label[0] < x < above.label[1])
    if below.label:
        count += 3 * sum(1 for x in above.segment.bottoms if below.label[0] < x < below.label[1])
    return count


def _lie_on_each_other(above: _Strip, below: _Strip) -> int:
    one, two = above.segment, below.segment
    if one.net == two.net:
        return 0
    return sum(1 for x in one.bottoms for other in two.tops if abs(x - other) < NEAR)


def _place_label(at: int, strips: Sequence[_Strip], ys: Sequence[int], top: int) -> tuple[int, int]:
    """Slide a label along its line to where the fewest lines run through it."""
    strip = strips[at]
    assert strip.size is not None
    assert strip.label is not None
    width, height = strip.size
    lines = [
        x
        for other, foreign in enumerate(strips)
        if other != at
        for x in _through(foreign, ys[other], top, top + height)
    ]

    def crossed(left: int) -> int:
        return sum(1 for x in lines if left - 3 < x < left + width + 3)

    start = strip.label[0]
    low, high = strip.segment.span
    lefts = [start]
    if high - low > width + 2 * LABEL_GAP:
        lefts += [x + LABEL_GAP for x in lines] + [x - LABEL_GAP - width for x in lines]
    lefts = [left for left in lefts if low + LABEL_GAP <= left <= high - LABEL_GAP - width] or [start]
    return min(lefts, key=lambda left: (crossed(left), abs(left - start), left)), top


def _through(strip: _Strip, y: int, top: int, bottom: int) -> list[int]:
    segment = strip.segment
    if is_straight(segment):
        return [segment.span[0]]
    above = [x for x in segment.tops if y > top]
    return above + [x for x in segment.bottoms if y < bottom]
