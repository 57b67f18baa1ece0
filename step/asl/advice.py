"""Advice of step's own: what AWS takes and what yet goes wrong some night. Warnings, never errors.

Pure: no clock, no IO. Reads the document as it was written and never raises, whatever it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from step.asl.retry import match_error
from step.asl.rules.codes import CODES
from step.asl.rules.place import MachineType
from step.asl.rules.scopes import transitions
from step.asl.source import Source, join
from step.errors import Diagnostic
from step.jsonvalue import JSONObject, JSONValue, to_text

# Tasks that end by themselves: one request and its answer. A Lambda function ends too, but after 15 minutes.
_ENDS_BY_ITSELF = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:(?!lambda:|activity:)[^.]*")
_BOUNDS = ("TimeoutSeconds", "TimeoutSecondsPath", "HeartbeatSeconds", "HeartbeatSecondsPath")
_SHOWN = 8
# What makes rounds countable: a sum, a comparison of order, a deadline.
_COUNTS = re.compile(
    r"States\.MathAdd|(?:Numeric|Timestamp)(?:Less|Greater)|\"NumericEquals|\{%[^\"]*(?:[-+<]|(?<!~)>)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scope:
    states: JSONObject
    pointer: str
    # The Catch lists of the states around this scope: they see its errors too.
    catches: tuple[JSONValue, ...] = ()

    def state_pointer(self, name: str) -> str:
        return join(self.pointer, "States", name)


def advise(
    source: Source, declared: Mapping[str, Sequence[str]] | None = None, *, type: MachineType = "STANDARD"
) -> list[Diagnostic]:
    """List what could go better in a definition.

    Args:
        source: the document.
        declared: the errors that the handlers of tasks say they raise, by state name.
        type: an Express machine ends after five minutes, whatever happens.
    """
    document = source.value
    if not isinstance(document, dict):
        return []
    found: list[tuple[str, str, str]] = []
    is_bounded = type == "EXPRESS" or "TimeoutSeconds" in document
    for scope in _scopes(_Scope(states=_states_of(document), pointer="")):
        for name, state in scope.states.items():
            if isinstance(state, dict):
                found.extend(_advise_state(state, scope.state_pointer(name), type))
                found.extend(_uncaught(name, state, scope, (declared or {}).get(name, ())))
        if not is_bounded:
            found.extend(_unbounded_loops(scope))
    return [
        Diagnostic(
            severity=CODES[code].severity, code=code, message=message, location=at, line=source.line(at)
        )
        for code, message, at in found
    ]


def _states_of(scope: JSONValue) -> JSONObject:
    states = scope.get("States") if isinstance(scope, dict) else None
    return states if isinstance(states, dict) else {}


def _scopes(scope: _Scope) -> Iterator[_Scope]:
    yield scope
    for name, state in scope.states.items():
        if not isinstance(state, dict):
            continue
        inner = replace(scope, catches=(*scope.catches, state.get("Catch")))
        at = scope.state_pointer(name)
        branches = state.get("Branches")
        for index, branch in enumerate(branches if isinstance(branches, list) else []):
            yield from _scopes(replace(inner, states=_states_of(branch), pointer=join(at, "Branches", index)))
        for body in ("ItemProcessor", "Iterator"):
            if body in state:
                yield from _scopes(replace(inner, states=_states_of(state[body]), pointer=join(at, body)))


def _advise_state(state: JSONObject, at: str, type: MachineType) -> Iterator[tuple[str, str, str]]:
    for field, value in state.items():
        if field not in ("Branches", "ItemProcessor", "Iterator"):
            yield from _dropped(value, join(at, field))
    kind = state.get("Type")
    if kind == "Choice" and "Default" not in state:
        message = "A Choice without Default fails the execution where no rule matches"
        yield "CHOICE_WITHOUT_DEFAULT", message, at
    if kind in ("Task", "TaskFn") and type == "STANDARD" and not any(name in state for name in _BOUNDS):
        resource = state.get("Resource")
        if not isinstance(resource, str) or not _ENDS_BY_ITSELF.fullmatch(resource):
            message = (
                "A task without TimeoutSeconds is waited for as long as the execution lives: up to a year"
            )
            yield "TASK_WITHOUT_TIMEOUT", message, at


def _dropped(value: JSONValue, at: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _dropped(item, join(at, index))
    elif isinstance(value, dict):
        for key, item in value.items():
            if f"{key}.$" in value:
                message = f"The value of '{key}' is dropped: '{key}.$' beside it gives the same field"
                yield "VALUE_DROPPED", message, join(at, key)
            yield from _dropped(item, join(at, key))


def _uncaught(
    name: str, state: JSONObject, scope: _Scope, declared: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    caught = list(_caught_names([state.get("Catch"), *scope.catches]))
    for error in declared:
        if not match_error(error, caught):
            message = f"The handler of '{name}' declares the error {error}, which no Catch names"
            yield "UNCAUGHT_ERROR", message, scope.state_pointer(name)


def _caught_names(catches: Sequence[JSONValue]) -> Iterator[str]:
    for catchers in catches:
        for catcher in catchers if isinstance(catchers, list) else []:
            names = catcher.get("ErrorEquals") if isinstance(catcher, dict) else None
            yield from (name for name in (names if isinstance(names, list) else []) if isinstance(name, str))


def _unbounded_loops(scope: _Scope) -> Iterator[tuple[str, str, str]]:
    ways = {
        name: [
            way.target
            for way in transitions(state, "")
            if isinstance(way.target, str) and way.target in scope.states
        ]
        for name, state in scope.states.items()
    }
    for circle in _circles(ways):
        if not any(_COUNTS.search(to_text(scope.states[name])) for name in circle):
            loop = _way_back(next(iter(circle)), ways, circle)
            shown = loop if len(loop) <= _SHOWN else [*loop[: _SHOWN - 1], "..."]
            message = (
                f"{' -> '.join([*shown, loop[0]])} may go round for ever: nothing in it counts, "
                "and the machine has no TimeoutSeconds"
            )
            yield "UNBOUNDED_LOOP", message, scope.state_pointer(loop[0])


def _circles(ways: Mapping[str, Sequence[str]]) -> Iterator[dict[str, None]]:
    # The sets of states that reach each other (Kosaraju), each in the order of the document.
    turned: dict[str, list[str]] = {name: [] for name in ways}
    for name, targets in ways.items():
        for target in targets:
            turned[target].append(name)
    group: dict[str, str] = {}
    for root in reversed(_finished(ways)):
        waiting = [root]
        while waiting:
            name = waiting.pop()
            if name not in group:
                group[name] = root
                waiting.extend(turned[name])
    members: dict[str, dict[str, None]] = {}
    for name in ways:
        members.setdefault(group[name], {})[name] = None
    for circle in members.values():
        first = next(iter(circle))
        if len(circle) > 1 or first in ways[first]:
            yield circle


def _finished(ways: Mapping[str, Sequence[str]]) -> list[str]:
    # Depth first: a state comes after all that can be reached from it.
    order: list[str] = []
    seen: set[str] = set()
    for root in ways:
        stack = [] if root in seen else [(root, iter(ways[root]))]
        seen.add(root)
        while stack:
            name, targets = stack[-1]
            target = next((target for target in targets if target not in seen), None)
            if target is None:
                order.append(name)
                stack.pop()
            else:
                seen.add(target)
                stack.append((target, iter(ways[target])))
    return order


def _way_back(start: str, ways: Mapping[str, Sequence[str]], circle: Mapping[str, None]) -> list[str]:
    # The shortest way from a state to itself.
    came_from: dict[str, str] = {}
    queue = [start]
    for name in queue:
        for target in ways[name]:
            if target == start:
                path = [name]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                return path[::-1]
            if target in circle and target not in came_from:
                came_from[target] = name
                queue.append(target)
    return [start]
