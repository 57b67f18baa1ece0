"""Compare the path an execution took with the one it should have taken.

Pure: no pytest, no IO.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING

_LONGEST = 600

if TYPE_CHECKING:  # every pytest run imports this module
    from step.machine import Execution


def assert_path(execution: Execution, *states: str | Sequence[str]) -> None:
    """Assert that an execution entered exactly these states in this order.

    Args:
        execution: A finished execution.
        states: The states' names, as arguments or as one list.

    Raises:
        AssertionError: shows both paths side by side, and the event where they part.

    Examples:
        >>> from step import StateMachine
        >>> from step.testing import assert_path
        >>> machine = StateMachine.from_json({"StartAt": "Eat", "States": {"Eat": {"Type": "Succeed"}}})
        >>> assert_path(machine.execute(), "Eat")
    """
    __tracebackhide__ = True
    expected = [name for item in states for name in ([item] if isinstance(item, str) else item)]
    if execution.path != expected:
        raise AssertionError(explain(execution, expected))


def explain(execution: Execution, expected: Sequence[str]) -> str:
    """Lay two paths side by side."""
    actual = execution.path
    width = max([len("expected"), *map(len, expected)])
    parts_at = next(i for i, (a, b) in enumerate(zip_longest(expected, actual)) if a != b)
    lines = [f"the paths part at state {parts_at + 1}", "", f"      {'expected':{width}}   taken"]
    for index, (want, got) in enumerate(zip_longest(expected, actual, fillvalue="-")):
        mark = ">" if index == parts_at else " "
        sign = "=" if want == got else "!"
        lines.append(f"{mark} {index + 1:3} {want:{width}} {sign} {got}")
    lines += ["", *_parting(execution, parts_at), *_ending(execution)]
    return "\n".join(lines)


def _parting(execution: Execution, parts_at: int) -> list[str]:
    """Tell the event at which the taken path leaves the expected one, and the one before it."""
    entered = [event for event in execution.history if event["type"].endswith("StateEntered")]
    if parts_at < len(entered):
        event = entered[parts_at]
        before = execution.history[event["id"] - 2]
        return [_told("before", before), _told("there", event)]
    return [_told("last", execution.history[-1])]


def _told(when: str, event: dict[str, object]) -> str:
    details = next((value for key, value in event.items() if key.endswith("EventDetails")), {})
    return f"{when}: event {event['id']} {event['type']} {details}"


def _ending(execution: Execution) -> list[str]:
    if execution.status == "SUCCEEDED":
        return []
    return [f"the execution {execution.status}: {execution.error}{because(execution.cause)}"]


def because(cause: str | None) -> str:
    """Give a cause; of Lambda's JSON its message."""
    if not cause:
        return ""
    try:
        document = json.loads(cause)
    except ValueError:
        document = None
    message = document.get("errorMessage") if isinstance(document, dict) else None
    return f": {shorten(message if isinstance(message, str) else cause)}"


def shorten(text: str) -> str:
    """Cut a text that nobody would read whole."""
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text):,} characters)"
