"""What changed from one definition to another: states, transitions, data, ways, ends.

Pure: no clock, no IO. Compares what the definitions say, not how they are written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from step.asl.model import Definition, Fail, Task
from step.asl.parse import every_state, inner_branches
from step.asl.source import join
from step.paths.unreachable import unreachable
from step.paths.ways import StateTransition, Ways, ends_well, transitions

# Ways are compared one by one where there are no more than these.
MOST_WAYS = 500
_ABSENT = object()
_REFERENCE = re.compile(r"\$\$?(?:[A-Za-z_]\w*)?(?:\.[\w-]+|\[[^\]]*\])*")
_INNER = ("States", "Branches", "ItemProcessor", "Iterator")
# Fields that say nothing of what a state does.
_WORDS = frozenset({"Comment"})
StateChange = Literal["added", "removed", "renamed", "changed", "words"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedState:
    """A state that isn't what it was. ``fields`` say how; ``was`` is its former name, if it has another."""

    name: str
    change: StateChange
    fields: tuple[str, ...] = ()
    was: str = ""
    reads_more: tuple[str, ...] = ()
    reads_less: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionDiff:
    """All that changed.

    Attributes:
        machine: The machine's own fields that changed, in words.
        states: The states that changed, those inside Parallels and Maps too.
        gained: The transitions that are new; ``lost``: those that are gone.
        ways_gained: The machine's ways that are new, loops folded; None: too many to compare.
        ways_lost: Those that are gone.
        ways: How many ways there were, and are.
        ends_gained: The ends that can be reached now and couldn't; ``ends_lost``: the other way round.
        running: What it means for executions that run.
    """

    machine: tuple[str, ...]
    states: tuple[ChangedState, ...]
    gained: tuple[StateTransition, ...]
    lost: tuple[StateTransition, ...]
    ways_gained: tuple[str, ...] | None
    ways_lost: tuple[str, ...] | None
    ways: tuple[int, int]
    ends_gained: tuple[str, ...]
    ends_lost: tuple[str, ...]
    running: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether the two do the same, whatever their comments say."""
        told = (self.machine, self.gained, self.lost, self.ends_gained, self.ends_lost)
        return not any(told) and all(state.change == "words" for state in self.states)


def diff(old: Definition, new: Definition) -> DefinitionDiff:
    """Compare two definitions."""
    before, after = _states(old), _states(new)
    renamed = _renamed(before, after)
    states = tuple(_changed_states(before, after, renamed))
    was, is_now = _transitions(old, renamed), _transitions(new, {})
    old_ways, new_ways = Ways(old), Ways(new)
    few = max(old_ways.total, new_ways.total) <= MOST_WAYS
    old_told, new_told = (_told(old_ways, renamed), _told(new_ways, {})) if few else ({}, {})
    old_ends, new_ends = _ends(old, renamed), _ends(new, {})
    return DefinitionDiff(
        machine=tuple(_fields(old.source, new.source, skip=("States",))),
        states=states,
        gained=tuple(one for one in is_now if one not in was),
        lost=tuple(one for one in was if one not in is_now),
        ways_gained=tuple(way for way in new_told if way not in old_told) if few else None,
        ways_lost=tuple(way for way in old_told if way not in new_told) if few else None,
        ways=(old_ways.total, new_ways.total),
        ends_gained=tuple(end for end in new_ends if end not in old_ends),
        ends_lost=tuple(end for end in old_ends if end not in new_ends),
        running=tuple(_running(old, new, states, before, after)),
    )


# ---------------------------------------------------------------- states


def _states(definition: Definition) -> dict[str, Mapping[str, Any]]:
    """Map every state's name to its document, those inside Parallels and Maps too."""
    found: dict[str, Mapping[str, Any]] = {}

    def visit(branch: Mapping[str, Any]) -> None:
        for name, state in branch["States"].items():
            found[name] = state
            for inner in (*state.get("Branches", ()), *(state[k] for k in _INNER[2:] if k in state)):
                visit(inner)

    visit(definition.source)
    return found


def _renamed(
    before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> dict[str, str]:
    """Find states that have another name and are otherwise the same, but for where they lead."""
    gone = {name: _body(name, state) for name, state in before.items() if name not in after}
    come = {name: _body(name, state) for name, state in after.items() if name not in before}
    found: dict[str, str] = {}
    for name, body in gone.items():
        alike = [other for other, told in come.items() if told == body and other not in found.values()]
        if len(alike) == 1 and list(gone.values()).count(body) == 1:
            found[name] = alike[0]
    return found


def _body(name: str, state: Mapping[str, Any]) -> str:
    own = {key: value for key, value in state.items() if key not in ("Next", "Comment", "Default")}
    # A TaskFn's message holds its state's name.
    return json.dumps(own, sort_keys=True).replace(json.dumps(name), '"\\u0000"')


def _changed_states(
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
    renamed: Mapping[str, str],
) -> Iterator[ChangedState]:
    for name, state in before.items():
        if name in renamed:
            yield ChangedState(name=renamed[name], change="renamed", was=name)
        elif name not in after:
            yield ChangedState(name=name, change="removed", fields=(_kind(state),))
        else:
            other = after[name]
            fields = tuple(_fields(state, other, skip=(*_INNER, "Next", "Default", *_WORDS)))
            more, less = _reads(other) - _reads(state), _reads(state) - _reads(other)
            if fields:
                yield ChangedState(
                    name=name,
                    change="changed",
                    fields=fields,
                    reads_more=tuple(sorted(more)),
                    reads_less=tuple(sorted(less)),
                )
            elif state.get("Comment") != other.get("Comment"):
                yield ChangedState(name=name, change="words")
    for name, state in after.items():
        if name not in before and name not in renamed.values():
            yield ChangedState(name=name, change="added", fields=(_kind(state),))


def _kind(state: Mapping[str, Any]) -> str:
    resource = state.get("Resource")
    return f"{state['Type']} on {resource}" if isinstance(resource, str) else str(state["Type"])


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], *, skip: Sequence[str]) -> Iterator[str]:
    for key in dict.fromkeys([*old, *new]):
        if key not in skip:
            yield from _changes(old.get(key, _ABSENT), new.get(key, _ABSENT), key)


