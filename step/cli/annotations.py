"""Diagnostics where people work: SARIF for code scanning, workflow commands for GitHub's pull requests.

Knows no definition; both forms are made of the rows of ``--output json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from step.asl.rules.codes import CODES

Row = Mapping[str, Any]
_HOME = "https://pypi.org/project/slowcode/"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def sarif(rows: Sequence[Row], version: str) -> dict[str, Any]:
    """Write diagnostics as a log of the Static Analysis Results Interchange Format 2.1.0."""
    rules = sorted({row["code"] for row in rows})
    return {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "step lint",
                        "informationUri": _HOME,
                        "version": version,
                        "rules": [_rule(code) for code in rules],
                    }
                },
                "results": [_result(row, rules.index(row["code"])) for row in rows],
            }
        ],
    }


def _rule(name: str) -> dict[str, Any]:
    code = CODES[name]
    return {
        "id": name,
        "shortDescription": {"text": code.meaning},
        "defaultConfiguration": {"level": code.severity.lower()},
    }


def _result(row: Row, rule: int) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": PurePath(row["file"]).as_posix()}}
    if row["line"]:
        physical["region"] = {"startLine": row["line"]}
    return {
        "ruleId": row["code"],
        "ruleIndex": rule,
        "level": row["severity"].lower(),
        "message": {"text": row["message"]},
        "locations": [
            {
                "physicalLocation": physical,
                "logicalLocations": [{"fullyQualifiedName": row["location"] or "/"}],
            }
        ],
    }


def workflow_commands(rows: Iterable[Row]) -> Iterator[str]:
    """Write diagnostics as the commands that put them into a pull request, at their line."""
    for row in rows:
        line = f",line={row['line']}" if row["line"] else ""
        place = f"file={_property(PurePath(row['file']).as_posix())}{line},title={_property(row['code'])}"
        yield f"::{row['severity'].lower()} {place}::{_data(row['location'] or '/')}: {_data(row['message'])}"


def _data(text: str) -> str:
    """Escape a command's text. GitHub: "Workflow commands", as @actions/core does it."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
