"""S3 as a store of objects, over moto: the contract of the port, and a Map from object to object."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from step import StateMachine
from step.aws.s3 import S3Objects
from step.runtime.objects import MemoryObjects, ObjectFailure, Objects
from tests.amazon import in_memory_aws


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with in_memory_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="bucket")
        yield client


@pytest.fixture(params=["S3", "memory"])
def objects(request: pytest.FixtureRequest, client: Any) -> Objects:
    return S3Objects() if request.param == "S3" else MemoryObjects({})


def test_what_was_written_is_read_and_listed(objects: Objects) -> None:
    for key, parts in {"in/1": [b"one", b"two"], "in/2": [], "other": [b"x"]}.items():
        sink = objects.open("bucket", key)
        for part in parts:
            sink.write(part)
        sink.close()

    assert b"".join(objects.read("bucket", "in/1", None)) == b"onetwo"
    listed = list(objects.list({"Bucket": "bucket", "Prefix": "in/"}))
    assert [(item["Key"], item["Size"]) for item in listed] == [("in/1", 6), ("in/2", 0)]
    assert all(set(item) == {"Etag", "Key", "LastModified", "Size", "StorageClass"} for item in listed)
    assert listed[0]["Etag"] == '"5b9164ad6f496d9dee12ec7634ce253f"'


def test_missing_object_is_refused(objects: Objects) -> None:
    with pytest.raises(ObjectFailure, match="The specified key does not exist"):
        list(objects.read("bucket", "nothing", None))


def test_large_object_goes_in_parts(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    content = b"x" * (5 << 20) + b"y" * (5 << 20) + b"z"
    monkeypatch.setattr("step.aws.s3._PART_BYTES", 5 << 20)
    sink = S3Objects(client).open("bucket", "large")

    for start in range(0, len(content), 1 << 20):
        sink.write(content[start : start + (1 << 20)])
    sink.close()

    assert client.get_object(Bucket="bucket", Key="large")["Body"].read() == content


def test_cause_is_worded_as_step_functions_words_it(client: Any) -> None:
    with pytest.raises(
        ObjectFailure, match=r"\(Service: Amazon S3; Status Code: 404; Error Code: NoSuchBucket; "
    ):
        list(S3Objects(client).list({"Bucket": "no-such-bucket"}))


def test_map_goes_from_an_object_to_objects(client: Any) -> None:
    client.put_object(Bucket="bucket", Key="in.jsonl", Body=b"".join(b"%d\n" % n for n in range(2500)))
    machine = StateMachine.from_json(
        {
            "StartAt": "Each",
            "States": {
                "Each": {
                    "Type": "Map",
                    "ItemReader": {
                        "Resource": "arn:aws:states:::s3:getObject",
                        "ReaderConfig": {"InputType": "JSONL"},
                        "Parameters": {"Bucket": "bucket", "Key.$": "$.key"},
                    },
                    "ItemProcessor": {
                        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
                        "StartAt": "Pass",
                        "States": {"Pass": {"Type": "Pass", "End": True}},
                    },
                    "ResultWriter": {
                        "Resource": "arn:aws:states:::s3:putObject",
                        "Parameters": {"Bucket": "bucket", "Prefix": "out"},
                        "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSON"},
                    },
                    "End": True,
                }
            },
        }
    ).set_objects(S3Objects(client))

    output: Any = machine.execute({"key": "in.jsonl"}).result()

    manifest = client.get_object(Bucket="bucket", Key=output["ResultWriterDetails"]["Key"])["Body"].read()
    (written,) = json.loads(manifest)["ResultFiles"]["SUCCEEDED"]
    results = client.get_object(Bucket="bucket", Key=written["Key"])["Body"].read()
    assert sorted(json.loads(results)) == list(range(2500))
    assert written["Size"] == len(results)
