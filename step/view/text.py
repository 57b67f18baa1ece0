"""Text for pictures: durations in words, estimated widths, wrapping.

Pure: no clock, no IO. No font is loaded: widths are those of common sans-serif faces, a little generous.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import pairwise

# Widths in thousandths of the font size, by groups of characters that are about as wide.
_GROUPS = (
    ("ijl|'", 240),
    (" !,.:;/\\[]ft()`I-r{}", 335),
    ('"*^Jcksvxyz', 510),
    ("#$?_0123456789abdeghnopquL", 570),
    ("+<=>~FTZABEKPSVXYCDHNRUw&", 700),
    ("GOQMmW%@", 890),
)
_WIDTHS = {character: width for group, width in _GROUPS for character in group}
# System fonts differ; the widest common one is about this much wider than the table.
_SLACK = 1.14
_BOLD = 1.08

_UNITS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def human_duration(seconds: float) -> str:
    """Write a duration with at most two units: ``12 h``, ``1 d 6 h``, ``1.5 s``, ``80 ms``."""
    if seconds < 0:
        return f"-{human_duration(-seconds)}"
    millis = round(seconds * 1000)
    if millis < 1000:
        return f"{millis} ms"
    if millis < 60_000:
        return f"{_shortest(round(millis / 1000, 2 if millis < 10_000 else 1))} s"
    rest = round(seconds)
    for (unit, size), (next_unit, next_size) in pairwise(_UNITS):
        if rest >= size:
            first, rest = divmod(rest, size)
            second = rest // next_size
            return f"{first} {unit} {second} {next_unit}" if second else f"{first} {unit}"
    return f"{rest} s"


def _shortest(number: float) -> str:
    return str(int(number)) if number == int(number) else str(number)


def text_width(text: str, size: int, *, bold: bool = False) -> int:
    """Estimate how many pixels ``text`` takes at ``size``; rather too many than too few."""
    thousandths = sum(_character_width(character) for character in text)
    return int(thousandths * size * _SLACK * (_BOLD if bold else 1) / 1000) + 1


def _character_width(character: str) -> int:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if unicodedata.combining(character) or character in "\u200d\ufe0f":
        return 0
    return 1250 if unicodedata.east_asian_width(character) in "WF" else 800


def wrap(text: str, size: int, width: int, *, bold: bool = False) -> tuple[str, ...]:
    """Break ``text`` into lines no wider than ``width``; nothing is lost but spaces at the breaks.

    Breaks after spaces and punctuation and between the humps of camelCase; a longer piece is cut.
    """
    lines: list[str] = []
    line = ""
    for piece in _pieces(text, size, width, bold=bold):
        if line and text_width((line + piece).rstrip(), size, bold=bold) > width:
            lines.append(line.rstrip())
            line = ""
        line += piece if line else piece.lstrip() or piece
    lines.append(line.rstrip() or line)
    return tuple(lines)


def _pieces(text: str, size: int, width: int, *, bold: bool) -> Iterator[str]:
    for piece in re.findall(r".+?(?:\s+|[-_./:&,;|]+|(?<=[a-z0-9])(?=[A-Z])|$)", text, re.DOTALL):
        while text_width(piece, size, bold=bold) > width and len(piece) > 1:
            cut = _fitting(piece, size, width, bold=bold)
            yield piece[:cut]
            piece = piece[cut:]
        yield piece


def _fitting(piece: str, size: int, width: int, *, bold: bool) -> int:
    used = 0.0
    factor = size * _SLACK * (_BOLD if bold else 1) / 1000
    for index, character in enumerate(piece):
        used += _character_width(character) * factor
        if used + 1 > width and index:
            return index
    return len(piece)


def clip(lines: Sequence[str], limit: int) -> tuple[str, ...]:
    """Keep ``limit`` lines and mark what was left out with an ellipsis."""
    if len(lines) <= limit:
        return tuple(lines)
    return (*lines[: limit - 1], f"{lines[limit - 1]} …")
