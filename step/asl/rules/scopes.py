"""The rules of a scope: its states' names, its transitions, what is reachable and what ends it.

Pure: no clock, no IO. A scope is the machine, a branch of a Parallel, or the body of a Map.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import NamedTuple

from step.asl.rules import messages
from step.asl.rules.objects import Field, check_object
from step.asl.rules.place import Check, Place, did_you_mean, has_placeholder, is_open
from step.asl.rules.values import string
from step.asl.source import join
from step.jsonvalue import JSONObject, JSONValue

# AWS: quotas, "State name: maximum length 80 Unicode characters".
_MAX_NAME = 80
_MAX_HINTS = 30
_WAYS_ON = ("Next", "End")
_BODIES = {"Branches", "ItemProcessor", "Iterator"}
_WITH_TRANSITION = ("Task", "TaskFn", "Wait", "Pass", "Parallel", "Map")


class Transition(NamedTuple):
    """One way out of a state: the state it names, and the place that names it."""

    target: JSONValue
    pointer: str


def check_scope(
    value: JSONValue, place: Place, check_state: Check, more: Mapping[str, Field] | None = None
) -> None:
    """Check a scope with everything in it; ``more`` are the fields that this kind of scope has besides."""

    def check_states(states: JSONValue, at: Place) -> None:
        _check_states(states, at, check_state)

    own = {"Comment": Field(string), "StartAt": Field(string), "States": Field(check_states)}
    fields = {**own, **(more or {})}
    scope = check_object(value, place, fields, required=("States", "StartAt"))
    states = scope.get("States") if scope is not None else None
    if scope is not None and isinstance(states, dict):
        _check_graph(scope, states, place)


def _check_states(states: JSONValue, place: Place, check_state: Check) -> None:
    if not isinstance(states, dict):
        place.refuse(messages.wrong_type("Object"))
        return
    if not states:
        place.refuse(messages.EMPTY)
    assigned = {name: frozenset(_assigned(state)) for name, state in states.items()}
    for name, state in states.items():
        _check_name(name, place / name)
        defined = _defined_before(name, states, assigned) if any(assigned.values()) else frozenset()
        check_member(state, place / name, check_state, place.outer_variables | defined)


def _defined_before(owner: str, states: JSONObject, assigned: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """Collect what the states assign that lead to one which has states of its own.

    Observed: parallel_catch_error: what its own catcher assigns isn't among it.
    """
    state = states[owner]
    if not isinstance(state, dict) or not _BODIES & set(state):
        return frozenset()
    comes_from: dict[JSONValue, list[str]] = {}
    for name, other in states.items():
        for way in transitions(other, ""):
            if isinstance(way.target, str):
                comes_from.setdefault(way.target, []).append(name)
    before: set[str] = set()
    waiting = list(comes_from.get(owner, ()))
    while waiting:
        name = waiting.pop()
        if name not in before:
            before.add(name)
            waiting += comes_from.get(name, ())
    return frozenset().union(*(assigned[name] for name in before if name != owner))


def _assigned(state: JSONValue) -> Iterator[str]:
    """List the variables that a state assigns, by itself, its choice rules or its catchers."""
    if not isinstance(state, dict):
        return
    entries = [state]
    for name in ("Choices", "Catch"):
        given = state.get(name)
        entries += [entry for entry in (given if isinstance(given, list) else []) if isinstance(entry, dict)]
    for entry in entries:
        assign = entry.get("Assign")
        if isinstance(assign, dict):
            yield from (key.removesuffix(".$") for key in assign)


def check_member(
    state: JSONValue, place: Place, check_state: Check, variables: frozenset[str] = frozenset()
) -> None:
    """Check a state and whether it goes on; not where to. ``variables``: its scope's and those around it."""
    check_state(state, replace(place, inner_variables=variables))
    if isinstance(state, dict) and state.get("Type") in _WITH_TRANSITION:
        _check_way_on(state, place)


