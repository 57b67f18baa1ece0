"""The history of an execution: compact rows while it runs, AWS's events when it is read.

Pure: no clock, no IO. This is the one place that knows the camelCase of GetExecutionHistory.

A row is a tuple whose head reads the rest: ``head.events(*rest)`` yields (type, details' name, details).
One row may read as several events: a straight-line visit of a state is one row and two events. A row with
the head None is a mark: the time, and the id that the next event follows; an int is a mark at the same time,
and says how many events back that one is. Without a mark an event follows the one before it, at the same
time. Rows keep references to values; JSON text is written when it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, overload

from step.errors import StateError
from step.jsonvalue import JSONValue, to_text

# GetExecutionHistory's event, as botocore decodes it.
Event = dict[str, Any]
# Type, name of the details (None: the type has none), details.
Told = tuple[str, str | None, dict[str, Any]]
Row = tuple[Any, ...]
# A row, or a short mark: how many events back the one is that the next event follows.
Written = Row | int


class Head(Protocol):
    """What a row starts with."""

    @property
    def events(self) -> Callable[..., Iterable[Told]]:
        """Read the rest of a row."""


class Record:
    """A head for rows of one form; one that ``enters`` a state has the state's name third in its row."""

    __slots__ = ("enters", "events")

    def __init__(self, events: Callable[..., Iterable[Told]], *, enters: bool = False) -> None:
        self.events = events
        self.enters = enters


_WHOLE = {"truncated": False}
# The value written last, with its text: what one event gives is most often what the next one is given.
_written: tuple[JSONValue, str] = (None, "null")


def payload_text(value: JSONValue) -> str:
    """Write a payload; the same object again costs nothing."""
    global _written
    known, text = _written
    if known is value:
        return text
    text = to_text(value)
    _written = (value, text)
    return text


def input_details(value: JSONValue) -> dict[str, Any]:
    return {"input": payload_text(value), "inputDetails": _WHOLE}


def output_details(value: JSONValue) -> dict[str, Any]:
    return {"output": payload_text(value), "outputDetails": _WHOLE}


def error_details(error: StateError) -> dict[str, Any]:
    told = {"error": error.name, "cause": error.cause}
    return {key: value for key, value in told.items() if value is not None}


# ---------------------------------------------------------------- states


def entered(kind: str, name: str, value: JSONValue) -> Told:
    return f"{kind}StateEntered", "stateEnteredEventDetails", {"name": name, **input_details(value)}


def exited(kind: str, name: str, value: JSONValue, assigned: Mapping[str, JSONValue] | None = None) -> Told:
    details = {"name": name, **output_details(value)}
    if assigned:
        details["assignedVariables"] = {variable: to_text(assigned[variable]) for variable in assigned}
        details["assignedVariablesDetails"] = _WHOLE
    return f"{kind}StateExited", "stateExitedEventDetails", details


# (ENTERED, kind, name, input), (EXITED, kind, name, output, assigned)
ENTERED = Record(lambda kind, name, value: (entered(kind, name, value),), enters=True)
EXITED = Record(lambda kind, name, value, assigned: (exited(kind, name, value, assigned),))
# (VISITED, kind, name, input, output, assigned): both in one row.
VISITED = Record(
    lambda kind, name, value, out, assigned: (entered(kind, name, value), exited(kind, name, out, assigned)),
    enters=True,
)
# (PLAIN, type): an event without details.
PLAIN = Record(lambda kind: ((kind, None, {}),))


def _evaluation_failed(state: str, error: StateError, location: str | None) -> Iterable[Told]:
    details = {**error_details(error), "state": state} | ({"location": location} if location else {})
    yield "EvaluationFailed", "evaluationFailedEventDetails", details


# (EVALUATION_FAILED, state, error, location)
EVALUATION_FAILED = Record(_evaluation_failed)

# ---------------------------------------------------------------- the execution


def _started(value: JSONValue, role_arn: str | None) -> Iterable[Told]:
    yield "ExecutionStarted", "executionStartedEventDetails", {**input_details(value), "roleArn": role_arn}


def _failed(kind: str, error: StateError) -> Iterable[Told]:
    yield f"Execution{kind}", f"execution{kind}EventDetails", error_details(error)


