"""How commands print what several of them print.

Knows no machine.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from step.clock import format_timestamp
from step.errors import Diagnostic


def diagnostic_rows(diagnostics: Iterable[Diagnostic], file: str) -> list[dict[str, Any]]:
    """List diagnostics as the objects of ``--output json``."""
    return [
        {
            "file": file,
            "severity": diagnostic.severity,
            "code": diagnostic.code,
            "message": diagnostic.text,
            "location": diagnostic.location,
            "line": diagnostic.line,
        }
        for diagnostic in diagnostics
    ]


def print_diagnostics(
    diagnostics: Iterable[Diagnostic], file: str, *, as_json: bool, to: TextIO | None = None
) -> None:
    """Print diagnostics: as JSON to stdout, or a line each to stderr (or ``to``)."""
    rows = diagnostic_rows(diagnostics, file)
    if as_json:
        print_json(rows)
    else:
        print_rows(rows, to or sys.stderr)


def print_rows(rows: Iterable[Mapping[str, Any]], to: TextIO) -> None:
    """Print a line for each problem."""
    for row in rows:
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        print(
            f"{place}: {row['severity'].lower()}: {row['location'] or '/'}: {row['message']} [{row['code']}]",
            file=to,
        )


def print_json(value: Any) -> None:
    """Print a value as JSON; times as AWS writes them."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_encode))


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need; the heads alone where there are none."""
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        print("  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip())


def _encode(value: object) -> str:
    if isinstance(value, datetime):
        return format_timestamp(round(value.timestamp() * 1000))
    raise TypeError(f"{type(value).__name__} has no place in the output")
