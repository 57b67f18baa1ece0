"""The state that TestState tests: found in a definition, or defined alone.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from step.asl import model, taskfn
from step.asl.parse import inner_branches, parse, parse_state
from step.asl.refusal import refuse_errors
from step.asl.source import read_source
from step.asl.validate import validate, validate_state
from step.errors import Refused
from step.jsonvalue import JSONObject

# Observed: whatever a tested state's name is, this is what its context and its causes call it.
NAME = "StateName"


class Tested(NamedTuple):
    """A state on its own; ``is_in_map``: it stands in a Map's item processor."""

    state: model.State
    is_in_map: bool


def read_tested(text: str, name: str | None) -> Tested:
    """Read the definition of a state, or of the machine that has a state ``name``.

    Raises:
        Refused: the definition is wrong, or has no such state.
    """
    source = read_source(text)
    refuse_errors(validate(source, for_run=True) if name is not None else validate_state(source, NAME))
    assert isinstance(source.value, dict)
    if name is None:
        return Tested(_lone_state(source.value), False)
    machine = parse(taskfn.expand(source.value))
    for tested in _every_state(machine, is_in_map=False):
        if tested.state.name == name:
            return Tested(replace(tested.state, name=NAME), tested.is_in_map)
    raise Refused("ValidationException", "State not found in definition")


def inner_names(state: model.State) -> set[str]:
    """Name the states inside a Map or Parallel, at any depth."""
    branches = inner_branches(state)
    return {inner.state.name for branch in branches for inner in _every_state(branch, is_in_map=False)}


def _lone_state(document: JSONObject) -> model.State:
    expanded = taskfn.expand({"States": {NAME: document}})["States"]
    assert isinstance(expanded, dict)
    state = expanded[NAME]
    assert isinstance(state, dict)
    return parse_state(NAME, state, "JSONPath")


def _every_state(branch: model.Branch, *, is_in_map: bool) -> Iterator[Tested]:
    for state in branch.states.values():
        yield Tested(state, is_in_map)
        for inner in inner_branches(state):
            yield from _every_state(inner, is_in_map=is_in_map or isinstance(state, model.Map))