def _changes(old: Any, new: Any, where: str) -> Iterator[str]:
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if key != "Next":
                yield from _changes(old.get(key, _ABSENT), new.get(key, _ABSENT), f"{where}{join('', key)}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, (one, two) in enumerate(zip(old, new, strict=True)):
            yield from _changes(one, two, f"{where}{join('', place)}")
    elif (
        isinstance(old, list) and isinstance(new, list) and any(isinstance(one, dict) for one in (*old, *new))
    ):
        yield from (f"{where} has no more {_shown(one)}" for one in old if one not in new)
        yield from (f"{where} has also {_shown(one)}" for one in new if one not in old)
    elif old is _ABSENT:
        yield f"{where} is new: {_shown(new)}"
    elif new is _ABSENT:
        yield f"{where} is gone: {_shown(old)}"
    else:
        yield f"{where}: {_shown(old)} → {_shown(new)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:97]}..."


def _reads(state: Mapping[str, Any]) -> set[str]:
    """Find the data that a state's fields refer to."""
    own = {
        key: value for key, value in state.items() if key not in (*_INNER, *_WORDS, "ResultPath", "Result")
    }
    found: set[str] = set()

    def visit(value: Any) -> None:
        if isinstance(value, dict):
            for inner in value.values():
                visit(inner)
        elif isinstance(value, list):
            for inner in value:
                visit(inner)
        elif isinstance(value, str) and "$" in value and "${" not in value:
            found.update(match for match in _REFERENCE.findall(value) if len(match) > 1)

    visit(own)
    return found


# ---------------------------------------------------------------- transitions, ways, ends


def _transitions(definition: Definition, renamed: Mapping[str, str]) -> dict[StateTransition, None]:
    found: dict[StateTransition, None] = {}
    scopes = [definition, *(inner for state in every_state(definition) for inner in inner_branches(state))]
    for scope in scopes:
        for one in transitions(scope):
            source, target = renamed.get(one.source, one.source), renamed.get(one.target, one.target)
            found[StateTransition(source, target, one.how, one.label)] = None
    return found


def _told(ways: Ways, renamed: Mapping[str, str]) -> dict[str, None]:
    told: dict[str, None] = {}
    for end in ways.ends:
        for way in ways.to(end, MOST_WAYS):
            names = way._replace(
                states=tuple(renamed.get(name, name) for name in way.states),
                loops=tuple(tuple(renamed.get(name, name) for name in loop) for loop in way.loops),
            )
            told[names.told] = None
    return told


def _ends(definition: Definition, renamed: Mapping[str, str]) -> dict[str, None]:
    """List the ends that the machine's graph leads to."""
    dead = {point.state for point in unreachable(definition) if point.kind == "state"}
    found: dict[str, None] = {}
    for name, state in definition.states.items():
        if name in dead:
            continue
        shown = renamed.get(name, name)
        if isinstance(state, Fail):
            found[f"FAILED {state.error or state.error_path or ''} in {shown}".replace("  ", " ")] = None
        elif ends_well(state):
            found[f"SUCCEEDED in {shown}"] = None
    return found


# ---------------------------------------------------------------- running executions


def _running(
    old: Definition,
    new: Definition,
    states: Sequence[ChangedState],
    before: Mapping[str, Mapping[str, Any]],
    after: Mapping[str, Mapping[str, Any]],
) -> Iterator[str]:
    """Say what has to stay for executions that run, and which couldn't go on under the new definition."""
    tasks = {state.name for state in every_state(old) if isinstance(state, Task)}
    limit = old.timeout_seconds
    until = (
        f" for {limit:,} s after the change"
        if limit
        else ", however long that is: no TimeoutSeconds ends them"
    )
    gone = [state.was or state.name for state in states if state.change in ("removed", "renamed")]
    called = [name for name in gone if name in tasks]
    if called:
        yield (
            "on AWS an execution keeps the definition that it was started with: what serves "
            f"{', '.join(called)} must stay{until}"
        )
    asked = [state.name for state in states if state.change == "changed" and state.name in tasks]
    otherwise = [name for name in asked if _asked(before[name]) != _asked(after[name])]
    if otherwise:
        yield f"{', '.join(otherwise)}: what is called must understand both messages while old executions run"
    if gone:
        yield f"a durable run that is in {', '.join(gone)} can't go on under the new definition"
    forks = [
        s.name for s in states if s.change == "changed" and before[s.name]["Type"] in ("Parallel", "Map")
    ]
    if forks:
        told = ", ".join(forks)
        yield f"a durable run inside {told} may find other branches or items: replay its history first"


def _asked(state: Mapping[str, Any]) -> str:
    kept = ("InputPath", "Parameters", "Arguments", "Resource")
    return json.dumps({key: state[key] for key in kept if key in state}, sort_keys=True)
