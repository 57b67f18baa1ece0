"""Validate a definition: every problem at once, each with AWS's code, a JSON pointer and a line.

Pure: no clock, no IO. Never raises, whatever the document is. AWS: API reference,
"ValidateStateMachineDefinition". Locations are RFC 6901 pointers, where AWS writes ``Choices[0]``.
"""

from __future__ import annotations

import re

from step.asl.model import QueryLanguage
from step.asl.rules import messages
from step.asl.rules.objects import Field
from step.asl.rules.place import MachineType, Place, Report
from step.asl.rules.scopes import check_member, check_scope
from step.asl.rules.states import check_state
from step.asl.rules.values import MAX_SECONDS, number, string, word
from step.asl.source import Source, join
from step.errors import Diagnostic

_INNER_SCOPE = r"/States/[^/]+/(?:Branches/\d+|ItemProcessor|Iterator)"
_STATE = re.compile(rf"(?:{_INNER_SCOPE})*/States/[^/]+")
MACHINE = {
    "Version": Field(string),
    "QueryLanguage": Field(word("JSONPath", "JSONata")),
    "TimeoutSeconds": Field(number(minimum=1, maximum=MAX_SECONDS)),
}


def validate(source: Source, *, type: MachineType = "STANDARD", for_run: bool = False) -> list[Diagnostic]:
    """List what is wrong with a definition; it can be created where nothing has the severity ERROR.

    Args:
        source: the document.
        type: an Express machine has fewer service integrations.
        for_run: a placeholder ``${...}`` needs its value where a path, a number or a transition stands.
    """
    if source.error is not None:
        return [source.error]
    document = source.value
    if not isinstance(document, dict):
        # Observed: validate_state_machine_definition_not_a_definition.
        message = "Definition must be a valid JSON object"
        return [_at_root("SCHEMA_VALIDATION_FAILED", message, source)]
    language: QueryLanguage = "JSONata" if document.get("QueryLanguage") == "JSONata" else "JSONPath"
    report = Report(source=source, machine_type=type, machine_language=language, is_for_run=for_run)
    _report_duplicates(report)
    place = Place(report=report, pointer="", language=language, is_express=type == "EXPRESS")
    check_scope(document, place, check_state, MACHINE)
    return report.diagnostics + report.later


def validate_state(source: Source, name: str) -> list[Diagnostic]:
    """List what is wrong with a state that is to run alone; where its transitions lead isn't known.

    Locations are those that the state would have as ``name`` in a machine.
    """
    if source.error is not None:
        return [source.error]
    if not isinstance(source.value, dict):
        return [_at_root("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", source)]
    report = Report(source=source, machine_type="STANDARD", machine_language="JSONPath", is_for_run=True)
    place = Place(report=report, pointer=join("", "States", name), language="JSONPath", is_express=False)
    _report_duplicates(report)
    check_member(source.value, place, check_state)
    return report.diagnostics + report.later


def has_errors(diagnostics: list[Diagnostic]) -> bool:
    """Tell whether a definition with these diagnostics is refused."""
    return any(diagnostic.severity == "ERROR" for diagnostic in diagnostics)


def _at_root(code: str, message: str, source: Source) -> Diagnostic:
    return Diagnostic(severity="ERROR", code=code, message=message, location="", line=source.line(""))


def _report_duplicates(report: Report) -> None:
    for duplicate in report.source.duplicates:
        if _STATE.fullmatch(duplicate.pointer):
            code, message = "DUPLICATE_STATE_NAME", messages.duplicate_state(duplicate.key)
        else:
            code, message = "INVALID_JSON_DESCRIPTION", f"Duplicate field '{duplicate.key}'"
        report.diagnostics.append(
            Diagnostic(
                severity="ERROR", code=code, message=message, location=duplicate.pointer, line=duplicate.line
            )
        )
