"""A machine as Graphviz dot: clusters for Map and Parallel, the executed path in bold.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator

from step.asl.model import Definition
from step.view.graph import Edge, GraphScope, Vertex, build_graph
from step.view.taken import Taken

_HEAD = """\
  compound=true; rankdir=TB; fontname="Helvetica";
  node [shape=box, style="rounded,filled", fillcolor="white", fontname="Helvetica", fontsize=12];
  edge [fontname="Helvetica", fontsize=10];"""
_SHAPES = {
    "Start": 'shape=circle, width=0.15, label="", style=filled, fillcolor="black"',
    "End": 'shape=doublecircle, width=0.12, label="", style=filled, fillcolor="black"',
    "Choice": "shape=diamond, style=filled",
    "Succeed": "shape=oval",
    "Fail": "shape=octagon, style=filled",
    "Wait": "shape=box, style=filled",
}
_MARKS = {"succeeded": "✓", "failed": "✗", "caught": "!", "running": "…", "aborted": "stopped"}


def render_dot(definition: Definition, *, taken: Taken | None = None) -> str:
    """Write a definition as a dot graph; ``taken`` lays an executed path over it."""
    lines = ["digraph machine {", _HEAD, *_Writer(taken).scope(build_graph(definition), "s", "  "), "}"]
    return "\n".join(lines) + "\n"


class _Writer:
    def __init__(self, taken: Taken | None) -> None:
        self._taken = taken

    def scope(self, scope: GraphScope, prefix: str, indent: str) -> Iterator[str]:
        # ids are places, as in "s_3_0_1": state 3 of the machine, its first scope, state 1 of that
        for place, vertex in enumerate(scope.vertices):
            identity = f"{prefix}_{place}"
            if vertex.scopes:
                yield from self._cluster(vertex, identity, indent)
            else:
                yield f"{indent}{identity} [{self._vertex(vertex)}];"
        for edge in scope.edges:
            yield f"{indent}{self._edge(edge, scope, prefix)};"

    def _cluster(self, vertex: Vertex, identity: str, indent: str) -> Iterator[str]:
        inner = indent + "  "
        yield f"{indent}subgraph cluster_{identity} {{"
        yield f'{inner}label={_quote(self._text(vertex))}; style="rounded"; {self._border(vertex)}'
        # lines into a cluster end at a point at its top, lines out of it start at one at its bottom
        for anchor in (identity, f"{identity}_out"):
            yield f'{inner}{anchor} [shape=point, style=invis, width=0.01, label=""];'
        for place, scope in enumerate(vertex.scopes):
            yield f'{inner}subgraph cluster_{identity}_{place}_ {{ label=""; style=dotted;'
            yield from self.scope(scope, f"{identity}_{place}", inner + "  ")
            yield f"{inner}}}"
            last = len(scope.vertices) - 1
            bottom = f"{identity}_{place}_{last}" + "_out" * bool(scope.vertices[last].scopes)
            yield f"{inner}{identity} -> {identity}_{place}_0 [style=invis];"
            yield f"{inner}{bottom} -> {identity}_out [style=invis];"
        yield f"{indent}}}"

    def _vertex(self, vertex: Vertex) -> str:
        shape = _SHAPES.get(vertex.kind, "")
        if not vertex.name:
            return shape
        parts = [f"label={_quote(self._text(vertex))}", shape]
        if self._taken and self._taken.mark(vertex):
            parts.append(f'penwidth=2.5, color="{self._colour(vertex)}"')
        return ", ".join(part for part in parts if part)

    def _border(self, vertex: Vertex) -> str:
        is_entered = self._taken and self._taken.mark(vertex)
        return f'penwidth=2.5; color="{self._colour(vertex)}";' if is_entered else ""

    def _colour(self, vertex: Vertex) -> str:
        return "#cf222e" if self._taken and self._taken.mark(vertex) == "failed" else "#0969da"

    def _text(self, vertex: Vertex) -> str:
        lines = [vertex.name, vertex.caption]
        if vertex.retry:
            lines.append(f"retry {vertex.retry}")
        mark = self._taken.mark(vertex) if self._taken else ""
        if self._taken and mark:
            count = self._taken.entered[vertex.name]
            lines.append(_MARKS[mark] + (f" {count}x" if count > 1 else ""))
        return "\n".join(lines)

    def _edge(self, edge: Edge, scope: GraphScope, prefix: str) -> str:
        source, target = scope.vertices[edge.source], scope.vertices[edge.target]
        parts = []
        if edge.label:
            parts.append(f"label={_quote(edge.label)}")
        if edge.kind == "catch":
            parts.append('style=dashed, color="#bc4c00"')
        if source.scopes:
            parts.append(f"ltail=cluster_{prefix}_{edge.source}")
        if target.scopes:
            parts.append(f"lhead=cluster_{prefix}_{edge.target}")
        if self._taken and self._taken.took(edge, source, target):
            parts.append('penwidth=3, color="#0969da"')
        attributes = f" [{', '.join(parts)}]" if parts else ""
        leaving = f"{prefix}_{edge.source}" + "_out" * bool(source.scopes)
        return f"{leaving} -> {prefix}_{edge.target}{attributes}"


def _quote(text: str) -> str:
    # In dot a backslash starts an escape of its own; a NUL would end the text.
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\x00", "\ufffd").replace("\n", "\\n")
    return f'"{escaped}"'
