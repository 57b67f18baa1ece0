"""Write reports of path coverage as files; find the texts of the definitions that they tell of.

Knows which form a report has by its name; what is in it others write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import quote

from step.asl.source import read_source
from step.errors import StepError
from step.machine.report import asset
from step.paths.coverage import Coverage
from step.paths.coverage_formats import cobertura, lcov
from step.paths.coverage_page import coverage_index, coverage_page
from step.paths.coverage_report import CoveredMachine

# The forms, and where each goes unless a place is given.
REPORTS = {
    "html": "step-coverage",
    "lcov": "step-coverage.lcov",
    "cobertura": "step-coverage.xml",
    "json": "step-coverage.json",
}


def covered_machine(name: str, coverage: Coverage, root: Path) -> CoveredMachine:
    """Join a coverage with its text, if its name is that of a file (from ``root``)."""
    file = root / name
    if not file.is_file():
        return CoveredMachine(name=name, coverage=coverage)
    stem = file.name.removesuffix(".json").removesuffix(".asl")
    return CoveredMachine(name=stem, coverage=coverage, file=name, source=read_source(file.read_bytes()))


def write_report(
    form: str, place: str, machines: Sequence[CoveredMachine], root: Path, timestamp: int
) -> Path:
    """Write a report: "html", "lcov", "cobertura" or "json"; return where it is.

    Args:
        form: The form.
        place: Where it goes, from ``root``; "": the form's usual place.
        machines: What is told.
        root: Where relative places begin.
        timestamp: The time, in milliseconds from 1970.

    Raises:
        StepError: there is no such form.
    """
    if form not in REPORTS:
        raise StepError(f"no form of coverage {form!r}: expected term, term-missing, {', '.join(REPORTS)}")
    target = root / (place or REPORTS[form])
    if form == "html":
        return _write_pages(machines, target)
    writers: dict[str, Callable[[], str]] = {
        "lcov": lambda: lcov(machines),
        "cobertura": lambda: cobertura(machines, timestamp=timestamp),
        "json": lambda: json_report(machines),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(writers[form](), encoding="utf-8")
    return target


def _write_pages(machines: Sequence[CoveredMachine], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    css = asset("document.css")
    files = [f"{number}-{_file_name(machine.name)}.html" for number, machine in enumerate(machines, 1)]
    for machine, file in zip(machines, files, strict=True):
        (folder / file).write_text(coverage_page(machine, css=css), encoding="utf-8")
    index = folder / "index.html"
    index.write_text(coverage_index(machines, [quote(file) for file in files], css=css), encoding="utf-8")
    return index


def _file_name(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)[:80]


def json_report(machines: Sequence[CoveredMachine]) -> str:
    """Write every point of every machine as JSON."""
    told = [
        {
            "name": machine.file or machine.name,
            "executions": machine.coverage.executions,
            "percent": round(machine.coverage.percent, 2),
            "points": [
                {
                    "key": line.coverable.point.key,
                    "text": line.text,
                    "pointer": line.coverable.pointer,
                    "line": line.line,
                    "executions": line.hits,
                    **({"not_possible": line.why_not} if line.why_not else {}),
                }
                for line in machine.lines()
            ],
        }
        for machine in machines
    ]
    return json.dumps({"machines": told}, indent=2, ensure_ascii=False) + "\n"
