"""``step demo``: the bread is baked, from the wheel alone."""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import webbrowser
from collections.abc import Iterator
from pathlib import Path

from step.cli.executions import print_events, print_execution
from step.cli.shipped import shipped
from step.machine import StateMachine
from step.machine.checks import CheckFile
from step.machine.files import load_handlers
from step.view.summary import Summary

EXAMPLES = ("step demo", "step demo --no-open --report loaf.html")
EXITS = {
    0: "the loaf is baked, and every path of it was walked",
    1: "something doesn't hold: this installation is broken",
    2: "wrong use: the message says what to do",
    130: "interrupted with Ctrl-C",
}
# An oven that stays cold at two attempts, and a bread that is looked at twice.
_INPUT = {"oven": {"failures": 2, "minutes_to_golden": 14}}
_NEXT = """
Next:
  {program} init my-project     a project of your own: definition, handlers, test, proof
  {program} --help              all commands
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--no-open", action="store_true", help="don't open the page of the execution in a browser"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write that page here (default: a temporary file)"
    )


def run(options: argparse.Namespace) -> int:
    machine = StateMachine.from_file(shipped("states/bread.asl.json"))
    machine.attach(load_handlers(shipped("lambda/bread.py")))
    print(f"A loaf of bread, in virtual time: an oven that fails twice. Input {json.dumps(_INPUT)}")
    execution = machine.execute(_INPUT, name="loaf")
    events = print_events(execution.history)
    summary = Summary.from_events(events)
    print_execution(events, summary, as_json=False)
    print("\nWhatever may fail, is the oven off in the end, and within 18 hours?")
    holds = True
    for line, is_proven in _proven(machine):
        print(line, flush=True)
        holds = holds and is_proven
    page = options.report or Path(tempfile.mkdtemp(prefix="slowcode-")) / "loaf.html"
    page.write_text(execution.report(), encoding="utf-8")
    is_open = not options.no_open and _open(page)
    print(f"\nThe execution, to click through{' (open in your browser)' if is_open else ''}: {page}")
    print(_NEXT.format(program=options.program), end="")
    return 0 if holds and summary.status == "SUCCEEDED" else 1


def _proven(machine: StateMachine) -> Iterator[tuple[str, bool]]:
    """Walk every path of the bread; give a line for each input."""
    checks = CheckFile.from_file(shipped("paths/bread.py"))
    for value in checks.inputs:
        found = machine.explore(value, **checks.checks, **checks.bounds)
        told = "yes, on every path" if found.is_proven else "no"
        yield f"  {told}: {found.situations:,} situations from {json.dumps(value)}", found.is_proven


def _open(page: Path) -> bool:
    """Open a page in the browser; not in one that would take over the terminal."""
    has_screen = sys.platform in ("darwin", "win32") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER")
    )
    try:
        return has_screen and webbrowser.open(page.resolve().as_uri())
    except webbrowser.Error:
        return False
