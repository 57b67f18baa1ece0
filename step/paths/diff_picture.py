"""Two definitions in one picture: what stays as it is, what is new in green, what is gone in red.

Pure: no clock, no IO. Nothing is told by colour alone: captions say it, and lines that are gone are dotted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from step.asl.model import Definition
from step.paths.diff import diff
from step.view.graph import Edge, GraphScope, Vertex, build_graph
from step.view.style import css_text
from step.view.svg import render_scope

_GREEN, _RED, _AMBER = "#1a7f37", "#cf222e", "#9a6700"


def diff_picture(old: Definition, new: Definition) -> str:
    """Draw both as one SVG. A state that was renamed is drawn under its new name."""
    found = diff(old, new)
    renamed = {state.was: state.name for state in found.states if state.change == "renamed"}
    changed = {state.name for state in found.states if state.change == "changed"}
    was, is_now = _rename(build_graph(old), renamed), build_graph(new)
    known = {vertex.name for vertex in was.walk()}, {vertex.name for vertex in is_now.walk()}
    captions = dict.fromkeys(known[1] - known[0], "new") | dict.fromkeys(known[0] - known[1], "gone")
    captions |= dict.fromkeys(changed, "changed")
    captions |= {name: f"was {before}" for before, name in renamed.items()}
    merged = _captioned(_merge(was, is_now), captions)
    style = "".join((*_state_rules(captions), *_line_rules(was, is_now)))
    return render_scope(merged, heading="What changed", style=style)


def _rename(scope: GraphScope, names: dict[str, str]) -> GraphScope:
    vertices = tuple(
        replace(
            vertex,
            name=names.get(vertex.name, vertex.name),
            scopes=tuple(_rename(inner, names) for inner in vertex.scopes),
        )
        for vertex in scope.vertices
    )
    return replace(scope, vertices=vertices)


def _merge(old: GraphScope, new: GraphScope) -> GraphScope:
    """Join two scopes: the new one's states in their order, then those that are gone; the end is last."""
    before = {vertex.name: vertex for vertex in old.vertices if vertex.name}
    states = [_merge_vertex(before.get(vertex.name), vertex) for vertex in new.vertices if vertex.name]
    known = {vertex.name for vertex in states}
    states += [vertex for name, vertex in before.items() if name not in known]
    has_end = any(scope.vertices[-1].kind == "End" for scope in (old, new))
    vertices = [new.vertices[0], *states, *([Vertex(kind="End")] if has_end else [])]
    places = {vertex.name: place for place, vertex in enumerate(vertices) if vertex.name}
    edges: dict[Edge, None] = {}
    for scope in (new, old):
        for edge in scope.edges:
            ends = (_place(scope.vertices[at], places, len(vertices)) for at in (edge.source, edge.target))
            source, target = ends
            edges[replace(edge, source=source, target=target)] = None
    return GraphScope(vertices=tuple(vertices), edges=tuple(edges))


def _place(vertex: Vertex, places: dict[str, int], count: int) -> int:
    if vertex.name:
        return places[vertex.name]
    return 0 if vertex.kind == "Start" else count - 1


def _merge_vertex(old: Vertex | None, new: Vertex) -> Vertex:
    if old is None or old.kind != new.kind:
        return new
    scopes = [_merge(one, two) for one, two in zip(old.scopes, new.scopes, strict=False)]
    longer = new.scopes if len(new.scopes) > len(old.scopes) else old.scopes
    return replace(new, scopes=(*scopes, *longer[len(scopes) :]))


def _captioned(scope: GraphScope, captions: dict[str, str]) -> GraphScope:
    vertices = tuple(
        replace(
            vertex,
            caption=f"{captions[vertex.name]} · {vertex.caption}"
            if vertex.name in captions
            else vertex.caption,
            scopes=tuple(_captioned(inner, captions) for inner in vertex.scopes),
        )
        for vertex in scope.vertices
    )
    return replace(scope, vertices=vertices)


def _state_rules(captions: dict[str, str]) -> Iterator[str]:
    for name, caption in captions.items():
        colour = {"new": _GREEN, "gone": _RED}.get(caption, _AMBER)
        dashes = ";stroke-dasharray:2 4" if caption == "gone" else ""
        rule = f"{{stroke:{colour};stroke-width:2.5{dashes}}}"
        yield f'.step-machine [data-state="{css_text(name)}"]>.box{rule}'


def _line_rules(old: GraphScope, new: GraphScope) -> Iterator[str]:
    was, is_now = set(_pairs(old)), set(_pairs(new))
    for pairs, colour, more in ((is_now - was, _GREEN, ""), (was - is_now, _RED, ";stroke-dasharray:2 4")):
        for source, target in sorted(pairs):
            ends = f'[data-from="{css_text(source)}"][data-to="{css_text(target)}"]'
            yield f".step-machine .line{ends}{{stroke:{colour};stroke-width:2.5{more}}}"


def _pairs(scope: GraphScope) -> Iterator[tuple[str, str]]:
    for edge in scope.edges:
        source, target = scope.vertices[edge.source], scope.vertices[edge.target]
        # The starts and ends of different scopes have no names to tell them apart.
        if source.name and target.name:
            yield source.name, target.name
    for vertex in scope.vertices:
        for inner in vertex.scopes:
            yield from _pairs(inner)
