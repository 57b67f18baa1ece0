"""Translate a regular expression into a program for the matcher.

Pure: no clock, no IO; knows nothing of texts. No recursion: groups wait in a list, so that a pattern can be
read at any depth of the caller's stack. A part's code refers to places relative to itself, so that parts are
put together by joining lists.
"""

from __future__ import annotations

import re
from enum import IntEnum, auto
from typing import Any, NamedTuple, TypeAlias

from step.asl.regex.characters import (
    ANY,
    DOT,
    Characters,
    RegexSyntaxError,
    between,
    class_escape,
    property_escape,
    single,
    union,
)

# A program that a pattern's repeats would make longer is refused, and so is a group nested deeper.
_LONGEST_PROGRAM = 5_000
_MAX_NESTING = 100
# A program inside of another one takes frames of Python's stack when it runs.
_MAX_PROGRAMS = 5
_REPEAT = re.compile(r"\{(\d{1,6})(?:(,)(\d{1,6})?)?\}")
_NAME = re.compile(r"([A-Za-z_]\w*)>")
_FLAGS = re.compile(r"([imsux]*)(?:-([imsux]+))?([:)])")
_HEX = re.compile(r"[0-9a-fA-F]+")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "a": "\a", "e": "\x1b", "0": "\0"}
_MANY = 1 << 30


class Opcode(IntEnum):
    """What an instruction does; behind it stand its operands."""

    CHARACTER = auto()  # set
    REPEAT = auto()  # set, least, most, how ("greedy", "lazy", "possessive")
    SPLIT = auto()  # first way, second way: places relative to here
    JUMP = auto()  # place
    SAVE = auto()  # register
    MARK = auto()  # register: remembers the position at a turn's begin
    ADVANCED = auto()  # register: the turn must have gone on
    REFER = auto()  # group, ignores case
    ASSERT = auto()  # what: "start", "end", "line start", "line end", "word", "no word", "last line end"
    LOOK = auto()  # program, is ahead, is wanted
    ATOMIC = auto()  # program
    MATCH = auto()


Instruction: TypeAlias = tuple[Any, ...]
Code: TypeAlias = list[Instruction]


class RegexProgram(NamedTuple):
    code: Code
    groups: int
    registers: int


class _Group:
    # An open group: the alternatives read so far, the parts of the one being read, how it ends.
    def __init__(self, kind: str, number: int, flags: frozenset[str]) -> None:
        self.kind = kind
        self.number = number
        self.flags = flags
        self.alternatives: list[Code] = []
        self.parts: list[Code] = []


def parse_regex(pattern: str, flags: str, *, is_java: bool) -> RegexProgram:
    """Translate a pattern.

    Raises:
        RegexSyntaxError: says what is wrong or isn't supported.
    """
    return _Parser(pattern, frozenset(flags), is_java=is_java).parse()


