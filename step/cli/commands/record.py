"""``step record``: run definitions on AWS within a cost, and write what it did as conformance cases."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from step.aws.recorder import Wanted, record, wanted
from step.cli.places import add_place_arguments, aws_of
from step.clock import now_ms
from step.errors import StepError

EXAMPLES = (
    "step record tests/conformance/questions --role arn:aws:iam::123456789012:role/machine --out recorded",
    "step record states --role arn:... --out recorded --tasks --limit 0.50",
)
EXITS = {
    0: "every definition was recorded, or said why not",
    2: "wrong use, more than the limit, or nothing could be asked: the message says what to do",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="*.json: definitions, or objects of definition and input"
    )
    parser.add_argument("--role", required=True, metavar="ARN", help="the role of the machines")
    parser.add_argument("--out", required=True, type=Path, metavar="FOLDER", help="where the cases go")
    parser.add_argument(
        "--limit", type=float, default=1.0, metavar="USD", help="the most it may cost (default: 1.00)"
    )
    parser.add_argument("--tasks", action="store_true", help="run Task states too; their cost isn't counted")
    parser.add_argument("--dry-run", action="store_true", help="say what it would cost, and run nothing")
    add_place_arguments(parser)


def run(options: argparse.Namespace) -> int:
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
