"""``step run``: one execution in this process, in virtual time or durable."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path

from step.cli.executions import (
    Event,
    add_drawing_arguments,
    draw_execution,
    exit_status,
    print_events,
    print_execution,
)
from step.cli.inputs import JSON_HELP, decode, read_text, speed
from step.cli.machines import add_definition_argument, add_handlers_argument, load_machine, print_notes
from step.errors import StepError
from step.jsonvalue import JSONValue, to_text
from step.machine import Execution, StateMachine
from step.machine.files import definition_file, handlers_file, load_handlers
from step.view.summary import Summary

EXAMPLES = (
    """step run bread --input '{"flour_grams": 140}'""",
    """step run states/order.asl.json --task 'Charge={"paid": true}' --output json""",
    "step run template.yaml#OrderMachine --mock-all",
    "step run bread --store build/store --name loaf-1 --speed 3600  # again: it goes on",
)
# So much of a sample is shown.
_LONGEST = 400
_SHOWN = 12
EXITS = {
    0: "the execution succeeded",
    1: "the execution didn't succeed",
    2: "wrong use: the message says what to do",
    130: "Ctrl-C; with --store the same command goes on",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_handlers_argument(parser)
    parser.add_argument("--input", metavar="JSON", help=f"{JSON_HELP} (default: {{}})")
    parser.add_argument(
        "--task",
        action="append",
        default=[],
        metavar="STATE=JSON",
        help="let a Task state return this value (repeatable); by a resource's ARN too",
    )
    parser.add_argument(
        "--mocks",
        nargs=2,
        metavar=("FILE", "CASE"),
        help="take results from a MockConfigFile of Step Functions Local",
    )
    parser.add_argument(
        "--mock-all",
        action="store_true",
        help="answer every task, and without --input the input, with a sample of what the definition reads",
    )
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_drawing_arguments(parser)
    parser.add_argument(
        "--seed", default="0", help="what jitter, UUIDs and random numbers come from (default: 0)"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="with ENV=local: let handlers call this other machine (repeatable; *.example.com)",
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each event on stderr")
    durable = parser.add_argument_group(
        "a durable run", "Interrupted or killed, it goes on when it is run again."
    )
    durable.add_argument("--store", type=Path, metavar="FOLDER", help="where its journal is")
    durable.add_argument(
        "--name", help="the execution's name (default: the one that isn't finished, or a new one)"
    )
    durable.add_argument(
        "--clock", choices=("virtual", "real"), help="jump over waits, or wait (default: virtual)"
    )
    durable.add_argument(
        "--speed",
        type=speed,
        metavar="N",
        help="wait N times as fast, timeouts too: at 60 an hour is a minute",
    )


def run(options: argparse.Namespace) -> int:
    from step.local.confined import confined_where_asked

    _check(options)
    with confined_where_asked(options.allow_host):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    value = None if options.input is None else decode(read_text(options.input), "--input")
    machine = _machine(options)
    if options.store:
        name, events = _durably(options, machine, value)
    else:
        is_sample = value is None and machine.is_mocked
        if is_sample and machine.sample != {}:
            print_notes([f"no --input, so a sample of what the definition reads: {_shown(machine.sample)}"])
            value = machine.sample
        execution = _execute(machine, {} if value is None else value, options.seed)
        if is_sample and execution.status != "SUCCEEDED" and not options.mock_all:
            told = f"{execution.status} {execution.error or ''}".rstrip()
            print_notes(
                [f"a sample isn't what its functions expect ({told}), so samples answer for them too"]
            )
            execution = _execute(machine.mock_all(), machine.sample, options.seed)
        print_notes(_mocked(execution))
        name = execution.arn.rpartition(":")[2]
        events = print_events(execution.history, is_quiet=options.quiet)
    summary = Summary.from_events(events)
    lines = draw_execution(options, machine.definition, events, name, machine.name)
    print_execution(events, summary, as_json=options.output == "json")
    if lines and options.output == "text":
        print("\n".join(lines))
    return exit_status(summary)


def _execute(machine: StateMachine, value: JSONValue, seed: str) -> Execution:
    """Execute a machine; what its functions print is a log, as on Lambda, and no result."""
    with redirect_stdout(sys.stderr):
        return machine.execute(value, seed=seed)


def _shown(sample: JSONValue) -> str:
    text = to_text(sample)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text):,} characters)"


def _mocked(execution: Execution) -> Iterator[str]:
    """Say which tasks were answered with a sample, together where the reason is the same."""
    by_reason: dict[str, list[str]] = {}
    for state, reason in execution.mocked.items():
        by_reason.setdefault(reason, []).append(state)
    for reason, states in by_reason.items():
        more = [f"{len(states) - _SHOWN} more"] if len(states) > _SHOWN else []
        yield f"{', '.join([*states[:_SHOWN], *more])}: answered with a sample: {reason}"


def _durably(options: argparse.Namespace, machine: StateMachine, value: JSONValue) -> tuple[str, list[Event]]:
    from step.durable.clocks import RealClock, VirtualClock
    from step.durable.durable_run import DurableRun

    is_real = options.clock == "real" or options.speed
    clock = RealClock(options.speed or 1) if is_real else VirtualClock()
    with DurableRun.open(machine, options.store, options.name, value, clock=clock, seed=options.seed) as run:
        events = print_events(run.events(), is_quiet=options.quiet, is_live=True, is_virtual=not is_real)
        return run.name, events


def _check(options: argparse.Namespace) -> None:
    if options.store:
        if options.clock == "virtual" and options.speed:
            raise StepError("--speed: virtual time has none; leave --clock virtual out")
        return
    given = [f"--{name}" for name in ("name", "clock", "speed") if getattr(options, name) is not None]
    if given:
        raise StepError(f"{', '.join(given)}: only together with --store")


def _machine(options: argparse.Namespace) -> StateMachine:
    machine = load_machine(options)
    handlers = handlers_file(definition_file(options.definition), options.handlers)
    if handlers is not None:
        machine.attach(load_handlers(handlers))
    if options.mocks:
        machine.mock(*options.mocks)
    if options.mock_all:
        machine.mock_all()
    for text in options.task:
        name, _, result = text.partition("=")
        machine.set_resource_function(name, decode(result, f"--task {name}"))
    return machine
