"""``step replay``: recorded executions on a new definition, and new handlers beside their answers."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from step.cli.machines import add_definition_argument, add_histories_argument, load_machine
from step.cli.output import print_json
from step.engine.vocabulary import StartTask, TaskFailed, TaskSucceeded
from step.errors import HandlerError
from step.machine import StateMachine
from step.machine.files import load_handlers
from step.machine.histories import read_histories
from step.machine.replayed_tests import write_tests
from step.paths.replay import Replayer
from step.paths.replay_report import replay_json, replay_lines

EXAMPLES = (
    "step replay bread histories/",
    "step replay order.asl.json histories/ --handlers lambda/order.py --output json",
    "step replay order.asl.json histories/ --to-tests tests/recorded",
)
EXITS = {
    0: "every execution would have gone as it went",
    1: "an execution parts, or a handler answers otherwise",
    2: "wrong use, or a file is no history: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_histories_argument(parser)
    parser.add_argument(
        "--handlers",
        type=Path,
        metavar="FILE",
        help="run these handlers on what was asked, and compare: with ENV=local they reach the local service "
        "alone, else whatever they reach",
    )
    parser.add_argument(
        "--to-tests",
        type=Path,
        metavar="FOLDER",
        help="write a test for each way that the executions took, and mocks of their answers",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    from step.local.confined import confined_where_asked

    with confined_where_asked():
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    machine = load_machine(options)
    if options.handlers:
        machine.attach(load_handlers(options.handlers))
    replayer = Replayer(machine.definition, _Handlers(machine) if options.handlers else None)
    replays = [replayer.replay(one.file, one.events) for one in read_histories(options.histories)]
    if options.output == "json":
        print_json(replay_json(replays))
    else:
        print("\n".join(replay_lines(replays)))
    if options.to_tests:
        recorded = read_histories(options.histories)
        files = write_tests(machine.definition, machine.name, recorded, options.to_tests)
        print(f"wrote {len(files) - 1} tests and {files[-1]}", file=sys.stderr)
    return 1 if any(replay.parting or replay.other_answers for replay in replays) else 0


class _Handlers:
    """Answers with a machine's handlers, where it has one."""

    def __init__(self, machine: StateMachine) -> None:
        self._machine = machine

    def __call__(self, task: StartTask) -> TaskSucceeded | TaskFailed | None:
        try:
            done = self._machine.perform(task)
        except HandlerError:
            return None
        last = done[0][-1] if done else None
        return last if isinstance(last, TaskSucceeded | TaskFailed) else None
