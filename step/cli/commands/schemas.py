"""``step schemas``: the JSON Schema of what each handler takes and gives."""

from __future__ import annotations

import argparse
from pathlib import Path

from step.cli.output import print_json
from step.errors import StepError
from step.machine.files import definition_file, handlers_file, load_handlers
from step.tasks.schemas import input_schema, output_schema

EXAMPLES = ("step schemas bread", "step schemas --handlers lambda/order.py > schemas.json")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "definition",
        nargs="?",
        metavar="DEFINITION",
        help="a definition file, or NAME for states/NAME.asl.json: its handlers are in lambda/NAME.py",
    )
    parser.add_argument("--handlers", type=Path, metavar="FILE", help="the handlers' file")


def run(options: argparse.Namespace) -> int:
    file = options.handlers
    if file is None and options.definition is not None:
        file = handlers_file(definition_file(options.definition), None)
    if file is None:
        raise StepError("no handlers: name a DEFINITION that has them in lambda/NAME.py, or give --handlers")
    handlers = load_handlers(file)
    print_json(
        {
            name: {"input": input_schema(handler), "output": output_schema(handler)}
            for name, handler in handlers.tasks.items()
        }
    )
    return 0
