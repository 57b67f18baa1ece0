"""The path that an execution took, as plain data to lay over a picture.

Pure: no clock, no IO. State names are keys: AWS demands that they are unique in a whole definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from step.view.graph import Edge, Vertex
from step.view.visits import Event, gather_visits

Mark = Literal["", "succeeded", "caught", "failed", "running", "aborted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What happened: how often each state was entered, and over which transitions.

    ``edges`` are (from, to) with ``to`` None at the end of a scope; ``caught`` are those taken by a
    catcher, with the error names. A state in ``failed`` ended an execution or a branch, one in
    ``running`` hasn't ended, one in ``aborted`` was stopped from outside.
    """

    entered: Mapping[str, int]
    edges: frozenset[tuple[str, str | None]] = frozenset()
    caught: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    running: frozenset[str] = frozenset()
    aborted: frozenset[str] = frozenset()

    @classmethod
    def from_events(cls, events: Iterable[Event]) -> Taken:
        """Read the path from the events of a history."""
        entered: dict[str, int] = {}
        edges: set[tuple[str, str | None]] = set()
        caught: dict[tuple[str, str], tuple[str, ...]] = {}
        ended: dict[str, set[str]] = {"failed": set(), "running": set(), "aborted": set()}
        followed: set[int] = set()
        visits = list(gather_visits(events).walk())
        for visit in visits:
            entered[visit.name] = entered.get(visit.name, 0) + 1
            if visit.status in ended:
                ended[visit.status].add(visit.name)
            before = visit.came_from
            if before is None:
                continue
            followed.add(id(before))
            if before.status == "caught":
                names = caught.get((before.name, visit.name), ())
                new = before.error or "?"
                caught[(before.name, visit.name)] = names if new in names else (*names, new)
            else:
                edges.add((before.name, visit.name))
        edges.update((v.name, None) for v in visits if v.status == "succeeded" and id(v) not in followed)
        return cls(
            entered=entered,
            edges=frozenset(edges),
            caught=caught,
            failed=frozenset(ended["failed"]),
            running=frozenset(ended["running"]),
            aborted=frozenset(ended["aborted"]),
        )

    def took(self, edge: Edge, source: Vertex, target: Vertex) -> bool:
        """Tell whether the execution went over ``edge``, which leads from ``source`` to ``target``."""
        if edge.kind == "start":
            return target.name in self.entered
        if edge.kind == "catch":
            return (source.name, target.name) in self.caught
        return (source.name, target.name or None) in self.edges

    def mark(self, vertex: Vertex) -> Mark:
        """Say how it went with a state; "" if it wasn't entered. The worst of several visits counts."""
        name = vertex.name
        if name not in self.entered:
            return ""
        if name in self.failed:
            return "failed"
        if name in self.running:
            return "running"
        if name in self.aborted:
            return "aborted"
        return "caught" if any(source == name for source, _ in self.caught) else "succeeded"
