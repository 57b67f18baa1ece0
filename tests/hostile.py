"""Hostile expressions and machines, with the error each ends with; for engine and service."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

_TEXT = {"text": "a" * 40 + "!"}


class Hostile(NamedTuple):
    """``says`` is a part of the cause."""

    name: str
    definition: dict[str, Any]
    input: Any
    error: str
    says: str
    type: Literal["STANDARD", "EXPRESS"]


def _definition(case: dict[str, Any]) -> dict[str, Any]:
    if "machine" in case:
        machine: dict[str, Any] = case["machine"]
        return machine
    if "path" in case:
        state = {"Type": "Pass", "Parameters": {"found.$": case["path"]}, "End": True}
        return {"StartAt": "Only", "States": {"Only": state}}
    state = {"Type": "Pass", "Output": f"{{% {case['jsonata']} %}}", "End": True}
    return {"QueryLanguage": "JSONata", "StartAt": "Only", "States": {"Only": state}}


def _read() -> list[Hostile]:
    cases = json.loads((Path(__file__).parent / "engine" / "hostile.json").read_text(encoding="utf-8"))
    return [
        Hostile(
            case["name"],
            _definition(case),
            case.get("input", _TEXT),
            case["error"],
            case.get("says", ""),
            case.get("type", "STANDARD"),
        )
        for case in cases
    ]


CASES = _read()
