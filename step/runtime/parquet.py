"""Read the rows of a Parquet file as JSON objects, a few at a time.

Knows no store and no clock: bytes in, rows out. pyarrow is imported when a file is read.
AWS: Step Functions developer guide, "ItemReader". How dates, decimals and bytes are written isn't published:
ISO texts, numbers where nothing is lost and else texts, UTF-8 texts or base64; what is no number is null.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from tempfile import SpooledTemporaryFile
from typing import Any

from step.errors import MissingExtra
from step.jsonvalue import JSONValue

_MEMORY_BYTES = 8 * 1024 * 1024
_ROWS = 1024


def read_rows(pieces: Iterator[bytes]) -> Iterator[JSONValue]:
    """Give a file's rows, in their order.

    The end of the file says where its rows are: what is larger than a few megabytes waits on disk meanwhile.

    Raises:
        MissingExtra: pyarrow isn't installed.
        ValueError: it is no Parquet file.
    """
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtra("parquet", "reading Parquet", "pyarrow") from error
    with SpooledTemporaryFile(_MEMORY_BYTES) as file:
        for piece in pieces:
            file.write(piece)
        file.seek(0)
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=_ROWS):
            for row in batch.to_pylist():
                yield {name: _to_json(value) for name, value in row.items()}


def _to_json(value: Any) -> JSONValue:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if value == value and abs(value) != float("inf") else None
        case dict():
            return {str(name): _to_json(item) for name, item in value.items()}
        case list():
            return [_to_json(item) for item in value]
        case tuple():
            # A map's entries are pairs.
            return [_to_json(item) for item in value]
        case datetime() | date() | time():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return int(value) if value == value.to_integral_value() else _number(value)
        case bytes():
            return _text(value)
    return str(value)


def _number(value: Decimal) -> JSONValue:
    number = float(value)
    return number if Decimal(repr(number)) == value else str(value)


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return b64encode(data).decode()
