"""The rules of Retry and Catch. Spec: ASL "Errors".

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.asl.rules import messages
from step.asl.rules.objects import Field, check_list, check_object
from step.asl.rules.place import Place, did_you_mean, has_placeholder
from step.asl.rules.values import (
    MAX_SECONDS,
    number,
    reading,
    result_path,
    string,
    template,
    variables,
    word,
)
from step.jsonvalue import JSONValue

# Spec: ASL "Appendix A: Predefined Error Codes"; AWS: developer guide, "Handling errors".
ERROR_NAMES = frozenset(
    {
        "States.ALL",
        "States.BranchFailed",
        "States.DataLimitExceeded",
        "States.ExceedToleratedFailureThreshold",
        "States.HeartbeatTimeout",
        "States.Http.Socket",
        "States.IntrinsicFailure",
        "States.ItemReaderFailed",
        "States.NoChoiceMatched",
        "States.ParameterPathFailure",
        "States.Permissions",
        "States.QueryEvaluationError",
        "States.ResultPathMatchFailure",
        "States.ResultWriterFailed",
        "States.Runtime",
        "States.TaskFailed",
        "States.Timeout",
    }
)
_OPEN_FAMILIES = ("States.Http.StatusCode.",)
# AWS: developer guide, "Retrying after an error": below 31,622,400 seconds.
_MAX_DELAY = 31_622_399


def retriers(value: JSONValue, place: Place) -> None:
    """Check a Retry."""
    check_list(value, place, _retrier, is_empty_allowed=True)
    _check_last(value, place)


def catchers(value: JSONValue, place: Place) -> None:
    """Check a Catch."""
    check_list(value, place, _catcher, is_empty_allowed=True)
    _check_last(value, place)


def _retrier(value: JSONValue, place: Place) -> None:
    check_object(value, place, RETRIER, required=["ErrorEquals"])


def _catcher(value: JSONValue, place: Place) -> None:
    check_object(value, place, CATCHER, required=["ErrorEquals", "Next"])


def error_equals(value: JSONValue, place: Place) -> None:
    check_list(value, place, _error_name)
    if isinstance(value, list) and len(value) > 1 and "States.ALL" in value:
        _refuse_all(place / value.index("States.ALL"))


def _error_name(value: JSONValue, place: Place) -> None:
    string(value, place)
    if not isinstance(value, str) or has_placeholder(value) or not value.startswith("States."):
        return
    if value not in ERROR_NAMES and not value.startswith(_OPEN_FAMILIES):
        hint = did_you_mean(value, sorted(ERROR_NAMES))
        place.refuse(f"'{value}' is not an error name of the language", code="UNKNOWN_ERROR_NAME", hint=hint)


def _check_last(value: JSONValue, place: Place) -> None:
    # Observed: AWS reports it at the entry that isn't last.
    if not isinstance(value, list):
        return
    for index, entry in enumerate(value[:-1]):
        if isinstance(entry, dict) and entry.get("ErrorEquals") == ["States.ALL"]:
            _refuse_all(place / index / "ErrorEquals" / 0)


def _refuse_all(place: Place) -> None:
    place.refuse(messages.ALL_ALONE)


RETRIER = {
    "Comment": Field(string),
    "ErrorEquals": Field(error_equals),
    "IntervalSeconds": Field(number(minimum=1, maximum=MAX_SECONDS)),
    "MaxAttempts": Field(number(minimum=0, maximum=MAX_SECONDS)),
    "BackoffRate": Field(number(integer=False, minimum=1.0)),
    "MaxDelaySeconds": Field(number(minimum=1, maximum=_MAX_DELAY)),
    "JitterStrategy": Field(word("FULL", "NONE")),
}
CATCHER = {
    "Comment": Field(string),
    "ErrorEquals": Field(error_equals),
    "Next": Field(string),
    "ResultPath": Field(result_path, "JSONPath"),
    "Output": Field(reading(template, "errorOutput"), "JSONata"),
    "Assign": Field(reading(variables, "errorOutput")),
}
