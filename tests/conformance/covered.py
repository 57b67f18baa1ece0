"""Compare path coverage from AWS's histories with ours: python -m tests.conformance.covered FOLDER...

A folder holds recordings (see ``make conformance``); its runner, beside it, gives the stubs of each case.
Where both histories tell the same path, the same points must be found in both. Exit status 1: they aren't.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from step.asl import taskfn
from step.asl.parse import parse
from step.errors import StepError
from step.paths.coverage import Coverage
from step.paths.points import Point

Case = dict[str, Any]


def main(folders: list[str]) -> int:
    """Compare all cases with a history; print how many, and those that differ."""
    if not folders:
        print(__doc__, file=sys.stderr)
        return 2
    counts: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for case in _cases(folders):
        aws = _covered(case, case["expected"]["history"])
        ours = _ours(case)
        if ours is None or _path(ours) != _path(case["expected"]["history"]):
            counts["another path, or not run here"] += 1
            continue
        found = _covered(case, ours)
        counts["the same points" if found == aws else "other points"] += 1
        kinds.update(point.kind for point in aws)
        if found != aws:
            print(case["id"], sorted(point.key for point in found ^ aws))
    print(dict(counts), dict(kinds))
    return 1 if counts["other points"] else 0


def _cases(folders: list[str]) -> Iterator[Case]:
    for folder in folders:
        sys.path.insert(0, str(Path(folder).resolve().parent))
        for file in sorted(Path(folder).rglob("*.json")):
            case = json.loads(file.read_text(encoding="utf-8"))
            history = case["expected"].get("history") if case.get("kind") == "execution" else None
            # Where branches ran beside each other some recordings have lost the ids.
            if history and all(isinstance(event["id"], int) for event in history):
                yield case


def _covered(case: Case, events: list[dict[str, Any]]) -> set[Point]:
    definition = case["definition"]
    document = json.loads(definition) if isinstance(definition, str) else definition
    coverage = Coverage(parse(taskfn.expand(document)))
    coverage.add_events(events)
    # The recordings have lost the times, by which a missed heartbeat is told from a timeout.
    taken = (point for point, hits in coverage.hits.items() if hits)
    return {point._replace(kind="timeout") if point.kind == "heartbeat" else point for point in taken}


def _ours(case: Case) -> list[dict[str, Any]] | None:
    from run_conformance import NotSupported, lambda_stub

    from tests.conformance.adapter import run

    stubs = {arn: lambda_stub(d, {}) for arn, d in case["resources"].items() if d.get("kind") == "lambda"}
    try:
        told = run(case["definition"], case["input"], stubs, case=case)
    except (NotSupported, StepError):
        return None
    history: list[dict[str, Any]] | None = told.get("history")
    return history


def _path(events: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return sorted((e["type"], str(e.get("stateEnteredEventDetails", {}).get("name"))) for e in events)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
