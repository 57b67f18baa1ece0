"""The three standard streams, whatever the command was started with: closed, broken, full, of any encoding.

Knows no command.
"""

from __future__ import annotations

import os
import sys
from io import BufferedWriter, FileIO, TextIOWrapper, UnsupportedOperation
from typing import Any


class _Result(FileIO):
    """A stdout whose reader may go when it has what it wanted: the command still says how it ended."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except BrokenPipeError:
            return memoryview(data).nbytes


def settle() -> None:
    """Give the process a stdin, a stdout and a stderr.

    One that was closed is the null device, also by its number: or the next file that is opened would be taken
    for it. What a terminal can't show comes out as its code instead of an error.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for the process's life
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, TextIOWrapper):
        raw = _Result(sys.stdout.fileno(), "w", closefd=False)
        sys.stdout = TextIOWrapper(
            BufferedWriter(raw), encoding=sys.stdout.encoding, line_buffering=sys.stdout.line_buffering
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def flush() -> None:
    """Send what was printed on its way.

    Raises:
        OSError: it can't be written; it is thrown away, or Python would try again at its end, and complain.
    """
    failed = None
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            failed = failed or error
            _drop(stream)
    if failed is not None:
        raise failed


def _drop(stream: object) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        if isinstance(stream, TextIOWrapper):
            os.dup2(null, stream.fileno())
    except UnsupportedOperation:
        pass
    finally:
        os.close(null)