class _Parser:
    def __init__(self, pattern: str, flags: frozenset[str], *, is_java: bool) -> None:
        self.text = pattern
        self.position = 0
        self.flags = flags
        self.is_java = is_java
        self.count = 0
        self.names: dict[str, int] = {}
        self.registers = 0
        self.referred = 0
        # Whether the last part can be repeated.
        self.is_atom = False

    def parse(self) -> RegexProgram:
        open_groups = [_Group("all", 0, self.flags)]
        while self.position < len(self.text):
            self.read(open_groups)
            if len(open_groups) > _MAX_NESTING:
                raise RegexSyntaxError(f"more than {_MAX_NESTING} groups are nested")
        if len(open_groups) > 1:
            raise RegexSyntaxError("a group isn't closed")
        if self.referred > self.count:
            raise RegexSyntaxError(f"there is no group {self.referred}")
        code = [*_close(open_groups.pop()), (Opcode.MATCH,)]
        # Marks of loops lie behind the bounds of groups.
        bounds = 2 * (self.count + 1)
        return RegexProgram(_shift(code, bounds), self.count, bounds + self.registers)

    def read(self, groups: list[_Group]) -> None:
        letter = self.text[self.position]
        self.position += 1
        group = groups[-1]
        was_atom, self.is_atom = self.is_atom, True
        match letter:
            case "(":
                self.is_atom = False
                self.open(groups)
            case ")":
                if len(groups) == 1:
                    raise RegexSyntaxError("a ')' closes nothing")
                groups.pop()
                self.flags = group.flags
                groups[-1].parts.append(self.finish(group))
                self.is_atom = (
                    group.kind not in ("ahead", "behind", "not ahead", "not behind") or not self.is_java
                )
            case "|":
                self.is_atom = False
                group.alternatives.append(_join(group.parts))
                group.parts = []
            case "*" | "+" | "?" | "{":
                self.repeat(letter, group, was_atom)
            case "^":
                self.is_atom = False
                group.parts.append([(Opcode.ASSERT, "line start" if "m" in self.flags else "start")])
            case "$":
                self.is_atom = False
                end = "last line end" if self.is_java else "end"
                group.parts.append([(Opcode.ASSERT, "line end" if "m" in self.flags else end)])
            case ".":
                group.parts.append([(Opcode.CHARACTER, ANY if "s" in self.flags else DOT)])
            case "[":
                group.parts.append([(Opcode.CHARACTER, self.cased(self.read_class()))])
            case "\\":
                self.escape(group)
            case "#" if "x" in self.flags:
                self.is_atom = was_atom
                end_of_line = self.text.find("\n", self.position)
                self.position = len(self.text) if end_of_line < 0 else end_of_line
            case _ if "x" in self.flags and letter.isspace():
                self.is_atom = was_atom
            case _:
                self.literal(group, letter)

    def literal(self, group: _Group, letter: str) -> None:
        group.parts.append([(Opcode.CHARACTER, self.cased(single(letter)))])

    def cased(self, characters: Characters) -> Characters:
        return characters.ignoring_case() if "i" in self.flags else characters

    # ------------------------------------------------------------ groups

    def open(self, groups: list[_Group]) -> None:
        flags = self.flags
        if not self.text.startswith("?", self.position):
            self.count += 1
            groups.append(_Group("group", self.count, flags))
            return
        self.position += 1
        kinds = {
            ":": "plain",
            "=": "ahead",
            "!": "not ahead",
            "<=": "behind",
            "<!": "not behind",
            ">": "atomic",
        }
        for sign, kind in kinds.items():
            if self.text.startswith(sign, self.position):
                self.position += len(sign)
                groups.append(_Group(kind, 0, flags))
                return
        if self.text.startswith("<", self.position):
            found = _NAME.match(self.text, self.position + 1)
            if not found:
                raise RegexSyntaxError("a group's name isn't closed")
            self.position = found.end()
            self.count += 1
            self.names[found[1]] = self.count
            groups.append(_Group("group", self.count, flags))
            return
        changed = _FLAGS.match(self.text, self.position) if self.is_java else None
        if not changed:
            raise RegexSyntaxError(f"(?{self.text[self.position : self.position + 1]} isn't supported")
        self.position = changed.end()
        self.flags = (flags | frozenset(changed[1])) - frozenset(changed[2] or "")
        if changed[3] == ":":
            groups.append(_Group("plain", 0, flags))

    def finish(self, group: _Group) -> Code:
        code = _close(group)
        match group.kind:
            case "group":
                return [(Opcode.SAVE, 2 * group.number), *code, (Opcode.SAVE, 2 * group.number + 1)]
            case "ahead" | "not ahead":
                return [(Opcode.LOOK, [*code, (Opcode.MATCH,)], True, group.kind == "ahead")]
            case "behind" | "not behind":
                return [(Opcode.LOOK, [*code, (Opcode.MATCH,)], False, group.kind == "behind")]
            case "atomic":
                return [(Opcode.ATOMIC, [*code, (Opcode.MATCH,)])]
            case _:
                return code

    # ------------------------------------------------------------ repeats

    def repeat(self, letter: str, group: _Group, was_atom: bool) -> None:
        least, most = {"*": (0, _MANY), "+": (1, _MANY), "?": (0, 1)}.get(letter, (0, 0))
        if letter == "{":
            found = _REPEAT.match(self.text, self.position - 1)
            if not found:
                self.literal(group, "{")
                return
            self.position = found.end()
            least = int(found[1])
            most = least if not found[2] else int(found[3]) if found[3] else _MANY
            if most < least:
                raise RegexSyntaxError(f"the numbers of {found.group()} are out of order")
        if not was_atom or not group.parts:
            raise RegexSyntaxError(f"there is nothing to repeat before {letter}")
        how = "greedy"
        if self.text.startswith("?", self.position):
            how = "lazy"
        elif self.is_java and self.text.startswith("+", self.position):
            how = "possessive"
        self.position += how != "greedy"
        self.is_atom = False
        group.parts.append(self.repeated(group.parts.pop(), least, most, how))

    def repeated(self, code: Code, least: int, most: int, how: str) -> Code:
        if len(code) == 1 and code[0][0] is Opcode.CHARACTER:
            return [(Opcode.REPEAT, code[0][1], least, most, how)]
        if how == "possessive":
            return [(Opcode.ATOMIC, [*self.repeated(code, least, most, "greedy"), (Opcode.MATCH,)])]
        copies = least + (1 if most == _MANY else most - least)
        if copies * (len(code) + 3) > _LONGEST_PROGRAM:
            raise RegexSyntaxError("its repeats make it too long")
        whole = code * least
        if most == _MANY:
            register = -1 - self.registers
            self.registers += 1
            turn = [(Opcode.MARK, register), *code, (Opcode.ADVANCED, register)]
            whole = [*whole, _split(1, len(turn) + 2, how), *turn, (Opcode.JUMP, -len(turn) - 1)]
        else:
            for left in range(most - least, 0, -1):
                whole = [*whole, _split(1, left * (len(code) + 1), how), *code]
        return whole

    # ------------------------------------------------------------ escapes and classes

    def escape(self, group: _Group) -> None:
        letter = self.text[self.position : self.position + 1]
        if not letter:
            raise RegexSyntaxError("a backslash ends it")
        asserts = {"b": "word", "B": "no word"}
        if self.is_java:
            asserts |= {"A": "start", "z": "end", "Z": "last line end"}
        if letter in asserts:
            self.position += 1
            self.is_atom = False
            group.parts.append([(Opcode.ASSERT, asserts[letter])])
        elif letter in "123456789":
            self.position += 1
            number = int(letter)
            while self.text[self.position : self.position + 1].isdecimal() and number * 10 <= self.count:
                number = number * 10 + int(self.text[self.position])
                self.position += 1
            self.referred = max(self.referred, number)
            group.parts.append([(Opcode.REFER, number, "i" in self.flags)])
        elif letter == "k" and self.text.startswith("<", self.position + 1):
            found = _NAME.match(self.text, self.position + 2)
            if not found or found[1] not in self.names:
                raise RegexSyntaxError("\\k<...> names no group")
            self.position = found.end()
            group.parts.append([(Opcode.REFER, self.names[found[1]], "i" in self.flags)])
        elif letter == "Q" and self.is_java:
            end = self.text.find("\\E", self.position)
            quoted = self.text[self.position + 1 : end if end >= 0 else None]
            self.position = len(self.text) if end < 0 else end + 2
            for each in quoted:
                self.literal(group, each)
        else:
            group.parts.append([(Opcode.CHARACTER, self.cased(self.read_escape()))])

    def read_escape(self) -> Characters:
        letter = self.text[self.position : self.position + 1]
        self.position += 1
        if not letter:
            raise RegexSyntaxError("a backslash ends it")
        found = class_escape(letter, is_java=self.is_java)
        if found is not None:
            return found
        if letter in "pP":
            return self.read_property(letter)
        return single(self.read_code(letter))

    def read_code(self, letter: str) -> str:
        if letter in _CONTROLS and (self.is_java or letter not in "ae"):
            return _CONTROLS[letter]
        length = {"x": 2, "u": 4}.get(letter)
        if length is not None:
            digits = self.text[self.position : self.position + length]
            braces = re.compile(r"\{([0-9a-fA-F]{1,6})\}").match(self.text, self.position)
            if braces and int(braces[1], 16) < 0x110000:
                self.position = braces.end()
                return chr(int(braces[1], 16))
            if len(digits) == length and _HEX.fullmatch(digits):
                self.position += length
                return chr(int(digits, 16))
            if self.is_java:
                raise RegexSyntaxError(f"\\{letter} wants {length} hexadecimal digits")
        if self.is_java and letter.isascii() and letter.isalpha():
            raise RegexSyntaxError(f"\\{letter} isn't supported")
        return letter

    def read_property(self, letter: str) -> Characters:
        end = self.text.find("}", self.position)
        if self.text.startswith("{", self.position) and end > 0:
            name = self.text[self.position + 1 : end]
            self.position = end + 1
        else:
            name = self.text[self.position : self.position + 1]
            self.position += 1
        found = property_escape(name)
        return found.negated() if letter == "P" else found

    def read_class(self) -> Characters:
        is_negated = self.text.startswith("^", self.position)
        self.position += is_negated
        sets: list[Characters] = []
        start = self.position
        while True:
            if self.position >= len(self.text):
                raise RegexSyntaxError("a '[' isn't closed")
            letter = self.text[self.position]
            if letter == "]" and (self.position > start or not self.is_java):
                self.position += 1
                break
            if self.is_java and (letter == "[" or self.text.startswith("&&", self.position)):
                raise RegexSyntaxError("classes inside of classes aren't supported")
            sets.append(self.read_range())
        characters = union(sets)
        return (
            characters.negated()
            if is_negated and "i" not in self.flags
            else (characters.ignoring_case().negated() if is_negated else characters)
        )

    def read_range(self) -> Characters:
        first, found = self.read_member()
        if first is None or not self.text.startswith("-", self.position):
            return found
        if self.text.startswith("-]", self.position) or self.position + 1 >= len(self.text):
            return found
        self.position += 1
        last, other = self.read_member()
        if last is None:
            return union([found, single("-"), other])
        return between(first, last)

    def read_member(self) -> tuple[str | None, Characters]:
        letter = self.text[self.position]
        self.position += 1
        if letter != "\\":
            return letter, single(letter)
        escaped = self.text[self.position : self.position + 1]
        if escaped == "b":
            self.position += 1
            return "\b", single("\b")
        if class_escape(escaped, is_java=self.is_java) is not None or escaped in "pP":
            return None, self.read_escape()
        self.position += 1
        if not escaped:
            raise RegexSyntaxError("a backslash ends it")
        code = self.read_code(escaped)
        return code, single(code)


