"""Read the items of a JSON document without reading it whole.

Pure over an iterator of texts: no clock, no IO. Only one item, or one value passed over, is in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NoReturn

from step.jsonvalue import JSONValue

_SPACE = re.compile(r"[ \t\r\n]*")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


class NotIterable(ValueError):  # noqa: N818 - reads as the sentence it is
    """What should be gone through is neither an array nor an object."""


def decode(text: str) -> JSONValue:
    """Read one whole value; raises ValueError."""
    return _DECODER.decode(text)  # type: ignore[no-any-return]  # it is JSON


def stream_items(texts: Iterator[str], pointer: str = "") -> Iterator[JSONValue]:
    """Give the items of an array, or an object's members as ``{"Key": ..., "Value": ...}``.

    Args:
        texts: The document, a piece at a time.
        pointer: A JSON pointer (RFC 6901) to the array or object.

    Raises:
        NotIterable: there is something else.
        ValueError: the document isn't JSON, or the pointer leads nowhere.
    """
    cursor = _Cursor(texts)
    for step in pointer.split("/")[1:]:
        _enter(cursor, step.replace("~1", "/").replace("~0", "~"), pointer)
    match cursor.peek():
        case "[":
            yield from cursor.elements()
        case "{":
            for key in cursor.names():
                yield {"Key": key, "Value": cursor.value()}
        case _:
            raise NotIterable("Attempting to map over non-iterable node.")
    if not pointer and cursor.peek():
        raise ValueError("something follows the document")


def _enter(cursor: _Cursor, step: str, pointer: str) -> None:
    """Go to a member of the object, or an element of the array, that comes next."""
    match cursor.peek():
        case "{":
            for key in cursor.names():
                if key == step:
                    return
                cursor.value()
        case "[" if step.isdigit():
            cursor.take("[")
            for _ in range(int(step)):
                cursor.value()
                cursor.take(",")
            return
    raise ValueError(f"the pointer {pointer} leads to nothing")


def _is_cut(text: str, end: int) -> bool:
    return all(character in "+-.eE0123456789" for character in text[end:])


class _Cursor:
    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._text = ""
        self._at = 0

    def _more(self) -> bool:
        """Read on; say whether there was anything."""
        for text in self._texts:
            if text:
                self._text = self._text[self._at :] + text
                self._at = 0
                return True
        return False

    def peek(self) -> str:
        """Look at the next character that isn't blank; empty at the end."""
        while True:
            found = _SPACE.match(self._text, self._at)
            assert found is not None
            self._at = found.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, wanted: str) -> None:
        if self.peek() != wanted:
            raise ValueError(f"expected {wanted!r} in the JSON document, found {self.peek()!r}")
        self._at += 1

    def value(self) -> JSONValue:
        """Read one value."""
        self.peek()
        wanted = 0
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except ValueError:
                end = len(self._text)
            else:
                # A number may go on in the next piece: it ends where something follows that can't be in one.
                if not _is_cut(self._text, end) or not self._more():
                    self._at = end
                    return value  # type: ignore[no-any-return]  # it is JSON
                continue
            # Twice as much each time, so that a large value isn't begun again for every piece.
            wanted = max(2 * wanted, end - self._at + 1)
            while len(self._text) - self._at < wanted:
                if not self._more():
                    value, self._at = _DECODER.raw_decode(self._text, self._at)
                    return value  # type: ignore[no-any-return]  # it is JSON

    def elements(self) -> Iterator[JSONValue]:
        self.take("[")
        if self.peek() == "]":
            self.take("]")
            return
        while True:
            yield self.value()
            if self.peek() == "]":
                self.take("]")
                return
            self.take(",")

    def names(self) -> Iterator[str]:
        """Give an object's keys; the caller reads each one's value before it goes on."""
        self.take("{")
        if self.peek() == "}":
            self.take("}")
            return
        while True:
            key = self.value()
            if not isinstance(key, str):
                raise ValueError(f"expected a key in the JSON document, found {key!r}")
            self.take(":")
            yield key
            if self.peek() == "}":
                self.take("}")
                return
            self.take(",")
