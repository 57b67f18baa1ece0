"""``step schema``: the JSON Schema of definitions, for editors."""

from __future__ import annotations

import argparse

from step.asl.schema import definition_schema
from step.cli.output import print_json

EXAMPLES = ("step schema > asl.schema.json",)
EXITS = {
    0: "the schema is on stdout",
    2: "wrong use: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Nothing can be chosen: one schema has both query languages, and TaskFn."""


def run(options: argparse.Namespace) -> int:
    print_json(definition_schema())
    return 0
