"""``step graph``: draw a machine."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from step.cli.inputs import decode
from step.cli.machines import add_definition_argument, load_machine
from step.errors import StepError
from step.machine.files import read_text_file
from step.machine.histories import events_in
from step.view import FORMATS, draw
from step.view.visits import Event

EXAMPLES = (
    "step graph bread --out bread.svg",
    "step run bread --output json > loaf.json; step graph bread --execution loaf.json --out loaf.svg",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    parser.add_argument("--format", choices=FORMATS, default="svg")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write there instead of to stdout")
    parser.add_argument(
        "--execution",
        type=Path,
        metavar="FILE",
        help="lay an execution's path over it: what `step run --output json` printed",
    )


def run(options: argparse.Namespace) -> int:
    machine = load_machine(options)
    history = _read_history(options.execution) if options.execution else None
    picture = draw(machine.definition, history, options.format)
    if options.out:
        options.out.write_text(picture, encoding="utf-8")
        print(f"wrote {options.out}", file=sys.stderr)
    else:
        sys.stdout.write(picture)
    return 0


def _read_history(file: Path) -> Sequence[Event]:
    history = events_in(decode(read_text_file(file), str(file)))
    if history is None:
        raise StepError(f"{file}: expected an object with a history, as `step run --output json` prints it")
    return history
