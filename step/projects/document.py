"""Read JSON or YAML: the value, and the line of every place in it.

Reads files; knows YAML's and CloudFormation's short tags and nothing of templates. YAML is taken event by
event, so that no depth of nesting and no web of aliases is more than a problem with a line.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from step.asl.source import MAX_SIZE, Duplicate, Source, join, read_source, refused
from step.errors import MissingExtra, StepError
from step.jsonvalue import MAX_DEPTH, JSONObject, JSONValue

# More than any template has, less than a small file of aliases can stand for.
_MAX_VALUES = 500_000
_MAX_FILE = 64 * MAX_SIZE
_WORDS: Mapping[str, JSONValue] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **{word: True for text in ("true", "yes", "on") for word in (text, text.title(), text.upper())},
    **{word: False for text in ("false", "no", "off") for word in (text, text.title(), text.upper())},
}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9_]*)")
_OTHER_BASE = re.compile(r"([-+]?)(0b[01_]+|0x[0-9a-fA-F_]+|0o?[0-7_]+)")
_FLOAT = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_PLACEHOLDER = re.compile(r"\$\{([^{}]*)\}")
# CloudFormation's tags that aren't called "Fn::" something in full.
_BARE_TAGS = frozenset({"Ref", "Condition"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A file's value. ``blocks`` are the lines where texts that go over several lines begin, by pointer."""

    file: Path
    source: Source
    blocks: Mapping[str, int]

    @property
    def value(self) -> JSONObject:
        """The file's object; empty where there is none."""
        return self.source.value if isinstance(self.source.value, dict) else {}

    def part(self, pointer: str, value: JSONValue) -> Source:
        """Take an object inside the file for a document; ``value`` is what it has come to."""
        within, start = f"{pointer}/", len(pointer)
        lines = {at[start:]: line for at, line in self.source.lines.items() if at.startswith(within)}
        doubled = [one for one in self.source.duplicates if one.pointer.startswith(within)]
        marks = (
            {"": self.source.line(pointer), **lines},
            tuple(one._replace(pointer=one.pointer[start:]) for one in doubled),
        )
        return Source(value=value, marks=marks, has_duplicates=bool(doubled))


def read_document(file: Path, filled: Mapping[str, str] | None = None) -> Document:
    """Read a file that holds JSON or YAML; what is wrong with it is in the source's ``error``.

    Args:
        file: The file.
        filled: Texts for its ``${NAME}`` placeholders.

    Raises:
        MissingExtra: it is YAML, and PyYAML isn't installed.
        StepError: it is too large to be a definition or a template.
        OSError: it can't be read.
    """
    if file.stat().st_size > _MAX_FILE:
        raise StepError(f"{file}: more than {_MAX_FILE:,} bytes: that is no definition and no template")
    data = file.read_bytes()
    if filled:
        data = fill_text(data.decode("utf-8", "surrogateescape"), filled).encode("utf-8", "surrogateescape")
    if file.suffix in (".yaml", ".yml", ".template") and not data.lstrip().startswith(b"{"):
        return read_yaml(data, file)
    return Document(file=file, source=read_source(data, max_size=_MAX_FILE), blocks={})


def read_text(text: str, file: Path) -> Source:
    """Read a definition's text, which is YAML where it isn't JSON."""
    if file.suffix in (".yaml", ".yml") and not text.lstrip().startswith("{"):
        return read_yaml(text, file).source
    return read_source(text)


def read_yaml(text: str | bytes, file: Path) -> Document:
    """Read YAML."""
    if find_spec("yaml") is None:
        raise MissingExtra("projects", f"{file}: YAML", "yaml")
    reader = _Reader()
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        value = reader.read(text)
    except UnicodeDecodeError as fault:
        return _wrong(file, f"Not UTF-8 text, at byte {fault.start}", 1)
    except _WrongError as fault:
        return _wrong(file, str(fault), fault.line)
    marks = (reader.lines, tuple(reader.duplicates))
    source = Source(value=value, marks=marks, has_duplicates=bool(reader.duplicates))
    return Document(file=file, source=source, blocks=reader.blocks)


def fill_text(text: str, filled: Mapping[str, str]) -> str:
    """Put values where a definition's text has ``${NAME}``; other placeholders stay."""
    return _PLACEHOLDER.sub(lambda match: filled.get(match[1].strip(), match[0]), text) if filled else text


def fill(value: JSONValue, filled: Mapping[str, str]) -> JSONValue:
    """Put values where the texts of a definition have ``${NAME}``."""
    match value:
        case str():
            return fill_text(value, filled)
        case list():
            return [fill(item, filled) for item in value]
        case dict():
            return {fill_text(key, filled): fill(item, filled) for key, item in value.items()}
        case _:
            return value


def moved(source: Source, line: Callable[[int], int]) -> Source:
    """Count a text's lines as they are in the file that it stands in."""
    if source.error is not None:
        return replace(source, error=replace(source.error, line=line(max(source.error.line, 1))))
    doubled = tuple(one._replace(line=line(one.line)) for one in source.duplicates)
    marks = ({at: line(within) for at, within in source.lines.items()}, doubled)
    return Source(value=source.value, marks=marks, has_duplicates=bool(doubled))


