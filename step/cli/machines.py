"""The arguments that name a machine, shared by the commands.

Knows nothing of running.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from step.errors import StepError
from step.machine import StateMachine
from step.machine.files import definition_file


def add_definition_argument(parser: argparse.ArgumentParser, *, default: str | None = None) -> None:
    """Add the argument that names a definition; ``default`` says which one it is where none is named."""
    parser.add_argument(
        "definition",
        nargs=None if default is None else "?",
        help="a definition file, or NAME for states/NAME.asl.json"
        + ("" if default is None else f" (default: {default})"),
        metavar="DEFINITION",
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="put TEXT where the definition has ${NAME} (repeatable)",
    )


def add_handlers_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--handlers",
        type=Path,
        help="the handlers' file (default: lambda/NAME.py beside states/NAME.asl.json)",
    )


def substitutions(options: argparse.Namespace) -> dict[str, str]:
    """Read the ``--set`` arguments.

    Raises:
        StepError: one isn't NAME=TEXT.
    """
    pairs = [text.partition("=") for text in options.set]
    wrong = [name for name, equals, _ in pairs if not (name and equals)]
    if wrong:
        raise StepError(f"--set {wrong[0]}: expected NAME=TEXT")
    return {name: text for name, _, text in pairs}


def load_machine(options: argparse.Namespace) -> StateMachine:
    """Read the machine that the options name."""
    return StateMachine.from_file(definition_file(options.definition), substitutions=substitutions(options))
