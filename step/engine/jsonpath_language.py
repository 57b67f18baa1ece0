"""The JSONPath query language: how its fields become a state's closures.

Pure: no clock, no IO.
Spec: ASL "Input and Output Processing", "Choice State", "Wait State".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from step.asl import model
from step.asl.choice import compile_test
from step.asl.intrinsics import compile_query
from step.asl.jsonpath import PathFailure, compile_path
from step.asl.model import ABSENT
from step.asl.scope import Evaluate
from step.clock import parse_timestamp
from step.engine.dataflow import (
    Probe,
    Stage,
    compile_assign,
    compile_output,
    constant_flow,
    fold,
    give_result,
    input_stage,
    input_stages,
    output_stages,
    path_flow,
    place_flow,
    template_flow,
)
from step.engine.frames import Frame, State, Step
from step.engine.language import Assigned, MapClosures, Payload, Straight, Text
from step.engine.states.map import Number
from step.engine.states.task import TaskLimits
from step.engine.states.wait import Until
from step.engine.states.work import Finish
from step.engine.switches import NO_NEXT_STATE
from step.errors import StateFailure
from step.jsonvalue import JSONValue, to_text

_MS = 1_000_000  # nanoseconds
_INTEGER = re.compile(r"-?[0-9]+")
_FLOAT = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")


class JSONPath:
    """Spec: ASL "QueryLanguage". Stateless, but for the probe that hears what a test's state does."""

    def __init__(self, probe: Probe | None = None) -> None:
        self._probe = probe

    # ------------------------------------------------------------ straight-line states

    def straight(
        self, state: model.Pass | model.Succeed | model.Choice, states: Mapping[str, State], following: State
    ) -> Straight:
        if isinstance(state, model.Choice):
            return _choice(state, states, self._probe)
        flow = given = fold(_result_stages(state), self._probe)
        if isinstance(state, model.Pass):
            flow = place_flow(given, state.result_path).then(
                fold(output_stages(state.output_path), self._probe)
            )
        else:
            flow = flow.then(path_flow(state.output_path))
        assign = compile_assign(state.assign)
        # Observed: assign_from_value. What a Pass assigns is taken from its result, before ResultPath.
        result = given.function
        evaluate = flow.function

        def visit(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue, Assigned]:
            return following, evaluate(raw, frame), assign and assign(result(raw, frame), frame)

        needs_entry = sees_context(state)
        step = None if assign or needs_entry else _step(flow.evaluate, following)
        return Straight(step, visit, *flow.growth, needs_entry)

    # ------------------------------------------------------------ Fail

    def fail_texts(self, state: model.Fail) -> tuple[Text, Text]:
        return _text(state.error, state.error_path, "ErrorPath"), _text(
            state.cause, state.cause_path, "CausePath"
        )

    # ------------------------------------------------------------ Wait

    def until(self, state: model.Wait) -> Until:
        if state.seconds is not None:
            delay = int(float(state.seconds) * 1000)
            return lambda raw, frame, now: now + delay
        if state.timestamp is not None:
            at = _milliseconds(state.timestamp)
            assert at is not None, state.timestamp
            return lambda raw, frame, now: at
        entering = self._entering(state.input_path)
        if state.seconds_path is not None:
            return _until_seconds(state.seconds_path, entering)
        assert state.timestamp_path is not None
        return _until_timestamp(state.timestamp_path, entering)

    def wait_output(self, state: model.Wait) -> Callable[[JSONValue, Frame], tuple[JSONValue, Assigned]]:
        entering = self._entering(state.input_path)
        leaving = path_flow(state.output_path).function
        assign = compile_assign(state.assign)

        def output(raw: JSONValue, frame: Frame) -> tuple[JSONValue, Assigned]:
            value = entering(raw, frame)
            return leaving(value, frame), assign and assign(value, frame)

        return output

    def _entering(self, input_path: str | None) -> Evaluate:
        return fold((input_stage(input_path),), self._probe).function

    # ------------------------------------------------------------ work

    def payload(self, state: model.Task | model.Parallel) -> Payload:
        return fold(input_stages(state.input_path, state.parameters), self._probe).function

    def finish(self, state: model.Task | model.Parallel | model.Map) -> Finish:
        output = compile_output(state.result_selector, state.result_path, state.output_path, self._probe)
        assign = compile_assign(state.assign)
        if assign is None:
            if output is give_result:
                return lambda raw, result, frame: (result, None)
            return lambda raw, result, frame: (output(raw, result, frame), None)
        select = template_flow(state.result_selector).function
        given = assign

        def finish(raw: JSONValue, result: JSONValue, frame: Frame) -> tuple[JSONValue, Assigned]:
            return output(raw, result, frame), given(select(result, frame), frame)

        return finish

    def caught(self, state: model.Task | model.Parallel | model.Map, catcher: model.Catcher) -> Finish:
        # Observed: a caught error isn't filtered by the state's OutputPath.
        output = compile_output(ABSENT, catcher.result_path, "$")
        assign = compile_assign(catcher.assign)
        return lambda raw, error, frame: (output(raw, error, frame), assign and assign(error, frame))

    def limits(self, state: model.Task) -> TaskLimits | None:
        entering = path_flow(state.input_path).function
        timeout = _seconds("TimeoutSecondsPath", state.timeout_seconds, state.timeout_seconds_path, entering)
        heartbeat = _seconds(
            "HeartbeatSecondsPath", state.heartbeat_seconds, state.heartbeat_seconds_path, entering
        )
        if timeout is None and heartbeat is None:
            return None
        return TaskLimits(timeout or _unlimited, heartbeat or _unlimited)

    def credentials(self, state: model.Task) -> Payload | None:
        if state.credentials is ABSENT:
            return None
        return path_flow(state.input_path).then(template_flow(state.credentials)).function

    # ------------------------------------------------------------ Map

    def map_closures(self, state: model.Map) -> MapClosures:
        entering = path_flow(state.input_path)
        reading = entering.then(path_flow(state.items_path or "$")).function
        selector = entering.then(template_flow(state.item_selector)).function
        enter = entering.function
        path = state.items_path or "$"

        def items(raw: JSONValue, frame: Frame) -> list[JSONValue]:
            found = reading(raw, frame)
            if isinstance(found, list):
                return found
            raise StateFailure("States.Runtime", f'Reference path "{path}" must point to array.')

        concurrency = map_number("MaxConcurrency", state.max_concurrency, state.max_concurrency_path, enter)
        assert concurrency is not None
        return MapClosures(
            items,
            None if state.item_selector is ABSENT else selector,
            concurrency,
            map_number(
                "ToleratedFailureCount",
                state.tolerated_failure_count,
                state.tolerated_failure_count_path,
                enter,
            ),
            map_number(
                "ToleratedFailurePercentage",
                state.tolerated_failure_percentage,
                state.tolerated_failure_percentage_path,
                enter,
            ),
        )


