"""Where names are bound while an expression is evaluated, and how functions are called.

Pure: no clock, no IO beyond what the scope gives: time and randomness of the execution.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from step.asl.jsonata.values import UNDEFINED, Lambda, Native, Outer, TailCall
from step.asl.meter import LIMITS, STACK_EXCEEDED, Exceeded, Limits, Meter
from step.asl.scope import Scope

# Frames between a built-in and a function that it calls.
NATIVE_FRAMES = 6


class Evaluation(Meter):
    """One evaluation: what it may use, and what lies outside of the expression."""

    __slots__ = ("builtins", "extra", "raw", "root", "scope", "second", "states")

    def __init__(
        self,
        raw: Any,
        extra: Any,
        scope: Scope,
        second: str | None,
        builtins: Mapping[str, Native],
        limits: Limits = LIMITS,
    ) -> None:
        super().__init__(limits)
        self.raw = raw
        self.extra = extra
        self.scope = scope
        self.second = second
        self.builtins = builtins
        self.root: Any = UNDEFINED
        self.states: dict[str, Any] | None = None

    def look_up(self, name: str) -> Any:
        """Give what a name stands for outside of the expression."""
        if name == "states":
            if self.states is None:
                self.states = {"input": self.raw, "context": self.scope.context}
                if self.second is not None:
                    self.states[self.second] = self.extra
            return self.states
        found = self.scope.variables.get(name, UNDEFINED)
        return self.builtins.get(name, UNDEFINED) if found is UNDEFINED else found


class Env:
    """Names bound by a block, a call or a step, inside an outer environment."""

    __slots__ = ("names", "outer", "run")

    def __init__(self, outer: Env | None, run: Evaluation) -> None:
        self.names: dict[str, Any] = {}
        self.outer = outer
        self.run = run

    def look_up(self, name: str) -> Any:
        env: Env | None = self
        while env is not None:
            names = env.names
            if name in names:
                return names[name]
            env = env.outer
        return self.run.look_up(name)

    def with_names(self, names: dict[str, Any]) -> Env:
        """Make an inner environment of a tuple's names."""
        inner = Env(self, self.run)
        inner.names = names
        return inner


def call(
    run: Evaluation, function: Any, arguments: list[Any], value: Any, frames: int = NATIVE_FRAMES
) -> Any:
    """Call a function, and what it ends in calling; ``frames``: how many there are since the last call.

    Raises:
        Exceeded: calls are nested too deep, or there were too many.
    """
    run.frames -= frames
    run.calls -= 1
    if type(value) is Outer:
        value = value[0]
    while True:
        if type(function) is Lambda:
            if run.calls < 0 or run.frames < function.frames:
                raise Exceeded(f"{STACK_EXCEEDED} (more than {run.limits.calls} nested calls)")
            run.step(function.steps)
            if function.signature is not None:
                arguments = function.signature.check("lambda", arguments, value)
            env = Env(function.env, run)
            names = function.names
            if len(names) == len(arguments):
                env.names = dict(zip(names, arguments, strict=True))
            else:
                env.names = dict.fromkeys(names, UNDEFINED)
                env.names.update(zip(names, arguments, strict=False))
            found = function.body(function.value, env)
        else:
            if run.frames < function.frames:
                raise Exceeded(f"{STACK_EXCEEDED} (more than {run.limits.calls} nested calls)")
            run.step(1)
            # A built-in isn't one of the nested calls.
            run.calls += 1
            if function.signature is not None:
                arguments = function.signature.check(function.name, arguments, value)
            found = function.call(run, value, *arguments)
            run.calls -= 1
        if type(found) is not TailCall:
            run.frames += frames
            run.calls += 1
            return found
        function, arguments, value = found.function, found.arguments, found.value
