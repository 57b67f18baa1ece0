"""Compile a definition into linked states, once; executions only walk them.

Pure: no clock, no IO. A Program is immutable: a thousand executions share it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import assert_never

from step.asl import model
from step.asl.parse import inner_branches
from step.engine.dataflow import Probe
from step.engine.depth import levels_of, most_levels
from step.engine.distributed_closures import distributed_closures
from step.engine.frames import END, State
from step.engine.jsonata_language import JSONata
from step.engine.jsonpath_language import JSONPath
from step.engine.language import Language
from step.engine.resources import Resource
from step.engine.states.distributed_map import DistributedMapState
from step.engine.states.fail import FailState
from step.engine.states.map import MapState
from step.engine.states.parallel import ParallelState
from step.engine.states.straight import StraightState
from step.engine.states.task import TaskState
from step.engine.states.wait import WaitState
from step.engine.states.work import CompiledCatcher, WorkState
from step.jsonvalue import MAX_DEPTH

ENDLESS = 1 << 60
_JSONPATH = JSONPath()
_JSONATA = JSONata()


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A compiled machine. ``start`` is its first state, linked to all others."""

    start: State
    timeout_seconds: int | None
    # What distributed Maps run as executions of their own, by the Map's name.
    children: Mapping[str, Program]
    # How many levels deeper a visit of a straight-line state may nest a value, at most, and how many visits
    # may go by before somebody looks.
    deepens: int = 0
    stride: int = ENDLESS

    @classmethod
    def from_definition(cls, definition: model.Definition) -> Program:
        return _program(definition, definition.timeout_seconds)


def _program(branch: model.Branch, timeout_seconds: int | None) -> Program:
    children = {state.name: _program(state.item_processor, None) for state in _distributed(branch)}
    deepens = most_levels(branch)
    return Program(
        start=_link_branch(branch),
        timeout_seconds=timeout_seconds,
        children=children,
        deepens=deepens,
        stride=max(1, MAX_DEPTH // deepens) if deepens else ENDLESS,
    )


def _distributed(branch: model.Branch) -> Iterator[model.Map]:
    """Find the distributed Maps that run in executions of this branch's machine."""
    for state in branch.states.values():
        if isinstance(state, model.Map) and state.item_processor.is_distributed:
            yield state
        else:
            for inner in inner_branches(state):
                yield from _distributed(inner)


def _language(state: model.State) -> Language:
    return _JSONATA if state.query_language == "JSONata" else _JSONPATH


def compile_state(state: model.State, states: Mapping[str, State], probe: Probe | None = None) -> State:
    """Compile one state on its own, for a test of it.

    Args:
        state: the state.
        states: what its transitions lead to.
        probe: hears what the stages of its data flow give.
    """
    language: Language = JSONata(probe) if state.query_language == "JSONata" else JSONPath(probe)
    compiled = _make(state, language)
    _fill(compiled, state, states, language)
    if isinstance(compiled, TaskState):
        # The short ways pass no stage.
        compiled.gives_input = compiled.gives_result = False
    return compiled


def _link_branch(branch: model.Branch) -> State:
    # States refer to each other in circles: all are made first, then filled.
    states = {name: _make(state, _language(state)) for name, state in branch.states.items()}
    for name, state in branch.states.items():
        _fill(states[name], state, states, _language(state))
    return states[branch.start_at]


def _make(state: model.State, language: Language) -> State:
    match state:
        case model.Pass() | model.Succeed() | model.Choice():
            return StraightState(state.name, type(state).__name__)
        case model.Fail():
            return FailState(state.name, *language.fail_texts(state))
        case model.Wait():
            return WaitState(state.name, language.until(state), language.wait_output(state))
        case model.Task():
            return TaskState(state.name, Resource.from_text(state.resource))
        case model.Parallel():
            return ParallelState(state.name)
        case model.Map():
            if state.item_processor.is_distributed:
                is_express = state.item_processor.execution_type == "EXPRESS"
                return DistributedMapState(state.name, state.label, is_express=is_express)
            return MapState(state.name)
        case _:
            assert_never(state)


def _fill(compiled: State, state: model.State, states: Mapping[str, State], language: Language) -> None:
    match compiled, state:
        case StraightState(), model.Pass() | model.Succeed() | model.Choice():
            straight = language.straight(state, states, _following(state, states))
            compiled.step, compiled.visit = straight.step, straight.visit
            compiled.factor, compiled.plus = straight.factor, straight.plus
            compiled.needs_entry = straight.needs_entry
            compiled.levels = levels_of(state)
        case WaitState(), model.Wait():
            compiled.following = _following(state, states)
        case TaskState(), model.Task():
            _fill_work(compiled, state, states, language)
            compiled.payload = language.payload(state)
            compiled.credentials = language.credentials(state)
            compiled.limits = language.limits(state)
            compiled.gives_input = (
                state.parameters is state.arguments is state.credentials is model.ABSENT
                and state.input_path == "$"
                and compiled.limits is None
                and not compiled.resource.waits_for_token
            )
            compiled.gives_result = (
                state.result_selector is model.ABSENT
                and state.output is model.ABSENT
                and state.assign is None
                and state.result_path == state.output_path == "$"
            )
        case ParallelState(), model.Parallel():
            _fill_work(compiled, state, states, language)
            compiled.payload = language.payload(state)
            compiled.starts = [_link_branch(branch) for branch in state.branches]
        case MapState() | DistributedMapState(), model.Map():
            _fill_work(compiled, state, states, language)
            closures = language.map_closures(state)
            if isinstance(compiled, MapState):
                compiled.start = _link_branch(state.item_processor)
                compiled.items = closures.items
            else:
                compiled.closures = distributed_closures(state)
            compiled.selector = closures.selector
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
        CompiledCatcher(catcher.error_equals, states[catcher.next], language.caught(state, catcher))
        for catcher in state.catch
    ]
