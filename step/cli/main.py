"""The command ``step``: reads the words of a command line and calls one command.

Knows no definition and no handler. Exit status: 0 success, 1 the answer is no (an execution failed, a
definition has errors), 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from step.cli.commands import graph, json, lint, run
from step.cli.output import print_diagnostics
from step.errors import DefinitionError, StepError

COMMANDS = {"json": json, "lint": lint, "graph": graph, "run": run}
WRONG_USE = 2


def parser() -> argparse.ArgumentParser:
    """Build the parser of the whole command line."""
    top = argparse.ArgumentParser(
        prog="step", description="Slow code that can be trusted: AWS Step Functions in Python."
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, module in COMMANDS.items():
        sub = commands.add_parser(name, help=module.HELP, description=module.HELP)
        module.add_arguments(sub)
        sub.set_defaults(run=module.run)
    return top


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    options = parser().parse_args(argv)
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except DefinitionError as error:
        print_diagnostics(
            error.diagnostics, error.file or "", as_json=getattr(options, "output", "") == "json"
        )
        return WRONG_USE
    except (StepError, OSError, TypeError) as error:
        print(f"step {options.command}: {_message(error)}", file=sys.stderr)
        return WRONG_USE
    except BrokenPipeError:
        # The reader of a pipe has what it wanted.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
