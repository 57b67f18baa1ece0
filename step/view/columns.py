"""The columns of a scope: straight chains of states and rails, in order from left to right.

Pure: no clock, no IO. A net is what leads to one target in one manner (plain or catch, down or back up);
where it passes a layer it has a rail, a slot of its own, so that no line ever crosses a state. A chain is a
run of slots in successive layers that share one x: lines along it are straight by construction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from step.view.flow import Flow, Wire, outgoing

BOX_GAP = 20  # half the room between neighbouring boxes
RAIL_GAP = 9
ARM_SLACK = 30  # from a state's middle to where the label of its outermost line starts, and some air
CROSSING_COST = 150
# How many orders of chains are tried; a bound on time, reached only by machines of many states.
MAX_TRIES = 400
TYPICAL_SIZE = 40


class Net(NamedTuple):
    """``wires`` are all that lead to ``target`` in one manner; ``rails`` the layers it passes."""

    target: int
    is_catch: bool
    is_back: bool
    wires: tuple[int, ...]
    rails: range


class Chain(NamedTuple):
    """Slots from layer ``top`` on: a vertex, or ``~net`` for the rail of a net."""

    top: int
    slots: tuple[int, ...]

    def places(self) -> Iterator[tuple[int, int]]:
        """Yield (layer, slot)."""
        return enumerate(self.slots, self.top)


class Columns(NamedTuple):
    """Where everything is across: the middle of each vertex, and of each (net, layer) rail."""

    vertices: dict[int, int]
    rails: dict[tuple[int, int], int]


class Segment(NamedTuple):
    """What a channel must connect: lines from above at ``tops``, from below at ``bottoms``.

    ``wire`` is -1 where a net only passes. ``source`` is the vertex whose line starts here, else -1.
    """

    net: int
    wire: int
    source: int
    tops: tuple[int, ...]
    bottoms: tuple[int, ...]

    @property
    def span(self) -> tuple[int, int]:
        ends = self.tops + self.bottoms
        return min(ends), max(ends)


def find_nets(flow: Flow) -> tuple[Net, ...]:
    """Group the wires by target and manner."""
    groups: dict[tuple[int, bool, bool], list[int]] = {}
    for place, wire in enumerate(flow.wires):
        groups.setdefault((wire.target, wire.is_catch, wire.is_back), []).append(place)
    nets = []
    for (target, is_catch, is_back), places in groups.items():
        sources = [flow.layers[flow.wires[place].source] for place in places]
        below = flow.layers[target]
        rails = range(below, max(sources) + 1) if is_back else range(min(sources) + 1, below)
        nets.append(Net(target, is_catch, is_back, tuple(places), rails))
    return tuple(nets)


class Placer:
    """Build chains for one scope, choose their order, and give every slot its x."""

    def __init__(
        self,
        flow: Flow,
        nets: Sequence[Net],
        widths: Sequence[int],
        label_widths: Sequence[int],
        bad_ends: frozenset[int],
    ) -> None:
        self._bad_ends = bad_ends
        self._flow = flow
        self._nets = nets
        self._widths = widths
        self._label_widths = label_widths
        self._net_of = {place: index for index, net in enumerate(nets) for place in net.wires}
        self._arms = self._find_arms()
        self._label_room = self._find_label_room()
        self._chains = self._build_chains()

    def place(self) -> Columns:
        """Choose the order of the chains that gives the fewest crossings and the shortest lines."""
        others = range(1, len(self._chains))
        loops = [index for index in others if self._is_loop(index)]
        loops.sort(key=lambda index: -len(self._chains[index].slots))
        rest = [index for index in others if index not in loops]
        rest.sort(key=lambda index: (len(self._chains[index].slots), index))
        order = [*loops, 0, *rest]
        best = self._cost(order)
        size = max(TYPICAL_SIZE, len(self._flow.wires) + len(self._nets))
        tries = MAX_TRIES * TYPICAL_SIZE**2 // size**2
        is_better = True
        while is_better and tries > 0:
            is_better = False
            for index in (*rest, *loops):
                for candidate in self._moves(order, index):
                    tries -= 1
                    cost = self._cost(candidate)
                    if cost < best:
                        order, best, is_better = candidate, cost, True
                if tries <= 0:
                    break
        return self._positions(order)

    def _moves(self, order: list[int], index: int) -> Iterator[list[int]]:
        """Put one chain elsewhere; what goes wrong stays at the right of the spine."""
        rest = [other for other in order if other != index]
        first = 0 if self._may_go_left(index) else rest.index(0) + 1
        for at in range(first, len(order)):
            if order[at] != index:
                yield [*rest[:at], index, *rest[at:]]

    def _may_go_left(self, index: int) -> bool:
        vertices = [slot for slot in self._chains[index].slots if slot >= 0]
        if not vertices:
            return self._is_loop(index)
        entered_by = [net for net in self._nets if net.target == vertices[0]]
        return vertices[-1] not in self._bad_ends and not any(net.is_catch for net in entered_by)

    # -------------------------------------------------------------- chains

    def _build_chains(self) -> list[Chain]:
        owned: set[int] = set()
        railed: set[tuple[int, int]] = set()
        chains = [self._spine_chain(owned, railed)]
        plain = [w for w in self._flow.wires if not w.is_back and not w.is_catch]
        leaving = outgoing(plain, len(self._flow.layers))
        by_layer = sorted(
            range(len(self._flow.layers)), key=lambda vertex: (self._flow.layers[vertex], vertex)
        )
        for head in by_layer:
            if head not in owned:
                chains.append(self._side_chain(head, leaving, owned, railed))
        for index, net in enumerate(self._nets):
            free = [layer for layer in net.rails if (index, layer) not in railed]
            if free:
                chains.append(Chain(free[0], (~index,) * len(free)))
        return chains

    def _spine_chain(self, owned: set[int], railed: set[tuple[int, int]]) -> Chain:
        slots: list[int] = []
        for vertex in self._flow.spine:
            self._extend(slots, vertex, owned, railed)
        return Chain(0, tuple(slots))

    def _side_chain(
        self, head: int, leaving: list[list[Wire]], owned: set[int], railed: set[tuple[int, int]]
    ) -> Chain:
        slots: list[int] = []
        top = self._flow.layers[head]
        vertex: int | None = head
        while vertex is not None:
            self._extend(slots, vertex, owned, railed)
            vertex = next((w.target for w in leaving[vertex] if w.target not in owned), None)
        above = self._longest_free_net(head, railed)
        if above is not None:
            rails = self._nets[above].rails
            railed.update((above, layer) for layer in rails)
            return Chain(rails.start, (~above,) * len(rails) + tuple(slots))
        return Chain(top, tuple(slots))

    def _longest_free_net(self, head: int, railed: set[tuple[int, int]]) -> int | None:
        candidates = [
            index
            for index, net in enumerate(self._nets)
            if net.target == head and not net.is_back and net.rails and (index, net.rails[-1]) not in railed
        ]
        return max(candidates, key=lambda index: len(self._nets[index].rails), default=None)

    def _extend(self, slots: list[int], vertex: int, owned: set[int], railed: set[tuple[int, int]]) -> None:
        if slots:
            layer = self._flow.layers[slots[-1]]
            net = next(
                index
                for index, net in enumerate(self._nets)
                if net.target == vertex and not net.is_catch and not net.is_back
            )
            for between in range(layer + 1, self._flow.layers[vertex]):
                slots.append(~net)
                railed.add((net, between))
        slots.append(vertex)
        owned.add(vertex)

    def _is_loop(self, index: int) -> bool:
        slot = self._chains[index].slots[0]
        return slot < 0 and self._nets[~slot].is_back

    # -------------------------------------------------------------- positions

    def _find_arms(self) -> dict[tuple[int, int], list[tuple[int, int]]]:
        """Map (layer, slot) to the (source, label width) of lines that turn into it."""
        arms: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for place, wire in enumerate(self._flow.wires):
            width = self._label_widths[place]
            if not width:
                continue
            net = self._net_of[place]
            layer = self._flow.layers[wire.source] + (0 if wire.is_back else 1)
            direct = not wire.is_back and layer == self._flow.layers[wire.target]
            arms.setdefault((layer, wire.target if direct else ~net), []).append((wire.source, width))
        return arms

    def _positions(self, order: list[int]) -> Columns:
        columns = Columns({}, {})
        middle = order.index(0)
        self._sweep(order[middle:], 1, columns)
        self._sweep([0, *reversed(order[:middle])], -1, columns)
        return columns

    def _sweep(self, order: list[int], side: int, columns: Columns) -> None:
        """Place chains one after the other, each as near to the spine as its layers allow."""
        depth = max(self._flow.layers) + 2
        edge, centre = [0] * depth, [0] * depth
        for index in order:
            chain = self._chains[index]
            x = 0
            if index:
                x = max(
                    self._least(layer, slot, edge, centre, columns, side) for layer, slot in chain.places()
                )
            for layer, slot in chain.places():
                half, gap = self._half(slot), BOX_GAP if slot >= 0 else RAIL_GAP
                edge[layer] = max(edge[layer], x + half + gap)
                if slot >= 0:
                    columns.vertices[slot] = side * x
                else:
                    columns.rails[(~slot, layer)] = side * x
            if side > 0:
                self._reserve_labels(chain, x, centre)

    def _least(
        self, layer: int, slot: int, edge: list[int], centre: list[int], columns: Columns, side: int
    ) -> int:
        gap = BOX_GAP if slot >= 0 else RAIL_GAP
        least = max(edge[layer] + gap + self._half(slot), centre[layer])
        for source, width in self._arms.get((layer, slot), ()):
            if source in columns.vertices:
                least = max(least, side * columns.vertices[source] + width + ARM_SLACK)
        return least

    def _reserve_labels(self, chain: Chain, x: int, centre: list[int]) -> None:
        """Keep lines of other chains off the labels below a state."""
        for layer, slot in chain.places():
            width = self._label_room[slot] if slot >= 0 else 0
            if width:
                for at in (layer, layer + 1):
                    centre[at] = max(centre[at], x + width + ARM_SLACK)

    def _find_label_room(self) -> list[int]:
        room = [0] * len(self._flow.layers)
        for wire, width in zip(self._flow.wires, self._label_widths, strict=True):
            if not wire.is_back:
                room[wire.source] = max(room[wire.source], width)
        return room

    def _half(self, slot: int) -> int:
        return (self._widths[slot] + 1) // 2 if slot >= 0 else 0

    # -------------------------------------------------------------- cost

    def _cost(self, order: list[int]) -> int:
        columns = self._positions(order)
        total = 0
        for segments in channel_segments(self._flow, self._nets, columns):
            spans = [segment.span for segment in segments]
            total += sum(high - low for low, high in spans)
            for at, one in enumerate(segments):
                low, high = spans[at]
                for other in range(at + 1, len(segments)):
                    if spans[other][0] <= high and low <= spans[other][1]:
                        two = segments[other]
                        total += CROSSING_COST * _least_crossings(one, two)
        return total


def _least_crossings(one: Segment, two: Segment) -> int:
    either = crossings(one, two), crossings(two, one)
    # A loop and another line of one state both leave downwards: the loop turns up through the other.
    is_turn = one.source == two.source and len(one.tops) != len(two.tops)
    return max(either) if is_turn else min(either)


def crossings(above: Segment, below: Segment) -> int:
    """Count where two segments cross if one's horizontal part lies above the other's."""
    if above.net == below.net:
        return 0
    low, high = above.span
    count = sum(1 for x in below.tops if low < x < high)
    low, high = below.span
    return count + sum(1 for x in above.bottoms if low < x < high)


def channel_segments(
    flow: Flow,
    nets: Sequence[Net],
    columns: Columns,
    ports: dict[int, int] | None = None,
    entries: dict[int, int] | None = None,
) -> list[list[Segment]]:
    """List for each channel (below layer 0, 1, ...) what it connects.

    ``ports`` (by wire) and ``entries`` (by net) say where lines leave and enter; else in the middle.
    """
    channels: list[list[Segment]] = [[] for _ in range(max(flow.layers) + 1)]
    for index, net in enumerate(nets):
        entry = columns.vertices[net.target] if entries is None else entries[index]
        for place in net.wires:
            source = flow.wires[place].source
            port = columns.vertices[source] if ports is None else ports[place]
            layer = flow.layers[source]
            if net.is_back:
                segment = Segment(index, place, source, (port, columns.rails[(index, layer)]), ())
            else:
                pin = columns.rails.get((index, layer + 1), entry)
                segment = Segment(index, place, source, (port,), (pin,))
            channels[layer].append(segment)
        for layer in net.rails:
            x = columns.rails[(index, layer)]
            if not net.is_back:
                pin = columns.rails.get((index, layer + 1), entry)
                channels[layer].append(Segment(index, -1, -1, (x,), (pin,)))
            elif layer + 1 in net.rails:
                channels[layer].append(Segment(index, -1, -1, (x,), (x,)))
            if net.is_back and layer == net.rails.start:
                channels[layer - 1].append(Segment(index, -1, -1, (), (x, entry)))
    return channels
