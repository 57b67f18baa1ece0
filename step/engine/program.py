"""Compile a definition into linked states, once; executions only walk them.

Pure: no clock, no IO. A Program is immutable: a thousand executions share it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from step.asl import model
from step.engine.frames import END, State
from step.engine.jsonpath_language import JSONPath
from step.engine.language import Language
from step.engine.resources import Resource
from step.engine.states.fail import FailState
from step.engine.states.map import MapState
from step.engine.states.parallel import ParallelState
from step.engine.states.straight import StraightState
from step.engine.states.task import TaskState
from step.engine.states.wait import WaitState
from step.engine.states.work import Catcher, WorkState
from step.errors import StepError

_JSONPATH = JSONPath()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled machine. ``start`` is its first state, linked to all others."""

    start: State
    timeout_seconds: int | None

    @classmethod
    def from_definition(cls, definition: model.Definition) -> Program:
        return cls(start=_link_branch(definition), timeout_seconds=definition.timeout_seconds)


def _language(state: model.State) -> Language:
    if state.query_language == "JSONata":
        raise StepError(f"state {state.name!r}: this version doesn't run JSONata")
    return _JSONPATH


def _link_branch(branch: model.Branch) -> State:
    # States refer to each other in circles: all are made first, then filled.
    states = {name: _make(state) for name, state in branch.states.items()}
    for name, state in branch.states.items():
        _fill(states[name], state, states)
    return states[branch.start_at]


def _make(state: model.State) -> State:
    match state:
        case model.Pass() | model.Succeed() | model.Choice():
            return StraightState(state.name, type(state).__name__)
        case model.Fail():
            return FailState(state.name, *_language(state).fail_texts(state))
        case model.Wait():
            language = _language(state)
            return WaitState(state.name, language.until(state), language.wait_output(state))
        case model.Task():
            return TaskState(state.name, Resource.from_text(state.resource))
        case model.Parallel():
            return ParallelState(state.name)
        case model.Map():
            return MapState(state.name)
        case _:
            assert_never(state)


def _fill(compiled: State, state: model.State, states: Mapping[str, State]) -> None:
    language = _language(state)
    match compiled, state:
        case StraightState(), model.Pass() | model.Succeed() | model.Choice():
            straight = language.straight(state, states, _following(state, states))
            compiled.step, compiled.visit = straight.step, straight.visit
            compiled.factor, compiled.plus = straight.factor, straight.plus
        case WaitState(), model.Wait():
            compiled.following = _following(state, states)
        case TaskState(), model.Task():
            _fill_work(compiled, state, states, language)
            compiled.payload = language.payload(state)
            compiled.credentials = language.credentials(state)
            compiled.limits = language.limits(state)
        case ParallelState(), model.Parallel():
            _fill_work(compiled, state, states, language)
            compiled.payload = language.payload(state)
            compiled.starts = [_link_branch(branch) for branch in state.branches]
        case MapState(), model.Map():
            _fill_work(compiled, state, states, language)
            compiled.start = _link_branch(state.item_processor)
            closures = language.map_closures(state)
            compiled.items, compiled.selector = closures.items, closures.selector
            compiled.max_concurrency = closures.max_concurrency
            compiled.tolerated_count = closures.tolerated_count
            compiled.tolerated_percentage = closures.tolerated_percentage


def _following(state: model.State, states: Mapping[str, State]) -> State:
    name = getattr(state, "next", None)
    return END if name is None else states[name]


def _fill_work(
    compiled: WorkState,
    state: model.Task | model.Parallel | model.Map,
    states: Mapping[str, State],
    language: Language,
) -> None:
    compiled.following = _following(state, states)
    compiled.finish = language.finish(state)
    compiled.retry = state.retry
    compiled.catch = [
        Catcher(catcher.error_equals, states[catcher.next], language.caught(state, catcher))
        for catcher in state.catch
    ]
