"""Formats of items: what a reader makes of an object's bytes, however these come in pieces."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.errors import MissingExtra
from step.jsonvalue import JSONObject
from step.runtime.item_readers import ItemStream, ReaderFailure
from step.runtime.json_stream import stream_items
from step.runtime.objects import MemoryObjects

GET = "arn:aws:states:::s3:getObject"
LIST = "arn:aws:states:::s3:listObjectsV2"
CSV = {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}
NAMES = {"InputType": "CSV", "CSVHeaderLocation": "GIVEN", "CSVHeaders": ["a", "b"]}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def read(content: bytes | str, config: dict[str, Any], key: str = "k") -> list[Any]:
    reader: JSONObject = {
        "Resource": GET,
        "ReaderConfig": config,
        "Parameters": {"Bucket": "b", "Key": key},
    }
    return list(ItemStream.from_reader(reader, MemoryObjects({f"b/{key}": content})))


@pytest.mark.parametrize(
    ("config", "content", "items"),
    [
        pytest.param(CSV, "a,b\n1,2\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], id="first row"),
        pytest.param(NAMES, "1,2", [{"a": "1", "b": "2"}], id="headers given, no line feed at the end"),
        pytest.param(NAMES, "1\n1,2,3\n", [{"a": "1", "b": ""}, {"a": "1", "b": "2"}], id="other lengths"),
        pytest.param(NAMES, '"x,1","say ""hi"""\n', [{"a": "x,1", "b": 'say "hi"'}], id="quotes"),
        pytest.param(NAMES, '"one\ntwo",2\n', [{"a": "one\ntwo", "b": "2"}], id="a line feed in quotes"),
        pytest.param(NAMES, "1,2\r\n3,4\r\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], id="CRLF"),
        pytest.param(NAMES, "1,2\n\n3,4\n", [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}], id="an empty line"),
        pytest.param(NAMES, "   \n", [{"a": "   ", "b": ""}], id="blanks are a field"),
        pytest.param({**NAMES, "CSVDelimiter": "TAB"}, "1\t2\n", [{"a": "1", "b": "2"}], id="tabs"),
        pytest.param({**NAMES, "CSVDelimiter": "PIPE"}, "1|2\n", [{"a": "1", "b": "2"}], id="pipes"),
        pytest.param(NAMES, b"\xef\xbb\xbf1,2\n", [{"a": "1", "b": "2"}], id="a byte order mark"),
        pytest.param(CSV, "", [], id="an empty CSV"),
        pytest.param({"InputType": "JSONL"}, '{"n":1}\n\n[2]\n"x"', [{"n": 1}, [2], "x"], id="JSON Lines"),
        pytest.param({"InputType": "JSON"}, '[1, {"n": [2]}, "]"]', [1, {"n": [2]}, "]"], id="a JSON array"),
        pytest.param({"InputType": "JSON"}, " [ ] ", [], id="an empty array"),
        pytest.param({"InputType": "JSON"}, '{"a":1}', [{"Key": "a", "Value": 1}], id="a JSON object"),
        pytest.param(
            {"InputType": "JSON", "ItemsPointer": "/a~1b/1/x"},
            '{"z": [9], "a/b": [0, {"y": 1, "x": [7, 8]}]}',
            [7, 8],
            id="a pointer",
        ),
        pytest.param({"InputType": "JSONL", "MaxItems": 1}, "1\n2\n", [1], id="a limit"),
        pytest.param({"InputType": "JSONL", "MaxItems": 0}, "1\n2\n", [1, 2], id="no limit"),
    ],
)
def test_format(config: dict[str, Any], content: bytes | str, items: list[Any]) -> None:
    assert read(content, config) == items


@pytest.mark.parametrize(
    ("config", "content", "cause"),
    [
        (NAMES | {"CSVHeaders": ["a", "a"]}, "1,2", "CSV headers cannot contain duplicates."),
        (CSV, "a,a\n", "CSV headers cannot contain duplicates."),
        ({"InputType": "JSON"}, "7", "Attempting to map over non-iterable node."),
        ({"InputType": "JSON"}, "[1, 2", "expected ',' in the JSON document, found ''"),
        ({"InputType": "JSON"}, "[NaN]", "NaN is not a JSON value"),
        ({"InputType": "JSON"}, "[1] 2", "something follows the document"),
        (
            {"InputType": "JSON", "ItemsPointer": "/a/b"},
            '{"a": {"c": []}}',
            "the pointer /a/b leads to nothing",
        ),
    ],
)
def test_what_is_not_of_the_format_fails_the_reader(config: dict[str, Any], content: str, cause: str) -> None:
    with pytest.raises(ReaderFailure) as failure:
        read(content, config)

    assert str(failure.value) == cause


def test_gzipped_object_is_read_through() -> None:
    assert read(gzip.compress(b"1\n2\n"), {"InputType": "JSONL"}, key="k.jsonl.gz") == [1, 2]


def test_listing_gives_the_objects_under_a_prefix() -> None:
    reader: JSONObject = {"Resource": LIST, "Parameters": {"Bucket": "b", "Prefix": "in/"}}
    objects = MemoryObjects({"b/in/1": "x", "b/in/2": "xy", "b/out/1": "", "c/in/3": ""})

    items: list[Any] = list(ItemStream.from_reader(reader, objects))

    assert [(item["Key"], item["Size"]) for item in items] == [("in/1", 1), ("in/2", 2)]
    assert set(items[0]) == {"Etag", "Key", "LastModified", "Size", "StorageClass"}


