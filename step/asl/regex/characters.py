"""Sets of characters: classes, escapes, the ends of words and lines.

Pure: no clock, no IO; knows nothing of how patterns are put together.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

Test = Callable[[str], bool]
# How many characters' answers a set keeps.
_KEPT = 2_048
_LINE_ENDS = "\n\r\u2028\u2029"
_SPACES = " \t\n\r\f\v\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_CATEGORIES = {
    **{"Alpha": "L", "Alphabetic": "L", "Digit": "Nd", "Punct": "P", "Upper": "Lu", "Lower": "Ll"},
    **{"Letter": "L", "Number": "N", "Punctuation": "P", "Symbol": "S", "Separator": "Z", "Mark": "M"},
}


class RegexSyntaxError(ValueError):
    """A text that is no regular expression, or one with a part that isn't supported."""


class Characters(dict[str, bool]):
    """A set of characters, asked by ``characters[letter]``; it remembers its answers."""

    __slots__ = ("_test",)

    def __init__(self, test: Test) -> None:
        super().__init__()
        self._test = test

    def __missing__(self, letter: str) -> bool:
        answer = self._test(letter)
        if len(self) < _KEPT:
            self[letter] = answer
        return answer

    def ignoring_case(self) -> Characters:
        test = self._test
        return Characters(lambda letter: test(letter) or test(letter.lower()) or test(letter.upper()))

    def negated(self) -> Characters:
        test = self._test
        return Characters(lambda letter: not test(letter))


def single(wanted: str) -> Characters:
    return Characters(lambda letter: letter == wanted)


def union(sets: list[Characters]) -> Characters:
    return Characters(lambda letter: any(each[letter] for each in sets))


def between(first: str, last: str) -> Characters:
    if last < first:
        raise RegexSyntaxError(f"the range {first}-{last} is out of order")
    return Characters(lambda letter: first <= letter <= last)


def is_digit(letter: str) -> bool:
    return "0" <= letter <= "9"


def is_word(letter: str) -> bool:
    return letter.isascii() and (letter.isalnum() or letter == "_")


def ends_line(letter: str) -> bool:
    return letter in _LINE_ENDS


ANY = Characters(lambda letter: True)
DOT = Characters(ends_line).negated()
_ESCAPES = {"d": Characters(is_digit), "w": Characters(is_word), "s": Characters(_SPACES.__contains__)}
_ESCAPES |= {letter.upper(): characters.negated() for letter, characters in _ESCAPES.items()}
_ESCAPES["h"] = Characters(" \t\u00a0\u1680\u180e\u202f\u205f\u3000".__contains__)


def class_escape(letter: str, *, is_java: bool) -> Characters | None:
    """Give the set that ``\\d``, ``\\w``, ``\\s`` and their opposites stand for."""
    if is_java and letter in "sS":
        blanks = Characters(" \t\n\r\f\v".__contains__)
        return blanks if letter == "s" else blanks.negated()
    return _ESCAPES.get(letter) if letter != "h" or is_java else None


def property_escape(name: str) -> Characters:
    """Give the set that ``\\p{name}`` stands for: a Unicode category, or a POSIX name of Java's."""
    if name in ("ASCII", "Alnum", "Space", "XDigit"):
        tests: dict[str, Test] = {
            "ASCII": str.isascii,
            "Alnum": lambda letter: letter.isascii() and letter.isalnum(),
            "Space": " \t\n\r\f\v".__contains__,
            "XDigit": "0123456789abcdefABCDEF".__contains__,
        }
        return Characters(tests[name])
    category = _CATEGORIES.get(name, name.removeprefix("Is"))
    if not category or category[0] not in "LMNPSZC" or len(category) > 2:
        raise RegexSyntaxError(f"the property {name} isn't supported")
    return Characters(lambda letter: unicodedata.category(letter).startswith(category))
