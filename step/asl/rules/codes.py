"""Every code that a diagnostic can have, with what it means: the one source of ``docs/lint.md``.

Pure: data only. AWS: API reference, "ValidateStateMachineDefinitionDiagnostic", for the codes of AWS.
"""

from __future__ import annotations

from typing import NamedTuple

from step.errors import Severity


class Code(NamedTuple):
    """``is_ours`` tells step's own codes from those of AWS."""

    severity: Severity
    meaning: str
    is_ours: bool = False


CODES: dict[str, Code] = {
    "INVALID_JSON_DESCRIPTION": Code(
        "ERROR", "The text isn't JSON: a syntax error, a key twice in one object, NaN, or nested too deeply."
    ),
    "SCHEMA_VALIDATION_FAILED": Code(
        "ERROR", "A field is missing, unknown, in the wrong place, of the wrong type or out of its range."
    ),
    "MISSING_TRANSITION_TARGET": Code(
        "ERROR", "A transition names a state that its scope doesn't have, or no transition names a state."
    ),
    "MISSING_END_STATE": Code("ERROR", "A scope has no state that ends it."),
    "DUPLICATE_STATE_NAME": Code("ERROR", "Two states have the same name, anywhere in the definition."),
    "INVALID_STATE_NAME": Code("ERROR", "A state's name is empty or longer than 80 characters."),
    "DUPLICATE_LABEL_NAME": Code("ERROR", "Two Map states have the same Label."),
    "INVALID_LABEL_NAME": Code("ERROR", "A Label is empty, too long or has a character that isn't allowed."),
    "INVALID_JSONATA_EXPRESSION": Code("ERROR", "The text between {% and %} isn't JSONata."),
    "UNSUPPORTED_JSONATA_EXPRESSION": Code(
        "ERROR", "A JSONata expression refers to what doesn't exist where it stands."
    ),
    "NO_DOLLAR": Code("WARNING", 'A value looks like a path or intrinsic, but its key has no ".$".'),
    "NO_PATH": Code("WARNING", "A value looks like a path, but the field's name doesn't end in Path."),
    "PASS_RESULT_IS_STATIC": Code("WARNING", "The Result of a Pass state is never evaluated."),
    "JSONATA_EVAL": Code("WARNING", "A state fails when its JSONata expression calls $eval.", True),
    "UNKNOWN_ERROR_NAME": Code(
        "WARNING", 'ErrorEquals has a name that begins with "States." and isn\'t one of the language.', True
    ),
    "UNKNOWN_INTEGRATION": Code("WARNING", "Step doesn't know the service integration of a Resource.", True),
    "TASK_WITHOUT_TIMEOUT": Code(
        "WARNING",
        "A task has no TimeoutSeconds: it may hang for as long as the execution lives, up to a year.",
        True,
    ),
    "UNBOUNDED_LOOP": Code(
        "WARNING", "States can follow each other for ever, and the machine has no TimeoutSeconds.", True
    ),
    "CHOICE_WITHOUT_DEFAULT": Code(
        "WARNING", "A Choice has no Default: an input that matches no rule fails the execution.", True
    ),
    "VALUE_DROPPED": Code(
        "WARNING", 'A field is given twice, with and without ".$": one of the two is dropped.', True
    ),
    "TYPE_MISFIT": Code(
        "WARNING", "What a handler gives can't be what the handler takes that it comes to.", True
    ),
    "UNCAUGHT_ERROR": Code("WARNING", "A handler declares an error that no Catch of its state names.", True),
}


def to_markdown() -> str:
    """Write the table of ``docs/lint.md``: AWS's codes first, then those of step."""
    rows = ["| code | severity | from | meaning |", "|---|---|---|---|"]
    for name, code in sorted(CODES.items(), key=lambda entry: entry[1].is_ours):
        origin = "step" if code.is_ours else "AWS"
        rows.append(f"| `{name}` | {code.severity.lower()} | {origin} | {code.meaning} |")
    return "\n".join(rows) + "\n"
