"""How one execution is printed: its events as they come on stderr, then what it came to on stdout.

The same for a run in virtual time, a durable run, and an execution on a service. Starts nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from step.asl.model import Definition
from step.cli.output import print_json
from step.machine.report import report
from step.view import draw, event_line, render_timeline
from step.view.summary import Summary

Event = Mapping[str, Any]
_PICTURES = {".svg": "svg", ".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}


def add_drawing_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--picture", type=_picture_file, metavar="FILE", help="draw the path it took: FILE.svg, .dot or .mmd"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a page of the execution: FILE.html"
    )


def _picture_file(text: str) -> Path:
    file = Path(text)
    if file.suffix not in _PICTURES:
        raise argparse.ArgumentTypeError(f"{text}: expected a name that ends in .svg, .dot or .mmd")
    return file


def print_events(
    events: Iterable[Event], *, is_quiet: bool = False, is_live: bool = False, is_virtual: bool = False
) -> list[Event]:
    """Show events on stderr while they come, a line each; return them all.

    Args:
        events: The events, perhaps of an execution that goes on.
        is_quiet: Show nothing.
        is_live: Draw one view of them all, where there is a terminal.
        is_virtual: Whether time passes with the events alone.
    """
    if not is_quiet and is_live:
        from step.cli.live import can_show, show

        if can_show():
            return show(events, is_virtual=is_virtual)
    told: list[Event] = []
    for event in events:
        told.append(event)
        if not is_quiet:
            print(event_line(event, told[0]["timestamp"]), file=sys.stderr, flush=True)
    return told


def print_execution(events: Sequence[Event], summary: Summary, *, as_json: bool, **about: str) -> None:
    """Print what an execution came to; ``about`` is what else JSON tells of it (its name, its ARN)."""
    if as_json:
        print_json(
            {
                **about,
                "status": summary.status,
                "output": summary.output,
                "error": summary.error,
                "cause": summary.cause,
                "path": summary.path,
                "elapsed_seconds": summary.elapsed,
                "history": list(events),
            }
        )
        return
    if events:
        print(render_timeline(events))
        print(f"path    {' > '.join(summary.path)}")
    print(f"status  {summary.status}")
    if summary.status == "SUCCEEDED":
        print(f"output  {json.dumps(summary.output, ensure_ascii=False)}")
    elif summary.status != "RUNNING":
        print(f"error   {summary.error or '-'}")
        print(f"cause   {summary.cause or '-'}")


def draw_execution(
    options: argparse.Namespace, definition: Definition, events: Sequence[Event], name: str, machine: str
) -> list[str]:
    """Write the picture and the page that the options ask for; return a line for each."""
    lines = []
    if options.picture:
        picture = draw(definition, events, _PICTURES[options.picture.suffix])
        options.picture.write_text(picture, encoding="utf-8")
        lines.append(f"picture {options.picture}")
    if options.report:
        summary = Summary.from_events(events)
        facts = {
            "name": name,
            "machine": machine,
            "status": summary.status,
            "error": summary.error,
            "cause": summary.cause,
        }
        options.report.write_text(report(definition, facts, events), encoding="utf-8")
        lines.append(f"report  {options.report}")
    return lines


def exit_status(summary: Summary) -> int:
    """Say how a command ends that ran an execution: 1 where it didn't succeed."""
    return 0 if summary.status == "SUCCEEDED" else 1
