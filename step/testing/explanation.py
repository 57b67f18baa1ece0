"""Say of an execution why it came to its end: the state that failed, what went in, what its handler raised.

Pure: no pytest, no IO but the handler's source lines for a traceback.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from step.jsonvalue import to_text
from step.testing.paths import because, explain, shorten

if TYPE_CHECKING:  # every pytest run imports the plugin
    from step.machine import Execution

_STEP = str(Path(__file__).resolve().parents[1])
_MOST_EXECUTIONS = 3
_STATUSES = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")
_MOST_STATES = 40


def explain_end(execution: Execution) -> list[str]:
    """Tell an execution's end, the lines of one that failed in the order in which one asks for them."""
    if execution.status == "SUCCEEDED":
        return [
            f"the execution {execution.status}",
            *_rows([("path", _path(execution.path)), ("output", shorten(to_text(execution.output)))]),
        ]
    event, entered = _failure(execution.history)
    details = _details(entered)
    name = details.get("name")
    told = f"{execution.error or 'no error name'}{because(execution.cause)}"
    where = f"state {name!r} " if name else ""
    rows = [
        ("input", shorten(str(details.get("input", to_text(execution.input))))),
        ("event", f"{event['id']} {event['type']}" if event else ""),
        ("path", _path(execution.path)),
        ("samples", ", ".join(execution.mocked)),
    ]
    head = (
        f"the execution {execution.status} in {where}with {told}"
        if where
        else f"the execution {execution.status}: {told}"
    )
    return [head, *_rows(rows), *_raised(execution, str(name))]


def explain_compared(
    executions: Sequence[Execution], left: object, right: object
) -> tuple[list[str], str] | None:
    """Explain a comparison of what an execution says with what a test says; None: it is about none.

    Returns:
        Lines that are few enough for pytest to show them all, and the whole.
    """
    for execution in reversed(executions):
        if left is execution.path and isinstance(right, list) and left != right:
            whole = explain(execution, right)
            return [f"{left} == {right}", whole.splitlines()[0]], whole
        is_status = left in _STATUSES and right in _STATUSES and left == execution.status
        if is_status or (isinstance(left, str) and left is execution.error):
            lines = explain_end(execution)
            return [f"{left!r} == {right!r}", lines[0]], "\n".join(lines)
    return None


def explain_failed(executions: Sequence[Execution]) -> str:
    """Explain the executions of a failed test that didn't succeed, or the last one."""
    told = [explain_end(one) for one in executions if one.status != "SUCCEEDED"][-_MOST_EXECUTIONS:]
    told = told or [explain_end(one) for one in [*executions][-1:]]
    return "\n\n".join("\n".join(lines) for lines in told)


def _failure(history: Sequence[Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the event that tells of the failure, and the entry of the state that it is about."""
    by_id = {event["id"]: event for event in history}
    failed = [event for event in history if _is_failure(event)]
    event: dict[str, Any] = failed[-1] if failed else (history[-1] if history else {})
    at = event
    while at and not at["type"].endswith("StateEntered"):
        at = by_id.get(at["previousEventId"], {})
    return event, at


def _is_failure(event: dict[str, Any]) -> bool:
    type = event["type"]
    return bool(
        type.endswith(("Failed", "TimedOut")) and not type.startswith(("Execution", "MapRun", "MapIteration"))
    )


def _details(event: dict[str, Any]) -> dict[str, Any]:
    return next((value for key, value in event.items() if key.endswith("EventDetails")), {})


def _raised(execution: Execution, state: str) -> Iterator[str]:
    """Write the handler's traceback without what step has in it."""
    raised = [one.exception for one in execution.raised if one.state == state]
    exception = raised[-1] if raised else None
    if exception is None or exception.__traceback__ is None:
        return
    frames = [frame for frame in traceback.extract_tb(exception.__traceback__) if not _is_own(frame.filename)]
    if not frames:
        return
    yield "  raised in"
    for line in "".join(traceback.format_list(frames)).splitlines():
        yield f"  {line}"
    yield f"    {''.join(traceback.format_exception_only(exception)).strip()}"


def _is_own(file: str) -> bool:
    return file.startswith((_STEP, "<frozen")) or "/importlib/" in file


def _path(path: Sequence[str]) -> str:
    shown = (
        path if len(path) <= _MOST_STATES else [f"... {len(path) - _MOST_STATES} more", *path[-_MOST_STATES:]]
    )
    return " > ".join(shown)


def _rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    return [f"  {name:<8}{text}" for name, text in rows if text]