def _check_name(name: str, place: Place) -> None:
    known = place.report.state_names
    if not name:
        place.refuse(messages.EMPTY_STATE_NAME, code="INVALID_STATE_NAME")
    elif len(name) > _MAX_NAME:
        place.refuse(messages.long_state_name(name, _MAX_NAME), code="INVALID_STATE_NAME")
    if name in known:
        hint = f"first at {known[name]}"
        place.refuse(messages.duplicate_state(name), code="DUPLICATE_STATE_NAME", hint=hint)
    known.setdefault(name, place.pointer)


def _check_way_on(state: JSONObject, place: Place) -> None:
    ends = state.get("End") is True or has_placeholder(state.get("End"))
    if ends and "Next" in state and not has_placeholder(state.get("End")):
        place.refuse(messages.one_too_many(_WAYS_ON), line_of=place / "End")
    elif not ends and "Next" not in state:
        place.refuse(messages.none_of(_WAYS_ON))


def _check_graph(scope: JSONObject, states: JSONObject, place: Place) -> None:
    starts = [Transition(scope["StartAt"], join(place.pointer, "StartAt"))] if "StartAt" in scope else []
    at = join(place.pointer, "States")
    ways = {name: list(transitions(state, join(at, name))) for name, state in states.items()}
    for transition in [*starts, *(way for found in ways.values() for way in found)]:
        _check_target(transition, states, place)
    # Observed: AWS tells no place of this one, and nothing of states that can't be reached beside it.
    if not any(_ends(state) for state in states.values()):
        place.report.add(
            "MISSING_END_STATE", messages.NO_TERMINAL_STATE, None, line_of=place.pointer, is_late=True
        )
    elif starts and all(isinstance(way.target, str) for found in (starts, *ways.values()) for way in found):
        _check_reachable(starts, ways, place)


def transitions(state: JSONValue, pointer: str) -> Iterator[Transition]:
    """List the ways out of a state, whatever else is wrong with it."""
    if not isinstance(state, dict):
        return
    for name in ("Next", "Default"):
        if name in state:
            yield Transition(state[name], join(pointer, name))
    for name in ("Choices", "Catch"):
        entries = state.get(name)
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            if isinstance(entry, dict) and "Next" in entry:
                yield Transition(entry["Next"], join(pointer, name, index, "Next"))


def _check_target(transition: Transition, states: JSONObject, place: Place) -> None:
    target = transition.target
    if not isinstance(target, str) or target in states:
        return
    if is_open(target, replace(place, pointer=transition.pointer)):
        return
    # Hints are dear in a large document, and nobody reads the hundredth.
    wants_hint = len(place.report.diagnostics) < _MAX_HINTS
    hint = (did_you_mean(target, states) or _elsewhere(target, place)) if wants_hint else ""
    message = messages.no_target(target)
    place.report.add("MISSING_TRANSITION_TARGET", message, transition.pointer, hint=hint, is_late=True)


def _elsewhere(target: str, place: Place) -> str:
    if target in _all_names(place.report.source.value):
        return "a state of that name is in another scope; a transition can't leave its own"
    return ""


def _all_names(value: JSONValue) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == "States" and isinstance(item, dict):
                yield from item
            yield from _all_names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _all_names(item)


def _ends(state: JSONValue) -> bool:
    """Say whether a state ends its scope.

    Observed: one that has neither Next nor End doesn't, nor has it to have a Type that there is; one without
    any Type doesn't.
    """
    if not isinstance(state, dict) or "Type" not in state:
        return False
    if state["Type"] in ("Succeed", "Fail"):
        return True
    return state["Type"] != "Choice" and (state.get("End") is True or has_placeholder(state.get("End")))


def _check_reachable(starts: list[Transition], ways: Mapping[str, list[Transition]], place: Place) -> None:
    waiting = [start.target for start in starts]
    reached: set[JSONValue] = set()
    while waiting:
        name = waiting.pop()
        if has_placeholder(name):
            return
        if isinstance(name, str) and name in ways and name not in reached:
            reached.add(name)
            waiting.extend(way.target for way in ways[name])
    for name in ways:
        if name not in reached:
            place.report.add(
                "MISSING_TRANSITION_TARGET",
                messages.not_reachable(name),
                join(place.pointer, "States", name),
                is_late=True,
            )
