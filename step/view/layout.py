"""The layout of a machine's picture: each scope alone, from top to bottom, then as a box in its parent.

Pure: no clock, no IO. The happy path is one straight line; what goes wrong lies to its right, loops run
around at the left. Deterministic, in integers, and independent of the order of JSON keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from step.view.channels import Channel, LabelSize, route_channel, spread
from step.view.columns import Columns, Net, Placer, Segment, channel_segments, find_nets
from step.view.flow import Flow, arrange
from step.view.geometry import (
    NAME_HEIGHT,
    NAME_SIZE,
    SMALL_HEIGHT,
    SMALL_SIZE,
    TEXT_LEFT,
    TEXT_TOP,
    Box,
    Label,
    Line,
    Panel,
    Point,
    move_box,
    move_panel,
)
from step.view.graph import GraphScope, Vertex
from step.view.text import clip, text_width, wrap

MARGIN = 14
DOT = 20
PANEL_GAP = 12
# Branches of a Parallel beyond this width go into a next row.
ROW_WIDTH = 1500
LEAST_WIDTH = 132
NAME_WIDTH = 240
SMALL_WIDTH = 230
LABEL_WIDTH = 190
LABEL_LINES = 4
PORT_STEP = 12
ENTRY_STEP = 16
SMALL_KINK = 17
# Text on the left, icon and badge room counted.
_TEXT_RIGHT = 18


def lay_out(scope: GraphScope) -> Panel:
    """Place a whole machine; the panel starts at (0, 0)."""
    return _ScopeLayout(scope).panel()


class _ScopeLayout:
    def __init__(self, scope: GraphScope) -> None:
        self._scope = scope
        self._flow: Flow = arrange(scope)
        self._nets: tuple[Net, ...] = find_nets(self._flow)
        counts = [0] * len(scope.vertices)
        for wire in self._flow.wires:
            counts[wire.source] += 1
        self._boxes = [_measure(vertex, ports) for vertex, ports in zip(scope.vertices, counts, strict=True)]
        self._labels = [_measure_label(scope, wire.edges) for wire in self._flow.wires]

    def panel(self) -> Panel:
        widths = [box.width for box in self._boxes]
        label_widths = [label.width if label else 0 for label in self._labels]
        vertices = enumerate(self._scope.vertices)
        fails = frozenset(place for place, vertex in vertices if vertex.kind == "Fail")
        columns = Placer(self._flow, self._nets, widths, label_widths, fails).place()
        entries = self._entries(columns)
        ports = self._ports(columns, entries)
        channels, segments = self._route(columns, entries, ports)
        tops = self._layer_tops(channels)
        boxes = tuple(
            move_box(box, columns.vertices[vertex] - box.width // 2, tops[self._flow.layers[vertex]])
            for vertex, box in enumerate(self._boxes)
        )
        lines = self._lines(boxes, columns, entries, tops, channels, segments)
        return _fit(boxes, lines)

    # -------------------------------------------------------------- where lines leave and enter

    def _entries(self, columns: Columns) -> dict[int, int]:
        """Choose for each net where it enters its target: plain lines in the middle, others beside it."""
        entries: dict[int, int] = {}
        for target, middle in columns.vertices.items():
            nets = [index for index, net in enumerate(self._nets) if net.target == target]
            origins = {index: self._origin(index, columns) for index in nets}
            main = min(
                nets,
                key=lambda i: (origins[i] != middle, self._nets[i].is_back, self._nets[i].is_catch, i),
                default=-1,
            )
            others = sorted((i for i in nets if i != main), key=lambda i: (abs(origins[i] - middle), i))
            taken = [middle]
            for index in others:
                entries[index] = self._beside(target, origins[index], taken, columns)
                taken.append(entries[index])
            if nets:
                entries[main] = middle
        return entries

    def _beside(self, target: int, origin: int, taken: Sequence[int], columns: Columns) -> int:
        """Choose an entry beside those that are taken: straight below the line's origin, if that fits."""
        middle = columns.vertices[target]
        reach = self._boxes[target].width // 2 - ENTRY_STEP
        if abs(origin - middle) <= reach and all(abs(origin - x) >= PORT_STEP for x in taken):
            return origin
        side = -1 if origin < middle else 1
        entry = middle + side * ENTRY_STEP
        while any(abs(entry - x) < PORT_STEP for x in taken):
            entry += side * ENTRY_STEP
        return entry

    def _origin(self, index: int, columns: Columns) -> int:
        net = self._nets[index]
        layer = self._flow.layers[net.target]
        rail = columns.rails.get((index, layer if net.is_back else layer - 1))
        if rail is not None:
            return rail
        sources = [columns.vertices[self._flow.wires[place].source] for place in net.wires]
        middle = columns.vertices[net.target]
        return middle if middle in sources else sources[0]

    def _ports(self, columns: Columns, entries: dict[int, int]) -> dict[int, int]:
        """Choose for each wire where it leaves its source: in the order of where the lines go."""
        goals: dict[int, list[tuple[int, int]]] = {}
        for index, net in enumerate(self._nets):
            for place in net.wires:
                source = self._flow.wires[place].source
                layer = self._flow.layers[source]
                goal = columns.rails.get((index, layer if net.is_back else layer + 1), entries[index])
                goals.setdefault(source, []).append((goal, place))
        ports: dict[int, int] = {}
        for source, going in goals.items():
            middle = columns.vertices[source]
            going.sort()
            straight = next((at for at, (goal, _) in enumerate(going) if goal == middle), None)
            for at, (_, place) in enumerate(going):
                shift = 2 * (at - straight) if straight is not None else 2 * at - len(going) + 1
                ports[place] = middle + shift * PORT_STEP // 2
            self._straighten_ports(going, ports)
        return ports

    def _straighten_ports(self, going: Sequence[tuple[int, int]], ports: dict[int, int]) -> None:
        """Move a port a little where that saves its line a small kink."""
        for goal, place in going:
            others = [ports[other] for _, other in going if other != place]
            if abs(goal - ports[place]) < SMALL_KINK and all(abs(goal - x) >= PORT_STEP - 2 for x in others):
                ports[place] = goal

    def _route(
        self, columns: Columns, entries: dict[int, int], ports: dict[int, int]
    ) -> tuple[list[Channel], list[list[Segment]]]:
        """Route every channel; where lines would lie on each other, move ports and entries until none does.

        Lines have no order in which none lies on another where they go in a circle: each leads to below
        the start of the next. Such a circle has a port in it, or is of rails that enter states, since a rail
        that changes its column does so below a state, where only that state's ports are near. A port that
        is clear of all ends below is in no circle; nor is an entry that is clear of all rails above, once
        the ports are.
        """
        sizes = [LabelSize(label.width, label.height) if label else None for label in self._labels]
        segments = channel_segments(self._flow, self._nets, columns, ports, entries)
        channels: list[Channel] = []
        for layer in range(len(segments)):
            entered: set[int] = set()
            left: set[int] = set()
            while True:
                channel = segments[layer]
                routed = route_channel(channel, [sizes[s.wire] if s.wire >= 0 else None for s in channel])
                circling = [channel[at] for at in routed.conflicts]
                sources = [s.source for s in circling if s.source not in (-1, *left)]
                targets = [self._nets[s.net].target for s in circling if s.source < 0]
                targets = [v for v in targets if v not in entered and self._boxes[v].width > DOT]
                if sources:
                    left.add(sources[0])
                    self._clear_ports(sources[0], channel, columns, ports)
                elif targets:
                    entered.add(targets[0])
                    left.clear()
                    self._clear_entries(targets[0], channel, columns, entries)
                else:
                    break
                segments = channel_segments(self._flow, self._nets, columns, ports, entries)
            channels.append(routed)
        return channels, segments

    def _clear_ports(
        self, source: int, channel: Sequence[Segment], columns: Columns, ports: dict[int, int]
    ) -> None:
        """Move the ports of a state off all that ends below it."""
        own = sorted((s for s in channel if s.source == source), key=lambda s: (ports[s.wire], s.wire))
        ends = [[x for other in channel if other.net != s.net for x in other.bottoms] for s in own]
        wishes = [ports[s.wire] for s in own]
        places = spread(wishes, ends, *self._within(source, PORT_STEP, columns), PORT_STEP)
        ports.update(zip((s.wire for s in own), places, strict=True))

    def _clear_entries(
        self, target: int, channel: Sequence[Segment], columns: Columns, entries: dict[int, int]
    ) -> None:
        """Move the entries of a state off the rails above it."""
        own = [index for index, net in enumerate(self._nets) if net.target == target]
        own.sort(key=lambda index: entries[index])
        rails = [[x for s in channel if s.net != index and s.source < 0 for x in s.tops] for index in own]
        wishes = [entries[index] for index in own]
        places = spread(wishes, rails, *self._within(target, ENTRY_STEP, columns), PORT_STEP)
        entries.update(zip(own, places, strict=True))

    def _within(self, vertex: int, margin: int, columns: Columns) -> tuple[int, int]:
        reach = self._boxes[vertex].width // 2 - margin
        return columns.vertices[vertex] - reach, columns.vertices[vertex] + reach

    # -------------------------------------------------------------- coordinates

    def _layer_tops(self, channels: Sequence[Channel]) -> list[int]:
        heights = [0] * len(channels)
        for vertex, box in enumerate(self._boxes):
            layer = self._flow.layers[vertex]
            heights[layer] = max(heights[layer], box.height)
        tops = [0]
        for height, channel in zip(heights, channels, strict=True):
            tops.append(tops[-1] + height + channel.height)
        self._bottoms = [top + height for top, height in zip(tops, heights, strict=False)]
        return tops

    def _lines(
        self,
        boxes: Sequence[Box],
        columns: Columns,
        entries: dict[int, int],
        tops: Sequence[int],
        channels: Sequence[Channel],
        segments: Sequence[Sequence[Segment]],
    ) -> tuple[Line, ...]:
        passing: dict[tuple[int, int], int] = {}
        starting: dict[int, tuple[int, int, Label | None]] = {}
        for layer, (channel, routed) in enumerate(zip(segments, channels, strict=True)):
            floor = self._bottoms[layer]
            for segment, row in zip(channel, routed.rows, strict=True):
                if segment.wire < 0:
                    passing[(segment.net, layer)] = floor + row.y
                    continue
                label = self._labels[segment.wire]
                if label and row.label:
                    label = replace(label, x=row.label[0], y=floor + row.label[1])
                starting[segment.wire] = (segment.tops[0], floor + row.y, label)
        lines: list[tuple[int, Line]] = []
        for index, net in enumerate(self._nets):
            for place in net.wires:
                wire = self._flow.wires[place]
                port, y, label = starting[place]
                box, target = boxes[wire.source], boxes[wire.target]
                way = self._way(index, self._flow.layers[wire.source], y, columns, entries, passing)
                points = [(port, box.y + box.height), (port, y), *way, (entries[index], target.y)]
                lines.append((place, self._line(place, points, label)))
        return tuple(line for _, line in sorted(lines, key=lambda item: item[0]))

    def _way(
        self,
        index: int,
        layer: int,
        y: int,
        columns: Columns,
        entries: dict[int, int],
        passing: dict[tuple[int, int], int],
    ) -> list[Point]:
        """List the corners of a line of net ``index`` from its row ``y`` below ``layer`` to its entry."""
        net, entry = self._nets[index], entries[index]
        if net.is_back:
            x = columns.rails[(index, layer)]
            above = passing[(index, net.rails.start - 1)]
            return [(x, y), (x, above), (entry, above)]
        x = columns.rails.get((index, layer + 1), entry)
        way = [(x, y)]
        for rail in range(layer + 1, net.rails.stop):
            turn = passing[(index, rail)]
            following = columns.rails.get((index, rail + 1), entry)
            way += [(x, turn), (following, turn)]
            x = following
        return way

    def _line(self, place: int, points: list[Point], label: Label | None) -> Line:
        wire = self._flow.wires[place]
        return Line(
            source=self._scope.vertices[wire.source],
            target=self._scope.vertices[wire.target],
            edges=tuple(self._scope.edges[edge] for edge in wire.edges),
            points=_straighten(points),
            label=label,
        )


