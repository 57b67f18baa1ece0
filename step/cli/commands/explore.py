"""``step explore``: every path of a machine, and what doesn't hold on one of them."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from step.cli.inputs import JSON_HELP, decode, read_text
from step.cli.machines import add_definition_argument, add_handlers_argument, load_machine
from step.errors import StepError
from step.jsonvalue import JSONValue, to_text
from step.machine import StateMachine
from step.machine.checks import NO_CHECKS, CheckFile, Checks, checks_file
from step.machine.files import definition_file, handlers_file, load_handlers
from step.paths.certificate import Certificate, Refuted
from step.paths.checker import check
from step.paths.exploration import Exploration, Violation

EXAMPLES = (
    "step explore bread",
    'step explore bread --input \'{"oven": {"failures": 2}}\' --picture worst.svg',
    "step explore states/order.asl.json --invariants paths/order.py --faults 3",
)
EXITS = {
    0: "everything holds on every path",
    1: "something doesn't hold, or not every path could be walked",
    2: "wrong use: the message says what to do",
    130: "interrupted with Ctrl-C",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_definition_argument(parser)
    add_handlers_argument(parser)
    parser.add_argument(
        "--invariants",
        type=Path,
        metavar="FILE",
        help="the file of invariants, world and inputs (default: paths/NAME.py beside states/NAME.asl.json)",
    )
    parser.add_argument("--input", metavar="JSON", help=f"{JSON_HELP} (default: the file's inputs, or {{}})")
    parser.add_argument("--unknown", action="store_true", help="take no handlers: every value is possible")
    parser.add_argument("--faults", type=int, metavar="N", help="no more faults than so many on a path")
    parser.add_argument("--max", type=int, metavar="N", help="stop at so many situations (default: 200000)")
    parser.add_argument(
        "--leave-out",
        action="append",
        default=[],
        metavar="FIELD",
        help="a field, wherever it is, that makes no difference to what happens (repeatable)",
    )
    parser.add_argument("--within", type=float, metavar="SECONDS", help="how long every path may take")
    parser.add_argument(
        "--swallowed", action="store_true", help="a success must not hide a failure that nobody hears of"
    )
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw the first violation's path as SVG")
    proof = parser.add_argument_group("a proof", "From one input, with everything that it was explored with.")
    proof.add_argument("--certificate", type=Path, metavar="FILE", help="write one, where everything holds")
    proof.add_argument("--check", type=Path, metavar="FILE", help="check one, without exploring")
    parser.add_argument("--output", choices=("text", "json"), default="text")


def run(options: argparse.Namespace) -> int:
    machine, file = load_machine(options), definition_file(options.definition)
    handlers = None if options.unknown else handlers_file(file, options.handlers)
    if handlers is not None:
        machine.attach(load_handlers(handlers))
    where = checks_file(file, options.invariants)
    given = CheckFile.from_file(where) if where else None
    inputs: list[Any] = [*given.inputs] if given else [{}]
    if options.input is not None:
        inputs = [decode(read_text(options.input), "--input")]
    if (options.certificate or options.check) and len(inputs) > 1:
        raise StepError("a certificate is of one input: give it with --input")
    if options.check:
        return _check(options, machine, given, inputs[0])
    found = [explored(options, machine, given, value) for value in inputs]
    for value, one in zip(inputs, found, strict=True):
        if options.output == "json":
            print(to_text(_json(value, one)))
        else:
            print("\n".join(_lines(options, where, value, one)))
    worst = next((violation for one in found for violation in one.violations if violation.walk), None)
    if options.picture and worst:
        options.picture.write_text(found[0].picture(worst), encoding="utf-8")
    if options.certificate and found[0].is_proven:
        options.certificate.write_bytes(found[0].certificate().to_bytes())
    return 0 if all(one.is_proven for one in found) else 1


def explored(
    options: argparse.Namespace, machine: StateMachine, given: CheckFile | None, value: object
) -> Exploration:
    """Explore from one input; what the command line says comes before what the file does."""
    bounds: dict[str, Any] = dict(given.bounds) if given else {}
    for name, option in (("faults", "faults"), ("max_situations", "max"), ("ends_within", "within")):
        if getattr(options, option) is not None:
            bounds[name] = getattr(options, option)
    bounds["leave_out"] = (*bounds.get("leave_out", ()), *options.leave_out)
    if options.swallowed:
        bounds["tells_swallowed"] = True
    if given is None:
        return machine.explore(value, **bounds)
    return machine.explore(value, **given.checks, **bounds)


def _check(options: argparse.Namespace, machine: StateMachine, given: CheckFile | None, value: object) -> int:
    """Check a certificate with what the exploration was given."""
    certificate = Certificate.from_bytes(options.check.read_bytes())
    checks: Checks = given.checks if given else NO_CHECKS
    setup = machine.setup(value, checks["world"], checks["handlers"], checks["effects"])
    try:
        made = check(certificate, setup, checks["invariants"])
    except Refuted as refuted:
        print(f"refuted: {refuted}")
        return 1
    print(f"confirmed: {len(certificate.names):,} situations, {made:,} moves; the invariants hold in each")
    return 0


def _lines(options: argparse.Namespace, where: Path | None, value: object, one: Exploration) -> Iterator[str]:
    what = "closed: every path was walked" if one.is_closed else "not closed"
    yield f"input {to_text(value)}: {one.situations:,} situations, {one.moves:,} moves, {what}"  # type: ignore[arg-type]  # it was JSON
    for ending in sorted(one.endings, key=lambda ending: (ending.faults, ending.state)):
        error = f" {ending.error}" if ending.error else ""
        faults = f"{ending.faults} fault{'' if ending.faults == 1 else 's'}"
        yield f"  {ending.status}{error} in {ending.state or 'the machine'}, after {faults} at least"
    if one.unreachable:
        yield f"  never entered: {', '.join(one.unreachable)}"
    for note in one.notes:
        yield f"  {note}"
    for violation in one.violations:
        yield from _violation(options, where, value, one, violation)
    if one.is_proven:
        yield "  everything holds"


def _violation(
    options: argparse.Namespace, where: Path | None, value: object, one: Exploration, violation: Violation
) -> Iterator[str]:
    yield ""
    yield f"DOESN'T HOLD: {violation.title}"
    if violation.told != violation.title:
        yield f"  {violation.told}"
    if violation.walk is None:
        return
    if not violation.is_confirmed:
        yield "  (not confirmed: a fresh execution doesn't come to it on this path)"
    yield violation.story()
    yield ""
    if where:
        yield "from step.machine.checks import load_checks\n\n"
    checks = f",\n        **load_checks({json.dumps(str(where))})" if where else ""
    machine = f"load_machine({json.dumps(options.definition)})"
    yield one.test(violation, machine, f"input={value!r}{checks}")


def _json(value: object, one: Exploration) -> JSONValue:
    return {
        "input": value,  # type: ignore[dict-item]  # it was JSON
        "situations": one.situations,
        "moves": one.moves,
        "isClosed": one.is_closed,
        "endings": [
            {"status": end.status, "error": end.error, "state": end.state, "faults": end.faults}
            for end in one.endings
        ],
        "unreachable": [*one.unreachable],
        "notes": [*one.notes],
        "violations": [
            {"title": violation.title, "told": violation.told, "isConfirmed": violation.is_confirmed}
            for violation in one.violations
        ],
    }
