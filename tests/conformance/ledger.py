"""Hold the report of the runner against the ledger: python -m tests.conformance.ledger REPORT.

Strict both ways: a case that fails and isn't in the ledger is a problem, and so is a case in the ledger that
passes, or that fails at another level than the ledger says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LEDGER = Path(__file__).with_name("ledger.json")
# In the order in which they build on each other; a case's level is the first that it fails.
_LEVELS = ("L1", "L2", "L3", "cause")


def main(report: Path) -> int:
    """Print what doesn't agree with the ledger; answer the process's exit code."""
    cases = json.loads(report.read_text(encoding="utf-8"))["cases"]
    entries = json.loads(LEDGER.read_text(encoding="utf-8"))
    found = problems(cases, {entry["case"]: entry["level"] for entry in entries})
    ran = {case["id"] for case in cases}
    excused = [entry for entry in entries if entry["case"] in ran]
    print(f"\nledger: {len(excused)} of these {len(cases)} cases can't pass")
    for entry in excused:
        print(f"  {entry['level']}  {entry['case']}\n      {entry['reason']}")
    for problem in found:
        print(f"ledger: {problem}", file=sys.stderr)
    return 1 if found else 0


def problems(cases: list[dict[str, Any]], ledger: dict[str, str]) -> list[str]:
    """List what a report and a ledger (case -> level) say differently; cases that didn't run say nothing."""
    told = []
    for case in cases:
        name, fails, known = case["id"], failing_level(case), ledger.get(case["id"])
        if fails == known:
            continue
        if known is None:
            told.append(f"{name} fails at {fails} and has no entry: fix it, or add it with its reason")
        elif fails is None:
            told.append(f"{name} passes: remove its entry ({known})")
        else:
            told.append(f"{name} fails at {fails}, its entry says {known}")
    return told


def failing_level(case: dict[str, Any]) -> str | None:
    """Say which level a case of the report fails first; None: it passes all that it says something about."""
    applies, verdict = case["applies"], case["verdict"]
    return next((level for level in _LEVELS if applies.get(level) and not verdict.get(level)), None)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
