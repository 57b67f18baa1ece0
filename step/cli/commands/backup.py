"""``step backup``: a copy of a store, which ``step serve`` opens; what runs goes on meanwhile."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from step.cli.stores import add_store_arguments
from step.served import served

EXAMPLES = (
    "step backup backups/monday",
    "step backup backups/monday --store /var/lib/step",
    "step serve --store backups/monday",
)
EXITS = {
    0: "the copy is whole",
    2: "there is no copy: the message says why",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "folder", type=Path, metavar="FOLDER", help="where the copy goes: not there, or empty"
    )
    add_store_arguments(parser)


def run(options: argparse.Namespace) -> int:
    from step.local.store_client import ask
    from step.local.upkeep import back_up_closed

    os.umask(0o077)
    running = served(options.store)
    if running is None:
        back_up_closed(options.store, options.folder.absolute())
    else:
        ask(running.endpoint, "backup", {"folder": str(options.folder.absolute())}, options.token)
    print(options.folder)
    return 0
