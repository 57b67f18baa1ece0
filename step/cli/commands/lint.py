"""``step lint``: every problem of a definition, and advice."""

from __future__ import annotations

import argparse
import sys

from step.cli.machines import add_definition_argument, add_handlers_argument, substitutions
from step.cli.output import print_diagnostics
from step.machine.advice import lint
from step.machine.files import definition_file, handlers_file, load_handlers

EXAMPLES = (
    "step lint bread",
    "step lint order.asl.json --set TableName=orders --output json",
)
EXITS = {
    0: "AWS would accept it; there may be advice",
    1: "AWS would refuse it",
    2: "wrong use: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_handlers_argument(parser)
    parser.add_argument(
        "--type",
        type=str.upper,
        choices=("STANDARD", "EXPRESS"),
        default="STANDARD",
        help="what the machine is to be: an Express one may not have everything (default: STANDARD)",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    file = definition_file(options.definition)
    handlers = handlers_file(file, options.handlers)
    loaded = load_handlers(handlers) if handlers else None
    diagnostics = lint(file.read_bytes(), loaded, substitutions(options), options.type)
    print_diagnostics(diagnostics, str(file), as_json=options.output == "json", to=sys.stdout)
    return 1 if any(diagnostic.severity == "ERROR" for diagnostic in diagnostics) else 0
