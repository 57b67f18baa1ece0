"""The structure of a machine as a graph: what layout, dot and mermaid draw from.

Pure: no clock, no IO, no coordinates. Everything here follows the transitions, never the order of JSON
keys, so two texts of one definition give the same graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from step.asl.model import Branch, Choice, Definition, Fail, Map, Parallel, State, Succeed, Task
from step.view.words import called_service, describe_retriers, describe_rule, describe_state

EdgeKind = Literal["start", "next", "choice", "default", "catch", "end"]
VertexKind = Literal["Start", "End", "Pass", "Succeed", "Fail", "Wait", "Choice", "Task", "Parallel", "Map"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A transition; ``source`` and ``target`` are places in the scope's ``vertices``.

    ``label`` is the condition of a choice, the error names of a catch, else "".
    """

    source: int
    target: int
    kind: EdgeKind
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vertex:
    """A state, or the start or end of a scope (these have no name).

    ``retry`` says what is tried again ("" if nothing), ``calls`` which service a Task calls ("" of others),
    ``scopes`` are the bodies of a Map or Parallel.
    """

    kind: VertexKind
    name: str = ""
    caption: str = ""
    retry: str = ""
    calls: str = ""
    scopes: tuple[GraphScope, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphScope:
    """States that transition among each other: the machine, a Map's body, a Parallel's branch.

    ``vertices[0]`` is the start; states follow in the order in which transitions reach them. The end
    is the last one, if any state ends the scope well: a Fail state ends everything and leads nowhere.
    """

    vertices: tuple[Vertex, ...]
    edges: tuple[Edge, ...]

    def walk(self) -> Iterator[Vertex]:
        """Yield every state, those of inner scopes after the state that holds them."""
        for vertex in self.vertices:
            if vertex.name:
                yield vertex
            for scope in vertex.scopes:
                yield from scope.walk()


# The target of a transition that ends the scope.
_END = None
_Transition = tuple[EdgeKind, "str | None", str]


def build_graph(definition: Definition) -> GraphScope:
    """Turn a valid definition into its graph."""
    return _build_scope(definition)


def _build_scope(branch: Branch) -> GraphScope:
    names = _reading_order(branch)
    places: dict[str | None, int] = {name: place for place, name in enumerate(names, 1)}
    places[_END] = len(names) + 1
    edges = [Edge(source=0, target=places[branch.start_at], kind="start")]
    for name in names:
        for kind, target, label in _transitions(branch.states[name]):
            edges.append(Edge(source=places[name], target=places[target], kind=kind, label=label))
    vertices = [Vertex(kind="Start"), *(_vertex(name, branch.states[name]) for name in names)]
    if any(edge.kind == "end" for edge in edges):
        vertices.append(Vertex(kind="End"))
    return GraphScope(vertices=tuple(vertices), edges=tuple(edges))


def _vertex(name: str, state: State) -> Vertex:
    bodies: tuple[Branch, ...] = ()
    if isinstance(state, Map):
        bodies = (state.item_processor,)
    elif isinstance(state, Parallel):
        bodies = state.branches
    retriers = state.retry if isinstance(state, Task | Map | Parallel) else ()
    return Vertex(
        kind=type(state).__name__,  # type: ignore[arg-type]  # the classes are named like the types
        name=name,
        caption=describe_state(state),
        retry=describe_retriers(retriers),
        calls=called_service(state) if isinstance(state, Task) else "",
        scopes=tuple(_build_scope(body) for body in bodies),
    )


def _transitions(state: State) -> Iterator[_Transition]:
    if isinstance(state, Choice):
        for rule in state.choices:
            yield "choice", rule.next, describe_rule(rule)
        if state.default is not None:
            yield "default", state.default, "default"
    elif isinstance(state, Succeed):
        yield "end", _END, ""
    elif not isinstance(state, Fail):
        yield ("end", _END, "") if state.next is None else ("next", state.next, "")
    if isinstance(state, Task | Map | Parallel):
        for catcher in state.catch:
            yield "catch", catcher.next, ", ".join(catcher.error_equals)


def _reading_order(branch: Branch) -> list[str]:
    order: dict[str, None] = {}
    for root in (branch.start_at, *sorted(branch.states)):
        stack = [root]
        while stack:
            name = stack.pop()
            if name not in order:
                order[name] = None
                targets = [target for _, target, _ in _transitions(branch.states[name])]
                stack.extend(target for target in reversed(targets) if target is not None)
    return list(order)
