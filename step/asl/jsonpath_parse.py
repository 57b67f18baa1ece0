"""Read the text of a JSONPath into a ``Path``.

Pure: no clock, no IO; knows the grammar and nothing of evaluation. AWS's dialect is that of Jayway's library;
the roots are the language's own: ``$`` the value, ``$$`` the context object, ``$name`` a variable.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from step.asl.regex import Regex, RegexSyntaxError, compile_regex
from step.jsonvalue import JSONValue

_MAX_NESTING = 40
_BLANKS = " \t\r\n"
_NAME_ENDS = frozenset(".[( \t\r\n")
_NESTED_NAME_ENDS = _NAME_ENDS | frozenset("),=!<>&|")
_VARIABLE = re.compile(r"\$([^\W\d]\w*)")
_INTEGERS = re.compile(r"-?\d{1,9}\s*(?:,\s*-?\d{1,9}\s*)*(?!\d)")
_SLICE = re.compile(r"(-?\d{1,9})?\s*:\s*(-?\d{1,9})?\s*(?::\s*(?:-?\d{1,9})?\s*)?(?!\d)")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,99})(?:\.\d+)?(?:[eE][+-]?\d{1,2})?(?!\d)")
_WORD_OPERATOR = re.compile(r"(subsetof|contains|noneof|anyof|empty|size|nin|all|in)(?!\w)", re.IGNORECASE)
_SIGN_OPERATORS = ("===", "!==", "==", "!=", "<=", ">=", "=~", "<", ">")

NUMBER_FUNCTIONS = frozenset({"length", "size", "min", "max", "avg", "stddev", "sum"})
FUNCTIONS = NUMBER_FUNCTIONS | {"keys", "concat", "append", "first", "last", "index"}


class PathSyntaxError(ValueError):
    """A text that isn't a path."""


class Name(NamedTuple):
    """``.name`` or ``['name']``."""

    name: str


class Names(NamedTuple):
    """``['a','b']``: at the end of a path one object of those fields, else each of them in turn."""

    names: tuple[str, ...]


class Index(NamedTuple):
    """``[0]`` or ``[-1]``."""

    number: int


class Indexes(NamedTuple):
    """``[0,2]``."""

    indexes: tuple[int, ...]


class Slice(NamedTuple):
    """``[1:3]``. A third number is read and has no effect, as in Jayway."""

    start: int | None
    stop: int | None


class Wildcard(NamedTuple):
    """``.*`` or ``[*]``."""


class Descend(NamedTuple):
    """``..``: the next segment is applied to the node and to everything below it."""


class Filter(NamedTuple):
    """``[?(...)]``."""

    test: FilterTest


class PathCall(NamedTuple):
    """``.length()``: a function at the end of a path."""

    function: str
    arguments: tuple[Operand, ...]


Segment = Name | Names | Index | Indexes | Slice | Wildcard | Descend | Filter | PathCall


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """A parsed path. ``root`` is "$", "$$", a variable's name, or "@" inside a filter."""

    text: str
    root: str
    segments: tuple[Segment, ...]

    @property
    def is_definite(self) -> bool:
        """Tell whether the path yields one value rather than a list of matches."""
        return self.upstream_is_definite or isinstance(self.segments[-1], PathCall)

    @property
    def upstream_is_definite(self) -> bool:
        """Tell whether everything but a closing function or ``['a','b']`` picks exactly one value."""
        has_closing = bool(self.segments) and isinstance(self.segments[-1], PathCall | Names)
        body = self.segments[:-1] if has_closing else self.segments
        return all(isinstance(segment, Name | Index) for segment in body)

    @property
    def is_reference(self) -> bool:
        """Tell whether this is a reference path. Spec: ASL "Reference Paths"."""
        return all(isinstance(segment, Name | Index) for segment in self.segments)

    @property
    def names(self) -> tuple[str, ...] | None:
        """Give the field names to follow where the path is nothing but fields, else None."""
        names = tuple(segment.name for segment in self.segments if isinstance(segment, Name))
        return names if len(names) == len(self.segments) else None

    @property
    def keys(self) -> tuple[str | int, ...] | None:
        """Give the keys to follow where the path is a reference path, else None."""
        keys: list[str | int] = []
        for segment in self.segments:
            if isinstance(segment, Name):
                keys.append(segment.name)
            elif isinstance(segment, Index):
                keys.append(segment.number)
            else:
                return None
        return tuple(keys)


class Literal(NamedTuple):
    value: JSONValue


class RegexLiteral(NamedTuple):
    regex: Regex


Operand = Path | Literal | RegexLiteral


class Exists(NamedTuple):
    path: Path


class Compare(NamedTuple):
    left: Operand
    operator: str
    right: Operand


