"""``step run``: one execution in virtual time."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from step.cli.machines import add_definition_argument, add_handlers_argument, load_machine
from step.cli.output import print_json
from step.errors import StepError
from step.machine import Execution
from step.machine.files import definition_file, handlers_file, load_handlers
from step.view import event_line, render_timeline

HELP = "run the machine in virtual time with its Python handlers; exit status 1 where the execution failed"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_handlers_argument(parser)
    parser.add_argument(
        "--input", default="{}", metavar="JSON", help="JSON text, @FILE, or - for stdin (default: {})"
    )
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
    parser.add_argument("--output", choices=("text", "json"), default="text")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the path it took: FILE.svg, .dot or .mmd"
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="write a page of the execution: FILE.html"
    )
    parser.add_argument(
        "--seed", default="0", help="what jitter, UUIDs and random numbers come from (default: 0)"
    )
    parser.add_argument("--quiet", action="store_true", help="no line for each event on stderr")


def run(options: argparse.Namespace) -> int:
    value = _input(options.input)
    machine = load_machine(options)
    handlers = handlers_file(definition_file(options.definition), options.handlers)
    if handlers is not None:
        machine.attach(load_handlers(handlers))
    if options.mocks:
        machine.mock(*options.mocks)
    for text in options.task:
        name, _, result = text.partition("=")
        machine.set_resource_function(name, _json(result, f"--task {name}"))
    execution = machine.execute(value, seed=options.seed)
    if not options.quiet:
        _print_events(execution)
    if options.picture:
        formats = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid", ".mermaid": "mermaid"}
        picture = execution.picture(formats.get(options.picture.suffix, "svg"))
        options.picture.write_text(picture, encoding="utf-8")
    if options.report:
        options.report.write_text(execution.report(), encoding="utf-8")
    if options.output == "json":
        print_json(_document(execution))
    else:
        _print_text(execution)
        if options.picture:
            print(f"picture {options.picture}")
        if options.report:
            print(f"report  {options.report}")
    return 0 if execution.status == "SUCCEEDED" else 1


def _input(text: str) -> Any:
    if text == "-":
        text = sys.stdin.read()
    elif text.startswith("@"):
        text = Path(text[1:]).read_text(encoding="utf-8")
    return _json(text, "--input")


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise StepError(f"{where}: not JSON: {error}") from None


def _print_events(execution: Execution) -> None:
    start = None
    for event in execution.history:
        start = start or event["timestamp"]
        print(event_line(event, start), file=sys.stderr)


def _document(execution: Execution) -> dict[str, Any]:
    return {
        "status": execution.status,
        "output": execution.output,
        "error": execution.error,
        "cause": execution.cause,
        "path": execution.path,
        "elapsed_seconds": execution.elapsed,
        "history": list(execution.history),
    }


def _print_text(execution: Execution) -> None:
    print(render_timeline(execution.history))
    print(f"path    {' > '.join(execution.path)}")
    print(f"status  {execution.status}")
    if execution.status == "SUCCEEDED":
        print(f"output  {json.dumps(execution.output, ensure_ascii=False)}")
    else:
        print(f"error   {execution.error or '-'}")
        print(f"cause   {execution.cause or '-'}")
