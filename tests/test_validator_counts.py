"""The command that counts the validator against recordings."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent / "scripts" / "validator_counts.py"
GOOD = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
BAD = {"StartAt": "A", "States": {}}
STATE = {"Type": "Pass", "Next": "Elsewhere"}
REFUSED = {"error": "InvalidDefinition"}


def api(operation: str, definition: object, expected: dict[str, Any]) -> dict[str, Any]:
    call = {"op": operation, "params": {"definition": json.dumps(definition)}, "expected": expected}
    return {"kind": "api", "calls": [call, {"op": operation, "params": {"definition": "?"}}]}


@pytest.mark.parametrize(
    ("cases", "code", "taken", "refused"),
    [
        (
            [
                {"kind": "execution", "definition": GOOD, "other_machines": [{"definition": GOOD}]},
                {"kind": "execution", "definition": None},
                {"kind": "test_state", "definition": STATE, "expected": {"status": "SUCCEEDED"}},
                {"kind": "create_error", "definition": BAD, "expected": REFUSED},
                {
                    "kind": "create_error",
                    "definition": GOOD,
                    "expected": {"error": "StateMachineAlreadyExists"},
                },
                api("ValidateStateMachineDefinition", BAD, {"result": "FAIL"}),
                api("CreateStateMachine", GOOD, {"stateMachineArn": "arn"}),
            ],
            0,
            "5 of 5",
            "2 of 2",
        ),
        ([{"kind": "execution", "definition": BAD}], 1, "0 of 1", "0 of 0"),
        ([{"kind": "create_error", "definition": GOOD, "expected": REFUSED}], 1, "0 of 0", "0 of 1"),
        ([], 1, "0 of 0", "0 of 0"),
    ],
)
def test_prints_both_counts(cases: list[Any], code: int, taken: str, refused: str, tmp_path: Path) -> None:
    for index, case in enumerate(cases):
        (tmp_path / f"{index}.json").write_text(json.dumps(case))

    command = [sys.executable, str(SCRIPT), str(tmp_path), "--failures"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)

    assert f"taken by AWS: {taken} have no error\n" in finished.stdout
    assert f"refused by AWS: {refused} have an error\n" in finished.stdout
    assert finished.returncode == code, finished.stderr
