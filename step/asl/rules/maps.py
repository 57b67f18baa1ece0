"""The rules of what only a Map has: its items, batches, reader, writer and label.

Pure: no clock, no IO. Spec: ASL "Map State"; AWS: developer guide, "Distributed mode".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from step.asl import jsonata
from step.asl.rules import messages
from step.asl.rules.objects import (
    Field,
    FieldChoice,
    Variant,
    Variants,
    check_list,
    check_object,
    check_variants,
)
from step.asl.rules.place import Place, has_placeholder, is_open
from step.asl.rules.values import (
    anything,
    expression,
    json_template,
    number,
    number_path,
    or_expression,
    string,
    template,
    word,
)
from step.jsonvalue import JSONObject, JSONValue

_MAX_LABEL = 40
# AWS: developer guide, "Label": no blanks, brackets, wildcards, special or control characters.
_NOT_IN_LABEL = re.compile(r"[\s<>{}\[\]?*\"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]")
_DISTRIBUTED_ONLY = ("ItemReader", "ItemBatcher", "ResultWriter", "Label")
# AWS: developer guide, "ItemReader"; all of them list or read S3.
_READERS = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:s3:(getObject|listObjectsV2)")
_LISTING = ":listObjectsV2"
_WRITERS = re.compile(r"arn:[^:]+:states:[^:]*:[^:]*:s3:putObject")


def mode_of(state: JSONObject) -> str:
    """Tell the Mode of a Map: INLINE where nothing is said."""
    for name in ("ItemProcessor", "Iterator"):
        processor = state.get(name)
        config = processor.get("ProcessorConfig") if isinstance(processor, dict) else None
        if isinstance(config, dict) and isinstance(config.get("Mode"), str):
            return str(config["Mode"])
    return "INLINE"


def check_mode(state: JSONObject, place: Place) -> None:
    """Check what depends on the mode of the whole Map."""
    if mode_of(state) == "DISTRIBUTED":
        if place.is_express:
            place.refuse(messages.EXPRESS_DISTRIBUTED)
    elif mode_of(state) == "INLINE":
        for name in _DISTRIBUTED_ONLY:
            if name in state:
                place.refuse(messages.distributed_only(name), line_of=place / name)


def processor_config(value: JSONValue, place: Place) -> None:
    """Check a ProcessorConfig."""
    config = check_object(value, place, PROCESSOR_CONFIG)
    if config is not None and config.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in config:
        place.refuse(messages.required(["ExecutionType"]))


def items(value: JSONValue, place: Place) -> None:
    """Check Items: an array, an object or a JSONata expression."""
    if isinstance(value, str):
        if jsonata.is_expression(value):
            expression(value, place)
        elif not is_open(value, place):
            place.refuse(messages.NOT_ITEMS)
    elif isinstance(value, list | dict):
        json_template(value, place)
    else:
        place.refuse(messages.NOT_ITEMS)


def label(value: JSONValue, place: Place) -> None:
    """Check a Label, unique labels included."""
    if not isinstance(value, str):
        place.refuse(messages.wrong_type("String"))
    elif has_placeholder(value):
        return
    elif not value or len(value) > _MAX_LABEL:
        why = f"must have 1 to {_MAX_LABEL} characters"
        place.refuse(messages.bad_label(value, why), code="INVALID_LABEL_NAME")
    elif _NOT_IN_LABEL.search(value):
        why = "has a character that isn't allowed"
        place.refuse(messages.bad_label(value, why), code="INVALID_LABEL_NAME")
    elif value in place.report.labels:
        hint = f"first at {place.report.labels[value]}"
        place.refuse(messages.duplicate_label(value), code="DUPLICATE_LABEL_NAME", hint=hint)
    else:
        place.report.labels[value] = place.pointer


def item_reader(value: JSONValue, place: Place) -> None:
    """Check an ItemReader; its ReaderConfig is one of what its Resource reads."""
    check_object(value, place, ITEM_READER, required=["Resource"])
    if isinstance(value, dict) and "ReaderConfig" in value:
        resource = str(value.get("Resource"))
        _reader_config(value["ReaderConfig"], place / "ReaderConfig", is_listing=resource.endswith(_LISTING))


def item_batcher(value: JSONValue, place: Place) -> None:
    choices = [
        FieldChoice("at most one", ("MaxItemsPerBatch", "MaxItemsPerBatchPath")),
        FieldChoice("at most one", ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")),
        FieldChoice("at least one", tuple(name for name in ITEM_BATCHER if name != "BatchInput")),
    ]
    check_object(value, place, ITEM_BATCHER, choices=choices)


def result_writer(value: JSONValue, place: Place) -> None:
    choices = [FieldChoice("at least one", ("Resource", "WriterConfig"))]
    check_object(value, place, RESULT_WRITER, choices=choices)


def reader_resource(value: JSONValue, place: Place) -> None:
    _check_resource(value, place, _READERS)


def writer_resource(value: JSONValue, place: Place) -> None:
    _check_resource(value, place, _WRITERS)


def _check_resource(value: JSONValue, place: Place, known: re.Pattern[str]) -> None:
    string(value, place)
    if isinstance(value, str) and not has_placeholder(value) and not known.fullmatch(value):
        place.refuse(messages.unknown_resource(value))


def _reader_config(value: JSONValue, place: Place, *, is_listing: bool) -> None:
    choices = [FieldChoice("at most one", ("MaxItems", "MaxItemsPath"))]
    if not isinstance(value, dict):
        place.refuse(messages.wrong_type("Object"))
    elif is_listing and value.get("Transformation", "NONE") == "NONE":
        check_object(value, place, LISTED, choices=choices)
    elif not is_listing and "InputType" not in value and value.get("ManifestType") == "S3_INVENTORY":
        # AWS: developer guide, "ItemReader": an inventory's input type is taken to be CSV.
        check_object(value, place, INVENTORY, choices=choices)
    else:
        check_variants(value, place, LOADED if is_listing else STORED, choices)


def pointer(value: JSONValue, place: Place) -> None:
    string(value, place)
    if isinstance(value, str) and value and not value.startswith("/") and not is_open(value, place):
        place.refuse(messages.bad_pointer(value))


def writer_config(value: JSONValue, place: Place) -> None:
    check_object(value, place, WRITER_CONFIG)


def headers(value: JSONValue, place: Place) -> None:
    check_list(value, place, string)


PROCESSOR_CONFIG = {
    "Mode": Field(word("INLINE", "DISTRIBUTED")),
    "ExecutionType": Field(word("STANDARD", "EXPRESS")),
}
_LIMIT = {
    "MaxItems": Field(or_expression(number(minimum=0, maximum=100_000_000))),
    "MaxItemsPath": Field(number_path, "JSONPath"),
}
_TYPED = {**_LIMIT, "InputType": Field(string)}
_ROWS = {
    **_TYPED,
    "CSVDelimiter": Field(word("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaderLocation": Field(string),
}


def _formats(more: Mapping[str, Field], of_manifests: Mapping[str, Field]) -> dict[str, Variant | Variants]:
    """Tell of the formats in which items may be stored.

    Observed: second.Validation.ItemReader: what a format doesn't have isn't supported, a manifest of JSON
    included; headers that are given must be there.
    """
    rows = {**_ROWS, **more, **of_manifests}
    given = Variant({**rows, "CSVHeaders": Field(headers)}, ("CSVHeaders",))
    lines = Variant({**_TYPED, **more, **of_manifests})
    return {
        "CSV": Variants("CSVHeaderLocation", {"FIRST_ROW": Variant(rows), "GIVEN": given}),
        "JSON": Variant({**_TYPED, **more, "ItemsPointer": Field(pointer)}),
        "JSONL": lines,
        "PARQUET": lines,
    }


_MANIFEST_TYPE = {"ManifestType": Field(word("ATHENA_DATA", "S3_INVENTORY"))}
INVENTORY = {**_LIMIT, **_MANIFEST_TYPE}
# An inventory tells its own columns; AWS takes what is said of them besides.
_MANIFEST = Variant({**_ROWS, **_MANIFEST_TYPE, "CSVHeaders": Field(headers)})
STORED = Variants("InputType", {**_formats({}, _MANIFEST_TYPE), "MANIFEST": _MANIFEST})
_TRANSFORMATION = {"Transformation": Field(string)}
LISTED = {**_LIMIT, **_TRANSFORMATION}
LOADED = Variants(
    "Transformation",
    {"NONE": Variant(LISTED), "LOAD_AND_FLATTEN": Variants("InputType", _formats(_TRANSFORMATION, {}))},
)
ITEM_READER = {
    "Resource": Field(reader_resource),
    # Checked by what the Resource reads.
    "ReaderConfig": Field(anything),
    "Parameters": Field(template, "JSONPath"),
    "Arguments": Field(template, "JSONata"),
}
ITEM_BATCHER = {
    "MaxItemsPerBatch": Field(or_expression(number(minimum=0))),
    "MaxItemsPerBatchPath": Field(number_path, "JSONPath"),
    "MaxInputBytesPerBatch": Field(or_expression(number(minimum=0, maximum=262_144))),
    "MaxInputBytesPerBatchPath": Field(number_path, "JSONPath"),
    "BatchInput": Field(template),
}
WRITER_CONFIG = {
    "Transformation": Field(word("NONE", "COMPACT", "FLATTEN")),
    "OutputType": Field(word("JSON", "JSONL")),
}
RESULT_WRITER = {
    "Resource": Field(writer_resource),
    "WriterConfig": Field(writer_config),
    "Parameters": Field(template, "JSONPath"),
    "Arguments": Field(template, "JSONata"),
}
