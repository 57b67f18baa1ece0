"""The words of AWS's refusals, by rule: a new rule needs no new text.

Pure: data only. Observed: definition_errors, sfn_api_validation, second_validation; a few were published in
bug reports on CreateStateMachine. What stands under "Assumed" is worded after them and wasn't seen.
"""

from __future__ import annotations

from collections.abc import Iterable

# ------------------------------------------------------------------ a value

EMPTY = "Value cannot be empty"
NOT_RFC3339 = "String does not match RFC3339 timestamp"
NOT_A_PATH = "Value must be a valid JSONPath."
NOT_A_QUERY = "Value must be a valid JSONPath or a valid intrinsic function call"
NO_DOLLAR_AT_START = "Value is not a Reference Path: Reference path didn't start with '$'"
OPEN_BRACKET = "Value is not a Reference Path: '[' must be followed by ' or '['"
ALL_ALONE = "States.ALL must appear alone and at end of list"


def wrong_type(expected: str) -> str:
    return f"Expected value of type {expected}"


def below(minimum: float) -> str:
    return f"Minimum value is {minimum}"


def above(maximum: float) -> str:
    return f"Maximum value is {maximum}"


def not_one_of(field: str, words: Iterable[str]) -> str:
    return f"The field '{field}' should have one of these values: {listed(words)}"


def bad_dynamic_field(field: str) -> str:
    return f"The value for the field '{field}' must be a valid JSONPath or a valid intrinsic function call"


def unknown_resource(arn: str) -> str:
    return (
        f"The resource provided {arn} is not recognized. The value is not a valid resource ARN, "
        "or the resource is not available in this region."
    )


def bad_pointer(pointer: str) -> str:
    return f"Invalid input: JSON Pointer expression must start with '/': \"{pointer}\""


# ------------------------------------------------------------------ the fields of an object


def required(fields: Iterable[str]) -> str:
    return f"These fields are required: {listed(fields)}"


def required_to_choose(field: str) -> str:
    """The field by whose value AWS chooses the other fields: Type, InputType."""
    return f"The field '{field}' is required"


def unsupported(field: str) -> str:
    return f"Field '{field}' is not supported"


def one_too_many(fields: Iterable[str]) -> str:
    return f"There should only be one of the following fields: {listed(fields)}"


def none_of(fields: Iterable[str]) -> str:
    return f"This object should have only one of the following fields: {listed(fields)}"


def of_other_language(language: str, field: str, only: str) -> str:
    return (
        f"The QueryLanguage is set to '{language}', but field '{field}' is only supported for the "
        f"'{only}' QueryLanguage"
    )


LANGUAGE_OF_MACHINE = "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine"

# ------------------------------------------------------------------ states and transitions

NO_TERMINAL_STATE = "Workflow has no terminal state"


def no_target(name: str) -> str:
    """Of every kind of transition, StartAt included."""
    return f"Missing 'Next' target: {name}"


def not_reachable(name: str) -> str:
    return f'State "{name}" is not reachable.'


def duplicate_state(name: str) -> str:
    return f"Duplicate State name: {name}"


def long_state_name(name: str, most: int) -> str:
    return f"Invalid State name: State '{name}' exceeds the {most}-character limit allowed by the service"


# ------------------------------------------------------------------ Express machines

EXPRESS_ACTIVITY = "Express state machine does not support Activity ARN"
# The blank at the end is AWS's.
EXPRESS_TOKEN = "Express state machine does not support '.waitForTaskToken' service integration "
EXPRESS_SYNC = "Express state machine does not support '.sync' service integration"

# ------------------------------------------------------------------ Assumed

EXPRESS_DISTRIBUTED = "Express state machine does not support Map states in DISTRIBUTED mode"
AMBIGUOUS_PATH = "Value is not a Reference Path"
EMPTY_STATE_NAME = "Invalid State name: a name must not be empty"
LATE_HEARTBEAT = "HeartbeatSeconds must be smaller than TimeoutSeconds"
NOT_A_CONDITION = "Expected a Boolean or a JSONata expression"
NOT_ITEMS = "Expected an Array, an Object or a JSONata expression"
TORN_EXPRESSION = "A JSONata expression must begin with '{%' and end with '%}', with nothing around them"
RESERVED_VARIABLE = "Variable name 'states' is reserved"


def at_least_one_of(fields: Iterable[str]) -> str:
    return f"This object should have at least one of the following fields: {listed(fields)}"


def distributed_only(field: str) -> str:
    return f"Field '{field}' is only supported for Map states in DISTRIBUTED mode"


def bad_label(label: str, why: str) -> str:
    return f"Label '{label}' {why}"


def duplicate_label(label: str) -> str:
    return f"Duplicate label: {label}"


def outer_variable(name: str) -> str:
    return f"The variable name '{name}' was already defined in a parent scope."


def bad_variable(name: str) -> str:
    return f"'{name}' is not a variable name: letters, digits and _, not beginning with a digit"


def long_variable(name: str, most: int) -> str:
    return f"Variable name '{name}' is longer than {most} characters"


def listed(words: Iterable[str]) -> str:
    """Write words as AWS lists them: ``[Next, End]``."""
    return f"[{', '.join(words)}]"
