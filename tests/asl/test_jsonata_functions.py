"""Each function and operator of JSONata, and each way it has of refusing: data, with a second opinion."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonata
import pytest

from step.asl.jsonata.evaluation import clean, compile_text
from step.asl.jsonata.values import UNDEFINED, JsonataFault

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parent / "jsonata_functions.json").read_text(encoding="utf-8")
)
INPUT: dict[str, Any] = DOCUMENT["input"]
CASES: list[tuple[str, dict[str, Any]]] = [(text, expected) for text, expected in DOCUMENT["cases"]]
# Where the library differs: AWS has no $eval; the others are JSONata's own results (documentation: "$number",
# "$formatNumber"; a sort is stable; JavaScript writes integers below 1e21 in full).
LIBRARY_DIFFERS = {
    '$eval("1 + 2 * 3")',
    '$number("0b101")',
    '$number("0o17")',
    '$formatNumber(34.555, "#0.00;(#0.00)")',
    "$sort(loaves, function($l, $r) { $l.kg < $r.kg }).id",
    "$string(100000000000000000000)",
}


def on_input(text: str) -> str:
    return f"$states.input.({text}\n)"


def evaluate(text: str) -> dict[str, Any]:
    scope = SimpleNamespace(variables={}, context={}, now=0, random=random.Random(0))
    try:
        value = compile_text(on_input(text), "value").run(INPUT, None, scope)
    except JsonataFault as fault:
        return {"error": fault.args[0]}
    return {} if value is UNDEFINED else {"value": clean(value)}


def by_library(text: str) -> dict[str, Any]:
    try:
        expression = jsonata.Jsonata(on_input(text))
        expression.set_validate_input(False)
        expression.assign("states", {"input": INPUT})
        return {"value": expression.evaluate({})}
    except Exception:
        return {"error": ...}


@pytest.mark.parametrize(("text", "expected"), CASES, ids=[text for text, _ in CASES])
def test_expression_gives(text: str, expected: dict[str, Any]) -> None:
    found = evaluate(text)

    assert json.dumps(found, sort_keys=True) == json.dumps(expected, sort_keys=True)


def test_a_library_says_the_same() -> None:
    differing = set()
    for text, expected in CASES:
        found = by_library(text)
        if "error" in expected or "error" in found:
            same = "error" in expected and "error" in found
        else:
            same = found["value"] == expected.get("value")
        if not same:
            differing.add(text)

    assert differing == LIBRARY_DIFFERS
