"""Sequences of calls are played, and what disagrees is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.api_cases import main

ARN = "arn:aws:states:us-east-1:111111111111:activity:<Name_0idx>"


def case(name: str, told: str) -> dict[str, Any]:
    calls = [
        {
            "op": "CreateActivity",
            "params": {"name": "oven"},
            "expected": {
                "activityArn": ARN,
                "creationDate": "<date>",
                "ResponseMetadata": {"HTTPStatusCode": 200},
            },
        },
        {
            "op": "DescribeActivity",
            "params": {"activityArn": {"$result": "0.activityArn"}},
            "expected": {"activityArn": ARN, "creationDate": "<date>", "name": told},
        },
    ]
    return {"id": name, "kind": "api", "recorded": "01-02-2023, 04:05:06", "calls": calls}


def test_agreement_is_counted_and_disagreement_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    group = tmp_path / "activities"
    group.mkdir()
    for name, told in (("right", "<Name_0idx>"), ("wrong", "stove")):
        (group / f"{name}.json").write_text(json.dumps(case(name, told)))

    assert main([str(tmp_path)]) == 1

    out = capsys.readouterr().out
    assert "1 of 2 agree" in out
    assert "wrong\n    1 DescribeActivity /name\n    AWS  stove\n    here oven" in out
