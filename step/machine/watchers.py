"""Who hears of every execution in this process, as coverage of a test run does.

The one list in the package that outlives a call: nobody would pass a watcher to machines that tests make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from step.asl.model import Definition
from step.engine.history import History


class Ran(NamedTuple):
    """An execution or child execution that has ended. ``file`` is the definition's, if it has one."""

    machine: str
    file: str | None
    definition: Definition
    history: History


Watcher = Callable[[Ran], None]
# Empty but in a run that is watched.
WATCHERS: list[Watcher] = []


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Let a watcher hear of every execution while the context lasts."""
    WATCHERS.append(watcher)
    try:
        yield
    finally:
        WATCHERS.remove(watcher)
