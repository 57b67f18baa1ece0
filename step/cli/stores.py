"""The arguments of commands about a store, which is served or not."""

from __future__ import annotations

import argparse
from pathlib import Path

from step.served import DEFAULT_STORE


def add_store_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--store",
        type=Path,
        default=DEFAULT_STORE,
        metavar="FOLDER",
        help=f"the store, served or not (default: {DEFAULT_STORE})",
    )
    add("--token", metavar="TEXT", help="what its service wants to be shown (default: STEP_TOKEN)")
