r"""Parse and compile intrinsic functions: ``States.Format('{} is {}', $.name, States.ArrayLength($.items))``.

Pure: no clock, no IO. Spec: ASL "Intrinsic Functions".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from step.asl.intrinsic_functions import (
    FUNCTIONS,
    ArgumentFault,
    IntrinsicFunction,
    format_text,
    math_add,
    split_template,
)
from step.asl.java_text import to_java_text
from step.asl.jsonpath import PathFailure, compile_path
from step.asl.jsonpath_parse import Path, PathSyntaxError, parse_path_prefix
from step.asl.scope import UNBOUND, Bound, Evaluate, Expression, Scope
from step.errors import StateFailure
from step.jsonvalue import JSONValue, to_text

# AWS: "You can nest up to 10 intrinsic functions within a field".
_MAX_NESTING = 10
_NAME = re.compile(r"States\.\w+")
_NUMBER = re.compile(r"-?\d{1,300}(\.\d+)?([eE][+-]?\d{1,3})?(?![\w.])")
_WORDS: dict[str, JSONValue] = {"true": True, "false": False, "null": None}
_WORD = re.compile(r"(?:true|false|null)(?!\w)")


class IntrinsicSyntaxError(ValueError):
    """A text that isn't a call of an intrinsic function."""


class Constant(NamedTuple):
    """A literal argument; ``raw`` is a string's text with its escapes."""

    value: JSONValue
    raw: str


class Call(NamedTuple):
    """A call; ``text`` is the source of it."""

    name: str
    arguments: tuple[Argument, ...]
    text: str


Argument = Constant | Path | Call


def is_intrinsic(text: str) -> bool:
    """Tell whether the text means to be an intrinsic function rather than a path."""
    return text.startswith("States.")


def parse_intrinsic(text: str) -> Call:
    """Parse a whole text as a call.

    Raises:
        IntrinsicSyntaxError: says what was expected and at which character; unknown functions and a wrong
            number of arguments included.
    """
    reader = _Reader(text)
    call = reader.read_call()
    if reader.position != len(text):
        raise reader.error("expected the end of the function")
    return call


class _Reader:
    # A cursor over one text; every read_x leaves it behind what it has read.

    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.depth = 0

    def error(self, message: str) -> IntrinsicSyntaxError:
        return IntrinsicSyntaxError(f"'{self.text}': {message}, at character {self.position + 1}")

    def accept(self, token: str) -> bool:
        while self.text.startswith((" ", "\t", "\n", "\r"), self.position):
            self.position += 1
        if self.text.startswith(token, self.position):
            self.position += len(token)
            return True
        return False

    def read_call(self) -> Call:
        start = self.position
        self.depth += 1
        if self.depth > _MAX_NESTING:
            raise self.error(f"more than {_MAX_NESTING} functions are nested")
        found = _NAME.match(self.text, start)
        if not found or found.group() not in FUNCTIONS:
            raise self.error("expected the name of an intrinsic function")
        self.position = found.end()
        if not self.accept("("):
            raise self.error("expected '('")
        arguments = self.read_arguments()
        self.check_count(found.group(), len(arguments))
        self.depth -= 1
        return Call(found.group(), arguments, self.text[start : self.position])

    def read_arguments(self) -> tuple[Argument, ...]:
        arguments: list[Argument] = []
        if self.accept(")"):
            return ()
        while True:
            arguments.append(self.read_argument())
            if self.accept(")"):
                return tuple(arguments)
            if not self.accept(","):
                raise self.error("expected ',' or ')'")

    def check_count(self, name: str, count: int) -> None:
        function = FUNCTIONS[name]
        if count < function.least or (function.most is not None and count > function.most):
            most = function.most
            wanted = str(function.least) if most == function.least else f"{function.least} to {most or 'any'}"
            raise self.error(f"{name} takes {wanted} arguments, not {count}")

    def read_argument(self) -> Argument:
        self.accept("")
        text, start = self.text, self.position
        if text.startswith("States.", start):
            return self.read_call()
        if text.startswith("$", start):
            try:
                path, self.position = parse_path_prefix(text, start)
            except PathSyntaxError as exc:
                raise IntrinsicSyntaxError(str(exc)) from exc
            return path
        if text.startswith("'", start):
            return self.read_string()
        if word := _WORD.match(text, start):
            self.position = word.end()
            return Constant(_WORDS[word.group()], word.group())
        if number := _NUMBER.match(text, start):
            return self.read_number(number)
        raise self.error("expected a path, a function, a 'string', a number, true, false or null")

    def read_number(self, found: re.Match[str]) -> Constant:
        text = found.group()
        number: int | float = int(text) if found.group(1, 2) == (None, None) else float(text)
        if not math.isfinite(number):
            raise self.error("the number is too large")
        self.position = found.end()
        return Constant(number, text)

    def read_string(self) -> Constant:
        # Only \' \\ \{ \} are escapes. Observed: illegal_escapes, where \" is refused at creation.
        start = self.position + 1
        letters: list[str] = []
        position = start
        while position < len(self.text):
            letter = self.text[position]
            if letter == "'":
                self.position = position + 1
                return Constant("".join(letters), self.text[start:position])
            if letter == "\\":
                position += 1
                letter = self.text[position : position + 1]
                if letter not in ("'", "\\", "{", "}"):
                    self.position = position
                    raise self.error(r"expected ', \, { or } after a backslash")
            letters.append(letter)
            position += 1
        raise self.error("expected a closing '")


