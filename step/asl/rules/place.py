"""Where a rule looks, and how it reports what it finds.

Pure: no clock, no IO; knows no rule.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Literal

from step.asl.model import QueryLanguage
from step.asl.rules.codes import CODES
from step.asl.source import Source, join
from step.errors import Diagnostic
from step.jsonvalue import JSONValue

MachineType = Literal["STANDARD", "EXPRESS"]

# Comparing words takes its time: longer ones, and more of them, get no hint.
_LONGEST_HINT = 100
_MOST_HINTS = 1000

# What Terraform, SAM and CDK replace later: its value isn't known, so nothing is said of it.
_PLACEHOLDER = re.compile(r"\$\{[^{}]+\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Collects diagnostics, and what rules find out for the whole definition."""

    source: Source
    machine_type: MachineType
    machine_language: QueryLanguage
    is_for_run: bool = False
    diagnostics: list[Diagnostic] = field(default_factory=list)
    # What is wrong with transitions; AWS tells of it after everything else.
    later: list[Diagnostic] = field(default_factory=list)
    # Names that must be unique in the whole definition, with the place that has them first.
    state_names: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        code: str,
        message: str,
        location: str | None,
        line_of: str | None = None,
        *,
        hint: str = "",
        is_late: bool = False,
    ) -> None:
        """Report a problem.

        Args:
            code: One of ``codes``.
            message: AWS's words.
            location: Its place; None: AWS tells none.
            line_of: The place whose line is told, where it isn't ``location``.
            hint: What step adds.
            is_late: Whether AWS tells of it after everything that isn't.
        """
        place = (location or "") if line_of is None else line_of
        (self.later if is_late else self.diagnostics).append(
            Diagnostic(
                severity=CODES[code].severity,
                code=code,
                message=message,
                location=location,
                line=self.source.line(place),
                hint=hint,
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the definition, with what the rules there depend on."""

    report: Report
    pointer: str
    language: QueryLanguage
    is_express: bool
    # What expressions may read of $states beside its input and context.
    readable: frozenset[str] = frozenset()
    # Variables that may have been assigned in a scope around this one.
    outer_variables: frozenset[str] = frozenset()
    # Those and its own scope's: the outer ones of a branch that begins here.
    inner_variables: frozenset[str] = frozenset()

    @property
    def inside(self) -> Place:
        """This place as that of a scope inside a state."""
        return replace(self, outer_variables=self.inner_variables)

    def __truediv__(self, token: str | int) -> Place:
        return replace(self, pointer=join(self.pointer, token))

    @property
    def is_jsonata(self) -> bool:
        return self.language == "JSONata"

    @property
    def field(self) -> str:
        """The name of the field whose place this is."""
        return self.pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")

    def refuse(
        self,
        message: str,
        *,
        code: str = "SCHEMA_VALIDATION_FAILED",
        line_of: Place | None = None,
        hint: str = "",
    ) -> None:
        """Report a problem here."""
        self.report.add(code, message, self.pointer, None if line_of is None else line_of.pointer, hint=hint)


Check = Callable[[JSONValue, Place], None]


def has_placeholder(value: JSONValue) -> bool:
    """Tell whether a value is a string with ``${...}`` in it, whose final text isn't known yet."""
    return isinstance(value, str) and "${" in value and _PLACEHOLDER.search(value) is not None


def is_open(value: JSONValue, place: Place) -> bool:
    """Tell whether a value can't be checked, since a placeholder stands in it.

    A definition is linted and deployed with its placeholders; to run, a field with a syntax of its own needs
    its value.
    """
    if not has_placeholder(value):
        return False
    if place.report.is_for_run:
        place.refuse(f"'{value}' has no value yet: give substitutions for its placeholder")
    return True


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Give a hint, empty where nothing is near."""
    if not word or len(word) > _LONGEST_HINT:
        return ""
    names = [name for name in islice(known, _MOST_HINTS) if name != word and len(name) <= _LONGEST_HINT]
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.7)
    return f'did you mean "{near[0]}"?' if near else ""
