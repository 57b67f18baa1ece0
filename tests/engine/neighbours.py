"""Every way to fail, at every field where a path, a template or an expression stands, in every place.

A case is a machine of one failing state somewhere in it. What must come of it is said here from the rules
that recordings and publications show, without the interpreter: events with the ids that they follow, error,
cause. What is only assumed is marked so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from step.jsonvalue import to_text

VALUE: dict[str, Any] = {"n": 1, "t": "x", "items": [1]}
FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:work"
RUNTIME, EVALUATION = "States.Runtime", "States.QueryEvaluationError"
# What a Parallel's one branch, a Map's one iteration and a task give.
PASS = {"Type": "Pass", "End": True}
WORK_EVENTS = {
    "Task": ["LambdaFunctionScheduled", "LambdaFunctionStarted", "LambdaFunctionSucceeded"],
    "Parallel": ["ParallelStateStarted", "PassStateEntered", "PassStateExited", "ParallelStateSucceeded"],
    "Map": [
        "MapStateStarted",
        "MapIterationStarted",
        "PassStateEntered",
        "PassStateExited",
        "MapIterationSucceeded",
        "MapStateSucceeded",
    ],
}
RESULTS: dict[str, Any] = {"Task": VALUE, "Parallel": [VALUE], "Map": [1]}


class Spot(NamedTuple):
    """A field of a state in which something may fail.

    Attributes:
        kind: The state's type.
        field: The field's name; what it holds is put in by ``state``.
        form: What it takes: "path", "number path", "template", "query", "expression", "typed expression".
        after: Whether it is evaluated after the state's work.
        wants: The type that an expression must give.
    """

    kind: str
    field: str
    form: str
    after: bool = False
    wants: str = ""


class Fault(NamedTuple):
    """What a field holds, and why it fails; ``reason`` is AWS's text after the state's name."""

    text: str
    error: str
    reason: str
    location: str | None = None
    is_assumed: bool = False


JSONPATH = [
    *(
        Spot(kind, "InputPath", "path")
        for kind in ("Pass", "Succeed", "Choice", "Wait", "Task", "Parallel", "Map")
    ),
    *(Spot(kind, "OutputPath", "path") for kind in ("Pass", "Succeed", "Choice")),
    *(Spot(kind, "OutputPath", "path", True) for kind in ("Wait", "Task", "Parallel", "Map")),
    *(Spot(kind, "Parameters", "template") for kind in ("Pass", "Task", "Parallel")),
    *(Spot(kind, "ResultSelector", "template", True) for kind in ("Task", "Parallel", "Map")),
    Spot("Pass", "Assign", "template"),
    Spot("Choice", "Assign", "template"),
    *(Spot(kind, "Assign", "template", True) for kind in ("Wait", "Task", "Parallel", "Map")),
    Spot("Map", "ItemsPath", "path"),
    Spot("Map", "ItemSelector", "template"),
    Spot("Task", "TimeoutSecondsPath", "path"),
    Spot("Task", "HeartbeatSecondsPath", "path"),
    Spot("Fail", "ErrorPath", "query"),
    Spot("Fail", "CausePath", "query"),
    Spot("Choice", "Variable", "variable"),
    Spot("Wait", "SecondsPath", "seconds"),
    Spot("Wait", "TimestampPath", "timestamp"),
]
JSONATA = [
    *(Spot(kind, "Output", "expression") for kind in ("Pass", "Succeed", "Choice")),
    *(Spot(kind, "Output", "expression", True) for kind in ("Wait", "Task", "Parallel", "Map")),
    *(Spot(kind, "Assign", "expression") for kind in ("Pass", "Choice")),
    *(Spot(kind, "Assign", "expression", True) for kind in ("Wait", "Task", "Parallel", "Map")),
    *(Spot(kind, "Arguments", "expression") for kind in ("Task", "Parallel")),
    Spot("Map", "ItemSelector", "expression"),
    Spot("Map", "Items", "typed", wants="array"),
    Spot("Map", "MaxConcurrency", "typed", wants="number"),
    Spot("Map", "ToleratedFailureCount", "typed", wants="number"),
    Spot("Map", "ToleratedFailurePercentage", "typed", wants="number"),
    Spot("Task", "TimeoutSeconds", "typed", wants="number"),
    Spot("Task", "HeartbeatSeconds", "typed", wants="number"),
    Spot("Wait", "Seconds", "typed", wants="number"),
    Spot("Wait", "Timestamp", "typed", wants="string"),
    Spot("Fail", "Error", "typed", wants="string"),
    Spot("Fail", "Cause", "typed", wants="string"),
    Spot("Choice", "Condition", "typed", wants="boolean"),
]

# ---------------------------------------------------------------- what fails

PATHS = {
    "$.gone": "No results for path: $['gone']",
    "$.gone.further": "Missing property in path $['gone']",
    "$['gone']": "No results for path: $['gone']",
}
# Wrong numbers and wrong types of arguments. Observed: second.States, every function in another way.
WRONG_CALLS = (
    "States.ArrayPartition($$.Execution.Name, 2)",
    "States.ArrayPartition(States.Array(1), 0)",
    "States.ArrayPartition(States.Array(1))",
    "States.ArrayContains('a', 'a')",
    "States.ArrayContains(States.Array())",
    "States.ArrayRange('a', 5, 1)",
    "States.ArrayRange(1, 5, 0)",
    "States.ArrayRange(1, 5, 1, 99)",
    "States.ArrayGetItem(States.Array(1), -1)",
    "States.ArrayGetItem(States.Array(1), '0')",
    "States.ArrayGetItem(null, 0)",
    "States.ArrayLength('a')",
    "States.ArrayLength()",
    "States.ArrayLength(States.JsonToString(States.Array()))",
    "States.ArrayUnique(1)",
    "States.ArrayUnique(States.Array(), 1)",
    "States.Base64Encode(1)",
    "States.Base64Encode()",
    "States.Base64Decode(null)",
    "States.Base64Decode('YQ==', 1)",
    "States.Hash('a', 'CRC')",
    "States.Hash('a')",
    "States.JsonMerge('a', 'b', false)",
    "States.JsonMerge(States.StringToJson('{}'), States.StringToJson('{}'), true)",
    "States.JsonMerge(States.StringToJson('{}'), States.StringToJson('{}'))",
    "States.MathRandom(1, 1)",
    "States.MathRandom('a', 2)",
    "States.MathRandom(1)",
    "States.MathAdd('a', 1)",
    "States.MathAdd(true, 1)",
    "States.MathAdd(null, 1)",
    "States.MathAdd(2147483647, 1)",
    "States.MathAdd(1)",
    "States.StringSplit(1, ',')",
    "States.StringSplit('a', null)",
    "States.StringSplit('a')",
    "States.StringToJson(1)",
    "States.StringToJson(true)",
    "States.Format(1)",
    "States.Format('{}')",
    "States.Format('', 1)",
)
# Functions that say more of what is wrong.
SPEAKING_CALLS = {
    "States.JsonToString()": "Invalid arguments in States.JsonToString: only a single argument is allowed.",
    "States.Format('{{}}', 1)": "Invalid template in States.Format: matching '}' not found for '{'.",
    "States.Format('}')": "Invalid template in States.Format: matching '{' not found for '}'.",
}
# Not recorded as such: the reason is that of the recorded ones.
ASSUMED_CALLS = frozenset(
    {"States.Format(1)", "States.Format('{}')", "States.Format('', 1)", "States.StringSplit('a', null)"}
)
MISSING_ARGUMENTS = ("States.ArrayLength($.gone)", "States.Format('{}', $.gone)", "States.MathAdd($.gone, 1)")
EXPRESSIONS = {
    "$states.input.gone": "returned nothing (undefined).",
    "$nothing": "returned nothing (undefined).",
    "$error('burnt')": "threw an error during evaluation. D3137: burnt",
}
TYPED = {"array": "1", "number": "'1'", "string": "1", "boolean": "1"}


def faults(spot: Spot) -> Iterator[Fault]:
    """List the ways in which a field fails."""
    match spot.form:
        case "path":
            for path, reason in PATHS.items():
                yield Fault(path, RUNTIME, f"Invalid path '{path}' : {reason}")
        case "template" | "query":
            yield from _query_faults(spot)
        case "variable":
            for path in PATHS:
                said = "The choice state's condition path references an invalid value."
                yield Fault(path, RUNTIME, f"Invalid path '{path}': {said}")
        case "seconds" | "timestamp":
            yield from _time_faults(spot)
        case _:
            yield from _expression_faults(spot)


def _query_faults(spot: Spot) -> Iterator[Fault]:
    field_, value = field_of(spot), to_text(value_at(spot))
    for path in (*PATHS, "$$.Execution.Input.gone"):
        seen = f"specified for the field '{field_}' could not be found in the input '{value}'"
        if not path.startswith("$$"):
            yield Fault(path, RUNTIME, f"The JSONPath '{path}' {seen}")
    for call in WRONG_CALLS:
        name = "States.ArrayLength" if call.startswith("States.ArrayLength") else call.partition("(")[0]
        yield Fault(
            call, RUNTIME, _of_call(call, f"Invalid arguments in {name}"), None, call in ASSUMED_CALLS
        )
    for call, reason in SPEAKING_CALLS.items():
        yield Fault(call, RUNTIME, _of_call(call, reason))
    for call in MISSING_ARGUMENTS:
        missing = f"The JsonPath argument for the field '$.gone' could not be found in the input '{value}'"
        yield Fault(call, RUNTIME, f"The function '{call}' had the following error: {missing}")


def _of_call(call: str, reason: str) -> str:
    return f"There was an error while evaluating the intrinsic function: {call}. {reason}"


def _time_faults(spot: Spot) -> Iterator[Fault]:
    for path in PATHS:
        reason = f"The {spot.field} parameter does not reference an input value: {path}"
        yield Fault(path, RUNTIME, reason)
    if spot.form == "seconds":
        yield Fault("$.t", RUNTIME, "The SecondsPath parameter cannot be parsed as a long value: $.t == x")
    else:
        said = "does not reference a valid ISO-8601 extended offset date-time format string"
        yield Fault("$.t", RUNTIME, f"The TimestampPath parameter {said}: $.t == x")


def _expression_faults(spot: Spot) -> Iterator[Fault]:
    location = field_of(spot)
    for text, reason in EXPRESSIONS.items():
        told = f"The JSONata expression '{text}' specified for the field '{location}' {reason}"
        yield Fault(text, EVALUATION, told, location)
    if spot.wants:
        text = TYPED[spot.wants]
        value = json.loads(text.replace("'", '"'))
        was = "string" if isinstance(value, str) else "number"
        said = f"Expected '{spot.wants}', but was '{was}' for value: {to_text(value)}"
        told = f"The JSONata expression '{text}' specified for the field '{location}'"
        yield Fault(text, EVALUATION, f"{told} returned an unexpected result type. {said}", location)


def field_of(spot: Spot) -> str:
    """Name a field as causes and locations do."""
    match spot:
        case Spot(form="template"):
            return "x.$"
        case Spot("Choice", "Condition" | "Output" | "Assign" as name):
            within = "/x" if name in ("Output", "Assign") else ""
            return f"Choices[0]/{name}{within}"
        case Spot(form="expression"):
            return f"{spot.field}/x"
        case _:
            return spot.field


def value_at(spot: Spot) -> Any:
    """Give what the field's paths see."""
    # Observed: assign_from_value. A Pass assigns from its result, work from what ResultSelector gives.
    return RESULTS[spot.kind] if spot.after and spot.kind in RESULTS else VALUE


