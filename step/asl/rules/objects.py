"""Objects with known fields: which are there, which are missing, which exclude each other, and their checks.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from step.asl.model import QueryLanguage
from step.asl.rules import messages
from step.asl.rules.place import Check, Place, did_you_mean, is_open
from step.jsonvalue import JSONObject, JSONValue


class Field(NamedTuple):
    """A field of an object: its check, and the query language that alone has it."""

    check: Check
    only: QueryLanguage | None = None


Fields = Mapping[str, Field]
Presence = Literal["at most one", "exactly one", "at least one"]


class FieldChoice(NamedTuple):
    """Fields of which a certain number may be there."""

    presence: Presence
    names: tuple[str, ...]


def check_object(
    value: JSONValue,
    place: Place,
    fields: Fields,
    *,
    required: Collection[str] = (),
    choices: Collection[FieldChoice] = (),
) -> JSONObject | None:
    """Check an object by its table; give it back where it is an object."""
    if not isinstance(value, dict):
        place.refuse(messages.wrong_type("Object"))
        return None
    missing = [name for name in required if name not in value]
    if missing:
        place.refuse(messages.required(missing))
    for choice in choices:
        _check_choice(choice, value, place)
    for name, item in value.items():
        field = fields.get(name)
        if field is None:
            hint = did_you_mean(name, (known for known in fields if known not in value))
            place.refuse(messages.unsupported(name), line_of=place / name, hint=hint)
        elif field.only is not None and field.only != place.language:
            place.refuse(messages.of_other_language(place.language, name, field.only), line_of=place / name)
        else:
            field.check(item, place / name)
    return value


class Variants(NamedTuple):
    """Objects that differ by the value of one field; a variant may be a family again."""

    by: str
    variants: Mapping[str, Variant | Variants]


class Variant(NamedTuple):
    """One kind of such an object: what it may have, what it must have."""

    fields: Fields
    required: tuple[str, ...] = ()


def check_variants(
    value: JSONValue, place: Place, family: Variants, choices: Collection[FieldChoice] = ()
) -> None:
    """Check an object whose kind one of its fields names.

    Observed: 'The field 'InputType' is required'; a field of another kind is one that isn't supported.
    """
    if not isinstance(value, dict):
        place.refuse(messages.wrong_type("Object"))
        return
    kind: Variant | Variants = family
    while isinstance(kind, Variants):
        name = kind.by
        if name not in value:
            place.refuse(messages.required_to_choose(name))
            return
        word = value[name]
        found = kind.variants.get(word) if isinstance(word, str) else None
        if found is None:
            if not is_open(word, place / name):
                hint = did_you_mean(word, kind.variants) if isinstance(word, str) else ""
                (place / name).refuse(messages.not_one_of(name, kind.variants), hint=hint)
            return
        kind = found
    check_object(value, place, kind.fields, required=kind.required, choices=choices)


def _check_choice(choice: FieldChoice, value: JSONObject, place: Place) -> None:
    # A field of the other query language is reported for that, not for being one too many.
    found = [name for name in choice.names if name in value]
    if len(found) > 1 and choice.presence != "at least one":
        place.refuse(messages.one_too_many(choice.names), line_of=place / found[1])
    elif not found and choice.presence == "exactly one":
        place.refuse(messages.none_of(choice.names))
    elif not found and choice.presence == "at least one":
        place.refuse(messages.at_least_one_of(choice.names))


def check_list(value: JSONValue, place: Place, check: Check, *, is_empty_allowed: bool = False) -> None:
    """Check a list item by item."""
    if not isinstance(value, list):
        place.refuse(messages.wrong_type("Array"))
        return
    if not value and not is_empty_allowed:
        place.refuse(messages.EMPTY)
    for index, item in enumerate(value):
        check(item, place / index)