def _split(on: int, past: int, how: str) -> Instruction:
    return (Opcode.SPLIT, past, on) if how == "lazy" else (Opcode.SPLIT, on, past)


def _join(parts: list[Code]) -> Code:
    return [instruction for part in parts for instruction in part]


def _close(group: _Group) -> Code:
    code = _join(group.parts)
    for other in reversed(group.alternatives):
        code = [(Opcode.SPLIT, 1, len(other) + 2), *other, (Opcode.JUMP, len(code) + 1), *code]
    if len(code) > _LONGEST_PROGRAM:
        raise RegexSyntaxError("its repeats make it too long")
    return code


def _shift(code: Code, bounds: int) -> Code:
    # The registers of loops are counted down from -1 until the number of groups is known.
    shifted: Code = []
    pending = [(code, shifted, 0)]
    while pending:
        source, target, depth = pending.pop()
        if depth > _MAX_PROGRAMS:
            raise RegexSyntaxError(f"more than {_MAX_PROGRAMS} groups that look around are nested")
        for instruction in source:
            match instruction[0]:
                case Opcode.MARK | Opcode.ADVANCED:
                    target.append((instruction[0], bounds - 1 - instruction[1]))
                case Opcode.LOOK | Opcode.ATOMIC:
                    inner: Code = []
                    pending.append((instruction[1], inner, depth + 1))
                    target.append((instruction[0], inner, *instruction[2:]))
                case _:
                    target.append(instruction)
    return shifted
