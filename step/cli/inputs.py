"""JSON as users give it on a command line: the text itself, ``@FILE``, or ``-`` for stdin."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from step.errors import StepError

JSON_HELP = "JSON text, @FILE, or - for stdin"


def read_text(text: str) -> str:
    """Read what an argument stands for."""
    if text == "-":
        return sys.stdin.read()
    if text.startswith("@"):
        return Path(text[1:]).read_text(encoding="utf-8")
    return text


def decode(text: str, where: str) -> Any:
    """Decode a JSON text.

    Raises:
        StepError: it is none; the message names where it came from.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise StepError(f"{where}: not JSON: {error}") from None


def read_json_text(text: str, where: str) -> str:
    """Read an argument, and return it as the text it is, once it is known to be JSON.

    Raises:
        StepError: it isn't.
    """
    told = read_text(text)
    decode(told, where)
    return told
