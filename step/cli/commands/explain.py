"""``step explain``: what a machine does, for a reader who has never seen it."""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from step.cli.machines import add_definition_argument, load_machine
from step.machine.histories import read_histories
from step.machine.report import asset
from step.paths.explain import explain
from step.paths.explain_page import explain_page
from step.paths.explain_report import explain_lines
from step.view.summary import Summary

EXAMPLES = (
    "step explain bread",
    "step explain order.asl.json --page order.html --histories histories/",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    parser.add_argument(
        "--histories",
        nargs="+",
        type=Path,
        default=[],
        metavar="HISTORY",
        help="say what time was typical, by these files or folders of recorded executions",
    )
    parser.add_argument("--page", type=Path, metavar="FILE.html", help="write a page, with the graph")


def run(options: argparse.Namespace) -> int:
    machine = load_machine(options)
    explanation = explain(machine.definition)
    measured = _measured(options.histories)
    print("\n".join(explain_lines(explanation, measured)))
    if options.page:
        page = explain_page(explanation, machine.name, css=asset("document.css"), measured=measured)
        options.page.write_text(page, encoding="utf-8")
        print(f"wrote {options.page}", file=sys.stderr)
    return 0


def _measured(places: Iterable[Path]) -> dict[str, list[float]]:
    """Gather how long recorded executions took, by the state that they ended in."""
    found: dict[str, list[float]] = defaultdict(list)
    for recorded in read_histories(places):
        summary = Summary.from_events(recorded.events)
        if summary.status in ("SUCCEEDED", "FAILED") and summary.path:
            found[summary.path[-1]].append(summary.elapsed)
    return found
