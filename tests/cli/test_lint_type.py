"""``step lint --type``: what an Express machine may not have."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from step.cli.main import main

WAITING = {
    "StartAt": "Ask",
    "States": {
        "Ask": {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "https://queue", "MessageBody": {"token.$": "$$.Task.Token"}},
            "End": True,
        }
    },
}


@pytest.mark.parametrize(("type", "status"), [("STANDARD", 0), ("EXPRESS", 1), ("express", 1)])
def test_type_decides_what_a_definition_may_have(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], type: str, status: int
) -> None:
    file = tmp_path / "ask.asl.json"
    file.write_text(json.dumps(WAITING), encoding="utf-8")

    assert main(["lint", str(file), "--type", type]) == status
    assert ("error" in capsys.readouterr().out) == bool(status)
