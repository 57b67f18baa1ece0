"""Which process serves a store: the word that it leaves there.

Below everything, since the commands find the local service by it as the service itself does.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

ADDRESS = "service.json"
# Held as long as the store is served.
LOCK = "lock"
# The store of a service that is found without being named: of ENV=local, of step serve --detach.
DEFAULT_STORE = Path(".step")

if sys.platform == "win32":
    import msvcrt

    def take(handle: IO[str]) -> None:
        """Take a lock; an OSError says that another process has it."""
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def take(handle: IO[str]) -> None:
        """Take a lock; an OSError says that another process has it."""
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


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
    except (OSError, ValueError, OverflowError, KeyError, TypeError):
        return None
    # The system lets go of the lock when the process dies; its number may be another's by then.
    return told if is_held(store) else None


def is_held(store: Path) -> bool:
    """Whether a process holds a store."""
    try:
        handle = (store / LOCK).open("r+", encoding="utf-8")
    except OSError:
        return False
    with handle:
        try:
            take(handle)
        except OSError:
            return True
    return False


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
