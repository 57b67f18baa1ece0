"""Match texts: by trying and going back, with every step counted.

Pure: no clock, no IO. Chosen over an automaton without going back (google-re2): it has lookaround and
references to groups, as the engines behind AWS's two languages do, and needs no dependency; a pattern that
would run for ever there ends here at the limit of steps. What there is to go back to lies in a list.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple, Protocol

from step.asl.regex.characters import ends_line, is_word
from step.asl.regex.parser import Code, Opcode, RegexProgram, parse_regex

_RESTORE = -1
# Names of their own: looking into the class at every step takes half the time again.
_CHARACTER, _REPEAT, _SPLIT, _JUMP = Opcode.CHARACTER, Opcode.REPEAT, Opcode.SPLIT, Opcode.JUMP
_SAVE, _MARK, _ADVANCED, _MATCH = Opcode.SAVE, Opcode.MARK, Opcode.ADVANCED, Opcode.MATCH
_ASSERT, _REFER, _ATOMIC = Opcode.ASSERT, Opcode.REFER, Opcode.ATOMIC


class Counter(Protocol):
    """What counts the steps; it raises where there are too many."""

    steps: int

    def step(self, count: int) -> None: ...


class Match(NamedTuple):
    """Where a pattern matched; of a group that took no part, the text is None."""

    start: int
    end: int
    groups: tuple[str | None, ...]


class Regex:
    """A compiled pattern."""

    __slots__ = ("_program", "pattern")

    def __init__(self, pattern: str, program: RegexProgram) -> None:
        self.pattern = pattern
        self._program = program

    def search(self, text: str, start: int, counter: Counter) -> Match | None:
        """Find the first match at or behind ``start``."""
        program = self._program
        first = program.code[0]
        begins = first[1] if first[0] is _CHARACTER or (first[0] is _REPEAT and first[2]) else None
        for position in range(start, len(text) + 1):
            counter.step(1)
            if begins is not None and (position == len(text) or not begins[text[position]]):
                continue
            if first == (Opcode.ASSERT, "start") and position:
                return None
            registers = [-1] * program.registers
            end = _run(program.code, text, position, registers, counter, -1)
            if end >= 0:
                return Match(position, end, _groups(text, registers, program.groups))
        return None

    def matches_whole(self, text: str, counter: Counter) -> bool:
        """Say whether the pattern matches from the first character to the last."""
        return _run(self._program.code, text, 0, [-1] * self._program.registers, counter, len(text)) >= 0


@lru_cache(maxsize=512)
def compile_regex(pattern: str, flags: str = "", *, is_java: bool = False) -> Regex:
    """Compile a pattern; ``flags`` are letters of "imsx".

    Raises:
        RegexSyntaxError: it is no pattern, or has a part that isn't supported.
    """
    return Regex(pattern, parse_regex(pattern, flags, is_java=is_java))


def _groups(text: str, registers: list[int], count: int) -> tuple[str | None, ...]:
    return tuple(
        text[registers[2 * number] : registers[2 * number + 1]] if registers[2 * number + 1] >= 0 else None
        for number in range(1, count + 1)
    )


def _run(
    code: Code, text: str, position: int, registers: list[int], counter: Counter, wanted_end: int
) -> int:
    """Run a program from a position; give the end of the match, -1 where there is none.

    With ``wanted_end`` other than -1 only a match that ends there counts.
    """
    # (place, position, -1), (place, least position, position) of a repeat that gives up one character after
    # the other, (place, -2 - set's end, ...) of a lazy one, or (_RESTORE, register, position).
    back: list[tuple[int, int, int]] = []
    place, length, steps = 0, len(text), 0
    budget = counter.steps
    while True:
        steps += 1
        if steps > budget:
            counter.step(steps)
        instruction = code[place]
        op = instruction[0]
        failed = False
        if op is _CHARACTER:
            if position < length and instruction[1][text[position]]:
                position += 1
                place += 1
            else:
                failed = True
        elif op is _REPEAT:
            _, characters, least, most, how = instruction
            start = position
            last = min(length, position + (least if how == "lazy" else most))
            while position < last and characters[text[position]]:
                position += 1
            steps += (position - start) >> 2
            if position < start + least:
                failed = True
            else:
                if how == "greedy" and position > start + least:
                    back.append((place + 1, start + least, position - 1))
                elif how == "lazy" and least < most:
                    back.append((place, -2, position | (min(length, start + most) << 32)))
                place += 1
        elif op is _SPLIT:
            back.append((place + instruction[2], position, -1))
            place += instruction[1]
        elif op is _JUMP:
            place += instruction[1]
        elif op is _SAVE or op is _MARK:
            register = instruction[1]
            back.append((_RESTORE, register, registers[register]))
            registers[register] = position
            place += 1
        elif op is _ADVANCED:
            failed = registers[instruction[1]] == position
            place += 1
        elif op is _MATCH:
            if wanted_end in (-1, position):
                counter.step(steps)
                return position
            failed = True
        elif op is _ASSERT:
            failed = not _holds(instruction[1], text, position)
            place += 1
        elif op is _REFER:
            end = _refer(instruction, text, position, registers)
            steps += (end - position) >> 2 if end > position else 0
            failed = end < 0
            position = end
            place += 1
        else:
            counter.step(steps)
            steps = 0
            kept = list(registers)
            end = _look(instruction, text, position, registers, counter)
            budget = counter.steps
            if end < 0:
                registers[:] = kept
                failed = True
            else:
                for register, before in enumerate(kept):
                    if registers[register] != before:
                        back.append((_RESTORE, register, before))
                position = end
                place += 1
        if not failed:
            continue
        while back:
            place, first, second = back.pop()
            if place == _RESTORE:
                registers[first] = second
                continue
            if first == -2:
                # A lazy repeat takes one more character.
                position, last = second & 0xFFFFFFFF, second >> 32
                if position >= last or not code[place][1][text[position]]:
                    continue
                position += 1
                back.append((place, -2, position | (last << 32)))
                place += 1
            elif second < 0:
                position = first
            else:
                position = second
                if second > first:
                    back.append((place, first, second - 1))
            break
        else:
            counter.step(steps)
            return -1


def _look(
    instruction: tuple[object, ...], text: str, position: int, registers: list[int], counter: Counter
) -> int:
    """Run what stands in a group of its own; give where matching goes on, -1 where it fails.

    Groups of that kind are nested at most as deep as the parser lets them, and each takes two frames.
    """
    program: Code = instruction[1]  # type: ignore[assignment]  # of LOOK and ATOMIC
    if instruction[0] is _ATOMIC:
        return _run(program, text, position, registers, counter, -1)
    is_ahead, is_wanted = instruction[2], instruction[3]
    starts = (position,) if is_ahead else range(position, -1, -1)
    kept = list(registers)
    for start in starts:
        counter.step(1)
        found = _run(program, text, start, registers, counter, -1 if is_ahead else position)
        if found >= 0:
            if is_wanted:
                return position
            registers[:] = kept
            return -1
    return -1 if is_wanted else position


def _holds(what: str, text: str, position: int) -> bool:
    length = len(text)
    match what:
        case "start":
            return position == 0
        case "end":
            return position == length
        case "line start":
            return position == 0 or ends_line(text[position - 1])
        case "line end":
            return position == length or ends_line(text[position])
        case "last line end":
            return position == length or (position == length - 1 and ends_line(text[position]))
    before = position > 0 and is_word(text[position - 1])
    after = position < length and is_word(text[position])
    return (before != after) == (what == "word")


def _refer(instruction: tuple[int, ...], text: str, position: int, registers: list[int]) -> int:
    start, end = registers[2 * instruction[1]], registers[2 * instruction[1] + 1]
    if start < 0 or end < start:
        return position
    wanted, found = text[start:end], text[position : position + end - start]
    if wanted == found or (instruction[2] and wanted.lower() == found.lower()):
        return position + len(found)
    return -1