def _redriven(count: int) -> Iterable[Told]:
    yield "ExecutionRedriven", "executionRedrivenEventDetails", {"redriveCount": count}


# (REDRIVEN, redrive count)
REDRIVEN = Record(_redriven)
# (STARTED, input, role), (SUCCEEDED, output), (FAILED, "Failed" | "Aborted" | "TimedOut", error)
STARTED = Record(_started)
SUCCEEDED = Record(
    lambda value: (("ExecutionSucceeded", "executionSucceededEventDetails", output_details(value)),)
)
FAILED = Record(_failed)

# ---------------------------------------------------------------- Map


def _map_started(length: int) -> Iterable[Told]:
    yield "MapStateStarted", "mapStateStartedEventDetails", {"length": length}


def _iteration(how: str, name: str, index: int) -> Iterable[Told]:
    yield f"MapIteration{how}", f"mapIteration{how}EventDetails", {"name": name, "index": index}


# (MAP_STARTED, length), (ITERATION, "Started" | "Succeeded" | "Failed" | "Aborted", name, index)
MAP_STARTED = Record(_map_started)
ITERATION = Record(_iteration)


def _map_run_started(arn: str) -> Iterable[Told]:
    yield "MapRunStarted", "mapRunStartedEventDetails", {"mapRunArn": arn}


def _map_run_failed(error: StateError) -> Iterable[Told]:
    yield "MapRunFailed", "mapRunFailedEventDetails", error_details(error)


def _map_run_redriven(arn: str, count: int) -> Iterable[Told]:
    yield "MapRunRedriven", "mapRunRedrivenEventDetails", {"mapRunArn": arn, "redriveCount": count}


# (MAP_RUN_STARTED, ARN), (MAP_RUN_REDRIVEN, ARN, redrive count), (MAP_RUN_FAILED, error)
MAP_RUN_STARTED = Record(_map_run_started)
MAP_RUN_REDRIVEN = Record(_map_run_redriven)
MAP_RUN_FAILED = Record(_map_run_failed)

# ---------------------------------------------------------------- reading


class History(Sequence[Event]):
    """The events of an execution, oldest first, as GetExecutionHistory gives them.

    Events are made when they are read, and anew at each reading; ``len`` is free.
    """

    __slots__ = ("_length", "_rows")

    def __init__(self, rows: list[Written], length: int) -> None:
        self._rows = rows
        self._length = length

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[Event]:
        return read(self._rows)

    @overload
    def __getitem__(self, index: int) -> Event: ...
    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...
    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        return list(self)[index]

    @property
    def rows(self) -> Sequence[Written]:
        """The rows as they were kept, for those to whom events would cost too much."""
        return self._rows

    @property
    def path(self) -> list[str]:
        """The names of the states in the order in which they were entered."""
        return [name for name, _ in entries(self._rows)]

    def __repr__(self) -> str:
        return f"<History of {self._length} events>"


def entries(rows: Iterable[Written]) -> Iterator[tuple[str, JSONValue]]:
    """Name the states in the order in which they were entered, each with its input."""
    for row in rows:
        if isinstance(row, int) or not _enters(head := row[0]):
            continue
        # (record, kind or resource, name, input, ...), or a straight-line visit's (state, input, output)
        yield (row[2], row[3]) if isinstance(head, Record) else (head.name, row[1])


def _enters(head: Any) -> bool:
    # A straight-line visit's head is the state itself.
    return head.enters if isinstance(head, Record) else head is not None


def read(rows: Iterable[Written]) -> Iterator[Event]:
    """Write rows as AWS's events."""
    number = 0
    previous = 0
    timestamp = datetime.fromtimestamp(0, UTC)
    for row in rows:
        if isinstance(row, int):
            previous = number - row
            continue
        head = row[0]
        if head is None:
            timestamp = datetime.fromtimestamp(row[1] / 1000, UTC)
            previous = row[2]
            continue
        for kind, details_name, details in head.events(*row[1:]):
            number += 1
            event: Event = {"timestamp": timestamp, "type": kind, "id": number, "previousEventId": previous}
            if details_name is not None:
                event[details_name] = details
            yield event
            previous = number
