"""The ways through a scope of states by its graph: how many there are, which ones, loops folded.

Pure: no clock, no IO. Knows no data: a Choice goes every way, a Task may fail. What data and handlers allow
is the explorer's to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from step.asl.model import Branch, Choice, Fail, Map, Parallel, State, Succeed, Task
from step.view.words import describe_rule


class StateTransition(NamedTuple):
    """A transition; ``how`` is "next", "rule", "default" or "catch", ``label`` its condition or errors."""

    source: str
    target: str
    how: str
    label: str = ""


class Way(NamedTuple):
    """A way from the start to an end; of a loop, the shortest way through. ``loops`` lists their states."""

    states: tuple[str, ...]
    loops: tuple[tuple[str, ...], ...]

    @property
    def told(self) -> str:
        """The way on one line; ``↻`` is behind the states at which it may turn."""
        turning = {name for loop in self.loops for name in loop}
        return " > ".join(f"{name} ↻" if name in turning else name for name in self.states)


def transitions(branch: Branch) -> Iterator[StateTransition]:
    """List the transitions of a scope, not those inside its Parallels and Maps."""
    for name, state in branch.states.items():
        yield from _transitions(name, state)


def _transitions(name: str, state: State) -> Iterator[StateTransition]:
    match state:
        case Choice():
            for rule in state.choices:
                yield StateTransition(name, rule.next, "rule", describe_rule(rule))
            if state.default is not None:
                yield StateTransition(name, state.default, "default", "default")
        case Succeed() | Fail():
            return
        case _:
            if state.next is not None:
                yield StateTransition(name, state.next, "next")
    if isinstance(state, Task | Map | Parallel):
        for catcher in state.catch:
            yield StateTransition(name, catcher.next, "catch", ", ".join(catcher.error_equals))


def ends_well(state: State) -> bool:
    """Say whether a state ends its scope with a result."""
    return isinstance(state, Succeed) or (not isinstance(state, Choice | Fail) and state.next is None)


@dataclass(frozen=True)
class Ways:
    """The ways through one scope."""

    branch: Branch

    @cached_property
    def targets(self) -> Mapping[str, Sequence[str]]:
        """By each state, those that it may lead to, each once."""
        found: dict[str, dict[str, None]] = {name: {} for name in self.branch.states}
        for one in transitions(self.branch):
            if one.target in found:
                found[one.source][one.target] = None
        return {name: tuple(targets) for name, targets in found.items()}

    @cached_property
    def ends(self) -> Sequence[str]:
        """The states that end the scope, well or with a failure, in the order of the document."""
        return [
            name for name, state in self.branch.states.items() if isinstance(state, Fail) or ends_well(state)
        ]

    @cached_property
    def loops(self) -> Sequence[tuple[str, ...]]:
        """The loops: sets of states each of which leads to every other, in the order of the document."""
        return [
            tuple(name for name in self.branch.states if name in group)
            for group in self.groups
            if len(group) > 1 or any(name in self.targets[name] for name in group)
        ]

    @cached_property
    def groups(self) -> Sequence[frozenset[str]]:
        """Group states that lead to each other; a group comes after those that it leads to."""
        index: dict[str, int] = {}
        low: dict[str, int] = {}
        stack: list[str] = []
        on_stack: set[str] = set()
        groups: list[frozenset[str]] = []
        for root in self.branch.states:
            if root in index:
                continue
            work: list[tuple[str, Iterator[str]]] = [(root, iter(self.targets[root]))]
            index[root] = low[root] = len(index)
            stack.append(root)
            on_stack.add(root)
            while work:
                name, rest = work[-1]
                following = next(rest, None)
                if following is None:
                    work.pop()
                    if work:
                        low[work[-1][0]] = min(low[work[-1][0]], low[name])
                    if low[name] == index[name]:
                        group = stack[stack.index(name) :]
                        del stack[stack.index(name) :]
                        on_stack.difference_update(group)
                        groups.append(frozenset(group))
                elif following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on_stack.add(following)
                    work.append((following, iter(self.targets[following])))
                elif following in on_stack:
                    low[name] = min(low[name], index[following])
        return groups

    @cached_property
    def _group_of(self) -> Mapping[str, frozenset[str]]:
        return {name: group for group in self.groups for name in group}

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How many ways lead to each end; two ways differ where they enter or leave a loop elsewhere."""
        counts: dict[str, int] = dict.fromkeys(self.ends, 0)
        # By the state at which a group is entered, how many ways lead there.
        entered: dict[str, int] = {self.branch.start_at: 1}
        for group in reversed(self.groups):
            arrived = sum(entered.get(name, 0) for name in group)
            if not arrived:
                continue
            for name in group:
                if name in counts:
                    counts[name] += arrived
                for target in self.targets[name]:
                    if target not in group:
                        entered[target] = entered.get(target, 0) + arrived
        return counts

    @property
    def total(self) -> int:
        """How many ways there are."""
        return sum(self.counts.values())

    def to(self, end: str, limit: int) -> list[Way]:
        """List ways to an end, the shortest first, at most so many."""
        leading = self.leading_to(end)
        found: list[Way] = []
        # Breadth first by groups: what is shorter in groups comes first.
        edge: list[tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]]] = []
        if self.branch.start_at in leading:
            edge = [(self.branch.start_at, (), ())]
        while edge and len(found) < limit:
            following = []
            for entry, states, loops in edge:
                group = self._group_of[entry]
                loop = tuple(name for name in self.branch.states if name in group)
                turns = len(group) > 1 or entry in self.targets[entry]
                more = (*loops, loop) if turns else loops
                if end in group:
                    found.append(Way((*states, *self._inside(entry, end)), more))
                for name in loop:
                    for target in self.targets[name]:
                        if target not in group and target in leading:
                            following.append((target, (*states, *self._inside(entry, name)), more))
            edge = following[: 4 * limit]
        return sorted(found, key=lambda way: len(way.states))[:limit]

    @cached_property
    def before(self) -> Mapping[str, Sequence[str]]:
        """By each state, those that may lead to it."""
        found: dict[str, list[str]] = {name: [] for name in self.branch.states}
        for name, targets in self.targets.items():
            for target in targets:
                found[target].append(name)
        return found

    def leading_to(self, end: str) -> set[str]:
        """Find the states from which a way leads to an end, itself among them."""
        found, waiting = {end}, [end]
        while waiting:
            for name in self.before[waiting.pop()]:
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return found

    def _inside(self, entry: str, last: str) -> tuple[str, ...]:
        """Find the shortest way inside a group."""
        group = self._group_of[entry]
        came: dict[str, str | None] = {entry: None}
        waiting = [entry]
        for name in waiting:
            if name == last:
                break
            for target in self.targets[name]:
                if target in group and target not in came:
                    came[target] = name
                    waiting.append(target)
        way: list[str] = []
        at: str | None = last
        while at is not None:
            way.append(at)
            at = came[at]
        return tuple(reversed(way))
