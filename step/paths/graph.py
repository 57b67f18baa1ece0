"""The graph of all situations: which move leads where, what it costs, and what follows from its shape.

Pure: no clock, no IO.
"""

from __future__ import annotations

from array import array
from collections import deque
from collections.abc import Iterator, Sequence

from step.paths.moves import Move

NOWHERE = -1


class Graph:
    """Situations by number, in the order in which they were found: breadth first from number 0.

    Attributes:
        names: A situation's digest, by its number.
        parents: From where a situation was found first; -1: the beginning.
        made: By which move.
        ends: The situations in which the execution has ended.
    """

    def __init__(self) -> None:
        self.names: list[bytes] = []
        self.numbers: dict[bytes, int] = {}
        self.parents = array("i")
        self.made: list[Move | None] = []
        self.ends: set[int] = set()
        self.sources, self.targets = array("I"), array("I")
        self.times, self.slow_times, self.events = array("q"), array("q"), array("I")
        self.moves: list[Move] = []
        self._known: dict[Move, Move] = {}

    def __len__(self) -> int:
        return len(self.names)

    def find(self, name: bytes, parent: int, move: Move | None) -> tuple[int, bool]:
        """Give the number of a situation, and whether it is a new one."""
        known = self.numbers.get(name)
        if known is not None:
            return known, False
        number = self.numbers[name] = len(self.names)
        self.names.append(name)
        self.parents.append(parent)
        self.made.append(move and self._known.setdefault(move, move))
        return number, True

    def add(self, source: int, target: int, move: Move, time: int, slow: int, events: int) -> None:
        """Note a move; ``time`` is how long it took (ms), ``slow`` how long it could have taken."""
        self.moves.append(self._known.setdefault(move, move))
        self.sources.append(source)
        self.targets.append(target)
        self.times.append(time)
        self.slow_times.append(slow)
        self.events.append(events)

    def way_to(self, number: int) -> list[Move]:
        """The moves of a shortest way to a situation."""
        way: list[Move] = []
        while (move := self.made[number]) is not None:
            way.append(move)
            number = self.parents[number]
        return way[::-1]

    def way_over(self, number: int, last: Sequence[int]) -> list[Move]:
        """The moves of a way to a situation, which was come to last over these."""
        way: list[Move] = []
        while last[number] != NOWHERE:
            way.append(self.moves[last[number]])
            number = self.sources[last[number]]
        return way[::-1]

    def without_end(self) -> int | None:
        """Find the first situation from which no way leads to an end."""
        before: list[list[int]] = [[] for _ in self.names]
        for source, target in zip(self.sources, self.targets, strict=True):
            before[target].append(source)
        good = set(self.ends)
        stack = list(good)
        while stack:
            for source in before[stack.pop()]:
                if source not in good:
                    good.add(source)
                    stack.append(source)
        return next((number for number in range(len(self)) if number not in good), None)

    def order(self) -> tuple[list[int], list[int]]:
        """Order situations so that every move leads onward; second: those on or behind a cycle."""
        waits = [0] * len(self)
        for target in self.targets:
            waits[target] += 1
        after = self._after()
        ready = deque(number for number, count in enumerate(waits) if not count)
        ordered: list[int] = []
        while ready:
            number = ready.popleft()
            ordered.append(number)
            for edge in after[number]:
                target = self.targets[edge]
                waits[target] -= 1
                if not waits[target]:
                    ready.append(target)
        return ordered, [number for number, count in enumerate(waits) if count]

    def longest(self, weights: Sequence[int]) -> tuple[list[int], array[int]]:
        """Say how much the costliest way to each situation costs, and over which move it comes last.

        The graph must have no cycle.
        """
        after = self._after()
        cost = [0] * len(self)
        last = array("i", [NOWHERE]) * len(self)
        for number in self.order()[0]:
            for edge in after[number]:
                target, total = self.targets[edge], cost[number] + weights[edge]
                if total >= cost[target]:
                    cost[target], last[target] = total, edge
        return cost, last

    def cycle(self) -> list[int]:
        """Find the situations of one cycle, in order; empty: there is none."""
        left = set(self.order()[1])
        if not left:
            return []
        # Behind a cycle is what has no successor that is left.
        after = self._after()
        number, seen = min(left), {}
        pruned = True
        while pruned:
            gone = {n for n in left if not any(self.targets[edge] in left for edge in after[n])}
            left -= gone
            pruned = bool(gone)
        number = min(left)
        way: list[int] = []
        while number not in seen:
            seen[number] = len(way)
            way.append(number)
            number = next(self.targets[edge] for edge in after[number] if self.targets[edge] in left)
        return way[seen[number] :]

    def moves_from(self) -> Iterator[tuple[int, list[int]]]:
        """The moves' targets by situation, in the order in which they were found."""
        for number, edges in enumerate(self._after()):
            yield number, [self.targets[edge] for edge in edges]

    def _after(self) -> list[list[int]]:
        after: list[list[int]] = [[] for _ in self.names]
        for edge, source in enumerate(self.sources):
            after[source].append(edge)
        return after
