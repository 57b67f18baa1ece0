"""The folder of a store: for its owner's eyes only, and held by one process at a time.

The lock is let go of by the operating system when the process dies. Knows nothing of what is in the store but
the names of its files.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO

from step.errors import StepError
from step.served import ADDRESS, LOCK, take

DATABASE = "step.sqlite3"
# What SQLite puts beside a database has the database's own permissions.
_FILES = (LOCK, DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", f"{DATABASE}-journal")
# What a service keeps there beside them.
CLOUD, FUNCTIONS, LOG = "cloud", "lambda", "service.log"
_MORE = (CLOUD, FUNCTIONS, LOG)
# Permissions of anybody but the owner.
_OTHERS = 0o077


def make_private(folder: Path) -> None:
    """Make a folder that nobody else may look into, or close one that is a store already.

    One that is there and has other things in it stays as open as it was.
    """
    is_new = not folder.exists()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if is_new or (folder / DATABASE).exists() or not any(folder.iterdir()):
        _close(folder)


def hold(folder: Path) -> IO[str]:
    """Hold a store for this process until the handle is closed; its files are its owner's only.

    Raises:
        StepError: another process holds it.
    """
    make_private(folder)
    handle = _open(folder / LOCK)
    try:
        take(handle)
    except OSError:
        handle.close()
        raise StepError(f"{folder}: another service holds this store") from None
    # Of one that died without a word.
    (folder / ADDRESS).unlink(missing_ok=True)
    _open(folder / DATABASE).close()
    for name in (*_FILES, *_MORE):
        if (folder / name).exists():
            _close(folder / name)
    return handle


def _open(file: Path) -> IO[str]:
    # Created as it should be: permissions that are taken away later come too late.
    return open(file, "a", opener=lambda path, flags: os.open(path, flags, 0o600))


def _close(path: Path) -> None:
    mode = path.stat().st_mode
    if mode & _OTHERS:
        path.chmod(mode & 0o700)