def sees_context(state: model.State) -> bool:
    """Say whether anything in a state may read the context object: it is written ``$$``."""
    return any("$$" in text for text in _texts(state))


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for item in value.values() for text in _texts(item)]
    if isinstance(value, Sequence):
        return [text for item in value for text in _texts(item)]
    if hasattr(value, "__dataclass_fields__"):
        return [text for name in value.__dataclass_fields__ for text in _texts(getattr(value, name))]
    return []


def _result_stages(state: model.Pass | model.Succeed) -> tuple[Stage, ...]:
    """Compile what a Pass makes of its input, before ResultPath."""
    if isinstance(state, model.Succeed):
        return (input_stage(state.input_path),)
    if isinstance(state.result, model.Absent):
        return *input_stages(state.input_path, state.parameters), Stage("afterResultSelector")
    result = Stage("result", constant_flow(state.result))
    return input_stage(state.input_path), result, Stage("afterResultSelector")


def _step(evaluate: Evaluate | None, following: State) -> Step:
    if evaluate is None:
        return lambda raw, frame: (following, raw)
    work = evaluate
    return lambda raw, frame: (following, work(raw, frame))


# ---------------------------------------------------------------- Choice


def _choice(state: model.Choice, states: Mapping[str, State], probe: Probe | None) -> Straight:
    enter, leave = fold((input_stage(state.input_path),), probe), path_flow(state.output_path)
    rules = [
        (compile_test(rule.test), states[rule.next], compile_assign(rule.assign)) for rule in state.choices
    ]
    default = None if state.default is None else states[state.default]
    entering, leaving = enter.function, leave.function
    default_assign = compile_assign(state.assign)

    def visit(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue, Assigned]:
        value = entering(raw, frame)
        for test, target, assign in rules:
            if test(value, frame):
                return target, leaving(value, frame), assign and assign(value, frame)
        if default is None:
            raise no_choice_matched(state.name, frame)
        return default, leaving(value, frame), default_assign and default_assign(value, frame)

    has_assign = default_assign or any(assign for _, _, assign in rules)
    growth = enter.growth.then(leave.growth)
    needs_entry = sees_context(state)
    if has_assign or needs_entry:
        return Straight(None, visit, *growth, needs_entry)
    if enter.evaluate or leave.evaluate:
        return Straight(lambda raw, frame: visit(raw, frame)[:2], visit, *growth, needs_entry)
    step = _choice_step(state.name, [rule[:2] for rule in rules], default)
    return Straight(step, visit, *growth, needs_entry)


def _choice_step(name: str, rules: list[tuple[Callable[..., bool], State]], default: State | None) -> Step:
    if len(rules) == 1 and default is not None:
        ((only, target),) = rules
        other = default
        return lambda raw, frame: (target, raw) if only(raw, frame) else (other, raw)

    def step(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue]:
        for test, target in rules:
            if test(raw, frame):
                return target, raw
        if default is None:
            raise no_choice_matched(name, frame)
        return default, raw

    return step


def no_choice_matched(name: str, frame: Frame) -> StateFailure:
    """No rule matched and there is no Default. See ``switches.NO_NEXT_STATE``."""
    if NO_NEXT_STATE.holds(frame.info):
        cause = "Failed to transition out of the state. The state does not point to a next state."
        return StateFailure("States.Runtime", cause)
    return StateFailure(
        "States.NoChoiceMatched", f"No choice rule matched in the state '{name}'.", is_bare=True
    )


