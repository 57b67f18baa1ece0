"""The formats in which a distributed Map's items come: CSV, JSON, JSON Lines, listings and manifests.

Pure over the port ``Objects``: no clock. Every reader is a stream: no more than an item and a piece of an
object is in memory.
AWS: Step Functions developer guide, "ItemReader".
"""

from __future__ import annotations

import codecs
import csv
import json
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice

from step.jsonvalue import JSONObject, JSONValue
from step.runtime.json_stream import decode, stream_items
from step.runtime.objects import ObjectFailure, Objects
from step.runtime.parquet import read_rows

_DELIMITERS = {"COMMA": ",", "PIPE": "|", "SEMICOLON": ";", "SPACE": " ", "TAB": "\t"}


class ReaderFailure(Exception):  # noqa: N818 - becomes a workflow failure; users don't see it
    """Items can't be read; the message is the cause of States.ItemReaderFailed."""


class ItemStream(Iterator[JSONValue]):
    """The items that a reader gives, one after the other.

    Attributes:
        source: The URI of the object that holds the item given last, where it isn't what the reader names.
    """

    def __init__(self) -> None:
        self.source: str | None = None
        self._items: Iterator[JSONValue] = iter(())

    def __next__(self) -> JSONValue:
        return next(self._items)

    @classmethod
    def from_reader(cls, reader: JSONObject, objects: Objects) -> ItemStream:
        """Stream the items that an evaluated ItemReader names, at most MaxItems of them.

        Raises:
            ReaderFailure: while it is read: the object isn't there, or isn't what ReaderConfig says.
            MissingExtra: the items are in Parquet, and what reads it isn't installed.
        """
        items = cls()
        config, parameters = _object(reader, "ReaderConfig"), _object(reader, "Parameters")
        is_listing = str(reader["Resource"]).endswith(":listObjectsV2")
        read = items._listed if is_listing else items._stored
        found = read(config, parameters, objects)
        limit = config.get("MaxItems")
        # Observed: a MaxItems of 0 is no limit.
        is_limited = isinstance(limit, int | float) and limit
        items._items = _guarded(islice(found, int(limit)) if is_limited else found)  # type: ignore[arg-type]  # a number
        return items

    # ------------------------------------------------------------ where items are

    def _listed(self, config: JSONObject, parameters: JSONObject, objects: Objects) -> Iterator[JSONValue]:
        """Give a bucket's objects themselves, or the items in all of them."""
        for listed in objects.list(parameters):
            if config.get("Transformation") != "LOAD_AND_FLATTEN":
                yield listed
            elif not str(listed["Key"]).endswith("/"):
                yield from self._loaded(config, str(parameters.get("Bucket")), str(listed["Key"]), objects)

    def _stored(self, config: JSONObject, parameters: JSONObject, objects: Objects) -> Iterator[JSONValue]:
        bucket, key = str(parameters.get("Bucket")), str(parameters.get("Key"))
        given = parameters.get("VersionId")
        version = given if isinstance(given, str) else None
        manifest = config.get("ManifestType")
        if manifest == "ATHENA_DATA":
            # AWS: developer guide, "ItemReader": the manifest of an UNLOAD lists the files that it wrote.
            for uri in _lines(_texts(objects.read(bucket, key, version))):
                data_bucket, _, data_key = uri.strip().partition("://")[2].partition("/")
                if data_key:
                    yield from self._loaded(config, data_bucket, data_key, objects)
        elif manifest == "S3_INVENTORY" or config.get("InputType") == "MANIFEST":
            yield from _inventory(_texts(objects.read(bucket, key, version)), objects)
        else:
            yield from _contents(config, bucket, key, version, objects)

    def _loaded(self, config: JSONObject, bucket: str, key: str, objects: Objects) -> Iterator[JSONValue]:
        self.source = f"s3://{bucket}/{key}"
        yield from _contents(config, bucket, key, None, objects)


def _guarded(items: Iterator[JSONValue]) -> Iterator[JSONValue]:
    try:
        yield from items
    except (ObjectFailure, ValueError, csv.Error, zlib.error) as failure:
        raise ReaderFailure(str(failure)) from failure


def _object(part: JSONObject, name: str) -> JSONObject:
    found = part.get(name)
    return found if isinstance(found, dict) else {}


def _contents(
    config: JSONObject, bucket: str, key: str, version: str | None, objects: Objects
) -> Iterator[JSONValue]:
    pieces = objects.read(bucket, key, version)
    if config.get("InputType") == "PARQUET":
        yield from read_rows(pieces)
        return
    texts = _texts(_gunzip(pieces) if key.endswith(".gz") else pieces)
    match config.get("InputType", "JSON"):
        case "CSV":
            yield from read_csv(texts, config)
        case "JSONL":
            yield from (decode(line) for line in _lines(texts) if line.strip())
        case _:
            yield from stream_items(texts, str(config.get("ItemsPointer", "")))


def _inventory(texts: Iterator[str], objects: Objects) -> Iterator[JSONValue]:
    """Give the objects that an S3 inventory lists: gzipped CSV files that its manifest names."""
    manifest = json.loads("".join(texts))
    if manifest["fileFormat"] != "CSV":
        raise ValueError(f"expected an inventory in CSV, found {manifest['fileFormat']}")
    bucket = manifest["destinationBucket"].rpartition(":")[2]
    headers: list[JSONValue] = [name.strip() for name in manifest["fileSchema"].split(",")]
    given: JSONObject = {"CSVHeaderLocation": "GIVEN", "CSVHeaders": headers}
    for file in manifest["files"]:
        yield from read_csv(_texts(_gunzip(objects.read(bucket, file["key"], None))), given)


# ---------------------------------------------------------------- bytes and texts


def _gunzip(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflater = zlib.decompressobj(wbits=31)
    for piece in pieces:
        yield inflater.decompress(piece)
    yield inflater.flush()


def _texts(pieces: Iterator[bytes]) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    for piece in pieces:
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _lines(texts: Iterable[str]) -> Iterator[str]:
    """Split at line feeds; a line keeps its own."""
    rest = ""
    for text in texts:
        *lines, last = (rest + text).split("\n")
        yield from (f"{line}\n" for line in lines)
        rest = last
    if rest:
        yield rest


# ---------------------------------------------------------------- CSV


def read_csv(texts: Iterator[str], config: JSONObject) -> Iterator[JSONValue]:
    """Give a CSV's rows as objects of texts. Observed: missing fields are empty, more fields are dropped.

    Raises:
        ValueError: two columns have one name.
    """
    delimiter = _DELIMITERS[str(config.get("CSVDelimiter", "COMMA"))]
    rows = csv.reader(_lines(texts), delimiter=delimiter)
    given = config.get("CSVHeaders")
    headers = [str(name) for name in given] if isinstance(given, list) else next(rows, [])
    if len(set(headers)) != len(headers):
        raise ValueError("CSV headers cannot contain duplicates.")
    columns = len(headers)
    for row in rows:
        if row:
            row += [""] * (columns - len(row))
            yield dict(zip(headers, row, strict=False))