# -- compiling


def compile_query(text: str, *, field: str | None = None) -> Expression:
    """Compile what a field may hold where both are allowed: a path or an intrinsic function.

    Raises:
        ValueError: PathSyntaxError or IntrinsicSyntaxError.
    """
    return compile_intrinsic(text) if is_intrinsic(text) else compile_path(text, field=field)


def compile_intrinsic(call: str | Call) -> Expression:
    """Compile a call. Failures are "States.IntrinsicFailure", a missing path is "States.Runtime".

    Raises:
        IntrinsicSyntaxError: the text isn't a call.
    """
    if isinstance(call, str):
        call = parse_intrinsic(call)
    arguments = [_compile_argument(argument) for argument in call.arguments]
    return Expression(_compile_call(call, arguments), _bound(call, arguments))


def _compile_argument(argument: Argument) -> Expression:
    if isinstance(argument, Call):
        return compile_intrinsic(argument)
    if isinstance(argument, Path):
        return compile_path(argument)
    constant = argument.value
    size = len(to_text(constant).encode("utf-8", "surrogatepass"))
    return Expression(lambda _value, _scope: constant, Bound((), size))


def _compile_call(call: Call, arguments: list[Expression]) -> Evaluate:
    reads = [argument.evaluate for argument in arguments]
    first = call.arguments[0] if call.arguments else None
    if call.name == "States.Format" and isinstance(first, Constant) and isinstance(first.value, str):
        return _compile_format(call, split_template(first.raw), reads[1:])
    function = FUNCTIONS[call.name]
    general = _compile_function(call, function, reads)
    if function.call is math_add:
        return _compile_add(call, general)
    return general


def _compile_function(call: Call, function: IntrinsicFunction, reads: list[Evaluate]) -> Evaluate:
    apply = function.call
    if function.needs_random:

        def evaluate_random(value: JSONValue, scope: Scope) -> JSONValue:
            try:
                return apply(scope.random, *[read(value, scope) for read in reads])
            except (ArgumentFault, PathFailure) as fault:
                _fail(call, value, fault)

        return evaluate_random
    if len(reads) == 1:
        return _compile_one_argument(call, apply, reads[0])
    if len(reads) == 2:
        return _compile_two_arguments(call, apply, reads[0], reads[1])

    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(*[read(value, scope) for read in reads])
        except (ArgumentFault, PathFailure) as fault:
            _fail(call, value, fault)

    return evaluate


