"""What users give on a command line: JSON as text, ``@FILE`` or ``-`` for stdin; numbers within bounds."""

from __future__ import annotations

import argparse
import json
import re
import sys
from io import TextIOWrapper
from math import isfinite
from pathlib import Path
from typing import Any, NoReturn

from step.errors import StepError
from step.jsonvalue import to_text
from step.machine.files import decode_text, read_text_file

JSON_HELP = "JSON text, @FILE, or - for stdin"
# At the fastest a year is half a minute; beyond, moments leave what SQLite and datetime can hold.
_FASTEST = 1_000_000.0
_SPAN = re.compile("([1-9][0-9]{0,7})([dhms])")
_UNIT_MS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000}


def read_text(text: str) -> str:
    """Read what an argument stands for.

    Raises:
        StepError: it isn't UTF-8 text.
        OSError: it can't be read.
    """
    if text == "-":
        # The bytes: what a stream takes for text depends on the locale.
        is_real = isinstance(sys.stdin, TextIOWrapper)
        return decode_text(sys.stdin.buffer.read(), "stdin") if is_real else sys.stdin.read()
    if text.startswith("@"):
        return read_text_file(Path(text[1:]))
    return text


def is_unicode(text: str) -> bool:
    """Say whether a text can be written as UTF-8: no half of a surrogate pair is in it."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode(text: str, where: str) -> Any:
    """Decode a JSON text.

    Raises:
        StepError: it is none; the message names where it came from.
    """
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
        is_text = is_unicode(to_text(value))
    except (ValueError, RecursionError) as error:
        raise StepError(f"{where}: not JSON: {error}") from None
    if not is_text:
        raise StepError(f"{where}: half of a surrogate pair (\\ud800 to \\udfff) is no character")
    return value


def _finite(word: str) -> float:
    number = float(word)
    return number if isfinite(number) else _refuse(word)


def _refuse(word: str) -> NoReturn:
    raise ValueError(f"{word} is no number that JSON has")


def read_json_text(text: str, where: str) -> str:
    """Read an argument, and return it as the text it is, once it is known to be JSON.

    Raises:
        StepError: it isn't.
    """
    told = read_text(text)
    decode(told, where)
    return told


def percentage(text: str) -> float:
    """Read a share of 0 to 100; an argument's type."""
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise argparse.ArgumentTypeError(f"{text}: expected a number from 0 to 100")
    return number


def speed(text: str) -> float:
    """Read how many times as fast a clock goes; an argument's type."""
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number <= _FASTEST:
        raise argparse.ArgumentTypeError(f"{text}: expected a number above 0, at most {_FASTEST:,.0f}")
    return number


def kept_ms(text: str) -> int | None:
    """Read how long executions are kept, in ms: "90d", "12h", "30m", "45s"; None: "forever"."""
    if text == "forever":
        return None
    found = _SPAN.fullmatch(text)
    if found is None:
        expected = "expected a number with d, h, m or s, as 90d, or forever"
        raise argparse.ArgumentTypeError(f"{text}: {expected}")
    return int(found[1]) * _UNIT_MS[found[2]]
