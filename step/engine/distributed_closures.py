"""What a distributed Map's own fields become in both query languages: reader, batcher, writer, items.

Pure: no clock, no IO.
AWS: Step Functions developer guide, "ItemReader", "ItemBatcher", "ResultWriter".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from step.asl import model
from step.asl.jsonata_expression import compile_template as compile_jsonata
from step.asl.jsonata_expression import expect
from step.asl.model import ABSENT, Field
from step.engine.dataflow import path_flow, template_flow
from step.engine.frames import Frame
from step.engine.jsonata_language import given_items, number
from step.engine.jsonpath_language import map_number
from step.engine.states.distributed_map import DistributedClosures, Items, Part
from step.engine.states.map import Number
from step.engine.states.map_plan import Batching
from step.errors import StateFailure
from step.jsonvalue import JSONObject, JSONValue

Value = Callable[[JSONValue, Frame], JSONValue]
# (a part of the state, the name of a number in it) -> the number; None: it isn't there
NumberOf = Callable[[Mapping[str, Any], str], "Number | None"]
# (a template, its place in the state) -> its value
ValueOf = Callable[[Field, str], Value]


def distributed_closures(state: model.Map) -> DistributedClosures:
    """Compile a state's fields in its query language."""
    if state.query_language == "JSONata":
        return _closures(state, _jsonata_items(state), _jsonata_value, _jsonata_number, "Arguments")
    entering = path_flow(state.input_path)

    def value_of(template: Field, field: str) -> Value:
        return entering.then(template_flow(template)).function

    def number_of(part: Mapping[str, Any], name: str) -> Number | None:
        return map_number(name, part.get(name), part.get(f"{name}Path"), entering.function)

    return _closures(state, _jsonpath_items(state), value_of, number_of, "Parameters")


def _closures(
    state: model.Map, items: Items, value_of: ValueOf, number_of: NumberOf, parameters: str
) -> DistributedClosures:
    reader, batcher, writer = state.item_reader, state.item_batcher, state.result_writer
    return DistributedClosures(
        items,
        _reader(reader, value_of, number_of, parameters) if reader else None,
        _batching(batcher, value_of, number_of) if batcher else None,
        _writer(writer, value_of, parameters) if writer else None,
    )


def _reader(part: Mapping[str, Any], value_of: ValueOf, number_of: NumberOf, parameters: str) -> Part:
    config = part.get("ReaderConfig", {})
    known = {name: value for name, value in config.items() if not name.startswith("MaxItems")}
    max_items = number_of(config, "MaxItems")
    arguments = value_of(part.get(parameters, {}), f"ItemReader/{parameters}")

    def reader(raw: JSONValue, frame: Frame) -> JSONObject:
        limit: JSONObject = {} if max_items is None else {"MaxItems": max_items(raw, frame)}
        return {
            "Resource": part["Resource"],
            "ReaderConfig": known | limit,
            "Parameters": arguments(raw, frame),
        }

    return reader


def _batching(
    part: Mapping[str, Any], value_of: ValueOf, number_of: NumberOf
) -> Callable[[JSONValue, Frame], Batching]:
    items, bytes_ = number_of(part, "MaxItemsPerBatch"), number_of(part, "MaxInputBytesPerBatch")
    given = part.get("BatchInput", ABSENT)
    beside = value_of(given, "ItemBatcher/BatchInput")

    def batching(raw: JSONValue, frame: Frame) -> Batching:
        return Batching(
            (items(raw, frame) if items else 0) or float("inf"),
            (bytes_(raw, frame) if bytes_ else 0) or float("inf"),
            ABSENT if given is ABSENT else beside(raw, frame),
        )

    return batching


def _writer(part: Mapping[str, Any], value_of: ValueOf, parameters: str) -> Part:
    known: JSONObject = {name: part[name] for name in ("Resource", "WriterConfig") if name in part}
    arguments = value_of(part.get(parameters, {}), f"ResultWriter/{parameters}")
    return lambda raw, frame: known | {"Parameters": arguments(raw, frame)}


# ---------------------------------------------------------------- JSONPath


def _jsonpath_items(state: model.Map) -> Items:
    path = state.items_path or "$"
    reading = path_flow(state.input_path).then(path_flow(path)).function

    def items(raw: JSONValue, frame: Frame) -> list[JSONValue] | JSONObject:
        found = reading(raw, frame)
        if isinstance(found, list | dict):
            return found
        raise StateFailure("States.Runtime", f'Reference path "{path}" must point to array.')

    return items


# ---------------------------------------------------------------- JSONata

_PLACES = {
    "MaxItems": "ItemReader/ReaderConfig/MaxItems",
    "MaxItemsPerBatch": "ItemBatcher/MaxItemsPerBatch",
    "MaxInputBytesPerBatch": "ItemBatcher/MaxInputBytesPerBatch",
}


def _jsonata_value(template: Field, field: str) -> Value:
    if template is ABSENT:
        return lambda raw, frame: None
    evaluate = compile_jsonata(template, field).evaluate
    return lambda raw, frame: evaluate(raw, None, frame)


def _jsonata_number(part: Mapping[str, Any], name: str) -> Number | None:
    return number(part.get(name), _PLACES[name])


def _jsonata_items(state: model.Map) -> Items:
    if state.items is ABSENT:
        return lambda raw, frame: raw if isinstance(raw, dict) else given_items(raw, frame)
    given = state.items
    query = compile_jsonata(given, "Items")
    refuse = expect(query, given, "Items", "array")

    def items(raw: JSONValue, frame: Frame) -> list[JSONValue] | JSONObject:
        found = query.evaluate(raw, None, frame)
        if not isinstance(found, list | dict):
            found = refuse(raw, None, frame)
        assert isinstance(found, list | dict)
        return found

    return items