def _straighten(points: Sequence[Point]) -> tuple[Point, ...]:
    """Drop points that lie on the way between their neighbours."""
    kept: list[Point] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and (
            kept[-2][0] == kept[-1][0] == point[0] or kept[-2][1] == kept[-1][1] == point[1]
        ):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _fit(boxes: tuple[Box, ...], lines: tuple[Line, ...]) -> Panel:
    """Draw a panel's border around all that is in it."""
    xs = [x for box in boxes for x in (box.x, box.x + box.width)]
    ys = [y for box in boxes for y in (box.y, box.y + box.height)]
    xs += [x for line in lines for x, _ in line.points]
    ys += [y for line in lines for _, y in line.points]
    labels = [line.label for line in lines if line.label]
    xs += [x for label in labels for x in (label.x, label.x + label.width)]
    ys += [label.y + label.height for label in labels]
    panel = Panel(
        x=min(xs) - MARGIN,
        y=min(ys) - MARGIN,
        width=max(xs) - min(xs) + 2 * MARGIN,
        height=max(ys) - min(ys) + 2 * MARGIN,
        boxes=boxes,
        lines=lines,
    )
    return move_panel(panel, -panel.x, -panel.y)


# ------------------------------------------------------------------ sizes


def _measure(vertex: Vertex, ports: int) -> Box:
    if not vertex.name:
        return Box(vertex=vertex, x=0, y=0, width=DOT, height=DOT)
    panels, inner_width, inner_height = _pack([_ScopeLayout(scope).panel() for scope in vertex.scopes])
    room = max(SMALL_WIDTH, inner_width - TEXT_LEFT - _TEXT_RIGHT)
    names = wrap(vertex.name, NAME_SIZE, max(NAME_WIDTH, room), bold=True)
    captions = clip(wrap(vertex.caption, SMALL_SIZE, room), 3)
    retries = clip(wrap(vertex.retry, SMALL_SIZE, room), 3) if vertex.retry else ()
    text = max(text_width(line, NAME_SIZE, bold=True) for line in names)
    text = max(text, *(text_width(line, SMALL_SIZE) for line in captions))
    text = max([text, *(text_width(line, SMALL_SIZE) + 16 for line in retries)])
    head = 2 * TEXT_TOP + NAME_HEIGHT * len(names) + SMALL_HEIGHT * (len(captions) + len(retries))
    width = max(LEAST_WIDTH, TEXT_LEFT + text + _TEXT_RIGHT, inner_width + 2 * PANEL_GAP * bool(panels))
    if ports > 3:
        width = max(width, 2 * PORT_STEP * (ports + 2))
    width += width % 2
    left = (width - inner_width) // 2
    return Box(
        vertex=vertex,
        x=0,
        y=0,
        width=width,
        height=head + (inner_height + PANEL_GAP if panels else 0),
        name_lines=names,
        caption_lines=captions,
        retry_lines=retries,
        panels=tuple(move_panel(panel, left, head) for panel in panels),
    )


def _pack(panels: Sequence[Panel]) -> tuple[list[Panel], int, int]:
    """Put branches side by side, in rows; return them with the width and height they take."""
    placed: list[Panel] = []
    x = y = row_height = width = 0
    for panel in panels:
        if x and x + panel.width > ROW_WIDTH:
            x, y, row_height = 0, y + row_height + PANEL_GAP, 0
        placed.append(move_panel(panel, x, y))
        x += panel.width + PANEL_GAP
        width = max(width, x - PANEL_GAP)
        row_height = max(row_height, panel.height)
    return placed, width, y + row_height


def _measure_label(scope: GraphScope, edges: Sequence[int]) -> Label | None:
    texts = list(dict.fromkeys(scope.edges[edge].label for edge in edges if scope.edges[edge].label))
    if not texts:
        return None
    text = " or ".join(texts)
    lines = clip(wrap(text, SMALL_SIZE, LABEL_WIDTH), LABEL_LINES)
    width = max(text_width(line, SMALL_SIZE) for line in lines)
    return Label(x=0, y=0, width=width, height=SMALL_HEIGHT * len(lines), lines=lines, text=text)
