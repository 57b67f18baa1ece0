r"""Say what Jackson, which AWS's service reads JSON with, says of a text that isn't JSON.

Pure: no clock, no IO. Observed: StringToJson; the messages that no recording has are Jackson's own as its
documentation and users quote them (2.18). What follows the first value is not read.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import NoReturn

_SOURCE = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: {}, column: {}]"
_TOKENS = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
_SPACE = re.compile(r"[ \t\r\n]*")
_WORD = re.compile(r"[\w$]*")
_DIGITS = re.compile(r"[0-9]*")
_PLAIN = re.compile(r'[^"\\\x00-\x1f]*')
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})')


class _Malformed(Exception):  # noqa: N818 - a signal inside this module
    pass


@dataclass(slots=True)
class _Reader:
    text: str
    position: int = 0

    def place(self, position: int) -> str:
        before = self.text[:position]
        return _SOURCE.format(before.count("\n") + 1, position - before.rfind("\n"))

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        raise _Malformed(f"{message}\n at {self.place(self.position if position is None else position)}")

    def unexpected(self, expected: str) -> NoReturn:
        character = self.text[self.position]
        self.fail(f"Unexpected character ({_named(character)}): {expected}")

    def ended(self, where: str) -> NoReturn:
        self.fail(f"Unexpected end-of-input{where}")

    def skip_space(self) -> str:
        self.position = _SPACE.match(self.text, self.position).end()  # type: ignore[union-attr]  # always matches
        return self.text[self.position : self.position + 1]

    # ------------------------------------------------------------ values

    def read_value(self) -> None:
        character = self.skip_space()
        if character in ("{", "["):
            self.read_group(character)
        elif character == '"':
            self.read_string(": was expecting closing quote for a string value")
        elif character.isdigit() and character.isascii():
            self.read_number()
        elif character == "-":
            self.position += 1
            self.read_number(is_negative=True)
        else:
            self.read_word(character)

    def read_word(self, character: str) -> None:
        start = self.position
        end = _WORD.match(self.text, start).end()  # type: ignore[union-attr]  # always matches
        word = self.text[start:end]
        if not word:
            self.unexpected(f"expected a valid value {_TOKENS}")
        self.position = end
        if word in ("NaN", "Infinity"):
            option = "`JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS`"
            self.fail(f"Non-standard token '{word}': enable {option} to allow")
        if word not in ("null", "true", "false"):
            self.fail(f"Unrecognized token '{word}': was expecting {_TOKENS}")

    def read_number(self, *, is_negative: bool = False) -> None:
        digits = self.digits()
        if not digits:
            self.no_digit("expected digit (0-9) to follow minus sign, for valid numeric value")
        if digits[0] == "0" and len(digits) > 1:
            self.position -= len(digits) - 1
            self.fail("Invalid numeric value: Leading zeroes not allowed")
        if self.text.startswith(".", self.position):
            self.position += 1
            if not self.digits():
                self.no_digit("Decimal point not followed by a digit")
        if self.text[self.position : self.position + 1] in ("e", "E"):
            self.position += 1
            if self.text[self.position : self.position + 1] in ("+", "-"):
                self.position += 1
            if not self.digits():
                self.no_digit("Exponent indicator not followed by a digit")

    def digits(self) -> str:
        start = self.position
        self.position = _DIGITS.match(self.text, start).end()  # type: ignore[union-attr]  # always matches
        return self.text[start : self.position]

    def no_digit(self, what: str) -> NoReturn:
        if self.position >= len(self.text):
            self.ended(" in a Number value")
        self.fail(f"Unexpected character ({_named(self.text[self.position])}) in numeric value: {what}")

    def read_string(self, unclosed: str) -> None:
        self.position += 1
        while True:
            self.position = _PLAIN.match(self.text, self.position).end()  # type: ignore[union-attr]  # always matches
            if self.position >= len(self.text):
                self.ended(unclosed)
            character = self.text[self.position]
            if character == '"':
                self.position += 1
                return
            if character != "\\":
                escaped = "has to be escaped using backslash to be included in string value"
                self.fail(f"Illegal unquoted character ({_named(character)}): {escaped}")
            found = _ESCAPE.match(self.text, self.position)
            if not found:
                self.read_wrong_escape()
            self.position = found.end()

    def read_wrong_escape(self) -> NoReturn:
        escaped = self.text[self.position + 1 : self.position + 2]
        self.position += 2
        if not escaped or escaped == "u":
            self.ended(" in character escape sequence")
        self.fail(f"Unrecognized character escape {_named(escaped)}", self.position - 1)

    # ------------------------------------------------------------ groups

    def read_group(self, opening: str) -> None:
        start = self.place(self.position)
        kind, closing = ("Object", "}") if opening == "{" else ("Array", "]")
        self.position += 1
        is_first = True
        while True:
            character = self.skip_space()
            if not character:
                self.ended(f": expected close marker for {kind} (start marker at {start})")
            if character == closing:
                self.position += 1
                return
            if character in ("}", "]"):
                self.position += 1
                wanted = f"expected '{closing}' (for {kind} starting at {start})"
                self.fail(f"Unexpected close marker '{character}': {wanted}")
            if not is_first:
                self.read_comma(kind)
            is_first = False
            if kind == "Object":
                self.read_name()
            self.read_value()

    def read_comma(self, kind: str) -> None:
        if self.text[self.position] != ",":
            self.unexpected(f"was expecting comma to separate {kind} entries")
        self.position += 1
        if not self.skip_space():
            self.ended(f" within/between {kind} entries")

    def read_name(self) -> None:
        if self.text[self.position] != '"':
            self.unexpected("was expecting double-quote to start field name")
        self.read_string(" in field name")
        character = self.skip_space()
        if character and character != ":":
            self.unexpected("was expecting a colon to separate field name and value")
        self.position += 1
        if not character or not self.skip_space():
            self.position = len(self.text)
            self.ended(" within/between Object entries")


def _named(character: str) -> str:
    code = ord(character)
    return f"(CTRL-CHAR, code {code})" if code < 32 else f"'{character}' (code {code})"


def explain(text: str) -> str | None:
    """Say what is wrong with a text's first JSON value, and where; None: nothing, or it is too deep."""
    try:
        _Reader(text).read_value()
    except _Malformed as malformed:
        return str(malformed)
    except RecursionError:
        return None
    return None
