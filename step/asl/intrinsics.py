r"""Parse and compile intrinsic functions: ``States.Format('{} is {}', $.name, States.ArrayLength($.items))``.

Pure: no clock, no IO. Spec: ASL "Intrinsic Functions".
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from step.asl.former_intrinsics import FORMER
from step.asl.intrinsic_functions import (
    FUNCTIONS,
    INT_LIMIT,
    ArgumentFault,
    IntrinsicFunction,
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
        IntrinsicSyntaxError: says what was expected and at which character; unknown functions included. A
            wrong number of arguments isn't: AWS takes the definition, and the state fails.
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


def compile_intrinsic(call: str | Call, outermost: Call | None = None) -> Expression:
    """Compile a call, which may stand inside another. All its failures are "States.Runtime".

    Raises:
        IntrinsicSyntaxError: the text isn't a call.
    """
    if isinstance(call, str):
        call = parse_intrinsic(call)
    fail = _make_fail(call, outermost or call)
    arguments = [_compile_argument(argument, outermost or call) for argument in call.arguments]
    return Expression(_compile_call(call, arguments, fail), _bound(call, arguments))


def _compile_argument(argument: Argument, outermost: Call) -> Expression:
    if isinstance(argument, Call):
        return compile_intrinsic(argument, outermost)
    if isinstance(argument, Path):
        return compile_path(argument)
    constant = argument.value
    size = len(to_text(constant).encode("utf-8", "surrogatepass"))
    return Expression(lambda _value, _scope: constant, Bound((), size))


# (value, scope, what went wrong) -> never
_Fail = Callable[[JSONValue, Scope, "ArgumentFault | PathFailure"], NoReturn]


def _make_fail(call: Call, outermost: Call) -> _Fail:
    """Word the failures of a call.

    Observed: what a function says of its arguments is told of the whole field, a missing path of the call
    that has it. That the latter is so inside another call is assumed.
    """

    def fail(value: JSONValue, scope: Scope, fault: ArgumentFault | PathFailure) -> NoReturn:
        name, reason = "States.Runtime", str(fault)
        if isinstance(fault, PathFailure):
            missing = f"'{fault.text}' could not be found in the input '{to_text(value)}'"
            reason = f"The JsonPath argument for the field {missing}"
        elif scope.has_former_functions:
            name = "States.IntrinsicFailure"
        else:
            told = reason or f"Invalid arguments in {call.name}"
            cause = f"There was an error while evaluating the intrinsic function: {outermost.text}. {told}"
            raise StateFailure(name, cause) from None
        raise StateFailure(name, f"The function '{call.text}' had the following error: {reason}") from None

    return fail


def _compile_call(call: Call, arguments: list[Expression], fail: _Fail) -> Evaluate:
    reads = [argument.evaluate for argument in arguments]
    first = call.arguments[0] if call.arguments else None
    function = FUNCTIONS[call.name]
    if not function.takes(len(reads)):
        return _compile_any_number(_refusing(call, function), reads, fail)
    if call.name == "States.Format" and isinstance(first, Constant) and isinstance(first.value, str):
        return _compile_format(first.raw, reads[1:], fail)
    general = _compile_function(call.name, reads, fail)
    if function.call is math_add:
        return _compile_add(call, general)
    return general


def _refusing(call: Call, function: IntrinsicFunction) -> Callable[..., JSONValue]:
    """Make a function that fails, after its arguments have been evaluated."""

    def refuse(*_: JSONValue) -> NoReturn:
        raise ArgumentFault(f"Invalid arguments in {call.name}{function.arity}")

    return refuse


def _compile_function(name: str, reads: list[Evaluate], fail: _Fail) -> Evaluate:
    function = FUNCTIONS[name]
    if function.needs_random:
        return _compile_random(name, function.call, reads, fail)
    compiled = _compile_apply(function.call, reads, fail)
    if name not in FORMER:
        return compiled
    former = _compile_apply(FORMER[name], reads, fail)
    return lambda value, scope: (former if scope.has_former_functions else compiled)(value, scope)


def _compile_random(
    name: str, apply: Callable[..., JSONValue], reads: list[Evaluate], fail: _Fail
) -> Evaluate:
    former = FORMER.get(name, apply)

    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            arguments = [read(value, scope) for read in reads]
            return (former if scope.has_former_functions else apply)(scope.random, *arguments)
        except (ArgumentFault, PathFailure) as fault:
            fail(value, scope, fault)

    return evaluate


def _compile_apply(apply: Callable[..., JSONValue], reads: list[Evaluate], fail: _Fail) -> Evaluate:
    if len(reads) == 1:
        return _compile_one_argument(apply, reads[0], fail)
    if len(reads) == 2:
        return _compile_two_arguments(apply, reads[0], reads[1], fail)
    return _compile_any_number(apply, reads, fail)


def _compile_any_number(apply: Callable[..., JSONValue], reads: list[Evaluate], fail: _Fail) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(*[read(value, scope) for read in reads])
        except (ArgumentFault, PathFailure) as fault:
            fail(value, scope, fault)

    return evaluate


def _compile_one_argument(apply: Callable[..., JSONValue], read: Evaluate, fail: _Fail) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(read(value, scope))
        except (ArgumentFault, PathFailure) as fault:
            fail(value, scope, fault)

    return evaluate


def _compile_two_arguments(
    apply: Callable[..., JSONValue], read_left: Evaluate, read_right: Evaluate, fail: _Fail
) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            return apply(read_left(value, scope), read_right(value, scope))
        except (ArgumentFault, PathFailure) as fault:
            fail(value, scope, fault)

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

    if not -INT_LIMIT <= summand < INT_LIMIT:
        return general
    least, most = -INT_LIMIT - min(summand, 0), INT_LIMIT - max(summand, 0)

    def add(value: Any, scope: Scope) -> JSONValue:
        try:
            number = value[name]
        except (LookupError, TypeError):
            return general(value, scope)
        return number + summand if type(number) is int and least <= number < most else general(value, scope)

    return add


def _compile_format(template: str, reads: list[Evaluate], fail: _Fail) -> Evaluate:
    try:
        parts = split_template(template)
    except ArgumentFault:
        parts = []
    if len(parts) != len(reads) + 1:
        # What is wrong is said when the state runs, after its arguments have been evaluated.
        return _compile_function("States.Format", [lambda _value, _scope: template, *reads], fail)
    if len(reads) == 1:
        return _compile_format_one(parts[0], parts[1], reads[0], fail)
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
            fail(value, scope, fault)
        return "".join(texts)

    return evaluate


def _compile_format_one(before: str, after: str, read: Evaluate, fail: _Fail) -> Evaluate:
    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        try:
            item = read(value, scope)
        except PathFailure as fault:
            fail(value, scope, fault)
        if type(item) is str or type(item) is int:
            return f"{before}{item}{after}"
        return f"{before}{to_java_text(item)}{after}"

    return evaluate


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
        # Former executions round a double to a long; a whole number grows by one digit at most.
        return total + Bound((), 21)
    if call.name == "States.Format":
        # Java's text puts a space behind a comma, and a number may be written longer: twice is enough.
        return Bound(total.reads * 2, 2 * total.plus + 2)
    return Bound((), UNBOUND)
