"""The JSON Schema of definitions, for editors: made of the tables that ``step lint`` goes by.

Pure: no clock, no IO. It never refuses what lint accepts: what a table can't say (transitions, expressions,
fields that exclude each other) is lint's alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from step.asl.rules import choices, handlers, maps, resources, states, values
from step.asl.rules.objects import Field, Fields, Variant, Variants
from step.asl.rules.place import Check
from step.asl.schema_words import STATES, field_words
from step.asl.validate import MACHINE

Schema = dict[str, Any]
# Of draft 7, which every editor knows.
_DRAFT = "http://json-schema.org/draft-07/schema#"
# What Terraform, SAM and CDK fill later may stand for anything; so may an expression in a JSONata state.
_LATER: Schema = {"type": "string", "pattern": r"\$\{[^{}]+\}"}
_COMPUTED: Schema = {"type": "string", "pattern": r"^\{%|%\}$|\$\{[^{}]+\}"}
_STRING: Schema = {"type": "string"}
_TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
_OBJECT: Schema = {"type": "object"}


def definition_schema() -> Schema:
    """Write the schema."""
    machine = _object({**MACHINE, **_scope_fields()}, ("StartAt", "States"), "Machine")
    return {
        "$schema": _DRAFT,
        "title": "Amazon States Language, with step's TaskFn",
        **machine,
        "definitions": {
            "Scope": _object(
                {**_scope_fields(), "ProcessorConfig": Field(maps.processor_config)},
                ("StartAt", "States"),
                "Scope",
            ),
            "State": _state(),
            **{name: _type(name) for name in states.TYPES},
            "Retrier": _object(handlers.RETRIER, ("ErrorEquals",), "Retry"),
            "Catcher": _object(handlers.CATCHER, ("ErrorEquals", "Next"), "Catch"),
            "ChoiceRule": _object(choices.TOP_RULE, ("Next",), "Choice"),
            "InnerRule": _object(choices.INNER_RULE, (), "Choice"),
        },
    }


def _scope_fields() -> dict[str, Schema]:
    return {
        "Comment": _STRING,
        "StartAt": _STRING,
        "States": {
            "type": "object",
            "minProperties": 1,
            "propertyNames": {"minLength": 1, "maxLength": 80},
            "additionalProperties": _ref("State"),
        },
    }


def _state() -> Schema:
    """Choose a state's schema by its Type."""
    return {
        "type": "object",
        "required": ["Type"],
        "properties": {
            "Type": {
                "description": field_words("Type"),
                "oneOf": [{"const": name, "description": STATES[name]} for name in states.TYPES],
            }
        },
        "allOf": [
            {
                "if": {"properties": {"Type": {"const": name}}, "required": ["Type"]},
                "then": _ref(name),
            }
            for name in states.TYPES
        ],
    }


def _type(name: str) -> Schema:
    kind = states.TYPES[name]
    return {"description": STATES[name], **_object(kind.fields, kind.required, name)}


def _object(fields: Mapping[str, Any], required: Collection[str], owner: str) -> Schema:
    """Write an object's schema from its table; an entry may be a schema already."""
    return {
        "type": "object",
        "properties": {name: _field(name, field, owner) for name, field in fields.items()},
        "additionalProperties": False,
        **({"required": [*required]} if required else {}),
    }


def _field(name: str, field: Any, owner: str) -> Schema:
    if name == "ReaderConfig":
        return {"description": field_words(name), **_reader_config()}
    if isinstance(field, dict):
        return {"description": field_words(name, owner), **field}
    only = f" ({field.only} only.)" if field.only else ""
    return {"description": field_words(name, owner) + only, **_of(field.check)}


def _of(check: Check) -> Schema:
    """Write the schema of what a check lets pass."""
    match check:
        case values.Word(words=words):
            return {"anyOf": [{"enum": [*words]}, _LATER]}
        case values.Number():
            return {"anyOf": [_number(check), _LATER]}
        case values.OrExpression(check=values.Number() as number):
            return {"anyOf": [_number(number), _COMPUTED]}
        case values.OrExpression(check=inner) | values.Readable(check=inner):
            return _of(inner)
    if check in _NESTED:
        return _object(*_NESTED[check])
    return _CHECKS[check]


def _number(check: values.Number) -> Schema:
    bounds = {"minimum": check.minimum, "maximum": check.maximum}
    kind = "integer" if check.integer else "number"
    return {"type": kind, **{name: bound for name, bound in bounds.items() if bound is not None}}


def _ref(name: str) -> Schema:
    return {"$ref": f"#/definitions/{name}"}


def _listed(name: str) -> Schema:
    return {"type": "array", "items": _ref(name)}


def _variants(family: Variant | Variants) -> Iterator[Fields]:
    """List what the members of a family may have."""
    if isinstance(family, Variant):
        yield family.fields
        return
    for variant in family.variants.values():
        yield from _variants(variant)


def _reader_config() -> Schema:
    """Write the schema of every ReaderConfig at once: which one is meant, its Resource says."""
    tables = [maps.LISTED, maps.INVENTORY, *_variants(maps.STORED), *_variants(maps.LOADED)]
    return _object({name: field for table in tables for name, field in table.items()}, (), "ReaderConfig")


_NESTED: Mapping[Check, tuple[Fields, tuple[str, ...], str]] = {
    maps.processor_config: (maps.PROCESSOR_CONFIG, (), "ProcessorConfig"),
    maps.item_reader: (maps.ITEM_READER, ("Resource",), "ItemReader"),
    maps.item_batcher: (maps.ITEM_BATCHER, (), "ItemBatcher"),
    maps.result_writer: (maps.RESULT_WRITER, (), "ResultWriter"),
    maps.writer_config: (maps.WRITER_CONFIG, (), "WriterConfig"),
}
_ERROR_NAMES: Schema = {
    "type": "array",
    "minItems": 1,
    "items": {"anyOf": [{"enum": sorted(handlers.ERROR_NAMES)}, _STRING]},
}
# What each check lets pass; a check that isn't here fails when the schema is made.
_CHECKS: Mapping[Check, Schema] = {
    values.anything: {},
    values.string: _STRING,
    values.boolean: {"anyOf": [{"type": "boolean"}, _LATER]},
    values.path: _TEXT_OR_NULL,
    values.result_path: _TEXT_OR_NULL,
    values.reference_path: _STRING,
    values.number_path: _STRING,
    values.query: _STRING,
    values.text_not_path: _STRING,
    values.timestamp: _STRING,
    values.template: {},
    values.payload_template: {},
    values.variables: _OBJECT,
    resources.resource: _STRING,
    handlers.retriers: _listed("Retrier"),
    handlers.catchers: _listed("Catcher"),
    handlers.error_equals: _ERROR_NAMES,
    choices.condition: {"type": ["boolean", "string"]},
    choices.choice_rules: {**_listed("ChoiceRule"), "minItems": 1},
    choices.inner_rules: {**_listed("InnerRule"), "minItems": 1},
    choices.inner_rule: _ref("InnerRule"),
    states.static_result: {},
    states.branches: {**_listed("Scope"), "minItems": 1},
    states.item_processor: _ref("Scope"),
    # An object, or in a JSONata state an expression.
    states.credentials: {"type": ["object", "string"]},
    maps.items: {"type": ["array", "object", "string"]},
    maps.label: _STRING,
    maps.reader_resource: _STRING,
    maps.writer_resource: _STRING,
    maps.pointer: _STRING,
    maps.headers: {"type": "array", "minItems": 1, "items": _STRING},
}
