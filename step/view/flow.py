"""The order of a scope's states from top to bottom: loops, layers and the spine.

Pure: no clock, no IO, no coordinates. The spine is the happy path that a picture draws as one straight
line; loops are the transitions that lead back up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from step.view.graph import Edge, GraphScope


class Wire(NamedTuple):
    """The edges of one source to one target that are drawn as one line; ``edges`` are their places."""

    source: int
    target: int
    is_catch: bool
    is_back: bool
    edges: tuple[int, ...]


class Flow(NamedTuple):
    """``layers[v]`` is the layer of vertex v, 0 at the top; ``spine`` lists the happy path's vertices."""

    wires: tuple[Wire, ...]
    layers: tuple[int, ...]
    spine: tuple[int, ...]


def arrange(scope: GraphScope) -> Flow:
    """Find loops, layers and the spine."""
    back = _back_edges(scope)
    groups: dict[tuple[int, int, bool], list[int]] = {}
    for place, edge in enumerate(scope.edges):
        groups.setdefault((edge.source, edge.target, edge.kind == "catch"), []).append(place)
    wires = tuple(
        Wire(source, target, is_catch, places[0] in back, tuple(places))
        for (source, target, is_catch), places in groups.items()
    )
    order = _topological(len(scope.vertices), wires)
    return Flow(wires, _layers(order, wires), _spine(scope, order, wires))


def outgoing(wires: Iterable[Wire], count: int) -> list[list[Wire]]:
    """List the wires of every vertex, in their order."""
    leaving: list[list[Wire]] = [[] for _ in range(count)]
    for wire in wires:
        leaving[wire.source].append(wire)
    return leaving


def _back_edges(scope: GraphScope) -> set[int]:
    leaving: list[list[tuple[int, Edge]]] = [[] for _ in scope.vertices]
    for place, edge in enumerate(scope.edges):
        leaving[edge.source].append((place, edge))
    back: set[int] = set()
    is_open: dict[int, bool] = {}
    for root in range(len(scope.vertices)):
        if root in is_open:
            continue
        is_open[root] = True
        stack = [(root, iter(leaving[root]))]
        while stack:
            vertex, edges = stack[-1]
            following = next(edges, None)
            if following is None:
                is_open[vertex] = False
                stack.pop()
                continue
            place, edge = following
            if edge.target not in is_open:
                is_open[edge.target] = True
                stack.append((edge.target, iter(leaving[edge.target])))
            elif is_open[edge.target]:
                back.add(place)
    return back


def _topological(count: int, wires: Iterable[Wire]) -> list[int]:
    forward = [wire for wire in wires if not wire.is_back]
    leaving = outgoing(forward, count)
    waiting = [0] * count
    for wire in forward:
        waiting[wire.target] += 1
    order = [vertex for vertex in range(count) if not waiting[vertex]]
    for vertex in order:
        for wire in leaving[vertex]:
            waiting[wire.target] -= 1
            if not waiting[wire.target]:
                order.append(wire.target)
    return order


def _layers(order: list[int], wires: tuple[Wire, ...]) -> tuple[int, ...]:
    leaving = outgoing((wire for wire in wires if not wire.is_back), len(order))
    layers = [0 if vertex == 0 else 1 for vertex in range(len(order))]
    for vertex in order:
        for wire in leaving[vertex]:
            layers[wire.target] = max(layers[wire.target], layers[vertex] + 1)
    return tuple(layers)


def _spine(scope: GraphScope, order: list[int], wires: tuple[Wire, ...]) -> tuple[int, ...]:
    """Follow the longest way without a catch that ends well, or else the longest way."""
    plain = [wire for wire in wires if not wire.is_back and not wire.is_catch]
    leaving = outgoing(plain, len(order))
    score: dict[int, tuple[bool, int]] = {}
    following: dict[int, int] = {}
    for vertex in reversed(order):
        best = (scope.vertices[vertex].kind == "End", 0)
        for wire in leaving[vertex]:
            if score[wire.target] > best:
                best = score[wire.target]
                following[vertex] = wire.target
        score[vertex] = (best[0], best[1] + 1)
    spine = [0]
    while spine[-1] in following:
        spine.append(following[spine[-1]])
    return tuple(spine)
