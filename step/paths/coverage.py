"""Path coverage: how many executions took each point of a machine.

Pure: no clock, no IO. Worked out after each execution, from what it left; the kernel pays nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from hashlib import sha256
from typing import Any

from step.asl.model import Definition
from step.asl.parse import every_state, parse
from step.engine.history import History
from step.errors import StepError
from step.paths.events import info_of, read_events
from step.paths.points import Coverable, Point, coverables
from step.paths.rows import heads_of_work, read_rows
from step.paths.trail import Shape, Trail, needs_values
from step.paths.unreachable import unreachable
from step.paths.values import RecordedValues
from step.view.visits import Event


class Coverage:
    """What executions of one definition took. It grows with ``add`` and ``merge``.

    Attributes:
        definition: What ran.
        executions: How many executions it knows, child executions of distributed Maps among them.
    """

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.executions = 0
        self._states = {state.name: state for state in every_state(definition)}
        self._needs_values = needs_values(definition)
        self._begun = heads_of_work(self._states.values())
        self._merged: Counter[Point] = Counter()
        # Most executions take the way that others took: each shape is worked out once.
        self._shapes: Counter[Shape] = Counter()

    def add(self, history: History) -> None:
        """Add an execution in process."""
        if self._needs_values:
            self.add_events(history)
            return
        trail = Trail(self._states)
        read_rows(history.rows, trail, self._begun)
        self._note(trail)

    def add_events(self, events: Iterable[Event]) -> None:
        """Add an execution by the events of its history, in the order of their ids."""
        told = list(events)
        values = RecordedValues(info_of(told)) if self._needs_values else None
        trail = Trail(self._states, values)
        read_events(told, trail)
        self._note(trail)

    def _note(self, trail: Trail) -> None:
        self.executions += 1
        self._shapes[trail.shape()] += 1

    @property
    def hits(self) -> Mapping[Point, int]:
        """How many executions took each point; points that the definition doesn't have aren't told."""
        hits = Counter(dict.fromkeys(self._points, 0))
        for shape, count in self._shapes.items():
            for point in Trail(self._states).points_of(shape):
                hits[point] += count
        hits.update(self._merged)
        return {point: hits[point] for point in self._points}

    @property
    def foreign(self) -> Mapping[str, int]:
        """The states that executions entered and the definition doesn't have: they ran another one."""
        found: Counter[str] = Counter()
        for (entered, _, _), count in self._shapes.items():
            found.update(dict.fromkeys(entered - self._states.keys(), count))
        return found

    @cached_property
    def coverables(self) -> tuple[Coverable, ...]:
        """Every point with its place and words, in the order of the document."""
        return coverables(self.definition)

    @cached_property
    def unreachable(self) -> Mapping[Point, str]:
        """The points that no execution can take, and why."""
        known = unreachable(self.definition)
        dead = {point.state for point in known if point.kind == "state"}
        whole = {p: known[Point("state", p.state)] for p in self._points if p.state in dead}
        return {point: why for point, why in {**known, **whole}.items() if point in self._points}

    @cached_property
    def _points(self) -> dict[Point, None]:
        return dict.fromkeys(coverable.point for coverable in self.coverables)

    @property
    def counts(self) -> tuple[int, int]:
        """How many points were taken, of how many that can be."""
        hits, dead = self.hits, self.unreachable
        possible = [point for point in hits if point not in dead or hits[point]]
        return sum(1 for point in possible if hits[point]), len(possible)

    @property
    def percent(self) -> float:
        """What share of the points that can be taken was."""
        taken, possible = self.counts
        return 100 * taken / possible if possible else 100.0

    def merge(self, other: Coverage) -> None:
        """Add what another process or run found of the same definition."""
        self.executions += other.executions
        self._merged.update(other.hits)

    @property
    def digest(self) -> str:
        """A name for the points and their words: what has the same can be merged."""
        told = [(coverable.point.key, coverable.text) for coverable in self.coverables]
        return sha256(json.dumps(told).encode()).hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """Write what was found, with the definition."""
        hits = {point.key: count for point, count in self.hits.items() if count}
        return {"definition": dict(self.definition.source), "executions": self.executions, "hits": hits}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Coverage:
        """Read what ``to_json`` wrote.

        Raises:
            StepError: it is no coverage.
        """
        try:
            coverage = cls(parse(dict(document["definition"])))
            coverage.executions = int(document["executions"])
            coverage._merged.update({Point.from_key(key): int(n) for key, n in document["hits"].items()})
        except (KeyError, TypeError, ValueError, AttributeError) as fault:
            raise StepError(f"no coverage: {type(fault).__name__}: {fault}") from None
        return coverage


def shape_of(definition: Definition, events: Iterable[Event]) -> Shape:
    """Give all that an execution took as one hashable value: what took the same has the same."""
    trail = Trail({state.name: state for state in every_state(definition)})
    read_events(events, trail)
    return trail.shape()