# ---------------------------------------------------------------- the state


def state(spot: Spot, fault: Fault) -> dict[str, Any]:
    """Make a state that fails in this way and no other."""
    made: dict[str, Any] = {"Type": spot.kind}
    is_jsonata = fault.location is not None
    if is_jsonata:
        made["QueryLanguage"] = "JSONata"
    made |= _rest(spot, is_jsonata=is_jsonata)
    text = f"{{% {fault.text} %}}" if is_jsonata else fault.text
    if spot.kind == "Choice" and spot.field in ("Variable", "Condition", "Output", "Assign"):
        rule = made["Choices"][0]
        rule[spot.field] = _within(spot, text, is_jsonata=is_jsonata)
        return made
    if spot.field == "OutputPath" and spot.kind in ("Parallel", "Map"):
        # What the path sees is the input then, not an array.
        made["ResultPath"] = None
    made[spot.field] = _within(spot, text, is_jsonata=is_jsonata)
    return made


def _within(spot: Spot, text: str, *, is_jsonata: bool) -> Any:
    if spot.form in ("template", "expression"):
        return {"x" if is_jsonata else "x.$": text}
    return text


def _rest(spot: Spot, *, is_jsonata: bool) -> dict[str, Any]:
    match spot.kind:
        case "Choice":
            rule = {"Condition": "{% true %}"} if is_jsonata else {"Variable": "$.n", "NumericEquals": 1}
            return {"Choices": [{**rule, "Next": "Done"}], "Default": "Done"}
        case "Wait":
            own = ("Seconds", "SecondsPath", "Timestamp", "TimestampPath")
            return {"End": True} if spot.field in own else {"Seconds": 0, "End": True}
        case "Task":
            more = {"TimeoutSeconds": 9} if spot.field.startswith("Heartbeat") else {}
            return {"Resource": FUNCTION, "End": True, **more}
        case "Parallel":
            return {"Branches": [{"StartAt": "In", "States": {"In": PASS}}], "End": True}
        case "Map":
            items = {"Items": "{% $states.input.items %}"} if is_jsonata else {"ItemsPath": "$.items"}
            if spot.field == "ItemsPath":
                items = {}
            return {**items, "ItemProcessor": {"StartAt": "In", "States": {"In": PASS}}, "End": True}
        case "Fail" | "Succeed":
            return {}
        case _:
            return {"End": True}


