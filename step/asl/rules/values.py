"""Checks of single values: types, ranges, words, paths, expressions, templates, timestamps.

Pure: no clock, no IO. A check reports at the place it is given and returns nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from step.asl import jsonata
from step.asl.intrinsics import IntrinsicSyntaxError, is_intrinsic, parse_intrinsic
from step.asl.jsonpath import Path, PathSyntaxError, parse_path
from step.asl.rules import messages
from step.asl.rules.place import Check, Place, did_you_mean, has_placeholder, is_open
from step.clock import parse_timestamp
from step.jsonvalue import JSONValue

# AWS: quotas, 99,999,999 seconds for every interval of the language.
MAX_SECONDS = 99_999_999

_LOOKS_DYNAMIC = re.compile(r"\$\$?\.[A-Za-z_]|States\.[A-Z]\w+\(")
# A bracket with something else in it than a name or a number.
_OPEN_BRACKET = re.compile(r"\[[^'\"\d]")
# Spec: ASL "Variables": a Unicode identifier.
_VARIABLE_NAME = re.compile(r"[^\W\d_]\w*|_\w+")
_MAX_VARIABLE_NAME = 80


def anything(_value: JSONValue, _place: Place) -> None:
    """Accept every value."""


def string(value: JSONValue, place: Place) -> None:
    if not isinstance(value, str):
        place.refuse(messages.wrong_type("String"))


def boolean(value: JSONValue, place: Place) -> None:
    if not isinstance(value, bool) and not is_open(value, place):
        place.refuse(messages.wrong_type("Boolean"))


@dataclass(frozen=True, slots=True)
class Word:
    """The check of a field that has one of a few values."""

    words: tuple[str, ...]

    def __call__(self, value: JSONValue, place: Place) -> None:
        if value in self.words or is_open(value, place):
            return
        hint = did_you_mean(value, self.words) if isinstance(value, str) else ""
        place.refuse(messages.not_one_of(place.field, self.words), hint=hint)


def word(*words: str) -> Word:
    """Make the check of a field that has one of a few values."""
    return Word(words)


@dataclass(frozen=True, slots=True)
class Number:
    """The check of a number; see ``number``."""

    integer: bool
    minimum: float | None
    maximum: float | None

    def __call__(self, value: JSONValue, place: Place) -> None:
        if is_open(value, place):
            return
        is_number = not isinstance(value, bool) and isinstance(value, int if self.integer else int | float)
        if not is_number:
            place.refuse(messages.wrong_type("Integer" if self.integer else "Number"))
        elif self.minimum is not None and value < self.minimum:  # type: ignore[operator]  # a number by now
            place.refuse(messages.below(self.minimum))
        elif self.maximum is not None and value > self.maximum:  # type: ignore[operator]  # a number by now
            place.refuse(messages.above(self.maximum))


def number(*, integer: bool = True, minimum: float | None = None, maximum: float | None = None) -> Number:
    """Make the check of a number; in JSONata states use ``or_expression`` around it where allowed."""
    return Number(integer, minimum, maximum)


@dataclass(frozen=True, slots=True)
class OrExpression:
    """The check of a field that may be a JSONata expression in JSONata states."""

    check: Check

    def __call__(self, value: JSONValue, place: Place) -> None:
        if place.is_jsonata and isinstance(value, str) and jsonata.has_delimiter(value):
            expression(value, place)
        else:
            self.check(value, place)


def or_expression(check: Check) -> OrExpression:
    """Make the check of a field that may be a JSONata expression in JSONata states."""
    return OrExpression(check)


def expression(value: str, place: Place) -> None:
    """Check a string of a JSONata state: an expression, or a literal."""
    if jsonata.has_delimiter(value) and is_open(value, place):
        return
    if jsonata.is_torn(value):
        place.refuse(messages.TORN_EXPRESSION)
    elif jsonata.is_expression(value):
        for problem in jsonata.find_problems(jsonata.strip_delimiters(value), readable=place.readable):
            place.refuse(problem.message, code=problem.code)


@dataclass(frozen=True, slots=True)
class Readable:
    """The check of a field whose expressions may read ``$states.NAME``."""

    check: Check
    name: str

    def __call__(self, value: JSONValue, place: Place) -> None:
        self.check(value, replace(place, readable=frozenset({self.name})))


def reading(check: Check, name: str) -> Readable:
    """Make the check of a field whose expressions may read ``$states.NAME``.

    AWS: "Transforming data with JSONata": what isn't accessible in a field is refused at creation.
    """
    return Readable(check, name)


def json_template(value: JSONValue, place: Place) -> None:
    """Check a JSONata state's template: every string in it may be an expression."""
    if isinstance(value, str):
        expression(value, place)
    elif isinstance(value, dict):
        for key, item in value.items():
            json_template(item, place / key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            json_template(item, place / index)


def payload_template(value: JSONValue, place: Place) -> None:
    """Check a JSONPath state's template. Spec: ASL "Payload Template"."""
    if isinstance(value, dict):
        for key, item in value.items():
            if key.endswith(".$"):
                dynamic_field(key, item, place)
            elif isinstance(item, str):
                if _LOOKS_DYNAMIC.match(item) and key != "Comment":
                    message = f"Field '{key}' looks like a path or an intrinsic function; name it '{key}.$'?"
                    (place / key).refuse(message, code="NO_DOLLAR")
            else:
                payload_template(item, place / key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            payload_template(item, place / index)


def dynamic_field(key: str, value: JSONValue, place: Place) -> None:
    """Check a field named ``x.$``; reported at the object, as AWS does. Observed: illegal_escapes."""
    if is_open(value, place / key):
        return
    fault = query_fault(value) if isinstance(value, str) else ""
    if fault is not None:
        place.refuse(messages.bad_dynamic_field(key), line_of=place / key)


def query_fault(text: str) -> str | None:
    """Say what is wrong with a path or intrinsic function, or None."""
    try:
        if is_intrinsic(text):
            parse_intrinsic(text)
        else:
            parse_path(text)
    except (IntrinsicSyntaxError, PathSyntaxError, RecursionError) as fault:
        return str(fault)
    return None


def template(value: JSONValue, place: Place) -> None:
    """Check a template of either language."""
    (json_template if place.is_jsonata else payload_template)(value, place)


def variables(value: JSONValue, place: Place) -> None:
    """Check an Assign. Spec: ASL "Variables"."""
    if not isinstance(value, dict):
        place.refuse(messages.wrong_type("Object"))
        return
    for key in value:
        name = key if place.is_jsonata else key.removesuffix(".$")
        if is_open(name, place / key):
            continue
        if name == "states":
            (place / key).refuse(messages.RESERVED_VARIABLE)
        elif not _VARIABLE_NAME.fullmatch(name):
            (place / key).refuse(messages.bad_variable(name))
        elif len(name) > _MAX_VARIABLE_NAME:
            (place / key).refuse(messages.long_variable(name, _MAX_VARIABLE_NAME))
        elif name in place.outer_variables:
            (place / key).refuse(messages.outer_variable(name))
    template(value, place)


def read_path(value: JSONValue, place: Place) -> Path | None:
    """Parse the path at a place; None where a problem was reported or nothing can be said."""
    return _read(value, place, is_reference=False)


def _read(value: JSONValue, place: Place, *, is_reference: bool) -> Path | None:
    if is_open(value, place):
        return None
    if not isinstance(value, str):
        place.refuse(messages.wrong_type("String"))
        return None
    try:
        found = parse_path(value)
    except (PathSyntaxError, RecursionError) as fault:
        place.refuse(_no_reference(value) if is_reference else messages.NOT_A_PATH, hint=str(fault))
        return None
    if is_reference and not found.is_reference:
        place.refuse(_no_reference(value), hint=f"'{value}' may pick more than one value")
        return None
    return found


def _no_reference(path: str) -> str:
    if not path.startswith("$"):
        return messages.NO_DOLLAR_AT_START
    return messages.OPEN_BRACKET if _OPEN_BRACKET.search(path) else messages.AMBIGUOUS_PATH


def path(value: JSONValue, place: Place) -> None:
    """Check an InputPath or OutputPath, ``null`` included."""
    if value is not None:
        read_path(value, place)


def reference_path(value: JSONValue, place: Place) -> None:
    """Check a path that picks one value. Spec: ASL "Reference Paths"."""
    _read(value, place, is_reference=True)


def number_path(value: JSONValue, place: Place) -> None:
    """Check the path of a Map's number, which AWS doesn't read from the context object."""
    found = _read(value, place, is_reference=True)
    if found is not None and found.root == "$$":
        place.refuse(messages.AMBIGUOUS_PATH, hint=f"'{value}' reads the context object")


def result_path(value: JSONValue, place: Place) -> None:
    """Check a ResultPath: a place in the input, or ``null``."""
    if value is None:
        return
    found = _read(value, place, is_reference=True)
    if found is not None and found.root != "$":
        place.refuse(messages.AMBIGUOUS_PATH, hint=f"a ResultPath begins with '$', '{value}' doesn't")


def query(value: JSONValue, place: Place) -> None:
    """Check an ErrorPath or CausePath: a path or an intrinsic function."""
    if isinstance(value, str) and is_intrinsic(value) and not has_placeholder(value):
        fault = query_fault(value)
        if fault is not None:
            place.refuse(messages.NOT_A_QUERY, hint=fault)
    else:
        read_path(value, place)


def text_not_path(value: JSONValue, place: Place) -> None:
    """Check a string for which there is a ...Path field too."""
    string(value, place)
    if (
        not place.is_jsonata
        and isinstance(value, str)
        and _LOOKS_DYNAMIC.match(value)
        and not has_placeholder(value)
    ):
        name = place.field
        place.refuse(f"Value of '{name}' looks like a path; name the field '{name}Path'?", code="NO_PATH")


def timestamp(value: JSONValue, place: Place) -> None:
    """Check a literal timestamp. Observed: wait_timestamp_invalid."""
    if is_open(value, place):
        return
    if not isinstance(value, str) or parse_timestamp(value) is None:
        place.refuse(messages.NOT_RFC3339)