def _wrong(file: Path, message: str, line: int) -> Document:
    return Document(file=file, source=refused("INVALID_JSON_DESCRIPTION", message, line), blocks={})


class _WrongError(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Reader:
    """Builds a value of YAML's events, as SAM and CloudFormation read it (YAML 1.1, dates as texts)."""

    def __init__(self) -> None:
        self.lines: dict[str, int] = {}
        self.blocks: dict[str, int] = {}
        self.duplicates: list[Duplicate] = []
        self._events: Iterator[Any] = iter(())
        # By anchor: a value and how many values it holds.
        self._anchors: dict[str, tuple[JSONValue, int]] = {}
        self._count = 0

    def read(self, text: str) -> JSONValue:
        import yaml

        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            self._events = iter(yaml.parse(text, Loader=loader))
            value = None
            for event in self._events:
                if type(event).__name__ == "DocumentStartEvent":
                    value = self._node(self._next(), "", 0)
                    break
            self._finish()
            return value
        except yaml.MarkedYAMLError as fault:
            mark = fault.problem_mark or fault.context_mark
            place = f", at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
            raise _WrongError(f"Not YAML: {fault.problem}{place}", mark.line + 1 if mark else 1) from None
        except (yaml.YAMLError, UnicodeError) as fault:
            raise _WrongError(f"Not YAML: {' '.join(str(fault).split())}", 1) from None

    def _finish(self) -> None:
        for event in self._events:
            if type(event).__name__ == "DocumentStartEvent":
                raise _WrongError("A second document begins; a file has one", event.start_mark.line + 1)

    def _next(self) -> Any:
        return next(self._events)

    def _node(self, event: Any, pointer: str, depth: int) -> JSONValue:
        line = event.start_mark.line + 1
        self._count += 1
        if depth > MAX_DEPTH or self._count > _MAX_VALUES:
            much = f"Nested deeper than {MAX_DEPTH} levels" if depth > MAX_DEPTH else "Too many values"
            raise _WrongError(much, line)
        self.lines.setdefault(pointer, line)
        kind = type(event).__name__
        if kind == "AliasEvent":
            return self._alias(event.anchor, line)
        before = self._count
        tag = event.tag or ""
        inner, key = pointer, ""
        if tag.startswith("!") and len(tag) > 1:
            key = tag[1:] if tag[1:] in _BARE_TAGS else f"Fn::{tag[1:]}"
            inner = join(pointer, key)
        value = self._bare(kind, event, inner, depth + bool(key))
        if key == "Fn::GetAtt" and isinstance(value, str):
            value = [*value.split(".", 1)]
        if key:
            value = {key: value}
        if event.anchor:
            self._anchors[event.anchor] = (value, self._count - before + 1)
        return value

    def _bare(self, kind: str, event: Any, pointer: str, depth: int) -> JSONValue:
        match kind:
            case "ScalarEvent":
                return self._scalar(event, pointer)
            case "SequenceStartEvent":
                items: list[JSONValue] = []
                while type(inner := self._next()).__name__ != "SequenceEndEvent":
                    items.append(self._node(inner, join(pointer, len(items)), depth + 1))
                return items
            case "MappingStartEvent":
                return self._mapping(pointer, depth)
        return None

    def _mapping(self, pointer: str, depth: int) -> JSONObject:
        made: JSONObject = {}
        merged: list[JSONValue] = []
        while type(event := self._next()).__name__ != "MappingEndEvent":
            line = event.start_mark.line + 1
            if type(event).__name__ != "ScalarEvent":
                raise _WrongError("A key is a list, an object or an alias; JSON's keys are texts", line)
            key = str(event.value)
            place = join(pointer, key)
            if key == "<<" and event.implicit[0]:
                value = self._node(self._next(), place, depth + 1)
                merged += value if isinstance(value, list) else [value]
                continue
            if key in made:
                self.duplicates.append(Duplicate(place, key, line))
            self.lines[place] = line
            made[key] = self._node(self._next(), place, depth + 1)
        for more in merged:
            made = {**more, **made} if isinstance(more, dict) else made
        return made

    def _alias(self, name: str, line: int) -> JSONValue:
        if name not in self._anchors:
            raise _WrongError(f"*{name}: nothing before it, or what it stands in itself, is called so", line)
        value, count = self._anchors[name]
        self._count += count
        return value

    def _scalar(self, event: Any, pointer: str) -> JSONValue:
        text = str(event.value)
        if event.style in ("|", ">"):
            self.blocks[pointer] = event.start_mark.line + 2
        is_plain = event.style in (None, "") and (event.tag is None or event.implicit[0])
        return _plain(text) if is_plain else text


def _plain(text: str) -> JSONValue:
    """Read a text without quotes."""
    if text in _WORDS:
        return _WORDS[text]
    digits = text.replace("_", "")
    try:
        if _INTEGER.fullmatch(text):
            return int(digits)
        if other := _OTHER_BASE.fullmatch(text):
            written = other[2].replace("_", "")
            octal = written[1:2] not in ("b", "x", "o")
            return int(f"{other[1]}{written.replace('0', '0o', 1) if octal else written}", 0)
    except ValueError:  # thousands of digits
        return text
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(digits)):
        return number
    return text
