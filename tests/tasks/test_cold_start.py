"""What a Lambda loads before its first call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import json, sys
bare = set(sys.modules)
sys.path.insert(0, sys.argv[1])
import {module}
loaded = set(sys.modules) - bare
print(json.dumps(sorted(loaded)))
"""
OURS = {
    "step",
    "step.clock",
    "step.errors",
    "step.jsonvalue",
    "step.tasks",
    "step.tasks.context",
    "step.tasks.decoding",
    "step.tasks.encoding",
    "step.tasks.errors",
    "step.tasks.handler",
    "step.tasks.handlers",
    "step.tasks.readers",
}
HEAVY = {"asyncio", "boto3", "botocore", "pydantic", "msgspec", "logging", "difflib", "aws_lambda_powertools"}


@pytest.mark.parametrize("module", ["hello", "bread"])
def test_handler_file_loads_the_tasks_library_and_nothing_else_of_step(module: str) -> None:
    command = [sys.executable, "-c", SCRIPT.format(module=module), str(ROOT / "lambda")]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    loaded = set(json.loads(done.stdout))
    assert {name for name in loaded if name.split(".")[0] == "step"} == OURS
    assert loaded & HEAVY == set()
