"""Read a definition's text: its value, and the line of every place in it.

Pure: no clock, no IO; knows JSON and nothing of the Amazon States Language. A right document costs one pass
of Python's own JSON reader; lines are counted when the first diagnostic asks for one.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, NoReturn

from step.errors import Diagnostic
from step.jsonvalue import MAX_DEPTH, JSONValue, copy_json, size_bytes

# AWS: CreateStateMachine, "definition: Maximum length of 1048576".
MAX_SIZE = 1_048_576

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]|\n|[^\s"{}\[\]:,]+', re.DOTALL)
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_STRING_OR_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|[^\s"{}\[\]:,]+', re.DOTALL)


class Duplicate(NamedTuple):
    """A key that an object has twice; ``line`` is that of the later one."""

    pointer: str
    key: str
    line: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """A document and where things stand in it.

    ``error`` is the reason why there is no value; ``text`` is None for a document that came as Python values.
    ``marks`` are the lines and the keys given twice, where who read the text knows them: it isn't JSON.
    """

    value: JSONValue
    text: str | None = None
    error: Diagnostic | None = None
    has_duplicates: bool = False
    marks: tuple[Mapping[str, int], tuple[Duplicate, ...]] | None = None

    @cached_property
    def _scan(self) -> tuple[Mapping[str, int], tuple[Duplicate, ...]]:
        if self.marks is not None:
            return self.marks
        return _scan(self.text) if self.text is not None and self.error is None else ({}, ())

    @property
    def lines(self) -> Mapping[str, int]:
        """Map JSON pointers to lines, from 1: that of a member's key, that where an array's item begins."""
        return self._scan[0]

    @property
    def duplicates(self) -> tuple[Duplicate, ...]:
        """List the keys that an object has more than once."""
        return self._scan[1] if self.has_duplicates else ()

    def line(self, pointer: str) -> int:
        """Give the line of a place, or of the nearest place around it that exists; 0 without a text."""
        lines = self.lines
        while pointer not in lines:
            if not pointer:
                return 0
            pointer = pointer.rpartition("/")[0]
        return lines[pointer]


def join(pointer: str, *tokens: str | int) -> str:
    """Extend a JSON pointer by keys and indexes. RFC 6901."""
    return pointer + "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def read_source(text: str | bytes, *, max_size: int = MAX_SIZE) -> Source:
    """Read JSON text; what is wrong with it is in the source's ``error``."""
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8")
        except UnicodeDecodeError as fault:
            line = bytes(fault.object).count(b"\n", 0, fault.start) + 1
            return refused("INVALID_JSON_DESCRIPTION", f"Not UTF-8 text, at byte {fault.start}", line)
    if len(text) > max_size:
        return refused("SCHEMA_VALIDATION_FAILED", _too_large(len(text)), 1)
    if not text.strip():
        # Observed: validate_state_machine_definition_not_a_definition, a blank text.
        return refused("SCHEMA_VALIDATION_FAILED", "Definition must be a valid JSON object", 1)
    return _load(text)


def source_of(value: object) -> Source:
    """Take a document that is already decoded; it is copied, so that later changes to it have no effect."""
    try:
        copied = copy_json(value)
    except TypeError as fault:
        return refused("INVALID_JSON_DESCRIPTION", str(fault), 0)
    size = size_bytes(copied, MAX_SIZE)
    if size > MAX_SIZE:
        return refused("SCHEMA_VALIDATION_FAILED", _too_large(size), 0)
    return Source(value=copied)


def _too_large(size: int) -> str:
    return f"Definition has {size} characters, more than the {MAX_SIZE} that Step Functions takes"


def refused(code: str, message: str, line: int) -> Source:
    """Make the source of a text that can't be read."""
    return Source(
        value=None, error=Diagnostic(severity="ERROR", code=code, message=message, location="", line=line)
    )


class _NotANumberError(ValueError):
    # A number that Python's reader would take and JSON has not.
    def __init__(self, word: str) -> None:
        super().__init__(word)
        self.word = word


def _refuse_constant(word: str) -> NoReturn:
    raise _NotANumberError(word)


def _read_float(word: str) -> float:
    number = float(word)
    if not math.isfinite(number):
        raise _NotANumberError(word)
    return number


def _load(text: str) -> Source:
    duplicated = False

    def make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicated
        made = dict(pairs)
        duplicated = duplicated or len(made) != len(pairs)
        return made

    code = "INVALID_JSON_DESCRIPTION"
    try:
        value = json.loads(
            text, object_pairs_hook=make_object, parse_constant=_refuse_constant, parse_float=_read_float
        )
    except json.JSONDecodeError as fault:
        message = f"{fault.msg}, at line {fault.lineno}, column {fault.colno}"
        return refused(code, message, fault.lineno)
    except _NotANumberError as fault:
        return refused(code, f"{fault.word} is not a JSON number", _line_of_word(text, fault.word))
    except RecursionError:
        return refused(code, f"Nested deeper than {MAX_DEPTH} levels", _line_of_depth(text))
    except ValueError as fault:  # an integer with thousands of digits
        return refused(code, str(fault), 1)
    if text.count("{") + text.count("[") > MAX_DEPTH:
        line = _line_of_depth(text)
        if line:
            return refused(code, f"Nested deeper than {MAX_DEPTH} levels", line)
    return Source(value=value, text=text, has_duplicates=duplicated)


def _line_of_word(text: str, word: str) -> int:
    for match in _STRING_OR_WORD.finditer(text):
        if match[0] == word:
            return text.count("\n", 0, match.start()) + 1
    return 1


def _line_of_depth(text: str) -> int:
    # The line where the text becomes too deep, 0 where it nowhere does.
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "{[":
            depth += 1
            if depth > MAX_DEPTH:
                return text.count("\n", 0, match.start()) + 1
        elif match[0] in "}]":
            depth -= 1
    return 0


class _Frame:
    # An object or array that is being read; ``key`` is None for an array.
    __slots__ = ("index", "is_object", "key", "pointer", "seen")

    def __init__(self, pointer: str, is_object: bool) -> None:
        self.pointer = pointer
        self.is_object = is_object
        self.key: str | None = None
        self.index = 0
        self.seen: set[str] = set()


def _scan(text: str) -> tuple[dict[str, int], tuple[Duplicate, ...]]:
    # Only ever reads text that json has accepted.
    lines: dict[str, int] = {}
    duplicates: list[Duplicate] = []
    stack: list[_Frame] = []
    line = 1
    for match in _TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token == ":":
            pass
        elif token == ",":
            stack[-1].index += 1
            stack[-1].key = None
        elif token in "}]":
            stack.pop()
        elif stack and stack[-1].is_object and stack[-1].key is None:
            _note_key(stack[-1], json.loads(token), line, lines, duplicates)
        else:
            pointer = _place(stack)
            lines[pointer] = lines.get(pointer, line) if stack and stack[-1].is_object else line
            if token in "{[":
                stack.append(_Frame(pointer, token == "{"))
    return lines, tuple(duplicates)


def _note_key(frame: _Frame, key: str, line: int, lines: dict[str, int], duplicates: list[Duplicate]) -> None:
    frame.key = key
    pointer = join(frame.pointer, key)
    lines[pointer] = line
    if key in frame.seen:
        duplicates.append(Duplicate(pointer, key, line))
    frame.seen.add(key)


def _place(stack: list[_Frame]) -> str:
    if not stack:
        return ""
    frame = stack[-1]
    return join(frame.pointer, frame.index if frame.key is None else frame.key)