# ---------------------------------------------------------------- where it stands


class Place(NamedTuple):
    """Where the failing state stands, from the outside in: "Parallel", "Map", both; whether it is caught."""

    around: tuple[str, ...] = ()
    is_caught: bool = False
    is_second: bool = False

    @property
    def name(self) -> str:
        caught = ", caught" if self.is_caught else ""
        return (
            " in ".join(reversed(("machine", *self.around))) + (", second" if self.is_second else "") + caught
        )


PLACES = [
    Place(),
    Place(is_second=True),
    *(Place(around, caught) for around in (("Parallel",), ("Map",)) for caught in (False, True)),
    Place(("Parallel", "Map")),
    Place(("Map", "Parallel"), True),
]


def machine(failing: dict[str, Any], place: Place) -> dict[str, Any]:
    """Put a state into its place."""
    states: dict[str, Any] = {"Failing": failing}
    if failing["Type"] == "Choice":
        states["Done"] = {"Type": "Succeed"}
    scope: dict[str, Any] = {"StartAt": "Failing", "States": states}
    if place.is_second:
        states["First"] = {"Type": "Pass", "Next": "Failing"}
        scope["StartAt"] = "First"
    for depth, kind in enumerate(reversed(place.around)):
        owner: dict[str, Any] = {"Type": kind, "End": True}
        owner |= {"Branches": [scope]} if kind == "Parallel" else {"ItemProcessor": scope}
        name = f"Around {len(place.around) - depth}"
        scope = {"StartAt": name, "States": {name: owner}}
        if place.is_caught and depth == len(place.around) - 1:
            owner["Catch"] = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
            scope["States"]["Caught"] = {"Type": "Pass", "Result": "caught", "End": True}
    return scope


