"""The lock of a store: one process at a time, let go of by the operating system when the process dies.

Knows nothing of what is in the store.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from step.errors import StepError

if sys.platform == "win32":
    import msvcrt

    def _take(handle: IO[str]) -> None:
        msvcrt.locking(handle.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _take(handle: IO[str]) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold(file: Path) -> IO[str]:
    """Hold a store for this process until the handle is closed.

    Raises:
        StepError: another process holds it.
    """
    handle = file.open("a")
    try:
        _take(handle)
    except OSError:
        handle.close()
        raise StepError(f"{file.parent}: another service holds this store") from None
    return handle
