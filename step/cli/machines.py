"""The arguments that name a machine, shared by the commands.

Knows nothing of running.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

from step.errors import StepError
from step.machine import StateMachine
from step.machine.files import definition_file


def add_definition_argument(
    parser: argparse.ArgumentParser, *, default: str | None = None, are_many: bool = False
) -> None:
    """Add the argument that names a definition; ``default`` says which one it is where none is named."""
    parser.add_argument(
        "definition",
        nargs="+" if are_many else None if default is None else "?",
        help="a definition file, NAME for states/NAME.asl.json, or a project: a SAM or CloudFormation "
        "template, a cdk.out, Terraform's; with #MACHINE behind it where it has several"
        + ("" if default is None else f" (default: {default})"),
        metavar="DEFINITION",
    )
    add_value_arguments(parser)


def add_value_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that give what a definition or a template leaves open."""
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=TEXT",
        help="put TEXT where the definition has ${NAME} (repeatable)",
    )
    _add_parameter_argument(parser)


def add_histories_argument(parser: argparse.ArgumentParser) -> None:
    """Add the argument that names recorded executions."""
    parser.add_argument(
        "histories",
        nargs="+",
        type=Path,
        metavar="HISTORY",
        help="files of GetExecutionHistory or `step run --output json`, or folders of these",
    )


def add_project_argument(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a project."""
    parser.add_argument(
        "project",
        nargs="?",
        default=".",
        metavar="PROJECT",
        help="a SAM or CloudFormation template, a cdk.out, or a folder with one (default: this folder)",
    )
    _add_parameter_argument(parser)


def _add_parameter_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--parameter",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="the value of a template's parameter or of Terraform's variable (repeatable)",
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
    return _pairs("--set", options.set, "NAME=TEXT")


def parameters(options: argparse.Namespace) -> dict[str, str]:
    """Read the ``--parameter`` arguments.

    Raises:
        StepError: one isn't NAME=VALUE.
    """
    return _pairs("--parameter", options.parameter, "NAME=VALUE")


def _pairs(option: str, texts: list[str], expected: str) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    wrong = [name for name, equals, _ in pairs if not (name and equals)]
    if wrong:
        raise StepError(f"{option} {wrong[0]}: expected {expected}")
    return {name: text for name, _, text in pairs}


def load_machine(options: argparse.Namespace) -> StateMachine:
    """Read the machine that the options name; what couldn't be known of its project goes to stderr."""
    machine = StateMachine.from_file(
        definition_file(options.definition),
        substitutions=substitutions(options),
        parameters=parameters(options),
    )
    print_notes(machine.notes)
    return machine


def print_notes(notes: Iterable[str]) -> None:
    for note in notes:
        print(f"note: {note}", file=sys.stderr)