def given_to(place: Place) -> Any:
    """Say with what a machine starts, so that the failing state gets ``VALUE``."""
    value: Any = VALUE
    for kind in place.around:
        value = [value] if kind == "Map" else value
    return value


# ---------------------------------------------------------------- what must come of it


@dataclass
class Told:
    """Events as they are told; ``last`` is the id that the next one follows."""

    events: list[tuple[str, int]] = field(default_factory=list)
    last: int = 0

    def say(self, kind: str, *, aside: bool = False) -> int:
        self.events.append((kind, self.last))
        if not aside:
            self.last = len(self.events)
        return len(self.events)


class Expected(NamedTuple):
    """What must come of a case."""

    events: list[tuple[str, int]]
    status: str
    error: str | None
    cause: str | None


def expected(spot: Spot, fault: Fault, place: Place) -> Expected:
    """Say what must come of a failing state in its place.

    Published: what is fatal is told by ExecutionFailed alone; MapIterationFailed and what is aborted are on
    nobody's chain; EvaluationFailed follows the last event.
    """
    told = Told()
    told.say("ExecutionStarted")
    told.last = 0
    if place.is_second:
        told.say("PassStateEntered")
        told.say("PassStateExited")
    for kind in place.around:
        told.say(f"{kind}StateEntered")
        told.say(f"{kind}StateStarted")
        if kind == "Map":
            told.say("MapIterationStarted")
    entered = told.say(f"{spot.kind}StateEntered")
    _work(spot, told)
    cause = f"An error occurred while executing the state 'Failing' (entered at the event id #{entered}). "
    cause += fault.reason
    if fault.error == RUNTIME:
        told.say("ExecutionFailed")
        return Expected(told.events, "FAILED", RUNTIME, cause)
    told.say("EvaluationFailed")
    if spot.kind in ("Parallel", "Map"):
        told.say(f"{spot.kind}StateFailed")
    _unwind(spot.kind, place, told)
    if place.is_caught:
        told.say(f"{place.around[0]}StateExited")
        told.say("PassStateEntered")
        told.say("PassStateExited")
        told.say("ExecutionSucceeded")
        return Expected(told.events, "SUCCEEDED", None, None)
    told.say("ExecutionFailed")
    return Expected(told.events, "FAILED", EVALUATION, cause)


def _work(spot: Spot, told: Told) -> None:
    if spot.kind == "Map" and spot.field == "ItemSelector":
        told.say("MapStateStarted")
    if not spot.after:
        return
    for event in WORK_EVENTS.get(spot.kind, ()):
        told.say(event)


def _unwind(kind: str, place: Place, told: Told) -> None:
    inner = kind
    for around in reversed(place.around):
        if around == "Map":
            told.say("MapIterationFailed", aside=True)
        # Observed of a Task: the state whose branch failed is told as aborted; of the others it is assumed.
        elif inner in ("Task", "Wait", "Parallel", "Map"):
            told.say(f"{inner}StateAborted", aside=True)
        told.say(f"{around}StateFailed")
        inner = around


# ---------------------------------------------------------------- all of them


class Case(NamedTuple):
    """A machine and what must come of it."""

    spot: Spot
    fault: Fault
    place: Place

    @property
    def name(self) -> str:
        return f"{self.spot.kind}.{self.spot.field} {self.fault.text} in {self.place.name}"


def cases() -> Iterator[Case]:
    """List all cases."""
    for spot in (*JSONPATH, *JSONATA):
        for fault in faults(spot):
            for place in PLACES:
                yield Case(spot, fault, place)
