"""The pages ``docs/commands.md`` and ``docs/reference/exit-statuses.md``: every command, every exit status.

``python -m step.cli.reference [statuses]`` prints them. Knows parsers only.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator

from step.cli.catalog import COMMANDS, GROUPS, exits
from step.cli.main import command_parser
from step.cli.places import PLACE

_HEAD = """# Commands

What `step COMMAND --help` says, on one page: made by `python -m step.cli.reference > docs/commands.md`.

Results go to stdout, everything else (events as they come, progress, problems) to stderr, so that a pipe gets
results alone. `--output json` prints one JSON document. Nothing asks a question.

In a terminal, with the extra `terminal` (rich), `step start --wait`, `step history --follow`,
`step redrive --wait` and durable runs draw one view of the execution: states, times, attempts, what is waited
for. Elsewhere each event is a line.
A command that has said nothing for two seconds tells a terminal that it works, and since when.

Texts are UTF-8, in files, on stdin and on the command line. A word that begins with a dash and looks like no
option (a task's token) is taken as it is; after `--` every word is.

Each command's exit statuses are below. The base wheel lints, draws and runs; what needs more ends with 3 and
one line that says what to install. One status is the same for all: 141, where the reader of stderr has gone
before the command had ended (`2>&1 | head`). Where only stdout's reader has gone, the status is what it would
have been.

## Which AWS is meant

The commands that ask Step Functions, Lambda, S3 or DynamoDB find it like this; the first that is there holds:

1. `--endpoint URL`;
2. `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_SFN` ... or the profile's `endpoint_url`, as boto3 reads them;
3. with `ENV=local`, the running local service: the one that serves the store `.step`;
4. AWS, with the credentials and the region of the environment or of `--profile` and `--region`.

On this machine neither credentials nor a region are needed. `--endpoint`, `--region` and `--profile` aren't
repeated below.
"""

_STATUSES_HEAD = """# Exit statuses and error codes

Every exit status of every command: made by
`python -m step.cli.reference statuses > docs/reference/exit-statuses.md`.

| where a failure is told | as | read |
| --- | --- | --- |
| a command | an exit status, and a line on stderr that says what to do | below |
| a definition | a diagnostic with one of AWS's codes, or of step's own | [lint](../lint.md) |
| an execution | an ASL error name and a cause, in its history | [fidelity](../fidelity.md) |
| the service | AWS's error code and message | [the service](../serve.md) |
| the library | an exception under `StepError` | [library](library.md#errors) |

10, 11, 20 and 21 are the ends of a deploy: a script can tell *nothing has changed* from *look at once*
([the runbook](../runbook.md)).
"""


def page() -> str:
    """Write the page."""
    lines = [_HEAD]
    for group, commands in GROUPS.items():
        lines.append(f"## {group[0].upper()}{group[1:]}\n")
        for name, text in commands.items():
            lines += [f"### step {name}\n", f"{text[0].upper()}{text[1:]}.\n", *_command(name)]
    return "\n".join(lines)


def statuses_page() -> str:
    """Write the page of exit statuses: what each means, and for which commands."""
    meanings: defaultdict[int, defaultdict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for name in COMMANDS:
        for status, text in exits(name).items():
            meanings[status][text].append(name)
    lines = [_STATUSES_HEAD, "| status | means | of |", "| --- | --- | --- |"]
    for status, texts in sorted(meanings.items()):
        for text, names in sorted(texts.items(), key=lambda item: -len(item[1])):
            of = "every command" if len(names) == len(COMMANDS) else ", ".join(f"`{name}`" for name in names)
            lines.append(f"| {status} | {_cell(text)} | {of} |")
    lines.append("| 141 | nobody reads what it says any more (`2>&1 \\| head`) | every command |")
    return "\n".join([*lines, ""])


def _command(name: str) -> Iterator[str]:
    parser = command_parser(name)
    yield "| word | what it says |\n| --- | --- |"
    for group in parser._action_groups:
        for action in group._group_actions if group.title != PLACE else ():
            if action.help is not argparse.SUPPRESS and action.dest != "help":
                yield f"| {_word(action)} | {_cell(_help(action))} |"
    told = "; ".join(f"{status} {text}" for status, text in exits(name).items())
    yield f"\nExit status: {told}.\n"


def _word(action: argparse.Action) -> str:
    metavar = action.metavar
    if metavar is None and action.choices is not None:
        metavar = "{" + ",".join(map(str, action.choices)) + "}"
    if metavar is None:
        metavar = action.dest.upper()
    value = " ".join(metavar) if isinstance(metavar, tuple) else metavar
    if not action.option_strings:
        return f"`{value}`"
    names = ", ".join(f"`{name}`" for name in action.option_strings)
    return names if action.nargs == 0 else names[:-1] + f" {value}`"


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("%%", "%")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    print(statuses_page() if sys.argv[1:] == ["statuses"] else page(), end="")
