"""Machines by number: small ones of all eight types, in both languages, with handlers that may fail.

Loops, Maps with few at once and with failures that are tolerated, Parallels in each other, tasks that hang,
branches that always fail, timers that go off at one instant, with and without a world.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
INPUT: dict[str, Any] = {"n": 1, "i": 0, "items": [1, 2, 3], "none": []}
JSON = dict[str, Any]
Handler = Callable[[Any], Any]


class Failing(Exception):  # noqa: N818 - it is the name that the definitions' Retry and Catch match
    """What handlers raise."""


class Generated(NamedTuple):
    """A machine, who does the work of its tasks, and what they change in a world, if there is one."""

    definition: JSON
    handlers: dict[str, Handler]
    effects: dict[str, Callable[[Any, Any, Any], object]]
    world: JSON | None


def generated(number: int) -> Generated:
    """Write the machine of a number."""
    writer = _Writer(random.Random(f"machine {number}"))
    definition = writer.branch(2)
    world: JSON | None = {"marks": []} if writer.draw.random() < 0.4 else None
    effects = {name: writer.effect(name) for name in writer.handlers} if world else {}
    return Generated(definition, writer.handlers, effects, world)


class _Writer:
    def __init__(self, draw: random.Random) -> None:
        self.draw = draw
        self.handlers: dict[str, Handler] = {}
        self._names: Iterator[str] = (f"S{n}" for n in range(10**6))

    def branch(self, depth: int) -> JSON:
        names = [next(self._names) for _ in range(self.draw.choice((1, 1, 2, 2, 3)) if depth < 2 else 3)]
        if depth == 2 and self.draw.random() < 0.15:
            return self._loop(names[0])
        states = {name: self._state(name, names[at + 1 :], depth) for at, name in enumerate(names)}
        return {"StartAt": names[0], "States": _reachable(states, names[0])}

    def effect(self, name: str) -> Callable[[Any, Any, Any], object]:
        if self.draw.random() < 0.4:
            return lambda world, given, result: None
        if self.draw.random() < 0.5:
            return lambda world, given, result: world.update(last=name)
        return lambda world, given, result: (
            world["marks"].append(name) if name not in world["marks"] else None
        )

    def _loop(self, name: str) -> JSON:
        """A task that is asked until a count is reached."""
        task, add, choice = f"{name}T", f"{name}A", f"{name}C"
        rule = {"Variable": "$.i", "NumericGreaterThanEquals": self.draw.choice((1, 2)), "Next": f"{name}E"}
        return {
            "StartAt": task,
            "States": {
                task: {**self._task(task, [f"{name}E"], 0), "ResultPath": "$.result", "Next": add},
                add: {
                    "Type": "Pass",
                    "Parameters": {"i.$": "States.MathAdd($.i, 1)", "n": 1, "items": [1], "none": []},
                    "Next": choice,
                },
                choice: {"Type": "Choice", "Choices": [rule], "Default": task},
                f"{name}E": {"Type": "Succeed"},
            },
        }

    def _state(self, name: str, later: list[str], depth: int) -> JSON:
        kinds = ["Pass", "Wait", "Task", "Task", "Task", "Choice" if later else "Succeed", "Fail"]
        kinds += ["Parallel", "Parallel", "Map"] if depth else []
        kind = self.draw.choice(kinds)
        onward: JSON = {"Next": later[0]} if later else {"End": True}
        match kind:
            case "Pass":
                return {"Type": kind, **self._pass(), **onward}
            case "Wait":
                return {"Type": kind, "Seconds": self.draw.choice((1, 2, 5)), **onward}
            case "Succeed":
                return {"Type": kind}
            case "Fail":
                return {"Type": kind, "Error": self.draw.choice(("A", "B")), "Cause": name}
            case "Choice":
                rule = {"Variable": "$.n", "IsPresent": True, "Next": self.draw.choice(later)}
                return {"Type": kind, "Choices": [rule], "Default": later[0]}
            case "Parallel":
                return self._parallel(later, depth) | onward
            case "Map":
                return self._map(later, depth) | onward
        return self._task(name, later, depth) | onward

    def _pass(self) -> JSON:
        return self.draw.choice(
            (
                {},
                {"Result": {"n": 3}},
                {"Parameters": {"n.$": "$.n"}},
                {"Assign": {"seen.$": "$"}},
                {"QueryLanguage": "JSONata", "Output": "{% {'n': 2, 'was': $states.input} %}"},
                {"QueryLanguage": "JSONata", "Output": "{% $states.input.n + 1 %}"},
            )
        )

    def _task(self, name: str, later: list[str], depth: int) -> JSON:
        self.handlers[name] = self._handler(name)
        state: JSON = {"Type": "Task", "Resource": FUNCTION, **self._caught(later)}
        if self.draw.random() < 0.4:
            state["TimeoutSeconds"] = self.draw.choice((2, 3, 5))
            if self.draw.random() < 0.3:
                state["HeartbeatSeconds"] = 1
        if self.draw.random() < 0.2:
            names = ["A", "Failing", "States.Timeout", "States.ALL", "States.TaskFailed"]
            state["Retry"] = [
                {
                    "ErrorEquals": [self.draw.choice(names)],
                    "IntervalSeconds": self.draw.choice((1, 2)),
                    "MaxAttempts": 1,
                }
            ]
        return state

    def _caught(self, later: list[str]) -> JSON:
        state: JSON = {}
        if self.draw.random() < 0.5:
            state["ResultPath"] = self.draw.choice((None, "$.result", "$"))
        if later and self.draw.random() < 0.5:
            names = self.draw.choice((["A"], ["States.ALL"], ["Failing"], ["States.Timeout"]))
            path = self.draw.choice(("$", "$.error", None))
            state["Catch"] = [{"ErrorEquals": names, "ResultPath": path, "Next": self.draw.choice(later)}]
        return state

    def _handler(self, name: str) -> Handler:
        def fails(given: Any) -> Any:
            raise Failing(name)

        def fails_at_odd(given: Any) -> Any:
            if given in (1, 3):
                raise Failing(name)
            return {"n": 1}

        return self.draw.choice(
            (
                fails,
                fails_at_odd,
                lambda given: {"n": 2},
                lambda given: {"n": 1, "items": [1, 2], "none": []},
                lambda given: given,
                lambda given: name,
            )
        )

    def _parallel(self, later: list[str], depth: int) -> JSON:
        bodies = [self.branch(depth - 1) for _ in range(self.draw.choice((2, 2, 3)))]
        return {"Type": "Parallel", "Branches": bodies, **self._caught(later)}

    def _map(self, later: list[str], depth: int) -> JSON:
        return {
            "Type": "Map",
            "ItemsPath": f"$$.Execution.Input.{self.draw.choice(('items', 'items', 'items', 'none'))}",
            "ItemProcessor": self.branch(depth - 1),
            "MaxConcurrency": self.draw.choice((0, 1, 2)),
            "ToleratedFailureCount": self.draw.choice((0, 0, 1)),
            **self._caught(later),
        }


def _reachable(states: JSON, start: str) -> JSON:
    """Leave out the states that nothing leads to, which AWS would refuse."""
    found, stack = {start}, [start]
    while stack:
        state = states[stack.pop()]
        ways = [state, *state.get("Choices", ()), *state.get("Catch", ())]
        names = {way[key] for way in ways for key in ("Next", "Default") if key in way}
        stack += names - found
        found |= names
    return {name: state for name, state in states.items() if name in found}
