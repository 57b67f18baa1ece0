"""``step coverage``: what of a machine recorded executions used."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from step.cli.inputs import percentage
from step.cli.machines import add_definition_argument, add_histories_argument, load_machine
from step.clock import now_ms
from step.errors import StepError
from step.machine.coverage_files import REPORTS, covered_machine, json_report, write_report
from step.machine.files import definition_file
from step.machine.histories import read_histories
from step.paths.coverage import Coverage
from step.paths.coverage_report import table, total_percent

EXAMPLES = (
    "step coverage bread histories/",
    "step coverage order.asl.json histories/ --report html:build/coverage --fail-under 80",
)
EXITS = {
    0: "the histories were read, and cover what --fail-under asks for",
    1: "they cover less than --fail-under asks for",
    2: "wrong use, or a file is no history: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_histories_argument(parser)
    parser.add_argument("--missing", action="store_true", help="list the points that no execution took")
    parser.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORM:PLACE",
        help=f"write a report: {', '.join(REPORTS)}, each with its file or folder (repeatable)",
    )
    parser.add_argument(
        "--fail-under",
        type=percentage,
        default=0.0,
        metavar="PERCENT",
        help="exit with 1 where less is covered",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    wrong = [form for form in options.report if form.partition(":")[0] not in REPORTS]
    if wrong:
        raise StepError(f"--report {wrong[0]}: expected FORM:PLACE with one of {', '.join(REPORTS)}")
    coverage = Coverage(load_machine(options).definition)
    for recorded in read_histories(options.histories):
        coverage.add_events(recorded.events)
    machine = covered_machine(str(definition_file(options.definition)), coverage, Path())
    if options.output == "json":
        sys.stdout.write(json_report([machine]))
    else:
        print("\n".join(table([machine], has_missing=options.missing)))
        for name, count in sorted(coverage.foreign.items()):
            print(f"not in this definition: {name}, which {count} executions entered")
    for form in options.report:
        kind, _, place = form.partition(":")
        print(f"wrote {write_report(kind, place, [machine], Path(), now_ms())}", file=sys.stderr)
    return 0 if total_percent([machine]) >= options.fail_under else 1
