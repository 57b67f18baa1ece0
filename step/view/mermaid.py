"""A machine as a Mermaid flowchart, as GitHub and GitLab draw it inside Markdown.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator

from step.asl.model import Definition
from step.view.graph import Edge, GraphScope, Vertex, build_graph
from step.view.taken import Taken

_SHAPES = {
    "Choice": ('{"', '"}'),
    "Succeed": ('(["', '"])'),
    "Fail": ('{{"', '"}}'),
    "Wait": ('("', '")'),
}
BREAK = "<br/>"
_MARKS = {"succeeded": "✓", "failed": "✗", "caught": "!", "running": "…", "aborted": "stopped"}
# Characters that Mermaid shows as they are inside quotes; all others are written by their number.
_PLAIN = frozenset(" .,:-+*/=$()?!_'@^~|%")


def render_mermaid(definition: Definition, *, taken: Taken | None = None) -> str:
    """Write a definition as a flowchart; ``taken`` lays an executed path over it."""
    return "\n".join(_Writer(taken).lines(build_graph(definition))) + "\n"


class _Writer:
    def __init__(self, taken: Taken | None) -> None:
        self._taken = taken
        self._edges = 0
        self._taken_edges: list[str] = []
        self._classes: dict[str, list[str]] = {"taken": [], "failed": []}

    def lines(self, scope: GraphScope) -> Iterator[str]:
        yield "flowchart TD"
        yield from self._scope(scope, "s", "  ")
        if self._taken:
            yield "  classDef taken stroke:#0969da,stroke-width:3px"
            yield "  classDef failed stroke:#cf222e,stroke-width:3px"
            for name, members in self._classes.items():
                if members:
                    yield f"  class {','.join(members)} {name}"
            if self._taken_edges:
                yield f"  linkStyle {','.join(self._taken_edges)} stroke:#0969da,stroke-width:3px"

    def _scope(self, scope: GraphScope, prefix: str, indent: str) -> Iterator[str]:
        # ids are places, as in "s_3_0_1": state 3 of the machine, its first scope, state 1 of that
        for place, vertex in enumerate(scope.vertices):
            identity = f"{prefix}_{place}"
            if vertex.scopes:
                yield from self._subgraph(vertex, identity, indent)
            elif vertex.kind == "Start":
                yield f'{indent}{identity}((" "))'
            elif vertex.kind == "End":
                yield f'{indent}{identity}(((" ")))'
            else:
                start, end = _SHAPES.get(vertex.kind, ('["', '"]'))
                yield f"{indent}{identity}{start}{self._text(vertex)}{end}"
            self._classify(vertex, identity)
        for edge in scope.edges:
            yield indent + self._edge(edge, scope, prefix)

    def _subgraph(self, vertex: Vertex, identity: str, indent: str) -> Iterator[str]:
        # a title has room for one line only: the name stands alone, the rest heads the first body
        name, *rest = self._text(vertex).split(BREAK)
        yield f'{indent}subgraph {identity}["{name}"]'
        for place, scope in enumerate(vertex.scopes):
            inner = f"{identity}_{place}"
            yield f'{indent}  subgraph {inner}_b["{" · ".join(rest) if place == 0 else " "}"]'
            yield from self._scope(scope, inner, indent + "    ")
            yield f"{indent}  end"
        yield f"{indent}end"

    def _classify(self, vertex: Vertex, identity: str) -> None:
        mark = self._taken.mark(vertex) if self._taken else ""
        if mark:
            self._classes["failed" if mark == "failed" else "taken"].append(identity)

    def _text(self, vertex: Vertex) -> str:
        lines = [vertex.name, vertex.caption]
        if vertex.retry:
            lines.append(f"retry {vertex.retry}")
        mark = self._taken.mark(vertex) if self._taken else ""
        if self._taken and mark:
            count = self._taken.entered[vertex.name]
            lines.append(_MARKS[mark] + (f" {count}x" if count > 1 else ""))
        return BREAK.join(escape_text(line) for line in lines)

    def _edge(self, edge: Edge, scope: GraphScope, prefix: str) -> str:
        source, target = scope.vertices[edge.source], scope.vertices[edge.target]
        arrow = "-.->" if edge.kind == "catch" else "-->"
        if self._taken and self._taken.took(edge, source, target):
            self._taken_edges.append(str(self._edges))
        self._edges += 1
        label = f'|"{escape_text(edge.label)}"|' if edge.label else ""
        return f"{prefix}_{edge.source} {arrow}{label} {prefix}_{edge.target}"


def escape_text(text: str) -> str:
    """Write text for Mermaid's quotes; what it could read as syntax becomes ``#35;``."""
    return "".join(
        character
        if character in _PLAIN or character.isalnum() or ord(character) > 127
        else f"#{ord(character)};"
        for character in text
    )
