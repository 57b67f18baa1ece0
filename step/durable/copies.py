"""Copies of what is in a store, of which others write on meanwhile.

Knows SQLite and files that are written whole; nothing of what is in them.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from errno import ENOSPC
from pathlib import Path
from threading import RLock

from step.clock import pause
from step.durable.store_folder import make_private
from step.errors import StepError

# So many pages are copied before others have their turn, for so long at least.
_PAGES = 256
_YIELD_SECONDS = 0.0005


def let_others(lock: RLock) -> Callable[[], None]:
    """Give what lets others have a lock that the caller holds, once, for a moment."""

    def let() -> None:
        lock.release()
        try:
            pause(_YIELD_SECONDS)
        finally:
            lock.acquire()

    return let


def copy_database(database: sqlite3.Connection, file: Path, let_others: Callable[[], None]) -> None:
    """Copy a database as it is when the last part of it is copied.

    Args:
        let_others: Called after each part; what the same connection writes then is in the copy, too.

    Raises:
        OSError: it can't be written.
    """
    target = sqlite3.connect(file)
    try:
        database.backup(target, pages=_PAGES, progress=lambda *_: let_others())
    except sqlite3.Error as failure:
        raise OSError(ENOSPC, str(failure), str(file)) from failure
    finally:
        target.close()


@contextmanager
def filled(folder: Path) -> Iterator[Path]:
    """Give a folder to fill, which is there under its name as soon as it is whole, and not before.

    Raises:
        StepError: something is there already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StepError(f"{folder}: something is there already; a copy needs a folder of its own")
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(unfinished, ignore_errors=True)
    make_private(unfinished)
    try:
        yield unfinished
        unfinished.replace(folder)
    except BaseException:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def copy_files(folder: Path, target: Path, *, without: tuple[str, ...] = ()) -> None:
    """Copy the files of a folder in which every file is written whole; what goes meanwhile is left out.

    Args:
        without: The names of folders in it that aren't needed.
    """
    if folder.exists():
        ignored = shutil.ignore_patterns(".*", *without)
        shutil.copytree(folder, target, copy_function=_copy, ignore=ignored, dirs_exist_ok=True)


def _copy(source: str, target: str) -> str:
    with suppress(FileNotFoundError):
        shutil.copy2(source, target)
    return target
