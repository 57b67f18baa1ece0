"""Every command in one table: what ``step --help`` prints without loading any of them.

A command NAME lives in ``step/cli/commands/NAME.py``, which has ``add_arguments(parser)`` and
``run(options)``; perhaps ``EXAMPLES``, command lines for its help, and ``EXITS``: what its statuses mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from step.errors import MissingExtra

GROUPS: Mapping[str, Mapping[str, str]] = {
    "begin": {
        "demo": "bake the bread, here and in virtual time: events, timeline, every path, and a page",
        "init": "make a project: definition, handlers, tests, proof, infrastructure, CI",
    },
    "write and try": {
        "lint": "list every problem of a definition, and advice; exit status 1 where AWS would refuse it",
        "json": "print the definition that AWS accepts: every TaskFn as a Task",
        "schema": "print the JSON Schema of definitions, for completion and hover in editors",
        "graph": "draw the machine as SVG, Graphviz dot or Mermaid",
        "explore": "walk every path: all errors, timeouts, answers; exit status 1 where one is wrong",
        "coverage": "say what of a machine recorded executions used: states, rules, retries, catchers",
        "policy": "print the least policy of a machine's role, as JSON or for Terraform",
        "schemas": "print the JSON Schema of what each handler takes and gives",
        "explain": "tell what a machine does: ends, ways, time, cost, errors, in words and as a page",
        "diff": "say what changed between two definitions: states, data, ways, ends, running executions",
        "replay": "replay recorded executions on a new definition and new handlers: where each would part",
        "run": "run the machine with its Python handlers; exit status 1 where the execution failed",
    },
    "functions": {
        "package": "pack the functions in lambda/: handler, the part of step it imports, locked dependencies",
    },
    "AWS on this machine": {
        "serve": "serve Step Functions, Lambda, S3, DynamoDB and more to boto3, the AWS CLI and Terraform",
        "up": "bring a project up on the running service: functions, machines, and what is around them",
        "down": "delete what `step up` made",
        "backup": "copy a store while it is served: executions, functions, everything",
        "clean": "delete the executions that ended long ago, and make the store smaller",
    },
    "deploys, through the deployer": {
        "deploy": "bring new code and a new definition to a project; all of it or nothing",
        "plan": "print what a deploy would change: states, code, configuration",
        "rollback": "go back to an earlier version of a machine, with the code that it calls",
        "releases": "list releases, the newest first, and what became of them",
        "lock": "keep everybody's deploys of a target away, until it is given back",
        "unlock": "give back a lock that a person took",
        "halt": "let no deploy of a target change anything more, and the running one go back",
        "recover": "clean up after a deploy that was stopped, as the next deploy would",
        "prune": "delete old versions of a machine, and the code that only they call",
        "bootstrap": "deploy the deployer without itself: its first release, or its repair",
    },
    "executions, on the local service or AWS": {
        "executions": "list executions, the newest first",
        "start": "start an execution",
        "history": "show what happened in an execution, or follow it to its end",
        "stop": "abort a running execution",
        "redrive": "go on with an execution that failed, from where it failed",
        "send": "answer the task that waits for a token",
        "record": "take histories of executions, scrubbed; or run definitions, as conformance cases",
        "view": "look into executions with a browser: graph, data, timeline, every event",
    },
}
COMMANDS: Mapping[str, str] = {name: text for group in GROUPS.values() for name, text in group.items()}
# The packages that an extra brings, by the names they are imported by.
EXTRAS: Mapping[str, tuple[str, ...]] = {
    "aws": ("boto3",),
    "deploy": ("boto3", "packaging"),
    "projects": ("yaml", "hcl2"),
    "local": ("boto3", "moto", "flask", "flask_cors", "httptools", "awslambdaric"),
}
# What the commands of a group can't do without, beyond the base wheel: an extra, and what they use of it.
_NEEDED: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "functions": ("deploy", ("packaging",)),
    "AWS on this machine": ("local", EXTRAS["local"]),
    "deploys, through the deployer": ("deploy", ("boto3",)),
    "executions, on the local service or AWS": ("aws", ("boto3",)),
}
_NOTHING: tuple[None, tuple[str, ...]] = (None, ())
# What comes with another package.
_COMES_WITH = {"botocore": "boto3", "werkzeug": "moto"}
# Those that say all the time what goes on, or wait for somebody.
LIVE = frozenset({"history", "redrive", "run", "serve", "start", "view"})
WRONG_USE = 2
MISSING_EXTRA = 3
INTERRUPTED = 130
# As after the signal SIGPIPE, which ends other programs.
NOBODY_HEARS = 141
# What exit statuses mean where a command doesn't say more.
EXITS: Mapping[int, str] = {
    0: "success",
    1: "the answer is no: an execution failed, a definition has errors",
    WRONG_USE: "wrong use, or nothing could be asked: the message says what to do",
    INTERRUPTED: "interrupted with Ctrl-C",
}


def load(name: str) -> ModuleType:
    """Import a command's module."""
    return import_module(f"step.cli.commands.{name}")


def exits(name: str) -> Mapping[int, str]:
    """Say what a command's exit statuses mean."""
    told: Mapping[int, str] = getattr(load(name), "EXITS", EXITS)
    missing = "a part of step isn't installed: the message names the extra that brings it"
    return dict(sorted({**told, MISSING_EXTRA: missing}.items()))


def extra_of(name: str) -> str | None:
    """Name the extra that a command can't do without; None: the base wheel has it all."""
    return _needed(name)[0]


def check_extra(name: str) -> None:
    """See that what a command always needs is installed, before it has begun anything.

    Raises:
        MissingExtra: it isn't.
    """
    extra, packages = _needed(name)
    for package in packages:
        if find_spec(package) is None:
            raise _missing(extra, package)


def missing_extra(name: str, module: str | None) -> MissingExtra | None:
    """Say which extra would have brought a module that isn't there; None: none of them."""
    root = (module or "").partition(".")[0]
    package = _COMES_WITH.get(root, root)
    extras = [extra for extra, packages in EXTRAS.items() if package in packages]
    own = extra_of(name)
    return _missing(own if own in extras else extras[0], package) if extras else None


def _needed(name: str) -> tuple[str | None, tuple[str, ...]]:
    if name == "view":
        # It serves its pages as the local service does.
        return "local", ("boto3", "httptools")
    return next(_NEEDED.get(group, _NOTHING) for group, commands in GROUPS.items() if name in commands)


def _missing(extra: str | None, package: str) -> MissingExtra:
    return MissingExtra(str(extra), "this command", package)
