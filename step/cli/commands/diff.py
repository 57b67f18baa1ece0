"""``step diff``: what changed from one definition to another."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

from step.cli.machines import add_value_arguments, parameters, substitutions
from step.cli.output import print_json
from step.machine import StateMachine
from step.machine.files import definition_file
from step.paths.diff import diff
from step.paths.diff_picture import diff_picture
from step.paths.diff_report import markdown, text_lines

EXAMPLES = (
    "step diff <(git show main:states/order.asl.json) order",
    "step diff old.asl.json new.asl.json --output markdown --picture changes.svg",
)
EXITS = {
    0: "the two do the same, whatever their comments say",
    1: "something changed",
    2: "wrong use, or one of the two is no definition: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    for name, text in (("old", "what it was"), ("new", "what it is to be")):
        parser.add_argument(name, metavar=name.upper(), help=f"{text}: a definition file, NAME, or a project")
    add_value_arguments(parser)
    parser.add_argument("--picture", type=Path, metavar="FILE.svg", help="draw both in one picture")
    parser.add_argument("--output", choices=("text", "markdown", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    old, new = (_machine(name, options) for name in (options.old, options.new))
    found = diff(old.definition, new.definition)
    match options.output:
        case "json":
            print_json({**asdict(found), "is_empty": found.is_empty})
        case "markdown":
            sys.stdout.write(markdown(found, f"What changes in {new.name}"))
        case _:
            print("\n".join(text_lines(found)))
    if options.picture:
        options.picture.write_text(diff_picture(old.definition, new.definition), encoding="utf-8")
        print(f"wrote {options.picture}", file=sys.stderr)
    return 0 if found.is_empty else 1


def _machine(name: str, options: argparse.Namespace) -> StateMachine:
    return StateMachine.from_file(
        definition_file(name), substitutions=substitutions(options), parameters=parameters(options)
    )
