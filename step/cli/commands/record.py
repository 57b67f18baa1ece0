"""``step record``: keep what AWS did: in executions that ran, or with definitions that it is to run."""

from __future__ import annotations

import argparse
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from step.aws.histories import SECRET, take_histories
from step.aws.recorder import Wanted, record, wanted
from step.aws.step_functions import StepFunctions
from step.cli.places import add_place_arguments, aws_of
from step.clock import now_ms
from step.errors import StepError
from step.machine.report import plain_event

EXAMPLES = (
    "step record --from bread --newest 500 --out histories",
    "step record --from arn:aws:states:eu-west-1:... --status FAILED --redact email --out histories",
    "step record tests/conformance/questions --role arn:aws:iam::123456789012:role/machine --out recorded",
    "step record states --role arn:... --out recorded --tasks --limit 0.50",
)
EXITS = {
    0: "the histories were taken; or every definition was recorded, or said why not",
    2: "wrong use, more than the limit, or nothing could be asked: the message says what to do",
}
# What file names can't hold everywhere; executions' names may hold it.
_NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the files go")
    taken = parser.add_argument_group(
        "histories of executions that ran",
        "For step replay and step coverage. Account numbers are taken out, and members of payloads whose "
        f"names hold one of {', '.join(SECRET)}.",
    )
    taken.add_argument("--from", dest="machine", metavar="MACHINE", help="a machine's name or ARN")
    taken.add_argument(
        "--newest", type=int, default=100, metavar="N", help="at most so many executions (default: 100)"
    )
    taken.add_argument("--status", type=str.upper, metavar="STATUS", help="only executions with this status")
    taken.add_argument(
        "--redact",
        action="append",
        default=[],
        metavar="NAME",
        help="take out members whose names hold this, too (repeatable)",
    )
    run = parser.add_argument_group(
        "definitions that are run",
        "Each is created, run once and deleted; what AWS did becomes a conformance case.",
    )
    run.add_argument(
        "folder",
        nargs="?",
        type=Path,
        metavar="FOLDER",
        help="*.json: definitions, or objects of definition and input",
    )
    run.add_argument("--role", metavar="ARN", help="the role of the machines")
    run.add_argument(
        "--limit", type=float, default=1.0, metavar="USD", help="the most it may cost (default: 1.00)"
    )
    run.add_argument("--tasks", action="store_true", help="run Task states too; their cost isn't counted")
    run.add_argument("--dry-run", action="store_true", help="say what it would cost, and run nothing")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.machine is not None:
        return _take(options)
    if options.folder is None or options.role is None:
        raise StepError("give --from MACHINE, or a FOLDER of definitions and the --role of their machines")
    files = sorted(options.folder.glob("*.json"))
    if not files:
        raise StepError(f"{options.folder}: no *.json in it")
    asked = [wanted(_name(file), _text(file), with_tasks=options.tasks) for file in files]
    runs = [one for one in asked if one.why_not is None]
    cost = sum(one.usd for one in runs)
    transitions = sum(one.transitions for one in runs)
    _say(f"{len(runs)} machines, at most {transitions} transitions: at most ${cost:.4f}")
    for one in asked:
        if one.why_not is not None:
            _say(f"left out: {one.name}: {one.why_not}")
    if cost > options.limit:
        raise StepError(f"${cost:.4f} is more than the limit of ${options.limit:.4f}: give --limit")
    if not options.dry_run:
        _record(options, runs)
    return 0


def _take(options: argparse.Namespace) -> int:
    if options.folder is not None:
        raise StepError("--from takes histories, a FOLDER is run: give one of them")
    options.out.mkdir(parents=True, exist_ok=True)
    taken = take_histories(
        StepFunctions(aws_of(options)),
        options.machine,
        status=options.status,
        newest=options.newest,
        secret=(*SECRET, *options.redact),
    )
    count = 0
    for history in taken:
        count += 1
        file = options.out / f"{_NO_NAME.sub('-', history.name)}.json"
        document = {"status": history.status, "events": [plain_event(event) for event in history.events]}
        file.write_text(json.dumps(document, ensure_ascii=False) + "\n", encoding="utf-8")
    _say(f"{count} histories in {options.out}")
    return 0


def _record(options: argparse.Namespace, runs: list[Wanted]) -> None:
    aws, folder = aws_of(options), options.out / "recorded"
    folder.mkdir(parents=True, exist_ok=True)
    for one in runs:
        case = record(aws, one, options.role, datetime.fromtimestamp(now_ms() / 1000, UTC))
        file = folder / f"{case['id']}.json"
        file.write_text(json.dumps(case, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        expected = case["expected"]
        _say(f"{file}: {expected['status']} {expected.get('error') or ''}".rstrip())


def _name(file: Path) -> str:
    return file.name.removesuffix(".json").removesuffix(".asl")


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise StepError(f"{file}: {fault}") from None


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