# ---------------------------------------------------------------- numbers and times by path


def _text(literal: str | None, path: str | None, field: str) -> Text:
    if path is None:
        return lambda raw, frame: literal
    evaluate = compile_query(path, field=field).evaluate

    def text(raw: JSONValue, frame: Frame) -> str:
        value = evaluate(raw, frame)
        if isinstance(value, str):
            return value
        raise StateFailure(
            "States.Runtime", f"The {field} '{path}' must refer to a string, but was {to_text(value)}"
        )

    return text


def _until_seconds(path: str, entering: Evaluate) -> Until:
    read = compile_path(path).evaluate

    def until(raw: JSONValue, frame: Frame, now: int) -> int:
        try:
            seconds = read(entering(raw, frame), frame)
        except PathFailure:
            raise _wait_failure(f"SecondsPath parameter does not reference an input value: {path}") from None
        if not isinstance(seconds, int) or isinstance(seconds, bool):
            raise _wait_failure(
                f"SecondsPath parameter cannot be parsed as a long value: {path} == {_java(seconds)}"
            )
        if seconds < 0:
            raise _wait_failure(f"SecondsPath parameter references a negative value: {path} == {seconds}")
        return now + seconds * 1000

    return until


def _until_timestamp(path: str, entering: Evaluate) -> Until:
    read = compile_path(path).evaluate

    def until(raw: JSONValue, frame: Frame, now: int) -> int:
        try:
            text = read(entering(raw, frame), frame)
        except PathFailure:
            raise _wait_failure(
                f"TimestampPath parameter does not reference an input value: {path}"
            ) from None
        at = _milliseconds(text) if isinstance(text, str) else None
        if at is None:
            raise _wait_failure(
                "TimestampPath parameter does not reference a valid ISO-8601 extended offset date-time "
                f"format string: {path} == {_java(text)}"
            )
        return at

    return until


def _wait_failure(what: str) -> StateFailure:
    return StateFailure("States.Runtime", f"The {what}")


def _java(value: JSONValue) -> str:
    return value if isinstance(value, str) else to_text(value)


def _milliseconds(text: str) -> int | None:
    nanoseconds = parse_timestamp(text)
    # A wait ends at the first whole millisecond that is not before the time.
    return None if nanoseconds is None else -(-nanoseconds // _MS)


def _unlimited(raw: JSONValue, frame: Frame) -> None:
    return None


def _seconds(
    field: str, literal: model.Amount | None, path: str | None, entering: Evaluate
) -> Callable[[JSONValue, Frame], int | None] | None:
    if literal is not None:
        seconds = int(literal)
        return lambda raw, frame: seconds
    if path is None:
        return None
    read = compile_path(path).evaluate

    def by_path(raw: JSONValue, frame: Frame) -> int:
        value = read(entering(raw, frame), frame)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            return value
        raise StateFailure(
            "States.Runtime",
            f'The {field} field refers to value "{_java(value)}" which is not a positive integer: {path}',
        )

    return by_path


def map_number(field: str, literal: Any, path: str | None, entering: Evaluate) -> Number | None:
    """Compile a number of a Map that a path may give; None where it isn't there."""
    check = NUMBER_CHECKS[field]
    if path is None:
        return None if literal is None else lambda raw, frame: literal
    read = compile_path(path).evaluate
    called, pattern = ("float", _FLOAT) if field == "ToleratedFailurePercentage" else ("integer", _INTEGER)

    def by_path(raw: JSONValue, frame: Frame) -> float:
        found = read(entering(raw, frame), frame)
        # Observed: reference_in_map_state. A text that reads as a number will do.
        value = found
        if isinstance(found, str) and pattern.fullmatch(found):
            value = float(found) if called == "float" else int(found)
        if isinstance(value, bool) or not isinstance(value, int | float) or not pattern.fullmatch(str(value)):
            raise StateFailure(
                "States.Runtime",
                f'The {field}Path field refers to value "{_java(value)}" '
                f"which is not a valid {called}: {path}",
            )
        check(value)
        return value

    return by_path


def _not_negative(field: str) -> Callable[[Any], None]:
    def check(value: float) -> None:
        if value < 0:
            raise StateFailure("States.Runtime", f"{field} cannot be negative.")

    return check


def _percentage(value: float) -> None:
    if not 0 <= value <= 100:
        raise StateFailure("States.Runtime", "ToleratedFailurePercentage must be between 0 and 100.")


# Observed: the causes of Map's numbers that are out of range.
NUMBER_CHECKS: Mapping[str, Callable[[Any], None]] = {
    "MaxConcurrency": _not_negative("MaxConcurrency"),
    "ToleratedFailureCount": _not_negative("ToleratedFailureCount"),
    "ToleratedFailurePercentage": _percentage,
    # A distributed Map's; the reader itself refuses a MaxItems that is out of range.
    "MaxItems": lambda value: None,
    "MaxItemsPerBatch": _not_negative("MaxItemsPerBatch"),
    "MaxInputBytesPerBatch": _not_negative("MaxInputBytesPerBatch"),
}
