"""Cut the text of a JSONata expression into tokens.

Pure: no clock, no IO; knows what a token looks like and nothing of where it may stand.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from step.asl.jsonata.syntax import JSONataSyntaxError

_BLANKS = " \t\n\r\v"
_TWO = frozenset({"..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??"})
_ONE = frozenset(".[]{}(),@#;:?+-*/%|=<>^&!~")
_NUMBER = re.compile(r"(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[Ee][-+]?[0-9]+)?")
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")
_VALUES = {"true": True, "false": False, "null": None}
# Python reads no longer integer.
_LONGEST_INTEGER = 400


class Token(NamedTuple):
    """``kind``: operator, name, variable, string, number, value, regex or end."""

    kind: str
    value: Any
    position: int


class TokenCursor:
    """A cursor over the text. ``next(ends_operand=True)``: a "/" divides, it doesn't begin a pattern."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0

    def next(self, *, ends_operand: bool) -> Token:
        self._skip_blanks()
        text, start = self._text, self._position
        if start >= len(text):
            return Token("end", "(end)", start)
        letter = text[start]
        if letter == "/" and not ends_operand:
            return self._regex(start)
        two = text[start : start + 2]
        if two in _TWO:
            self._position = start + 2
            return Token("operator", two, start)
        if letter in "!~":
            raise JSONataSyntaxError("S0204", f'Unknown operator: "{letter}"', start)
        if letter in _ONE:
            self._position = start + 1
            return Token("operator", letter, start)
        if letter in "\"'":
            return Token("string", self._string(start, letter), start)
        if letter in "0123456789":
            return self._number(start)
        if letter == "`":
            end = text.find("`", start + 1)
            if end < 0:
                raise JSONataSyntaxError(
                    "S0105", "Quoted property name must be terminated with backquote", start
                )
            self._position = end + 1
            return Token("name", text[start + 1 : end], start)
        return self._word(start)

    def _skip_blanks(self) -> None:
        text = self._text
        while True:
            while self._position < len(text) and text[self._position] in _BLANKS:
                self._position += 1
            if not text.startswith("/*", self._position):
                return
            end = text.find("*/", self._position + 2)
            if end < 0:
                raise JSONataSyntaxError("S0106", "Comment has no closing tag", self._position)
            self._position = end + 2

    def _string(self, start: int, quote: str) -> str:
        text, position = self._text, start + 1
        letters: list[str] = []
        while position < len(text):
            letter = text[position]
            if letter == quote:
                self._position = position + 1
                return _join_surrogates("".join(letters))
            if letter == "\\":
                position += 1
                letter = text[position : position + 1]
                if letter == "u":
                    found = _HEX.match(text, position + 1)
                    if not found:
                        raise JSONataSyntaxError(
                            "S0104", "The escape sequence \\u must be followed by 4 hex digits", position
                        )
                    letters.append(chr(int(found.group(), 16)))
                    position += 5
                    continue
                if letter not in _ESCAPES or not letter:
                    raise JSONataSyntaxError("S0103", f"Unsupported escape sequence: \\{letter}", position)
                letter = _ESCAPES[letter]
            letters.append(letter)
            position += 1
        raise JSONataSyntaxError("S0101", "String literal must be terminated by a matching quote", start)

    def _number(self, start: int) -> Token:
        found = _NUMBER.match(self._text, start)
        assert found is not None
        written = found.group()
        self._position = found.end()
        double = float(written)
        if not math.isfinite(double):
            raise JSONataSyntaxError("S0102", f"Number out of range: {written[:40]}", start)
        number = int(double) if double.is_integer() and double < 1 << 53 else double
        return Token("number", number, start)

    def _word(self, start: int) -> Token:
        text, end = self._text, start
        while end < len(text) and text[end] not in _BLANKS and text[end] not in _ONE:
            end += 1
        self._position = end
        word = text[start:end]
        if word.startswith("$"):
            return Token("variable", word[1:], start)
        if word in ("and", "or", "in"):
            return Token("operator", word, start)
        if word in _VALUES:
            return Token("value", _VALUES[word], start)
        return Token("name", word, start)

    def _regex(self, start: int) -> Token:
        text, position, brackets = self._text, start + 1, 0
        while position < len(text):
            letter = text[position]
            if letter == "\\":
                position += 2
                continue
            if letter in "([{":
                brackets += 1
            elif letter in ")]}":
                brackets -= 1
            elif letter == "/" and brackets <= 0:
                pattern = text[start + 1 : position]
                if not pattern:
                    raise JSONataSyntaxError("S0301", "Empty regular expressions are not allowed", start)
                end = position + 1
                while end < len(text) and text[end] in "im":
                    end += 1
                self._position = end
                return Token("regex", (pattern, text[position + 1 : end]), start)
            position += 1
        raise JSONataSyntaxError("S0302", "No terminating / in regular expression", start)


def _join_surrogates(text: str) -> str:
    if not any("\ud800" <= letter <= "\udfff" for letter in text):
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
