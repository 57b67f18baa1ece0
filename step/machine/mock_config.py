"""Read the MockConfigFile of AWS's Step Functions Local, so that its test cases run here.

Pure but for reading the file's text, which is given.
AWS: Step Functions developer guide, "Testing with mocked service integrations". Its numbers count the
invocations of a state in an execution, retries among them, as users measured on Step Functions Local 2.0.
"""

from __future__ import annotations

import json
from typing import Any

from step.errors import StepError, TaskError


def read_test_case(text: str, machine: str, test_case: str) -> dict[str, list[object]]:
    """Give for every state of a test case what its invocations return or raise, in order.

    Args:
        text: The file's text.
        machine: A name under ``StateMachines``.
        test_case: A name under its ``TestCases``.

    Raises:
        StepError: names what is missing or malformed.
    """
    try:
        config: Any = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StepError(f"mock configuration: not JSON: {error}") from None
    cases = _get(_get(config, "StateMachines", machine), "TestCases", test_case)
    if not isinstance(cases, dict):
        raise StepError(f"mock configuration: test case {test_case!r}: expected an object of state names")
    return {
        state: _responses(str(name), _get(config, "MockedResponses", str(name)))
        for state, name in cases.items()
    }


def _get(config: Any, section: str, name: str) -> Any:
    found = config.get(section) if isinstance(config, dict) else None
    if not isinstance(found, dict):
        raise StepError(f"mock configuration: expected an object {section}")
    if name not in found:
        known = ", ".join(map(repr, found)) or "nothing"
        raise StepError(f"mock configuration: {section} has no {name!r}; it has {known}")
    return found[name]


def _responses(name: str, responses: Any) -> list[object]:
    """Spread the keys "0", "1-3" over the invocations."""
    found: dict[int, object] = {}
    for key, response in responses.items() if isinstance(responses, dict) else ():
        first, _, last = key.partition("-")
        if not first.isdigit() or not (last or first).isdigit():
            raise StepError(f"mock configuration: {name}: {key!r} is no invocation and no range of them")
        for number in range(int(first), int(last or first) + 1):
            found[number] = _response(name, key, response)
    if sorted(found) != list(range(len(found))) or not found:
        raise StepError(f"mock configuration: {name}: its invocations must count from 0 without a gap")
    return [found[number] for number in sorted(found)]


def _response(name: str, key: str, response: Any) -> object:
    match response:
        case {"Return": value}:
            return value
        case {"Throw": {"Error": str(error), **rest}}:
            return TaskError(error, str(rest.get("Cause", "")))
    raise StepError(f"mock configuration: {name}/{key}: expected Return, or Throw with an Error")
