"""How a JSONPath state moves data: its fields, compiled and put together.

Pure: no clock, no IO.
Spec: ASL "Input and Output Processing".

    raw input -> InputPath -> Parameters -> (work)
              -> ResultSelector -> ResultPath (on the raw input) -> OutputPath
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, TypeVar

from step.asl import model
from step.asl.jsonpath import compile_path, compile_result_path
from step.asl.model import ABSENT, Field
from step.asl.scope import Evaluate, Expression, Scope
from step.asl.template import compile_template
from step.jsonvalue import JSONValue, size_bytes

# (raw input, result, frame) -> output
Output = Callable[[JSONValue, JSONValue, Scope], JSONValue]
S = TypeVar("S", bound=Scope)
# Hears what a stage gives: (the stage's name, the value). TestState listens; executions compile without.
Probe = Callable[[str, JSONValue], None]
_ANY_SIZE = 1 << 40


class Growth(NamedTuple):
    """A bound of an output's size: at most ``factor * input + plus`` bytes."""

    factor: float = 1
    plus: float = 0

    @classmethod
    def of(cls, expression: Expression) -> Growth:
        return cls(expression.bound.factor, expression.bound.plus)

    def then(self, after: Growth) -> Growth:
        # A factor of 0 takes nothing from an unknown size before it.
        if after.factor == 0:
            return after
        return Growth(self.factor * after.factor, self.plus * after.factor + after.plus)

    def beside(self, other: Growth) -> Growth:
        return Growth(self.factor + other.factor, self.plus + other.plus)


class Dataflow(NamedTuple):
    """A compiled way of a value, and what is known of its size. ``evaluate`` None: it stays as it is."""

    evaluate: Evaluate | None = None
    growth: Growth = Growth()

    def then(self, after: Dataflow) -> Dataflow:
        if self.evaluate is None:
            return after
        if after.evaluate is None:
            return self
        first, second = self.evaluate, after.evaluate
        return Dataflow(
            lambda value, scope: second(first(value, scope), scope), self.growth.then(after.growth)
        )

    @property
    def function(self) -> Evaluate:
        return self.evaluate or keep


class Stage(NamedTuple):
    """One step of a state's data flow, under its name in TestState's inspection data; "": it has none."""

    name: str
    flow: Dataflow = Dataflow()


def fold(stages: Iterable[Stage], probe: Probe | None = None) -> Dataflow:
    """Make one way of a list of stages; without a probe a stage that changes nothing costs nothing."""
    flow = Dataflow()
    for stage in stages:
        flow = flow.then(stage.flow)
        if probe is not None and stage.name:
            flow = flow.then(_telling(stage.name, probe))
    return flow


def _telling(name: str, probe: Probe) -> Dataflow:
    def tell(value: JSONValue, scope: Scope) -> JSONValue:
        probe(name, value)
        return value

    return Dataflow(tell)


def input_stage(input_path: str | None) -> Stage:
    """Compile InputPath."""
    return Stage("afterInputPath", path_flow(input_path))


def input_stages(input_path: str | None, parameters: Field) -> tuple[Stage, ...]:
    """Compile what becomes of a state's input: InputPath, Parameters."""
    return input_stage(input_path), Stage("afterParameters", template_flow(parameters))


def output_stages(output_path: str | None) -> tuple[Stage, ...]:
    """Compile what becomes of a result that ResultPath has placed: OutputPath."""
    return Stage("afterResultPath"), Stage("", path_flow(output_path))


def keep(value: JSONValue, scope: Scope) -> JSONValue:
    """Leave a value as it is."""
    return value


def path_flow(path: str | None) -> Dataflow:
    """Compile InputPath or OutputPath; ``null`` gives an empty object."""
    if path is None:
        return Dataflow(lambda value, scope: {}, Growth(0, 2))
    if path == "$":
        return Dataflow()
    expression = compile_path(path)
    return Dataflow(expression.evaluate, Growth.of(expression))


def template_flow(template: Field) -> Dataflow:
    """Compile Parameters, ResultSelector or ItemSelector, where there is one."""
    if template is ABSENT:
        return Dataflow()
    assert not isinstance(template, model.Absent)
    expression = compile_template(template)
    return Dataflow(expression.evaluate, Growth.of(expression))


def constant_flow(value: JSONValue) -> Dataflow:
    """Give a Pass state's Result, whatever comes in."""
    return Dataflow(lambda _, scope: value, Growth(0, size_bytes(value, _ANY_SIZE)))


def place_flow(result: Dataflow, result_path: str | None) -> Dataflow:
    """Put what ``result`` makes of the raw input back into the raw input."""
    if result_path is None:
        # Nobody takes the result; what fails in it fails the state all the same.
        tried = result.evaluate
        return Dataflow() if tried is None else Dataflow(lambda value, scope: (tried(value, scope), value)[1])
    if result_path == "$":
        return result
    make, place = result.function, compile_result_path(result_path)
    growth = Growth(1, len(result_path) * 6 + 8).beside(result.growth)
    return Dataflow(lambda value, scope: place(value, make(value, scope)), growth)


def give_result(raw: JSONValue, result: JSONValue, scope: Scope) -> JSONValue:
    """Let the result be the output."""
    return result


def keep_raw(raw: JSONValue, result: JSONValue) -> JSONValue:
    """Let the raw input be the output: ResultPath null."""
    return raw


def compile_output(
    selector: Field, result_path: str | None, output_path: str | None, probe: Probe | None = None
) -> Output:
    """Compile what becomes of a result: ResultSelector, ResultPath, OutputPath."""
    select = fold((Stage("result"), Stage("afterResultSelector", template_flow(selector))), probe).evaluate
    leave = fold(output_stages(output_path), probe).evaluate
    if result_path == "$" and select is None and leave is None:
        return give_result
    place = keep_raw if result_path is None else compile_result_path(result_path)
    if select is None and leave is None:
        return lambda raw, result, scope: place(raw, result)

    def output(raw: JSONValue, result: JSONValue, scope: Scope) -> JSONValue:
        if select is not None:
            result = select(result, scope)
        placed = place(raw, result)
        return placed if leave is None else leave(placed, scope)

    return output


Assign = Callable[[JSONValue, Scope], "Mapping[str, JSONValue]"]


def compile_assign(assign: Mapping[str, JSONValue] | None) -> Assign | None:
    """Compile a JSONPath state's Assign: a payload template whose fields are variables."""
    if assign is None:
        return None
    return compile_template(dict(assign)).evaluate  # type: ignore[return-value]  # an object gives an object
