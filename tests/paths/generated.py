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
    draw = random.Random(f"machine {number}")
    # Every third one is a race: branches that wait equally long, fail, and end each other.
    writer = _Writer(draw, is_race=number % 3 == 1)
    definition = writer.shaped() if number % 3 == 2 else writer.branch(2)
    world: JSON | None = {"marks": []} if draw.random() < 0.3 else None
    effects = {name: writer.effect(name) for name in writer.handlers} if world else {}
    return Generated(definition, writer.handlers, effects, world)


class _Writer:
    def __init__(self, draw: random.Random, *, is_race: bool) -> None:
        self.draw = draw
        self.is_race = is_race
        self.handlers: dict[str, Handler] = {}
        self._names: Iterator[str] = (f"S{n}" for n in range(10**6))

    def branch(self, depth: int) -> JSON:
        names = [next(self._names) for _ in range(self.draw.choice((1, 1, 2, 2, 3)) if depth < 2 else 3)]
        if depth == 2 and self.draw.random() < 0.15:
            return self._loop(names[0])
        states = {name: self._state(name, names[at + 1 :], depth) for at, name in enumerate(names)}
        return {"StartAt": names[0], "States": _reachable(states, names[0])}

    def shaped(self) -> JSON:
        """A machine of a shape in which something small makes a difference."""
        shapes = (self._assigning, self._timed, self._tied, self._slots, self._nested, self._long_branch)
        return self.draw.choice(shapes)()

    def _assigning(self) -> JSON:
        """A variable has another value on either way to one state."""
        states = {
            "Before": {"Type": "Pass", "Assign": {"v": 0}, "Next": "May"},
            "May": self._asked("May", self._any(), Catch=[self._to("Work")], Next="Assign"),
            "Assign": {"Type": "Pass", "Assign": {"v": self.draw.choice((0, 1))}, "Next": "Work"},
            "Work": self._asked("Work", self._any(), Catch=[self._to("Tell")], Next="Tell"),
            "Tell": {"Type": "Pass", "Parameters": {"was.$": "$v"}, "End": True},
        }
        return {"StartAt": "Before", "States": states}

    def _timed(self) -> JSON:
        """Which branch ends first depends on when each began to wait."""
        return self._racing([self._waiting("A", timeout=2), self._waiting("B", timeout=3)])

    def _tied(self) -> JSON:
        """Two branches wait to the same instant; the one that is told later began earlier."""
        return self._racing([self._waiting("A", timeout=None, seconds=2), self._only_waiting("B", 2)])

    def _slots(self) -> JSON:
        """An iteration can fail only after another one has made room for it."""
        self.handlers["Each"] = _failing_but(2)
        body = {"StartAt": "Each", "States": {"Each": {"Type": "Task", "Resource": FUNCTION, "End": True}}}
        state = {
            "Type": "Map",
            "ItemsPath": "$.items",
            "MaxConcurrency": 2,
            "ToleratedFailureCount": self.draw.choice((0, 0, 1)),
            "ItemProcessor": body,
        }
        return self._caught_whole(state)

    def _nested(self) -> JSON:
        """A branch goes on after a Parallel inside it has failed, before its sibling has failed."""
        inner = [self._alone("C", self._failing()), self._alone("D", self._any())]
        states = {
            "Inner": {
                "Type": "Parallel",
                "Branches": inner,
                "Catch": [self._to("After", "$.error")],
                "Next": "After",
            },
            "After": self._asked("After", self._failing(), End=True),
        }
        return self._racing([self._alone("A", self._failing()), {"StartAt": "Inner", "States": states}])

    def _long_branch(self) -> JSON:
        """A branch fails at its second task, before its sibling has failed at its first."""
        states = {
            "One": self._asked("One", lambda given: given, Next="Two"),
            "Two": self._asked("Two", self._failing(), End=True),
        }
        return self._racing([self._alone("A", self._failing()), {"StartAt": "One", "States": states}])

    def _racing(self, branches: list[JSON]) -> JSON:
        return self._caught_whole({"Type": "Parallel", "Branches": branches})

    def _caught_whole(self, state: JSON) -> JSON:
        catch = [self._to("Told", "$.error")] if self.draw.random() < 0.7 else []
        whole = state | {"Catch": catch, "End": True} if catch else state | {"End": True}
        states = {"Whole": whole} | ({"Told": {"Type": "Succeed"}} if catch else {})
        return {"StartAt": "Whole", "States": states}

    def _waiting(self, name: str, timeout: int | None, seconds: int | None = None) -> JSON:
        limits: JSON = {} if timeout is None else {"TimeoutSeconds": timeout}
        states = {
            name: self._asked(name, self._any(), Catch=[self._to(f"{name}W")], Next=f"{name}W", **limits),
            f"{name}W": {
                "Type": "Wait",
                "Seconds": seconds or self.draw.choice((1, 2, 3, 4)),
                "Next": f"{name}F",
            },
            f"{name}F": {"Type": "Fail", "Error": name},
        }
        return {"StartAt": name, "States": states}

    def _only_waiting(self, name: str, seconds: int) -> JSON:
        states = {
            f"{name}W": {"Type": "Wait", "Seconds": seconds, "Next": f"{name}F"},
            f"{name}F": {"Type": "Fail", "Error": name},
        }
        return {"StartAt": f"{name}W", "States": states}

    def _alone(self, name: str, handler: Handler) -> JSON:
        return {"StartAt": name, "States": {name: self._asked(name, handler, End=True)}}

    def _asked(self, name: str, handler: Handler, **fields: Any) -> JSON:
        self.handlers[name] = handler
        return {"Type": "Task", "Resource": FUNCTION, "ResultPath": None, **fields}

    def _to(self, state: str, path: str | None = None) -> JSON:
        return {"ErrorEquals": ["States.ALL"], "ResultPath": path, "Next": state}

    def _failing(self) -> Handler:
        return _failing_but()

    def _any(self) -> Handler:
        return self.draw.choice((_failing_but(), lambda given: given, lambda given: {"n": 2}))

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
        if self.is_race:
            kinds = ["Wait", "Task", "Task"] + (["Pass"] if later else ["Fail"])
            kinds += ["Parallel"] * 3 + ["Map"] if depth else []
            kinds = ["Parallel", "Parallel", "Map"] if depth == 2 and len(later) == 2 else kinds
        kind = self.draw.choice(kinds)
        onward: JSON = {"Next": later[0]} if later else {"End": True}
        match kind:
            case "Pass":
                return {"Type": kind, **self._pass(depth), **onward}
            case "Wait":
                return {
                    "Type": kind,
                    "Seconds": self.draw.choice((1, 2) if self.is_race else (1, 2, 5)),
                    **onward,
                }
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

    def _pass(self, depth: int) -> JSON:
        return self.draw.choice(
            (
                {},
                {"Result": {"n": 3}},
                {"Parameters": {"n.$": "$.n"}},
                {"Assign": {f"v{depth}.$": "$"}},
                {"Assign": {f"v{depth}": len(self.handlers)}, "ResultPath": None, "Result": 0},
                {"Parameters": {"was.$": f"$v{depth}"}},
                {"QueryLanguage": "JSONata", "Output": "{% {'n': 2, 'was': $states.input} %}"},
                {"QueryLanguage": "JSONata", "Output": "{% $states.input.n + 1 %}"},
            )
        )

    def _task(self, name: str, later: list[str], depth: int) -> JSON:
        self.handlers[name] = self._handler(name)
        state: JSON = {"Type": "Task", "Resource": FUNCTION, **self._caught(later)}
        if self.draw.random() < 0.4:
            state["TimeoutSeconds"] = self.draw.choice((1, 2) if self.is_race else (2, 3, 5))
            if state["TimeoutSeconds"] > 1 and self.draw.random() < 0.3:
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
            raise Failing(f"{name} {given}")

        def fails_at_odd(given: Any) -> Any:
            if given in (1, 3):
                raise Failing(f"{name} {given}")
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


def _failing_but(*fine: object) -> Handler:
    def handle(given: Any) -> Any:
        if given not in fine:
            raise Failing(f"{given}")
        return given

    return handle


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