class Negation(NamedTuple):
    test: FilterTest


class Every(NamedTuple):
    tests: tuple[FilterTest, ...]


class Some(NamedTuple):
    tests: tuple[FilterTest, ...]


FilterTest = Exists | Compare | Negation | Every | Some


def parse_path(text: str) -> Path:
    """Parse a whole text as a path.

    Raises:
        PathSyntaxError: says what was expected and at which character.
    """
    reader = _Reader(text)
    path = reader.read_path("$")
    if reader.position != len(text):
        raise reader.error("expected '.', '[' or the end of the path")
    return path


def parse_path_prefix(text: str, start: int) -> tuple[Path, int]:
    """Parse the path that begins at ``start`` and ends where no segment follows; give the end too."""
    reader = _Reader(text, start)
    reader.depth = 1  # as inside a filter: names end at ',' and ')' too
    return reader.read_path("$"), reader.position


class _Reader:
    # A cursor over one text; every read_x leaves it behind what it has read.

    def __init__(self, text: str, position: int = 0) -> None:
        self.text = text
        self.position = position
        self.depth = 0

    def error(self, message: str) -> PathSyntaxError:
        return PathSyntaxError(f"'{self.text}': {message}, at character {self.position + 1}")

    def peek(self, count: int = 1) -> str:
        return self.text[self.position : self.position + count]

    def skip_blanks(self) -> None:
        while self.position < len(self.text) and self.text[self.position] in _BLANKS:
            self.position += 1

    def accept(self, token: str) -> bool:
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        self.skip_blanks()
        if not self.accept(token):
            raise self.error(f"expected '{token}'")

    def enter(self) -> None:
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error(f"nested deeper than {_MAX_NESTING} levels")

    # -- paths

    def read_path(self, roots: str) -> Path:
        start = self.position
        self.enter()
        root = self.read_root(roots)
        segments: list[Segment] = []
        while self.read_segment(segments):
            if isinstance(segments[-1], PathCall):
                break
        self.depth -= 1
        return Path(text=self.text[start : self.position], root=root, segments=tuple(segments))

    def read_root(self, roots: str) -> str:
        if "@" in roots and self.accept("@"):
            return "@"
        if variable := _VARIABLE.match(self.text, self.position):
            self.position = variable.end()
            return variable.group(1)
        for root in ("$$", "$"):
            if self.accept(root):
                return root
        raise self.error("a path starts with '$'")

    def read_segment(self, segments: list[Segment]) -> bool:
        if self.accept(".."):
            segments.append(Descend())
            self.read_step(segments)
            return True
        if self.accept("."):
            self.read_step(segments)
            return True
        if self.peek() == "[":
            segments.append(self.read_bracket())
            return True
        return False

    def read_step(self, segments: list[Segment]) -> None:
        if self.peek() == "[":
            segments.append(self.read_bracket())
        elif self.accept("*"):
            segments.append(Wildcard())
        else:
            segments.append(self.read_name())

    def read_name(self) -> Segment:
        start = self.position
        ends = _NAME_ENDS if self.depth == 1 else _NESTED_NAME_ENDS
        while self.position < len(self.text) and self.text[self.position] not in ends:
            self.position += 1
        name = self.text[start : self.position]
        if not name:
            raise self.error("expected a field name")
        if self.peek() == "(":
            return self.read_call(name)
        return Name(name)

    def read_call(self, function: str) -> PathCall:
        if function not in FUNCTIONS:
            raise self.error(f"there is no function '{function}'")
        self.expect("(")
        arguments: list[Operand] = []
        self.skip_blanks()
        if not self.accept(")"):
            while True:
                arguments.append(self.read_operand())
                self.skip_blanks()
                if self.accept(")"):
                    break
                self.expect(",")
        return PathCall(function, tuple(arguments))

    def read_bracket(self) -> Segment:
        self.expect("[")
        self.skip_blanks()
        segment = self.read_selector()
        self.expect("]")
        return segment

    def read_selector(self) -> Segment:
        if self.accept("*"):
            return Wildcard()
        if self.accept("?"):
            return self.read_filter()
        if self.peek() in ("'", '"'):
            return self.read_names()
        if (found := _SLICE.match(self.text, self.position)) and found.group(1, 2) != (None, None):
            self.position = found.end()
            start, stop = (int(number) if number else None for number in found.group(1, 2))
            return Slice(start, stop)
        if found := _INTEGERS.match(self.text, self.position):
            self.position = found.end()
            indexes = tuple(int(number) for number in found.group().split(","))
            return Index(indexes[0]) if len(indexes) == 1 else Indexes(indexes)
        raise self.error("expected a quoted name, an index, a slice, '*' or '?('")

    def read_names(self) -> Segment:
        names = [self.read_quoted()]
        self.skip_blanks()
        while self.accept(","):
            self.skip_blanks()
            if self.peek() not in ("'", '"'):
                raise self.error("expected a quoted name")
            names.append(self.read_quoted())
            self.skip_blanks()
        return Name(names[0]) if len(names) == 1 else Names(tuple(names))

    def read_quoted(self) -> str:
        # A backslash guards the delimiter and itself, and stays before anything else.
        # Observed: escape_sequence_parsing, where \" inside '...' keeps its backslash.
        delimiter = self.peek()
        self.position += 1
        letters: list[str] = []
        while self.position < len(self.text):
            letter = self.text[self.position]
            if letter == delimiter:
                self.position += 1
                return "".join(letters)
            if letter == "\\" and self.text[self.position + 1 : self.position + 2] in (delimiter, "\\"):
                self.position += 1
                letter = self.text[self.position]
            letters.append(letter)
            self.position += 1
        raise self.error(f"expected a closing {delimiter}")

    # -- filters

    def read_filter(self) -> Filter:
        self.expect("(")
        test = self.read_some()
        self.expect(")")
        return Filter(test)

    def read_some(self) -> FilterTest:
        tests = [self.read_every()]
        self.skip_blanks()
        while self.accept("||"):
            tests.append(self.read_every())
            self.skip_blanks()
        return tests[0] if len(tests) == 1 else Some(tuple(tests))

    def read_every(self) -> FilterTest:
        tests = [self.read_test()]
        self.skip_blanks()
        while self.accept("&&"):
            tests.append(self.read_test())
            self.skip_blanks()
        return tests[0] if len(tests) == 1 else Every(tuple(tests))

    def read_test(self) -> FilterTest:
        self.enter()
        self.skip_blanks()
        test: FilterTest
        if self.accept("!"):
            test = Negation(self.read_test())
        elif self.accept("("):
            test = self.read_some()
            self.expect(")")
        else:
            test = self.read_comparison()
        self.depth -= 1
        return test

    def read_comparison(self) -> FilterTest:
        left = self.read_operand()
        operator = self.read_operator()
        if operator:
            return Compare(left, operator, self.read_operand())
        if isinstance(left, Path):
            return Exists(left)
        raise self.error("expected an operator")

    def read_operator(self) -> str | None:
        self.skip_blanks()
        for sign in _SIGN_OPERATORS:
            if self.accept(sign):
                return sign
        if found := _WORD_OPERATOR.match(self.text, self.position):
            self.position = found.end()
            return found.group().lower()
        return None

    def read_operand(self) -> Operand:
        self.skip_blanks()
        letter = self.peek()
        if letter in ("$", "@"):
            return self.read_path("@$")
        if letter in ("'", '"'):
            return Literal(self.read_quoted())
        if letter == "/":
            return self.read_regex()
        if letter in ("[", "{"):
            return self.read_json()
        for word, value in (("true", True), ("false", False), ("null", None)):
            if self.accept(word):
                return Literal(value)
        if found := _NUMBER.match(self.text, self.position):
            self.position = found.end()
            return Literal(json.loads(found.group()))
        raise self.error("expected a path, a string, a number, true, false, null or a pattern")

    def read_regex(self) -> RegexLiteral:
        end = self.position + 1
        while end < len(self.text) and self.text[end] != "/":
            end += 2 if self.text[end] == "\\" else 1
        source = self.text[self.position + 1 : end]
        found = re.compile(r"/([a-zA-Z]*)").match(self.text, end)
        if not found:
            raise self.error("expected a closing /")
        try:
            regex = compile_regex(source.replace("\\/", "/"), found.group(1), is_java=True)
        except RegexSyntaxError as exc:
            raise self.error(f"'{source}' is no pattern ({exc})") from exc
        self.position = found.end()
        return RegexLiteral(regex)

    def read_json(self) -> Literal:
        # Jayway takes lists and objects with single quotes as well.
        start = self.position
        closing = {"[": "]", "{": "}"}
        expected: list[str] = []
        parts: list[str] = []
        while self.position < len(self.text):
            letter = self.peek()
            if letter in ("'", '"'):
                parts.append(json.dumps(self.read_quoted()))
                continue
            parts.append(letter)
            self.position += 1
            if letter in closing:
                expected.append(closing[letter])
            elif expected and letter == expected[-1]:
                expected.pop()
                if not expected:
                    break
        try:
            return Literal(json.loads("".join(parts), parse_constant=_refuse_constant))
        except (ValueError, RecursionError) as exc:
            self.position = start
            raise self.error("expected a JSON list or object") from exc


def _refuse_constant(text: str) -> JSONValue:
    raise ValueError(text)
