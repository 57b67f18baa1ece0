"""The command ``step``: reads the words of a command line and calls one command.

Knows no definition and no handler, and loads the one command that is called.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from types import ModuleType
from typing import Any, NoReturn

from step.cli import streams
from step.cli.catalog import (
    COMMANDS,
    GROUPS,
    INTERRUPTED,
    LIVE,
    MISSING_EXTRA,
    NOBODY_HEARS,
    WRONG_USE,
    check_extra,
    exits,
    load,
    missing_extra,
)
from step.errors import DefinitionError, MissingExtra, StepError

_OPTION_LIKE = re.compile(r"--?[a-z][a-z-]*(=.*)?", re.DOTALL)
_ABOUT = "Slow code that can be trusted: AWS Step Functions in Python."


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """End with one line, as every other wrong use does."""
        self.exit(WRONG_USE, f"{self.prog}: {message} (see `{self.prog} --help`)\n")

    def _parse_optional(self, arg_string: str) -> Any:
        """Take a word for what it looks like: a task's token, a cause, may begin with a dash too."""
        name = arg_string.partition("=")[0]
        if name not in self._option_string_actions and not _OPTION_LIKE.fullmatch(arg_string):
            return None
        return super()._parse_optional(arg_string)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    streams.settle()
    words = sys.argv[1:] if argv is None else list(argv)
    said = f"{program()} {words[0]}" if words and words[0] in COMMANDS else program()
    try:
        try:
            return _command(words)
        finally:
            streams.flush()
    except BrokenPipeError:
        # Nobody hears any more how it goes on.
        return NOBODY_HEARS
    except OSError as error:
        print(f"{said}: what it has to say can't be written: {error.strerror}", file=sys.stderr)
        return WRONG_USE


def _command(words: Sequence[str]) -> int:
    if not words or words[0].startswith("-"):
        return _top(words)
    name, *rest = words
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f" (did you mean {near[0]!r}?)" if near else ""
        print(f"{program()}: no command {name!r}{hint}; `{program()} --help` lists them", file=sys.stderr)
        return WRONG_USE
    return _run(name, rest)


def program() -> str:
    """Name the command as it was called: ``slowcode`` where ``step`` is another tool's."""
    return "slowcode" if "slowcode" in os.path.basename(sys.argv[0]) else "step"


def command_parser(name: str) -> argparse.ArgumentParser:
    """Build the parser of one command."""
    module, text = load(name), COMMANDS[name]
    parser = _Parser(
        prog=f"{program()} {name}",
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=_epilog(name, module),
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    parser.set_defaults(run=module.run, program=program())
    return parser


def _top(words: Sequence[str]) -> int:
    top = _Parser(
        prog=program(),
        usage=f"{program()} COMMAND ...",
        description=_ABOUT,
        epilog=_listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="store_true", help="print the version and end")
    if top.parse_args(words).version:
        from step.cli.shipped import installed_version

        print(f"{program()} {installed_version()}")
        return 0
    top.print_help(sys.stderr)
    return WRONG_USE


def _run(name: str, words: Sequence[str]) -> int:
    from step.cli.waiting import shown_while_waiting

    said = f"{program()} {name}"
    try:
        options = command_parser(name).parse_args(words)
        _check_text(options)
        check_extra(name)
        with nullcontext() if name in LIVE else shown_while_waiting(said):
            status: int = options.run(options)
    except KeyboardInterrupt:
        print(f"{said}: {exits(name).get(INTERRUPTED, 'interrupted')}", file=sys.stderr)
        return INTERRUPTED
    except DefinitionError as error:
        from step.cli.output import print_diagnostics

        as_json = getattr(options, "output", "") == "json"
        print_diagnostics(error.diagnostics, error.file or "definition", as_json=as_json)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except ModuleNotFoundError as error:
        missing = missing_extra(name, error.name)
        if missing is None:
            raise
        print(f"{said}: {missing}", file=sys.stderr)
        return MISSING_EXTRA
    except MissingExtra as error:
        print(f"{said}: {error}", file=sys.stderr)
        return MISSING_EXTRA
    except (StepError, OSError, TypeError) as error:
        print(f"{said}: {_message(error)}", file=sys.stderr)
        return WRONG_USE
    return status


def _check_text(options: argparse.Namespace) -> None:
    """See that what isn't a file's name is text: the system hands over any bytes.

    Raises:
        StepError: the first that isn't.
    """
    from step.cli.inputs import is_unicode

    for name, value in vars(options).items():
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str) and not is_unicode(text):
                shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
                raise StepError(f"{name} {shown}: not UTF-8 text")


def _listing() -> str:
    width = max(map(len, COMMANDS)) + 2
    lines = []
    for group, commands in GROUPS.items():
        lines.append(f"{group}:")
        lines += [f"  {name:<{width}}{text}" for name, text in commands.items()]
        lines.append("")
    return "\n".join([*lines, f"{program()} COMMAND --help says more about one of them."])


def _epilog(name: str, module: ModuleType) -> str:
    examples = getattr(module, "EXAMPLES", ())
    lines = ["examples:", *(f"  {_called(example)}" for example in examples), ""] if examples else []
    lines += ["exit status:", *(f"  {status:<4} {text}" for status, text in exits(name).items())]
    return "\n".join(lines)


def _called(example: str) -> str:
    return re.sub(r"(^|; |\$\()step ", rf"\1{program()} ", example)


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


if __name__ == "__main__":
    sys.exit(main())
