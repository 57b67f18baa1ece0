"""The JSONata query language: how its fields become a state's closures.

Pure: no clock, no IO.
Spec: ASL "JSONata", "Wait State", "Choice State". AWS: Step Functions developer guide, "Transforming data".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from step.asl import model
from step.asl.jsonata import is_expression
from step.asl.jsonata_expression import ERROR, Evaluate, Query, Second, compile_template, expect
from step.asl.model import ABSENT
from step.asl.scope import UNBOUND, Bound
from step.clock import parse_timestamp
from step.engine.dataflow import Growth, Probe, Stage, fold
from step.engine.frames import Frame, State
from step.engine.jsonpath_language import no_choice_matched
from step.engine.language import Assigned, MapClosures, Payload, Straight, Text
from step.engine.states.map import Number
from step.engine.states.task import TaskLimits
from step.engine.states.wait import Until
from step.engine.states.work import Finish
from step.engine.switches import HISTORY_AS_AWS
from step.errors import StateFailure
from step.jsonvalue import JSONValue, to_text

_MS = 1_000_000  # nanoseconds
_SELF = Bound((None,), 0)


class JSONata:
    """Spec: ASL "QueryLanguage". Stateless, but for the probe that hears what a test's state does."""

    def __init__(self, probe: Probe | None = None) -> None:
        self._probe = probe

    # ------------------------------------------------------------ straight-line states

    def straight(
        self, state: model.Pass | model.Succeed | model.Choice, states: Mapping[str, State], following: State
    ) -> Straight:
        if isinstance(state, model.Choice):
            return _choice(state, states)
        output, assign = _output(state.output, "Output"), _assign(state.assign, "Assign")
        make = output.evaluate
        growth = _growth(output)
        if assign is None:

            def visit(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue, Assigned]:
                return following, make(raw, None, frame), None

            step = None if output.needs_entry else lambda raw, frame: (following, make(raw, None, frame))
            return Straight(step, visit, *growth, output.needs_entry)
        given = cast("Callable[..., Mapping[str, JSONValue]]", assign.evaluate)

        def assigning(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue, Assigned]:
            return following, make(raw, None, frame), given(raw, None, frame)

        return Straight(None, assigning, *growth, output.needs_entry or assign.needs_entry)

    # ------------------------------------------------------------ Fail

    def fail_texts(self, state: model.Fail) -> tuple[Text, Text]:
        return _text(state.error, "Error"), _text(state.cause, "Cause")

    # ------------------------------------------------------------ Wait

    def until(self, state: model.Wait) -> Until:
        if state.seconds is not None:
            seconds = _integer(state.seconds, "Seconds")
            return lambda raw, frame, now: now + seconds(raw, frame) * 1000
        assert state.timestamp is not None
        text = _expecting(state.timestamp, "Timestamp", "string")

        def until(raw: JSONValue, frame: Frame, now: int) -> int:
            timestamp = cast(str, text(raw, None, frame))
            nanoseconds = parse_timestamp(timestamp)
            if nanoseconds is None:
                # Observed: wait_timestamp_jsonata.
                cause = "cannot be parsed as an ISO-8601 extended offset date-time format string"
                raise StateFailure(
                    ERROR, f"The Timestamp field {cause}: {timestamp}", location="Timestamp", is_late=True
                )
            # A wait ends at the first whole millisecond that is not before the time.
            return -(-nanoseconds // _MS)

        return until

    def wait_output(self, state: model.Wait) -> Callable[[JSONValue, Frame], tuple[JSONValue, Assigned]]:
        leave = _leave(state, None)
        return lambda raw, frame: leave(raw, None, frame)

    # ------------------------------------------------------------ work

    def template(self, template: model.Field, field: str) -> Payload | None:
        """Compile any field that is a template of the state's input; None where it is absent."""
        if template is ABSENT:
            return None
        evaluate = _compile(template, field).evaluate
        return lambda raw, frame: evaluate(raw, None, frame)

    def payload(self, state: model.Task | model.Parallel) -> Payload:
        payload = self.template(state.arguments, "Arguments") or (lambda raw, frame: raw)
        if self._probe is None:
            return payload
        tell = fold((Stage("afterArguments"),), self._probe).function
        return lambda raw, frame: tell(payload(raw, frame), frame)

    def finish(self, state: model.Task | model.Parallel | model.Map) -> Finish:
        leave = _leave(state, "result")
        if self._probe is None:
            return leave
        tell = fold((Stage("result"),), self._probe).function
        return lambda raw, result, frame: leave(raw, tell(result, frame), frame)

    def caught(self, state: model.Task | model.Parallel | model.Map, catcher: model.Catcher) -> Finish:
        place = next(index for index, other in enumerate(state.catch) if other is catcher)
        return _leave(catcher, "errorOutput", f"Catch[{place}]/")

    def limits(self, state: model.Task) -> TaskLimits | None:
        given = (state.timeout_seconds, "TimeoutSeconds"), (state.heartbeat_seconds, "HeartbeatSeconds")
        timeout, heartbeat = (
            None if value is None else _integer(value, field, least=1) for value, field in given
        )
        if timeout is None and heartbeat is None:
            return None
        return TaskLimits(timeout or _unlimited, heartbeat or _unlimited)

    def credentials(self, state: model.Task) -> Payload | None:
        return self.template(state.credentials, "Credentials")

    # ------------------------------------------------------------ Map

    def map_closures(self, state: model.Map) -> MapClosures:
        items = given_items if state.items is ABSENT else _items(state.items)
        concurrency = number(state.max_concurrency, "MaxConcurrency")
        assert concurrency is not None
        return MapClosures(
            items,
            self.template(state.item_selector, "ItemSelector"),
            concurrency,
            number(state.tolerated_failure_count, "ToleratedFailureCount"),
            number(state.tolerated_failure_percentage, "ToleratedFailurePercentage", most=100),
        )


# ---------------------------------------------------------------- Map

_FORMER_ITEMS = "{% $states.input %}"


def _items(given: JSONValue) -> Callable[[JSONValue, Frame], list[JSONValue]]:
    items = _expecting(given, "Items", "array")
    return lambda raw, frame: cast("list[JSONValue]", items(raw, None, frame))


def given_items(raw: JSONValue, frame: Frame) -> list[JSONValue]:
    """Take the input for the items of a Map that has no Items. Observed: map_state_items_input_types."""
    if isinstance(raw, list):
        return raw
    if not HISTORY_AS_AWS.holds(frame.info):
        return _items(_FORMER_ITEMS)(raw, frame)
    raise StateFailure(ERROR, f"Map state input must be an array but was: {to_text(raw)}", location="")


# ---------------------------------------------------------------- Choice


def _choice(state: model.Choice, states: Mapping[str, State]) -> Straight:
    default = None if state.default is None else states[state.default]
    otherwise = _leaves(state, "")
    decide, needs_entry, leaves = [], _sees(state), otherwise is not None
    for index, rule in enumerate(state.choices):
        condition = _condition(rule.test, f"Choices[{index}]")
        leave = _leaves(rule, f"Choices[{index}]/")
        decide.append((condition.evaluate, states[rule.next], leave))
        needs_entry = needs_entry or condition.needs_entry or _sees(rule)
        leaves = leaves or leave is not None

    def visit(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue, Assigned]:
        for test, target, leave in decide:
            if test(raw, None, frame):
                return target, *(leave(raw, None, frame) if leave else (raw, None))
        if default is None:
            raise no_choice_matched(state.name, frame)
        return default, *(otherwise(raw, None, frame) if otherwise else (raw, None))

    if leaves or needs_entry:
        return Straight(None, visit, 0, UNBOUND, needs_entry)
    tests = [(test, target) for test, target, _ in decide]
    if len(tests) == 1 and default is not None:
        ((only, chosen),) = tests
        other = default
        return Straight(
            lambda raw, frame: (chosen if only(raw, None, frame) else other, raw), visit, 1, 0, needs_entry
        )

    def step(raw: JSONValue, frame: Frame) -> tuple[State, JSONValue]:
        for test, target in tests:
            if test(raw, None, frame):
                return target, raw
        if default is None:
            raise no_choice_matched(state.name, frame)
        return default, raw

    return Straight(step, visit, 1, 0, needs_entry)


def _condition(test: model.Test, place: str) -> Query:
    assert isinstance(test, model.Condition), test
    field = f"{place}/Condition"
    query = _compile(test.expression, field)
    if query.gives == "boolean":
        return query
    return query._replace(evaluate=expect(query, test.expression, field, "boolean"))


# ---------------------------------------------------------------- leaving a state


def _compile(template: model.Field, field: str, second: Second | None = None) -> Query:
    return compile_template(cast(JSONValue, template), field, second)


def _output(output: model.Field, field: str, second: Second | None = None) -> Query:
    if output is not ABSENT:
        return _compile(output, field, second)
    if second is None:
        return Query(lambda raw, extra, frame: raw, _SELF)
    return Query(lambda raw, extra, frame: extra, Bound())


def _assign(assign: Mapping[str, JSONValue] | None, field: str, second: Second | None = None) -> Query | None:
    return _compile(dict(assign), field, second) if assign else None


def _leave(part: Any, second: Second | None, place: str = "") -> Finish:
    """Compile Output and Assign of a state, a choice rule or a catcher.

    Spec: ASL "Assign": all expressions see the variables as they were before.
    """
    make = _output(part.output, f"{place}Output", second).evaluate
    assign = _assign(part.assign, f"{place}Assign", second)
    if assign is None:
        return lambda raw, extra, frame: (make(raw, extra, frame), None)
    given = cast("Callable[..., Mapping[str, JSONValue]]", assign.evaluate)
    return lambda raw, extra, frame: (make(raw, extra, frame), given(raw, extra, frame))


def _leaves(part: model.Choice | model.ChoiceRule, place: str) -> Finish | None:
    if part.output is ABSENT and not part.assign:
        return None
    return _leave(part, None, place)


def _sees(part: model.Choice | model.ChoiceRule) -> bool:
    assign = _assign(part.assign, "Assign")
    return _output(part.output, "Output").needs_entry or (assign is not None and assign.needs_entry)


def _growth(query: Query) -> Growth:
    return Growth(query.bound.factor, query.bound.plus)


# ---------------------------------------------------------------- texts and numbers


def _expecting(template: JSONValue, field: str, kind: str) -> Evaluate:
    return expect(_compile(template, field), template, field, kind)


def _text(given: str | None, field: str) -> Text:
    if given is None or not is_expression(given):
        return lambda raw, frame: given
    text = _expecting(given, field, "string")
    return lambda raw, frame: cast(str, text(raw, None, frame))


def _integer(given: model.Amount, field: str, least: int = 0) -> Callable[[JSONValue, Frame], int]:
    if not isinstance(given, str):
        literal = int(given)
        return lambda raw, frame: literal
    whole = number(given, field, least=least, is_whole=True)
    assert whole is not None
    return lambda raw, frame: int(whole(raw, frame))


def number(
    given: model.Amount | None, field: str, *, least: int = 0, most: int | None = None, is_whole: bool = False
) -> Number | None:
    """Compile a number that an expression may give; None where it isn't there."""
    if given is None:
        return None
    if not isinstance(given, str):
        literal = given
        return lambda raw, frame: literal
    evaluate = _expecting(given, field, "number")
    is_whole = is_whole or most is None

    def read(raw: JSONValue, frame: Frame) -> float:
        value = cast(float, evaluate(raw, None, frame))
        if is_whole and value != int(value) and HISTORY_AS_AWS.holds(frame.info):
            # Observed: second.Feature.JSONataValidation.010, of TimeoutSeconds.
            cause = f"The {field} field cannot be parsed as an integer: {to_text(value)}"
            raise StateFailure(ERROR, cause, location=field)
        if value < least or (most is not None and value > most) or (is_whole and value != int(value)):
            wanted = _wanted(least, most, is_whole=is_whole)
            raise StateFailure(ERROR, f"The {field} field must be {wanted}: {to_text(value)}", location=field)
        return value

    return read


def _wanted(least: int, most: int | None, *, is_whole: bool) -> str:
    if most is not None:
        return f"a number between {least} and {most}"
    assert is_whole
    return "a positive integer" if least else "a non-negative integer"


def _unlimited(raw: JSONValue, frame: Frame) -> None:
    return None
