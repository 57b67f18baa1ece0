"""A command that goes on in the background: it is let go of once it is ready; and how it is ended.

POSIX, as ``step serve`` is.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

from step.clock import elapsed, pause
from step.durable.store_folder import LOG
from step.errors import NoContact
from step.served import Served, is_held, served

_STOP_SECONDS = 30.0
_BETWEEN_SECONDS = 0.05


def detach(store: Path, command: Callable[[Callable[[], None]], int]) -> int:
    """Run a command in a process of its own; return 0 when it is ready, else the exit status it ended with.

    Args:
        store: Where what it says once it is ready goes, in ``service.log``.
        command: Is given what to call when it is ready. Until then it writes where this process does.
    """
    told, tell = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(told)
        os.setsid()
        return command(lambda: _let_go(store, tell))
    os.close(tell)
    try:
        with os.fdopen(told, "rb") as pipe:
            is_ready = pipe.read(1) != b""
    except KeyboardInterrupt:
        os.kill(child, signal.SIGTERM)
        raise
    return 0 if is_ready else os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _let_go(store: Path, tell: int) -> None:
    sys.stdout.flush()
    log = os.open(store / LOG, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for ours, theirs in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(ours, theirs)
    os.close(log)
    os.close(nothing)
    os.write(tell, b"1")
    os.close(tell)


def stop(store: Path) -> Served | None:
    """End the service of a store, and wait until it has let go of it; None: nobody serves it.

    Raises:
        NoContact: it doesn't end.
    """
    running = served(store)
    if running is None:
        return None
    os.kill(running.pid, signal.SIGTERM)
    until = elapsed() + _STOP_SECONDS
    while is_held(store):
        if elapsed() > until:
            raise NoContact(f"the service of {store} (process {running.pid}) doesn't end")
        pause(_BETWEEN_SECONDS)
    return running
