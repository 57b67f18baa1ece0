"""What a ResultWriter leaves in a bucket."""

from __future__ import annotations

import json
from typing import Any

import pytest

from step.engine.vocabulary import WriteResults
from step.errors import HandlerError
from step.jsonvalue import JSONObject
from step.runtime.map_items import MapItems
from step.runtime.objects import MemoryObjects
from step.runtime.result_writers import ResultWriter

RUN = "arn:aws:states:us-east-1:123456789012:mapRun:bread/each:run"
RESOURCE = "arn:aws:states:::s3:putObject"
PARAMETERS: JSONObject = {"Parameters": {"Bucket": "b", "Prefix": "out"}}


def write(config: dict[str, Any], *parts: list[tuple[str, Any]]) -> tuple[dict[str, Any], Any]:
    objects: dict[str, Any] = {}
    writer = ResultWriter(
        RUN, {"Resource": RESOURCE, "WriterConfig": config, **PARAMETERS}, MemoryObjects(objects)
    )
    for part in parts:
        writer.write(part)
    output = writer.finish()
    return objects, output


def test_results_are_sorted_by_status_and_listed_in_a_manifest() -> None:
    objects, output = write({}, [("SUCCEEDED", 1), ("TIMED_OUT", {"late": True})], [("SUCCEEDED", [2])])

    assert output == {
        "MapRunArn": RUN,
        "ResultWriterDetails": {"Bucket": "b", "Key": "out/run/manifest.json"},
    }
    assert objects["b/out/run/SUCCEEDED_0.json"] == b"[1,[2]]"
    assert objects["b/out/run/FAILED_0.json"] == b'[{"late":true}]'
    assert json.loads(objects["b/out/run/manifest.json"]) == {
        "DestinationBucket": "b",
        "MapRunArn": RUN,
        "ResultFiles": {
            "FAILED": [{"Key": "out/run/FAILED_0.json", "Size": 15}],
            "PENDING": [],
            "SUCCEEDED": [{"Key": "out/run/SUCCEEDED_0.json", "Size": 7}],
        },
    }


def test_json_lines() -> None:
    objects, _ = write({"OutputType": "JSONL"}, [("SUCCEEDED", 1)], [("SUCCEEDED", "é")])

    assert objects["b/out/run/SUCCEEDED_0.jsonl"] == '1\n"é"\n'.encode()


def test_run_without_results_has_an_empty_manifest() -> None:
    objects, _ = write({})

    assert list(objects) == ["b/out/run/manifest.json"]


def test_large_file_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("step.runtime.result_writers._FILE_BYTES", 4)

    objects, _ = write({}, [("SUCCEEDED", 11), ("SUCCEEDED", 22), ("SUCCEEDED", 33)])

    assert objects["b/out/run/SUCCEEDED_0.json"] == b"[11,22]"
    assert objects["b/out/run/SUCCEEDED_1.json"] == b"[33]"


def test_nothing_to_write_to_is_said_with_what_to_do() -> None:
    command = WriteResults(1, "Each", RUN, {"Resource": RESOURCE}, [], True)

    with pytest.raises(HandlerError, match="set_objects"):
        MapItems({}, None).write(command)
