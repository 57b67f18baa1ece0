"""TestState's request: its parameters, read and checked.

Pure: no clock, no IO. AWS: API reference, "TestState". What depends on the tested state is checked elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, cast

from step.asl.model import ABSENT, Field
from step.asl.source import read_source
from step.errors import Refused, StateError
from step.jsonvalue import JSONObject, JSONValue

Level = Literal["INFO", "DEBUG", "TRACE"]
Mode = Literal["STRICT", "PRESENT", "NONE"]

# Where a parameter is in the request, with its shortest and longest text.
_LENGTHS = {
    ("definition",): (1, 1_048_576),
    ("roleArn",): (1, 256),
    ("input",): (0, 262_144),
    ("variables",): (0, 262_144),
    ("stateName",): (1, 80),
    ("context",): (0, 262_144),
    ("mock", "result"): (0, 262_144),
    ("mock", "errorOutput", "error"): (0, 256),
    ("mock", "errorOutput", "cause"): (0, 32_768),
    ("stateConfiguration", "errorCausedByState"): (1, 80),
    ("stateConfiguration", "mapItemReaderData"): (0, 262_144),
}
_WORDS: dict[tuple[str, ...], tuple[str, ...]] = {
    ("inspectionLevel",): ("INFO", "DEBUG", "TRACE"),
    ("mock", "fieldValidationMode"): ("STRICT", "PRESENT", "NONE"),
}
_COUNTS = (("stateConfiguration", "retrierRetryCount"), ("stateConfiguration", "mapIterationFailureCount"))


class Mock(NamedTuple):
    """What stands for the state's work: a result, or where ``error`` is not None a failure."""

    result: Field
    error: StateError | None
    mode: Mode


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """TestState's ``stateConfiguration``; None: not given."""

    retrier_retry_count: int | None
    error_caused_by_state: str | None
    map_iteration_failure_count: int | None
    map_item_reader_data: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateRequest:
    """A request whose JSON texts are read. None: not given."""

    definition: str
    role_arn: str | None
    input: JSONValue
    level: Level
    variables: Mapping[str, JSONValue]
    state_name: str | None
    mock: Mock | None
    context: JSONObject | None
    configuration: Configuration

    @classmethod
    def from_params(cls, params: Mapping[str, Any]) -> StateRequest:
        """Read the API's parameters, named as the API does.

        Raises:
            Refused: a parameter is out of its bounds, isn't JSON, or doesn't go with another one.
        """
        _check_bounds(params)
        configuration = params.get("stateConfiguration") or {}
        mock = _mock(params["mock"]) if params.get("mock") is not None else None
        if mock is not None and params.get("revealSecrets"):
            raise Refused("ValidationException", "revealSecrets cannot be true when a mock is specified")
        return cls(
            definition=params["definition"],
            role_arn=params.get("roleArn"),
            input=_input(params.get("input", "{}")),
            level=params.get("inspectionLevel", "INFO"),
            variables=_object(params, "variables") or {},
            state_name=params.get("stateName"),
            mock=mock,
            context=_object(params, "context"),
            configuration=Configuration(
                retrier_retry_count=configuration.get("retrierRetryCount"),
                error_caused_by_state=configuration.get("errorCausedByState"),
                map_iteration_failure_count=configuration.get("mapIterationFailureCount"),
                map_item_reader_data=configuration.get("mapItemReaderData"),
            ),
        )


def _check_bounds(params: Mapping[str, Any]) -> None:
    """Refuse what the API's model doesn't allow, in the words of AWS's services."""
    if params.get("definition") is None:
        raise _violation(None, ("definition",), "Member must not be null")
    for path, (shortest, longest) in _LENGTHS.items():
        text = _at(params, path)
        if text is not None and len(text) < shortest:
            raise _violation(text, path, f"Member must have length greater than or equal to {shortest}")
        if text is not None and len(text) > longest:
            raise _violation(text, path, f"Member must have length less than or equal to {longest}")
    for path, words in _WORDS.items():
        word = _at(params, path)
        if word is not None and word not in words:
            raise _violation(word, path, f"Member must satisfy enum value set: [{', '.join(words)}]")
    for path in _COUNTS:
        count = _at(params, path)
        if count is not None and count < 0:
            raise _violation(count, path, "Member must have value greater than or equal to 0")


def _at(params: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        params = None if params is None else params.get(name)
    return params


def _violation(value: object, path: tuple[str, ...], constraint: str) -> Refused:
    shown = "null" if value is None else f"'{value}'"
    where = f"Value {shown} at '{'.'.join(path)}' failed to satisfy constraint"
    return Refused("ValidationException", f"1 validation error detected: {where}: {constraint}")


# ---------------------------------------------------------------- JSON texts


def _input(text: str) -> JSONValue:
    source = read_source(text)
    if source.error is not None:
        message = f"Invalid State Machine Execution Input: '{source.error.message}'"
        raise Refused("InvalidExecutionInput", message)
    return source.value


def _object(params: Mapping[str, Any], name: str) -> JSONObject | None:
    text = params.get(name)
    if text is None:
        return None
    source = read_source(text)
    if source.error is not None or not isinstance(source.value, dict):
        raise Refused("ValidationException", f"{name.capitalize()} must be a valid JSON object")
    return source.value


def _mock(mock: Mapping[str, Any]) -> Mock:
    result, failure = mock.get("result"), mock.get("errorOutput")
    if (result is None) == (failure is None):
        message = "A test mock should have only one of the following fields: [result, errorOutput]."
        raise Refused("ValidationException", message)
    mode = cast(Mode, mock.get("fieldValidationMode", "STRICT"))
    if failure is not None:
        if failure.get("error") is None:
            raise Refused("ValidationException", "A mocked errorOutput must have the field error")
        return Mock(ABSENT, StateError(failure["error"], failure.get("cause")), mode)
    source = read_source(str(result))
    if source.error is not None:
        raise Refused("ValidationException", "Mocked result must be valid JSON")
    return Mock(source.value, None, mode)
