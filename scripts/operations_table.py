"""Write the table of operations in docs/serve.md anew: botocore's model, the service, and its tests.

python scripts/operations_table.py
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from botocore import xform_name

from step.aws.requests import Operations
from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "docs" / "serve.md"
TABLE = re.compile(r"^\| operation \|.*?(?=^[^|])", re.DOTALL | re.MULTILINE)
# Where an operation may be asked for by a test.
CONTRACT = ROOT / "tests" / "contract" / "test_stepfunctions.py"
OTHERS = sorted((ROOT / "tests" / "local" / "service").glob("test_*.py"))
# What is done otherwise than on AWS.
NOTES = {
    "CreateStateMachine": "tracing and encryption are kept and told, and do nothing",
    "DeleteStateMachine": "at once; executions are stopped and forgotten",
    "DescribeStateMachine": "without `variableReferences`",
    "StartSyncExecution": "at the endpoint itself and at the host prefix `sync-`",
    "TestState": "at the endpoint itself and at the host prefix `sync-`",
}


def table() -> str:
    """Tell of every operation of the model."""
    with tempfile.TemporaryDirectory() as folder:
        service = LocalService.start(Options(store=Path(folder), clock=VirtualClock()))
        answered = service.step_functions.front.operations
        service.close()
    rows = ["| operation | answered | tests | otherwise than on AWS |", "| --- | --- | --- | --- |"]
    for name in sorted(Operations("stepfunctions").names):
        told = "yes" if name in answered else "501"
        rows.append(f"| `{name}` | {told} | {_tests(name)} | {NOTES.get(name, '')} |")
    return "\n".join(rows) + "\n"


def _tests(name: str) -> str:
    """Say which tests ask for an operation: those that hold on AWS too, and the service's own."""
    asked = re.compile(rf"[.\"]{xform_name(name)}\b")
    kinds = []
    if asked.search(CONTRACT.read_text(encoding="utf-8")):
        kinds.append("contract")
    if any(asked.search(file.read_text(encoding="utf-8")) for file in OTHERS):
        kinds.append("service")
    return ", ".join(kinds)


def main() -> int:
    text = FILE.read_text(encoding="utf-8")
    FILE.write_text(TABLE.sub(lambda _found: table(), text, count=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
