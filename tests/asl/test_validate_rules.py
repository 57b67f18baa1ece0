"""The rules of the language as data: one file per rule beside this module, each problem with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step.asl.source import read_source
from step.asl.validate import validate

RULES = Path(__file__).parent / "rules"


def cases(kind: str) -> list[Any]:
    return [
        pytest.param(case, id=f"{file.stem}: {case['name']}")
        for file in sorted(RULES.glob("*.json"))
        for case in json.loads(file.read_text(encoding="utf-8")).get(kind, [])
    ]


def text_of(case: dict[str, Any]) -> str:
    """A case is a whole text, a definition, or the one state A, beside a state B where it is named."""
    if "text" in case:
        return str(case["text"])
    if "definition" in case:
        return json.dumps(case["definition"], indent=1, ensure_ascii=False)
    states = {"A": case["state"]}
    if '"B"' in json.dumps(case["state"]) or case["state"].get("Type") == "Choice":
        states["B"] = {"Type": "Succeed"}
    machine = {"StartAt": "A", "States": states}
    if "language" in case:
        machine["QueryLanguage"] = case["language"]
    return json.dumps(machine, indent=1, ensure_ascii=False)


def check(case: dict[str, Any], severity: str) -> None:
    text = text_of(case)
    found = validate(read_source(text), type=case.get("type", "STANDARD"))
    problems = [problem for problem in found if problem.severity == severity]
    expected = case["problems"]
    assert [(p.code, p.location) for p in problems] == [(e["code"], e["location"]) for e in expected]
    lines = text.split("\n")
    for problem, wanted in zip(problems, expected, strict=True):
        assert wanted["line"] in lines[problem.line - 1]
        assert wanted.get("message", problem.text) == problem.text


@pytest.mark.parametrize("case", cases("accepted"))
def test_accepts(case: dict[str, Any]) -> None:
    assert validate(read_source(text_of(case)), type=case.get("type", "STANDARD")) == []


@pytest.mark.parametrize("case", cases("refused"))
def test_refuses_with_code_place_and_line(case: dict[str, Any]) -> None:
    check(case, "ERROR")


@pytest.mark.parametrize("case", cases("warned"))
def test_warns_as_aws_does(case: dict[str, Any]) -> None:
    check(case, "WARNING")
