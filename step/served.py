"""Which process serves a store: the word that it leaves there.

Below everything, since the commands find the local service by it as the service itself does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

ADDRESS = "service.json"
# The store of a service that is found without being named: of ENV=local, of step serve --detach.
DEFAULT_STORE = Path(".step")


@dataclass(frozen=True, slots=True)
class Served:
    """A running local service: the addresses of its API and of its viewer, and its process."""

    endpoint: str
    viewer: str
    pid: int


def served(store: Path) -> Served | None:
    """Say who serves a store; None: nobody does."""
    try:
        about = json.loads((store / ADDRESS).read_text(encoding="utf-8"))
        told = Served(str(about["endpoint"]), str(about["viewer"]), int(about["pid"]))
        os.kill(told.pid, 0)
    except (OSError, ValueError, OverflowError, KeyError, TypeError):
        return None
    return told


@contextmanager
def said_in(store: Path, told: Served) -> Iterator[None]:
    """Leave word in the store, as long as it is served."""
    file = store / ADDRESS
    new = file.with_suffix(".new")
    new.write_text(json.dumps(asdict(told)) + "\n", encoding="utf-8")
    new.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
