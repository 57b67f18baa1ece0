"""Objects with known fields: which are there, which are missing, which exclude each other, and their checks.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from step.asl.model import QueryLanguage
from step.asl.rules.place import Check, Place, did_you_mean, list_words
from step.jsonvalue import JSONObject, JSONValue


class Field(NamedTuple):
    """A field of an object: its check, and the query language that alone has it."""

    check: Check
    only: QueryLanguage | None = None


Fields = Mapping[str, Field]
Presence = Literal["at most one", "exactly one", "at least one"]


class Choice(NamedTuple):
    """Fields of which a certain number may be there."""

    presence: Presence
    names: tuple[str, ...]


def check_object(
    value: JSONValue,
    place: Place,
    fields: Fields,
    *,
    required: Collection[str] = (),
    choices: Collection[Choice] = (),
) -> JSONObject | None:
    """Check an object by its table; give it back where it is an object."""
    if not isinstance(value, dict):
        place.refuse("Expected value of type Object")
        return None
    missing = [name for name in required if name not in value]
    if missing:
        place.refuse(f"These fields are required: {list_words(missing)}")
    for choice in choices:
        _check_choice(choice, value, place)
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            hint = did_you_mean(name, (known for known in fields if known not in value))
            place.refuse(f"Field '{name}' is not supported{hint}", line_of=place / name)
        elif field.only is not None and field.only != place.language:
            # Observed: words of AWS in public bug reports on ValidateStateMachineDefinition.
            place.refuse(
                f"The QueryLanguage is set to '{place.language}', but field '{name}' is only supported "
                f"for the '{field.only}' QueryLanguage",
                line_of=place / name,
            )
        else:
            field.check(item, place / name)
    return value


def _check_choice(choice: Choice, value: JSONObject, place: Place) -> None:
    # A field of the other query language is reported for that, not for being one too many.
    found = [name for name in choice.names if name in value]
    if len(found) > 1 and choice.presence != "at least one":
        place.refuse(
            f"There should only be one of the following fields: {list_words(choice.names)}",
            line_of=place / found[1],
        )
    elif not found and choice.presence == "exactly one":
        place.refuse(f"There should be exactly one of the following fields: {list_words(choice.names)}")
    elif not found and choice.presence == "at least one":
        place.refuse(f"There should be at least one of the following fields: {list_words(choice.names)}")


def check_list(value: JSONValue, place: Place, check: Check, *, is_empty_allowed: bool = False) -> None:
    """Check a list item by item."""
    if not isinstance(value, list):
        place.refuse("Expected value of type Array")
        return
    if not value and not is_empty_allowed:
        place.refuse("The list must not be empty")
    for index, item in enumerate(value):
        check(item, place / index)
