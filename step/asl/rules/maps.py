"""The rules of what only a Map has: its items, batches, reader, writer and label.

Pure: no clock, no IO. Spec: ASL "Map State"; AWS: developer guide, "Distributed mode".
"""

from __future__ import annotations

import re

from step.asl import jsonata
from step.asl.rules.objects import Choice, Field, check_list, check_object
from step.asl.rules.place import Place, has_placeholder, is_open
from step.asl.rules.values import (
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
            place.refuse("Express state machine does not support Map states in DISTRIBUTED mode")
    elif mode_of(state) == "INLINE":
        for name in _DISTRIBUTED_ONLY:
            if name in state:
                place.refuse(
                    f"Field '{name}' is only supported for Map states in DISTRIBUTED mode",
                    line_of=place / name,
                )


def processor_config(value: JSONValue, place: Place) -> None:
    """Check a ProcessorConfig."""
    config = check_object(value, place, _PROCESSOR_CONFIG)
    if config is not None and config.get("Mode") == "DISTRIBUTED" and "ExecutionType" not in config:
        place.refuse("These fields are required: [ExecutionType]")


def items(value: JSONValue, place: Place) -> None:
    """Check Items: an array, an object or a JSONata expression."""
    if isinstance(value, str):
        if jsonata.is_expression(value):
            expression(value, place)
        elif not is_open(value, place):
            place.refuse("Expected an Array, an Object or a JSONata expression")
    elif isinstance(value, list | dict):
        json_template(value, place)
    else:
        place.refuse("Expected an Array, an Object or a JSONata expression")


def label(value: JSONValue, place: Place) -> None:
    """Check a Label, unique labels included."""
    if not isinstance(value, str):
        place.refuse("Expected value of type String")
    elif has_placeholder(value):
        return
    elif not value or len(value) > _MAX_LABEL:
        place.refuse(f"Label '{value}' must have 1 to {_MAX_LABEL} characters", code="INVALID_LABEL_NAME")
    elif _NOT_IN_LABEL.search(value):
        place.refuse(f"Label '{value}' has a character that isn't allowed", code="INVALID_LABEL_NAME")
    elif value in place.report.labels:
        first = place.report.labels[value]
        place.refuse(f"Duplicate label: {value}, first at {first}", code="DUPLICATE_LABEL_NAME")
    else:
        place.report.labels[value] = place.pointer


def item_reader(value: JSONValue, place: Place) -> None:
    check_object(value, place, _ITEM_READER, required=["Resource"])


def item_batcher(value: JSONValue, place: Place) -> None:
    choices = [
        Choice("at most one", ("MaxItemsPerBatch", "MaxItemsPerBatchPath")),
        Choice("at most one", ("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath")),
        Choice("at least one", tuple(name for name in _ITEM_BATCHER if name != "BatchInput")),
    ]
    check_object(value, place, _ITEM_BATCHER, choices=choices)


def result_writer(value: JSONValue, place: Place) -> None:
    choices = [Choice("at least one", ("Resource", "WriterConfig"))]
    check_object(value, place, _RESULT_WRITER, choices=choices)


def _reader_resource(value: JSONValue, place: Place) -> None:
    _check_resource(value, place, _READERS)


def _writer_resource(value: JSONValue, place: Place) -> None:
    _check_resource(value, place, _WRITERS)


def _check_resource(value: JSONValue, place: Place, known: re.Pattern[str]) -> None:
    string(value, place)
    if isinstance(value, str) and not has_placeholder(value) and not known.fullmatch(value):
        place.refuse(
            f"The resource provided {value} is not recognized. The value is not a valid resource ARN, "
            "or the resource is not available in this region."
        )


def _reader_config(value: JSONValue, place: Place) -> None:
    config = check_object(
        value, place, _READER_CONFIG, choices=[Choice("at most one", ("MaxItems", "MaxItemsPath"))]
    )
    if config is not None and config.get("CSVHeaderLocation") == "GIVEN" and "CSVHeaders" not in config:
        place.refuse("These fields are required: [CSVHeaders]")


def _writer_config(value: JSONValue, place: Place) -> None:
    check_object(value, place, _WRITER_CONFIG)


def _headers(value: JSONValue, place: Place) -> None:
    check_list(value, place, string)


_PROCESSOR_CONFIG = {
    "Mode": Field(word("INLINE", "DISTRIBUTED")),
    "ExecutionType": Field(word("STANDARD", "EXPRESS")),
}
_READER_CONFIG = {
    "InputType": Field(word("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")),
    "Transformation": Field(word("NONE", "LOAD_AND_FLATTEN")),
    "CSVDelimiter": Field(word("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")),
    "CSVHeaderLocation": Field(word("FIRST_ROW", "GIVEN")),
    "CSVHeaders": Field(_headers),
    "ItemsPointer": Field(string),
    "ManifestType": Field(word("ATHENA_DATA", "S3_INVENTORY")),
    "MaxItems": Field(or_expression(number(minimum=0, maximum=100_000_000))),
    "MaxItemsPath": Field(number_path, "JSONPath"),
}
_ITEM_READER = {
    "Resource": Field(_reader_resource),
    "ReaderConfig": Field(_reader_config),
    "Parameters": Field(template, "JSONPath"),
    "Arguments": Field(template, "JSONata"),
}
_ITEM_BATCHER = {
    "MaxItemsPerBatch": Field(or_expression(number(minimum=0))),
    "MaxItemsPerBatchPath": Field(number_path, "JSONPath"),
    "MaxInputBytesPerBatch": Field(or_expression(number(minimum=0, maximum=262_144))),
    "MaxInputBytesPerBatchPath": Field(number_path, "JSONPath"),
    "BatchInput": Field(template),
}
_WRITER_CONFIG = {
    "Transformation": Field(word("NONE", "COMPACT", "FLATTEN")),
    "OutputType": Field(word("JSON", "JSONL")),
}
_RESULT_WRITER = {
    "Resource": Field(_writer_resource),
    "WriterConfig": Field(_writer_config),
    "Parameters": Field(template, "JSONPath"),
    "Arguments": Field(template, "JSONata"),
}
