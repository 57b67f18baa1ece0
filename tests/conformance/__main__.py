"""Score step on folders of recordings of AWS, and on published facts: python -m tests.conformance FOLDER.

FOLDER is one folder of recordings, or one that holds several with their runner (``run_conformance.py``);
published facts are read from ``../facts/facts.json`` beside the latter. Further arguments go to the runner.
Each folder has a ledger of what can't agree, strict both ways. Exit status 1: a ledger says something else.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.conformance import api_cases, facts, ledger

_LEVELS = ("L1", "L2", "L3", "cause", "api")
Row = dict[str, Any]


def main(argv: list[str], reports: Path = Path("build/conformance")) -> int:
    """Score the folders named by the arguments; answer the process's exit code."""
    if not argv or not Path(argv[0]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    folder, arguments = Path(argv[0]), argv[1:]
    reports.mkdir(parents=True, exist_ok=True)
    scores: dict[str, list[Row]] = {}
    holds_several = (folder / "run_conformance.py").is_file()
    runner = (folder if holds_several else folder.parent) / "run_conformance.py"
    for corpus in _corpora(folder) if holds_several else [folder]:
        print(f"\n== {corpus.name}", flush=True)
        rows = _run(runner, corpus, arguments, reports / f"{corpus.name}.json")
        scores[corpus.name] = rows if arguments else [*rows, *api_cases.score(corpus)]
    published = folder.parent / "facts" / "facts.json"
    if holds_several and published.is_file() and not arguments:
        print("\n== facts", flush=True)
        scores["facts"] = facts.score(json.loads(published.read_text(encoding="utf-8")))
    agree = [ledger.compare(rows, ledger.ledger_of(name)) for name, rows in scores.items()]
    print("\n" + "\n".join(summary(scores)))
    (reports / "scores.json").write_text(json.dumps(scores, indent=1) + "\n", encoding="utf-8")
    return 0 if all(agree) else 1


def summary(scores: dict[str, list[Row]]) -> list[str]:
    """Say in a table how many of each folder's cases agree, by tier."""
    lines = [f"{'':22}" + "".join(f"{level:>12}" for level in _LEVELS)]
    for name, rows in scores.items():
        for tier in sorted({str(row.get("tier", "")) for row in rows}):
            told = [row for row in rows if str(row.get("tier", "")) == tier]
            title = f"{name} tier {tier}" if tier else name
            lines.append(f"{title:22}" + "".join(f"{_fraction(told, level):>12}" for level in _LEVELS))
    return lines


def _fraction(rows: Iterable[Row], level: str) -> str:
    told = [bool(row["verdict"].get(level)) for row in rows if row["applies"].get(level)]
    return f"{sum(told)}/{len(told)}" if told else "-"


def _corpora(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if next(path.glob("*/*.json"), None))


def _run(runner: Path, corpus: Path, arguments: list[str], report: Path) -> list[Row]:
    command = [sys.executable, str(runner), "--corpus", str(corpus), "--jobs", "2", "--report", str(report)]
    command += ["--adapter", "tests.conformance.adapter:run", "--max-seconds", "100000000", *arguments]
    subprocess.run(command, check=True)
    rows: list[Row] = json.loads(report.read_text(encoding="utf-8"))["cases"]
    return rows


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
