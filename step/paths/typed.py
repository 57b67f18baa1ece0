"""Types along the paths: on which transition what a state gives can't be what the next handler takes.

Pure: no clock, no IO. Knows JSON Schemas, not annotations; says only what is wrong for every value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from step.asl.model import ABSENT, Branch, Choice, Definition, Fail, Pass, State, Succeed, Task, Wait
from step.asl.parse import every_state, inner_branches
from step.jsonvalue import JSONObject
from step.paths.ways import StateTransition, transitions

Schema = Mapping[str, Any]


class TypeMisfit(NamedTuple):
    """A transition over which no value can go: who gave the value, who takes it, and why not."""

    transition: StateTransition
    given_by: str
    taken_by: str
    problem: str


def type_misfits(
    definition: Definition, takes: Mapping[str, Schema], gives: Mapping[str, Schema]
) -> list[TypeMisfit]:
    """Follow each handler's result to the handlers that it comes to.

    Args:
        definition: The machine.
        takes: By Task state, the schema of what its handler takes.
        gives: By Task state, the schema of what its handler gives.
    """
    scopes: list[Branch] = [definition]
    scopes += [inner for state in every_state(definition) for inner in inner_branches(state)]
    return [misfit for scope in scopes for misfit in _scope(scope, takes, gives)]


def _scope(branch: Branch, takes: Mapping[str, Schema], gives: Mapping[str, Schema]) -> Iterator[TypeMisfit]:
    following: dict[str, list[StateTransition]] = {name: [] for name in branch.states}
    for one in transitions(branch):
        if one.how != "catch" and one.target in following:
            following[one.source].append(one)
    for name, state in branch.states.items():
        if name in gives and isinstance(state, Task) and _gives_result(state):
            yield from _follow(branch, following, name, gives[name], takes)


def _follow(
    branch: Branch,
    following: Mapping[str, list[StateTransition]],
    giver: str,
    schema: Schema,
    takes: Mapping[str, Schema],
) -> Iterator[TypeMisfit]:
    seen: set[str] = set()
    waiting = [giver]
    while waiting:
        for one in following[waiting.pop()]:
            state = branch.states[one.target]
            if one.target in takes and isinstance(state, Task) and _takes_input(state):
                problem = next(misfits(schema, takes[one.target], "$"), None)
                if problem is not None:
                    yield TypeMisfit(one, giver, one.target, problem)
            if one.target not in seen and _passes_on(state):
                seen.add(one.target)
                waiting.append(one.target)


def _gives_result(state: Task) -> bool:
    """Whether a Task's output is its handler's result."""
    return (
        state.result_selector is ABSENT
        and state.result_path == "$"
        and state.output_path == "$"
        and state.output is ABSENT
    )


def _takes_input(state: Task) -> bool:
    """Whether a TaskFn's handler takes the state's input as it is."""
    for message in (state.parameters, state.arguments):
        if isinstance(message, dict):
            whole = message.get("Input.$") == "$" or message.get("Input") == "{% $states.input %}"
            return whole and state.input_path == "$"
    return False


def _passes_on(state: State) -> bool:
    """Whether a state's output is its input."""
    if isinstance(state, Succeed | Fail) or state.input_path != "$" or state.output_path != "$":
        return False
    if state.output is not ABSENT:
        return False
    match state:
        case Wait():
            return True
        case Choice():
            return all(rule.output is ABSENT for rule in state.choices)
        case Pass():
            return state.result is state.parameters is ABSENT
        case _:
            # The result is dropped.
            return getattr(state, "result_path", "$") is None


# ---------------------------------------------------------------- schemas


def misfits(given: Schema, taken: Schema, place: str) -> Iterator[str]:
    """Say why no value of one schema is one of the other; nothing where some may be."""
    if "anyOf" in given:
        found = [next(misfits(option, taken, place), None) for option in given["anyOf"]]
        if found and None not in found:
            yield str(found[0])
        return
    if "anyOf" in taken:
        found = [next(misfits(given, option, place), None) for option in taken["anyOf"]]
        if found and None not in found:
            yield f"{place}: {_kind(given)} fits none of {', '.join(map(_kind, taken['anyOf']))}"
        return
    if "enum" in given and "enum" in taken:
        if not any(value in taken["enum"] for value in given["enum"]):
            yield f"{place}: none of {given['enum']} is among {taken['enum']}"
        return
    one, two = given.get("type"), taken.get("type")
    if one and two and one != two and {one, two} != {"integer", "number"}:
        yield f"{place}: expected {_kind(taken)}, gets {_kind(given)}"
    elif one == two == "object":
        yield from _members(given, taken, place)


def _members(given: Schema, taken: Schema, place: str) -> Iterator[str]:
    has: JSONObject = given.get("properties", {})
    wants: JSONObject = taken.get("properties", {})
    for name in taken.get("required", ()):
        if name not in has and given.get("additionalProperties", True) is False:
            yield f"{place}: {_kind(taken)} needs {name!r}, which {_kind(given)} hasn't"
    for name in given.get("required", ()):
        if name not in wants and taken.get("additionalProperties", True) is False:
            yield f"{place}: {_kind(taken)} knows no {name!r}, which {_kind(given)} has"
        elif name in wants:
            one, two = has.get(name, {}), wants[name]
            assert isinstance(one, dict), one
            assert isinstance(two, dict), two
            yield from misfits(one, two, f"{place}.{name}")


def _kind(schema: Schema) -> str:
    return str(schema.get("title") or schema.get("type") or schema.get("enum") or "anything")
