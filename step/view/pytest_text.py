"""An execution as a test: the machine, its input, what every task gave, and the path it took, as Python.

Pure: no clock, no IO. Reads definition and history only, so any execution can become a test, one on AWS too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from step.asl.model import Definition, Task
from step.asl.parse import every_state
from step.jsonvalue import JSONValue
from step.view.summary import Summary
from step.view.visits import Event, event_details, moment

_SCHEDULED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
_SUCCEEDED = ("TaskSucceeded", "LambdaFunctionSucceeded", "ActivitySucceeded")
_FAILED = re.compile(r"(Task|LambdaFunction|Activity)(Failed|TimedOut|(Start|Schedule|Submit)\w*Failed)")
# Where what a machine does depends on the time at which it started.
_TIMELY = re.compile(r"StartTime|EnteredTime|Timestamp|\$now\(|\$millis\(")
_WIDTH = 100
_ANSWERS = '''

def answers(*calls):
    """Answer a payload as it was answered then; one that wasn't seen in the order of the calls."""
    left = list(calls)

    def answer(payload):
        call = next((call for call in left if call[0] == payload), left[0])
        if len(left) > 1:
            left.remove(call)
        if isinstance(call[1], Exception):
            raise call[1]
        return call[1]

    return answer
'''


@dataclass(slots=True)
class _Call:
    # One attempt of a task; ``failure`` is Python text.
    state: str
    payload: JSONValue
    is_invoke: bool
    is_answered: bool = False
    result: JSONValue = None
    failure: str | None = None

    def outcome(self, indent: int) -> str:
        return self.failure or _literal(self.result, indent)


def pytest_text(definition: Definition, machine: str, events: Sequence[Event]) -> str:
    """Write a test module that runs the machine as it ran in ``events``, without calling anything.

    A redriven execution is told up to its first end, one that hasn't ended as far as it came. Where branches
    ran beside each other the test asserts which states were entered, and not in which order. A distributed
    Map's child executions, which have histories of their own, are left to the reader.
    """
    told = _first_run(events)
    if not told:
        return "# The execution has no events yet.\n"
    calls = _calls(told)
    is_branched = any(event["type"] in ("MapStateStarted", "ParallelStateStarted") for event in told)
    test = list(_test(definition, machine, told, calls, is_branched))
    parts = [
        f'"""{_docstring(machine)}"""',
        "",
        *_imports(test),
        "",
        f"DEFINITION = {_literal(dict(definition.source), 0)}",
        *([_ANSWERS.rstrip("\n")] if any("answers(" in line for line in test) else []),
        "",
        "",
        *test,
    ]
    return "\n".join(parts) + "\n"


def _docstring(machine: str) -> str:
    safe = re.sub(r'["\\\x00-\x1f]', "?", machine)
    return f"An execution of {safe}, replayed: every task gives what it gave then."


def _imports(test: Sequence[str]) -> Iterator[str]:
    text = "\n".join(test)
    if "math.inf" in text:
        yield "import math"
    if "datetime." in text:
        yield "from datetime import datetime"
    if "math.inf" in text or "datetime." in text:
        yield ""
    yield "from step import StateMachine"
    if "TaskError(" in text:
        yield "from step.tasks import TaskError"


def _test(
    definition: Definition, machine: str, events: Sequence[Event], calls: Sequence[_Call], is_branched: bool
) -> Iterator[str]:
    summary = Summary.from_events(events)
    started = event_details(events[0])
    name = re.sub(r"\W+", "_", machine, flags=re.ASCII).strip("_").lower() or "machine"
    yield f"def test_{name}({'' if is_branched or _is_cut(summary) else 'assert_path'}):"
    yield f"    machine = StateMachine.from_json(DEFINITION, name={_flat(machine)})"
    for state in dict.fromkeys(call.state for call in calls if call.is_answered or not _is_cut(summary)):
        yield from _attach(state, [call for call in calls if call.state == state], is_branched)
    if _is_cut(summary):
        yield from _attach_unknown(definition, calls)
    yield from _children(events)
    yield ""
    arguments = _literal(json.loads(started.get("input", "{}")), 4)
    if _TIMELY.search(json.dumps(definition.source)):
        yield f'    start = datetime.fromisoformat("{moment(events[0]).isoformat()}")'
        arguments += ", start=start"
    yield f"    execution = machine.execute({arguments})"
    yield ""
    yield from _assertions(summary, is_branched)


def _is_cut(summary: Summary) -> bool:
    return summary.status in ("RUNNING", "ABORTED")


def _assertions(summary: Summary, is_branched: bool) -> Iterator[str]:
    path: list[JSONValue] = [*summary.path]
    if _is_cut(summary):
        yield f"    # The recorded execution had come so far ({summary.status})."
        yield f"    path = {_literal(path, 4)}"
        yield "    assert execution.path[: len(path)] == path"
        return
    yield f"    assert execution.status == {_flat(summary.status)}"
    if summary.error is not None:
        yield f"    assert execution.error == {_flat(summary.error)}"
    if is_branched:
        yield "    # Branches run beside each other: the states are compared, not their order."
        yield f"    assert sorted(execution.path) == {_literal([*sorted(summary.path)], 4)}"
    else:
        yield "    assert_path("
        yield "        execution,"
        yield from (f"        {_flat(name)}," for name in path)
        yield "    )"


def _attach(state: str, calls: Sequence[_Call], is_branched: bool) -> Iterator[str]:
    answered = [call for call in calls if call.is_answered]
    attach = f"    machine.set_resource_function({_flat(state)},"
    if not answered:
        yield f"{attach} None, duration=math.inf)  # no answer came"
        return
    if is_branched and len(answered) > 1:
        yield "    calls = answers("
        yield from (f"        ({_literal(call.payload, 8)}, {call.outcome(8)})," for call in answered)
        yield "    )"
        yield f"{attach} calls)"
        return
    outcomes = [call.outcome(8) for call in answered]
    if len(set(outcomes)) == 1 and not outcomes[0].startswith("["):
        yield f"{attach} {answered[0].outcome(4)})"
        return
    yield "    outcomes = ["
    yield from (f"        {outcome}," for outcome in outcomes)
    yield "    ]"
    yield f"{attach} outcomes)"


def _attach_unknown(definition: Definition, calls: Sequence[_Call]) -> Iterator[str]:
    """Let the tasks fail that the recorded execution has no answer of: it hadn't come so far."""
    answered = {call.state for call in calls if call.is_answered}
    for state in every_state(definition):
        if isinstance(state, Task) and state.name not in answered:
            yield f'    machine.set_resource_function({_flat(state.name)}, TaskError("Unknown"))'


def _children(events: Sequence[Event]) -> Iterator[str]:
    for event in events:
        if event["type"] == "MapRunStarted":
            yield "    # A distributed Map's child executions have their own histories: attach their tasks."
            return


# ------------------------------------------------------------------ reading


def _first_run(events: Sequence[Event]) -> list[Event]:
    ends = [place for place, event in enumerate(events) if event["type"] == "ExecutionRedriven"]
    return list(events[: ends[0]] if ends else events)


def _calls(events: Sequence[Event]) -> list[_Call]:
    """Gather every attempt of every task, in the order in which they were scheduled."""
    states: dict[int, str] = {}
    open_calls: dict[int, _Call] = {}
    calls: list[_Call] = []
    for event in events:
        kind, details, previous = event["type"], event_details(event), event.get("previousEventId") or 0
        states[event["id"]] = details["name"] if kind.endswith("StateEntered") else states.get(previous, "")
        call = open_calls.get(previous)
        if kind in _SCHEDULED:
            call = _call(states[event["id"]], details)
            calls.append(call)
        elif call is not None and kind in _SUCCEEDED:
            call.is_answered, call.failure = True, None
            call.result = _result(call, details.get("output"))
        elif call is not None and _FAILED.fullmatch(kind):
            call.is_answered, call.failure = True, _failure(details)
        if call is not None and not kind.endswith(("StateEntered", "StateExited")):
            open_calls[event["id"]] = call
    return calls


def _call(state: str, details: Mapping[str, Any]) -> _Call:
    payload = json.loads(details.get("parameters") or details.get("input") or "null")
    is_invoke = details.get("resourceType") == "lambda" and str(details.get("resource")).startswith("invoke")
    if is_invoke and isinstance(payload, dict):
        payload = payload.get("Payload")
    return _Call(state, payload, is_invoke)


def _result(call: _Call, output: str | None) -> JSONValue:
    value: JSONValue = json.loads(output or "null")
    # By a state's name a test says what the function gives, not Lambda's whole answer.
    if call.is_invoke and isinstance(value, dict) and "Payload" in value:
        return value["Payload"]
    return value


def _failure(details: Mapping[str, Any]) -> str:
    error, cause = details.get("error") or "States.TaskFailed", details.get("cause") or ""
    try:
        document = json.loads(cause)
    except ValueError:
        document = None
    if isinstance(document, dict) and isinstance(document.get("errorMessage"), str):
        cause = document["errorMessage"]
    return f"TaskError({_flat(error)}, {_flat(cause)})" if cause else f"TaskError({_flat(error)})"


def _literal(value: JSONValue, indent: int) -> str:
    """Write a JSON value as Python; what is too long for a line, an item a line."""
    text = _flat(value)
    if len(text) + indent <= _WIDTH or not value or not isinstance(value, dict | list):
        return text
    pad = " " * (indent + 4)
    if isinstance(value, dict):
        items = [f"{pad}{_flat(key)}: {_literal(item, indent + 4)},\n" for key, item in value.items()]
        return "{\n" + "".join(items) + " " * indent + "}"
    return "[\n" + "".join(f"{pad}{_literal(item, indent + 4)},\n" for item in value) + " " * indent + "]"


def _flat(value: JSONValue) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flat(key)}: {_flat(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flat, value)) + "]"
    text = repr(value)
    # Double quotes, as formatters have them, where that changes nothing.
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text and "\\'" not in text else text