def _compile_one_argument(call: Call, apply: Callable[..., JSONValue], read: Evaluate) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(read(value, scope))
        except (ArgumentFault, PathFailure) as fault:
            _fail(call, value, fault)

    return evaluate


def _compile_two_arguments(
    call: Call, apply: Callable[..., JSONValue], read_left: Evaluate, read_right: Evaluate
) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(read_left(value, scope), read_right(value, scope))
        except (ArgumentFault, PathFailure) as fault:
            _fail(call, value, fault)

    return evaluate


def _compile_add(call: Call, general: Evaluate) -> Evaluate:
    # Counters of loops: a field plus a whole number, in one function; anything else takes the general way.
    match call.arguments:
        case (Path(root="$", names=(name,)), Constant(int(summand))) if type(summand) is int:
            pass
        case (Constant(int(summand)), Path(root="$", names=(name,))) if type(summand) is int:
            pass
        case _:
            return general

    def add(value: Any, scope: Scope) -> JSONValue:
        try:
            number = value[name]
        except (LookupError, TypeError):
            return general(value, scope)
        return number + summand if type(number) is int else general(value, scope)

    return add


def _compile_format(call: Call, parts: list[str], reads: list[Evaluate]) -> Evaluate:
    if len(parts) != len(reads) + 1:
        return _compile_function(
            call,
            IntrinsicFunction(format_text, 1, None),
            [lambda _value, _scope: "{}" * (len(parts) - 1), *reads],
        )
    if len(reads) == 1:
        return _compile_format_one(call, parts[0], parts[1], reads[0])
    head = parts[0]
    tail = list(zip(reads, parts[1:], strict=True))

    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        texts = [head]
        try:
            for read, part in tail:
                item = read(value, scope)
                texts.append(item if type(item) is str else to_java_text(item))
                texts.append(part)
        except PathFailure as fault:
            _fail(call, value, fault)
        return "".join(texts)

    return evaluate


def _compile_format_one(call: Call, before: str, after: str, read: Evaluate) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            item = read(value, scope)
        except PathFailure as fault:
            _fail(call, value, fault)
        if type(item) is str or type(item) is int:
            return f"{before}{item}{after}"
        return f"{before}{to_java_text(item)}{after}"

    return evaluate


def _fail(call: Call, value: JSONValue, fault: ArgumentFault | PathFailure) -> NoReturn:
    name, reason = "States.IntrinsicFailure", str(fault)
    if isinstance(fault, PathFailure):
        name = "States.Runtime"
        reason = (
            f"The JsonPath argument for the field '{fault.text}' "
            f"could not be found in the input '{to_text(value)}'"
        )
    cause = f"The function '{call.text}' had the following error: {reason}"
    raise StateFailure(name, cause) from None


# How many bytes a result can have where its size doesn't depend on the arguments.
_FIXED_BYTES = {
    "States.ArrayContains": 5,
    "States.ArrayLength": 20,
    "States.Hash": 130,
    "States.UUID": 38,
}
# Functions whose result holds every argument at most once.
_KEEPING = frozenset({"States.Array", "States.ArrayGetItem", "States.ArrayUnique", "States.JsonMerge"})


def _bound(call: Call, arguments: list[Expression]) -> Bound:
    if call.name in _FIXED_BYTES:
        return Bound((), _FIXED_BYTES[call.name])
    total = sum((argument.bound for argument in arguments), Bound())
    if call.name in _KEEPING:
        return total + Bound((), 2 + len(arguments))
    if call.name in ("States.MathAdd", "States.MathRandom"):
        # A double is rounded to a long; a whole number grows by one digit at most.
        return total + Bound((), 21)
    if call.name == "States.Format":
        # Java's text puts a space behind a comma, and a number may be written longer: twice is enough.
        return Bound(total.reads * 2, 2 * total.plus + 2)
    return Bound((), UNBOUND)