def test_listing_can_be_flattened_into_the_items_of_all_objects() -> None:
    config: JSONObject = {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"}
    reader: JSONObject = {"Resource": LIST, "ReaderConfig": config, "Parameters": {"Bucket": "b"}}

    assert list(ItemStream.from_reader(reader, MemoryObjects({"b/1": "1\n2\n", "b/2": "3\n"}))) == [1, 2, 3]


def test_inventory_lists_what_its_files_list() -> None:
    manifest = {
        "destinationBucket": "arn:aws:s3:::inventories",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, Size",
        "files": [{"key": "data/1.csv.gz"}, {"key": "data/2.csv.gz"}],
    }
    objects = MemoryObjects(
        {
            "b/manifest.json": json.dumps(manifest),
            "inventories/data/1.csv.gz": gzip.compress(b'"photos","cat.png","12"\n'),
            "inventories/data/2.csv.gz": gzip.compress(b'"photos","dog.png","13"\n'),
        }
    )
    reader: JSONObject = {
        "Resource": GET,
        "ReaderConfig": {"InputType": "MANIFEST"},
        "Parameters": {"Bucket": "b", "Key": "manifest.json"},
    }

    assert list(ItemStream.from_reader(reader, objects)) == [
        {"Bucket": "photos", "Key": "cat.png", "Size": "12"},
        {"Bucket": "photos", "Key": "dog.png", "Size": "13"},
    ]


def test_athena_s_manifest_names_the_objects_with_the_items() -> None:
    objects = MemoryObjects({"b/m.csv": "s3://b/1\ns3://c/2\n", "b/1": "1\n", "c/2": "2\n3\n"})
    reader: JSONObject = {
        "Resource": GET,
        "ReaderConfig": {"InputType": "JSONL", "ManifestType": "ATHENA_DATA"},
        "Parameters": {"Bucket": "b", "Key": "m.csv"},
    }

    assert list(ItemStream.from_reader(reader, objects)) == [1, 2, 3]


def parquet_of(columns: dict[str, Any]) -> bytes:
    pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(columns), file)
    return file.getvalue()


def test_parquet_gives_its_rows_as_json() -> None:
    # given: a column of every kind that JSON hasn't, and more rows than are read at once
    day = datetime(2026, 11, 24, 12, 30, tzinfo=UTC)
    columns = {
        "id": list(range(3000)),
        "when": [day] * 3000,
        "day": [day.date()] * 3000,
        "price": [Decimal("12.50")] * 3000,
        "many": [Decimal("3.00")] * 3000,
        "raw": [b"\xff"] * 3000,
        "text": [b"bread"] * 3000,
        "inner": [{"a": [1, None]}] * 3000,
        "none": [float("nan")] * 3000,
    }

    # when
    rows = read(parquet_of(columns), {"InputType": "PARQUET"})

    # then
    assert [row["id"] for row in rows] == list(range(3000))
    assert rows[-1] == {
        "id": 2999,
        "when": "2026-11-24T12:30:00+00:00",
        "day": "2026-11-24",
        "price": 12.5,
        "many": 3,
        "raw": "/w==",
        "text": "bread",
        "inner": {"a": [1, None]},
        "none": None,
    }


def test_manifest_may_name_parquet_files() -> None:
    reader: JSONObject = {
        "Resource": GET,
        "ReaderConfig": {"InputType": "PARQUET", "ManifestType": "ATHENA_DATA", "MaxItems": 3},
        "Parameters": {"Bucket": "b", "Key": "m"},
    }
    one, two = parquet_of({"n": [1, 2]}), parquet_of({"n": [3, 4]})
    objects = MemoryObjects({"b/m": "s3://b/1\ns3://b/2\n", "b/1": one, "b/2": two})

    items = ItemStream.from_reader(reader, objects)

    assert [(row, items.source) for row in items] == [
        ({"n": 1}, "s3://b/1"),
        ({"n": 2}, "s3://b/1"),
        ({"n": 3}, "s3://b/2"),
    ]


def test_what_is_no_parquet_fails_the_reader() -> None:
    with pytest.raises(ReaderFailure, match="Parquet"):
        read(b"PAR1", {"InputType": "PARQUET"})


def test_parquet_without_its_reader_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)

    with pytest.raises(MissingExtra, match=r"pip install 'slowcode\[parquet\]'"):
        read(b"PAR1", {"InputType": "PARQUET"})


@given(st.lists(JSON_VALUES, max_size=5), st.integers(1, 9), st.booleans())
def test_array_in_any_pieces_gives_its_items(items: list[Any], piece: int, is_spaced: bool) -> None:
    text = json.dumps(items, ensure_ascii=False, indent=1 if is_spaced else None)
    pieces = (text[start : start + piece] for start in range(0, len(text), piece))

    assert list(stream_items(pieces)) == items


def test_items_come_before_the_document_has_been_read() -> None:
    def endless() -> Iterator[str]:
        yield "[1"
        while True:
            yield ", 2"

    items = stream_items(endless())

    assert [next(items), next(items), next(items)] == [1, 2, 2]
