"""Every command in one table: what ``step --help`` prints without loading any of them.

A command NAME lives in ``step/cli/commands/NAME.py``, which has ``add_arguments(parser)`` and
``run(options)``; perhaps ``EXAMPLES``, command lines for its help, and ``EXITS``: what its statuses mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import ModuleType

GROUPS: Mapping[str, Mapping[str, str]] = {
    "write and try": {
        "lint": "list every problem of a definition, and advice; exit status 1 where AWS would refuse it",
        "json": "print the definition that AWS accepts: every TaskFn as a Task",
        "graph": "draw the machine as SVG, Graphviz dot or Mermaid",
        "run": "run the machine with its Python handlers; exit status 1 where the execution failed",
    },
    "functions": {
        "package": "pack the functions in lambda/: handler, the part of step it imports, locked dependencies",
    },
    "AWS on this machine": {
        "serve": "serve Step Functions, Lambda, S3, DynamoDB and more to boto3, the AWS CLI and Terraform",
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
        "view": "look into executions with a browser: graph, data, timeline, every event",
    },
}
COMMANDS: Mapping[str, str] = {name: text for group in GROUPS.values() for name, text in group.items()}
WRONG_USE = 2
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
    return told
