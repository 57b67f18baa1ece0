"""The ledgers of what can't agree with AWS, one for each folder of recordings, and how they are held.

Strict both ways: a case that fails and isn't in the ledger is a problem, and so is a case in the ledger that
passes, or that fails at another level than the ledger says.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

LEDGERS = Path(__file__).with_name("ledgers")
# In the order in which they build on each other; a case's level is the first that it fails.
LEVELS = ("L1", "L2", "L3", "cause", "api")


def ledger_of(folder: str) -> list[dict[str, str]]:
    """Read the ledger of a folder of recordings; one that nobody has seen yet has none."""
    file = LEDGERS / f"{folder}.json"
    entries: list[dict[str, str]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    return entries


def compare(cases: list[dict[str, Any]], entries: list[dict[str, str]]) -> bool:
    """Print what of a ledger applies to these cases and where they differ; say whether they agree."""
    found = problems(cases, {entry["case"]: entry["level"] for entry in entries})
    ran = {case["id"] for case in cases}
    excused = [entry for entry in entries if entry["case"] in ran]
    print(f"\nledger: {len(excused)} of these {len(cases)} cases can't pass")
    for entry in excused:
        print(f"  {entry['level']}  {entry['case']}\n      {entry['reason']}")
    for problem in found:
        print(f"ledger: {problem}", file=sys.stderr, flush=True)
    return not found


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
    return next((level for level in LEVELS if applies.get(level) and not verdict.get(level)), None)
