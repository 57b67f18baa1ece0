"""``step clean``: delete the executions that ended long ago, now; ``step serve --keep`` does it by itself."""

from __future__ import annotations

import argparse
from typing import Any

from step.cli.inputs import kept_ms
from step.cli.output import print_json, print_table
from step.cli.stores import add_store_arguments
from step.errors import StepError
from step.served import served

EXAMPLES = ("step clean --dry-run", "step clean --keep 30d", "step clean --keep 1h --store /var/lib/step")
EXITS = {
    0: "they are deleted; with --dry-run: nothing is",
    2: "wrong use, or nothing can be written: the message says what to do",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep",
        type=kept_ms,
        default="90d",
        metavar="TIME",
        help="what ended longer ago goes: 90d, 12h, 30m (default: 90d)",
    )
    parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")
    parser.add_argument("--output", choices=("text", "json"), default="text")
    add_store_arguments(parser)


def run(options: argparse.Namespace) -> int:
    if options.keep is None:
        raise StepError("--keep forever: then there is nothing to clean")
    told = _cleaned(options)
    if options.output == "json":
        print_json(told)
        return 0
    rows = sorted(told["executions"].items())
    if rows:
        print_table(("executions", "machine"), [(str(count), arn.split(":")[-1]) for arn, count in rows])
    total, done = sum(told["executions"].values()), "would be deleted" if options.dry_run else "deleted"
    size = f"{told['bytes_before'] / 1e6:.1f} MB"
    after = "" if options.dry_run else f", now {told['bytes_after'] / 1e6:.1f} MB"
    print(f"{total} executions {done}; the journal had {size}{after}")
    return 0


def _cleaned(options: argparse.Namespace) -> Any:
    from step.local.store_client import ask
    from step.local.upkeep import clean_closed

    running = served(options.store)
    if running is None:
        return clean_closed(options.store, options.keep, is_dry=options.dry_run)._asdict()
    asked = {"keep_ms": str(options.keep), **({"dry": "yes"} if options.dry_run else {})}
    return ask(running.endpoint, "clean", asked, options.token)
