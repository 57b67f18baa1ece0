"""Items for a distributed Map without any S3: what users attach to it or to its reader."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from step import StateMachine
from step.errors import HandlerError, TaskError

READER = "arn:aws:states:::s3:getObject"


def machine_of(**fields: Any) -> StateMachine:
    distributed: dict[str, Any] = {
        "Type": "Map",
        "ItemReader": {
            "Resource": READER,
            "ReaderConfig": {"InputType": "JSON", "MaxItems": 3},
            "Parameters": {"Bucket": "b", "Key.$": "$.key"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Pass",
            "States": {"Pass": {"Type": "Pass", "End": True}},
        },
        "End": True,
    }
    return StateMachine.from_json({"StartAt": "Each", "States": {"Each": distributed | fields}})


def test_function_gives_the_items_for_the_reader_s_parameters() -> None:
    def items(parameters: dict[str, Any]) -> Iterator[str]:
        yield from parameters["Key"]

    machine = machine_of().set_resource_function("Each", items)

    assert machine.execute({"key": "xy"}).output == ["x", "y"]


def test_limit_of_the_reader_holds_for_attached_items() -> None:
    assert machine_of().set_resource_function("Each", range(10)).execute({"key": ""}).output == [0, 1, 2]


def test_state_s_own_items_come_before_those_of_its_resource() -> None:
    machine = machine_of().set_resource_function(READER, [1])

    assert machine.execute({"key": ""}).output == [1]
    assert machine.set_resource_function("Each", [2]).execute({"key": ""}).output == [2]


def test_dictionary_is_a_store_of_objects() -> None:
    assert machine_of().set_objects({"b/k": "[1, 2]"}).execute({"key": "k"}).output == [1, 2]


@pytest.mark.parametrize(
    ("resource", "config", "parameters", "sources"),
    [
        ("getObject", {"InputType": "JSONL"}, {"Key": "d/1"}, ["s3://b/d/1"] * 2),
        ("listObjectsV2", {}, {"Prefix": "d/"}, ["s3://b"] * 3),
        (
            "listObjectsV2",
            {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 4},
            {"Prefix": "d/"},
            ["s3://b/d/1", "s3://b/d/1", "s3://b/d/3", "s3://b/d/3"],
        ),
        (
            "getObject",
            {"InputType": "JSONL", "ManifestType": "ATHENA_DATA"},
            {"Key": "m"},
            ["s3://b/d/3"] * 3 + ["s3://c/1"],
        ),
    ],
    ids=["object", "listing", "objects of a listing", "objects of a manifest"],
)
def test_source_is_the_object_that_holds_the_item(
    resource: str, config: dict[str, Any], parameters: dict[str, str], sources: list[str]
) -> None:
    # given: objects, one of them empty
    objects: dict[str, bytes | str] = {
        "b/d/1": "1\n2",
        "b/d/2": "",
        "b/d/3": "3\n4\n5",
        "b/m": "s3://b/d/3\n\ns3://c/1\n",
        "c/1": "6",
    }
    reader = {
        "Resource": f"arn:aws:states:::s3:{resource}",
        "ReaderConfig": config,
        "Parameters": {"Bucket": "b", **parameters},
    }
    machine = machine_of(ItemReader=reader, ItemSelector={"from.$": "$$.Map.Item.Source"})

    # when
    output: Any = machine.set_objects(objects).execute({}).output

    # then
    assert [item["from"] for item in output] == sources


@pytest.mark.parametrize(
    ("failure", "error", "cause"),
    [
        (OSError("no disk"), "States.ItemReaderFailed", "no disk"),
        (TaskError("Mine", "because"), "Mine", "because"),
    ],
)
def test_exception_fails_the_reader(failure: Exception, error: str, cause: str) -> None:
    execution = machine_of().set_resource_function("Each", failure).execute({"key": ""})

    assert (execution.error, execution.cause) == (error, cause)


def test_item_that_is_no_json_is_refused_with_its_place() -> None:
    machine = machine_of().set_resource_function("Each", [1, {"a": {2}}])

    with pytest.raises(HandlerError, match=r"'Each': items: \$\[1\]\.a: set is not a JSON value"):
        machine.execute({"key": ""})


@pytest.mark.parametrize("target", ["text", 7, {"a": 1}])
def test_what_is_no_list_of_items_is_refused_at_once(target: object) -> None:
    with pytest.raises(HandlerError, match="iterable of items"):
        machine_of().set_resource_function("Each", target)


def test_map_without_items_says_what_to_attach() -> None:
    with pytest.raises(HandlerError, match=r"set_resource_function\('Each'"):
        machine_of().execute({"key": ""})


def test_writer_without_a_place_says_what_to_attach() -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}}
    machine = machine_of(ResultWriter=writer).set_resource_function("Each", [1])

    with pytest.raises(HandlerError, match="set_objects"):
        machine.execute({"key": ""})


def test_first_thousand_child_executions_are_kept() -> None:
    reader = {"Resource": READER, "Parameters": {"Bucket": "b", "Key": "k"}}
    states = {"One": {"Type": "Pass", "Result": 1, "End": True}}
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "One",
        "States": states,
    }
    machine = machine_of(ItemReader=reader, ItemProcessor=processor)

    execution = machine.set_resource_function("Each", range(1200)).execute({"key": ""})

    assert execution.output == [1] * 1200
    assert [child.input for child in execution.children] == list(range(1000))
