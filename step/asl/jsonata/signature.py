"""Function signatures: ``<s-nn?:s>``, and whether arguments match one.

Pure: no clock, no IO. Spec: JSONata documentation, "Programming constructs", "Function signatures".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from step.asl.jsonata.syntax import JSONataSyntaxError
from step.asl.jsonata.values import UNDEFINED, JsonataFault, JsonataFunction

_TYPES = {
    **{"s": "sm", "n": "nm", "b": "bm", "l": "lm", "o": "om"},
    **{"a": "asnblfom", "f": "f", "j": "asnblom", "x": "asnblfom"},
}
_ANY = "*"
_NAMES = {"s": "strings", "n": "numbers", "b": "booleans", "o": "objects", "a": "arrays", "f": "functions"}


class _Parameter(NamedTuple):
    takes: str
    is_array: bool = False
    items: str | None = None
    takes_context: bool = False
    is_optional: bool = False
    repeats: bool = False


@dataclass(frozen=True, slots=True)
class FunctionSignature:
    """The parameters a function declares."""

    parameters: tuple[_Parameter, ...]

    @classmethod
    def from_text(cls, text: str) -> FunctionSignature:
        """Read a signature.

        Raises:
            JSONataSyntaxError: S0401, S0402.
        """
        parameters: list[_Parameter] = []
        index = 1
        while index < len(text) and text[index] != ":":
            letter = text[index]
            last = parameters[-1] if parameters else None
            if letter in _TYPES:
                parameters.append(_Parameter(_TYPES[letter], is_array=letter == "a"))
            elif letter == "-" and last:
                parameters[-1] = last._replace(takes_context=True, is_optional=True)
            elif letter == "?" and last:
                parameters[-1] = last._replace(is_optional=True)
            elif letter == "+" and last:
                parameters[-1] = last._replace(repeats=True)
            elif letter == "(":
                end = text.find(")", index)
                choice = text[index + 1 : end if end > 0 else None]
                if "<" in choice:
                    message = f"Choice groups containing parameterized types are not supported: {choice}"
                    raise JSONataSyntaxError("S0402", message)
                parameters.append(
                    _Parameter(
                        "".join(_TYPES.get(each, each) if each in "jx" else each for each in choice) + "m"
                    )
                )
                index = end if end > 0 else len(text)
            elif letter == "<" and last:
                if not last.is_array and last.takes != "f":
                    message = "Type parameters can only be applied to functions and arrays"
                    raise JSONataSyntaxError("S0401", message)
                end = _closing(text, index)
                parameters[-1] = last._replace(items=text[index + 1 : end])
                index = end
            elif letter == ">":
                break
            index += 1
        return cls(tuple(parameters))

    @property
    def arity(self) -> int:
        return len(self.parameters)

    def check(self, name: str, arguments: list[Any], context: Any) -> list[Any]:
        """Give the arguments a function takes: arrays where it wants arrays, the context where it stands in.

        Raises:
            Fault: T0410, T0411, T0412.
        """
        given = "".join(map(symbol, arguments))
        counts = self._match(given)
        if counts is None:
            place = self._furthest(given)
            raise JsonataFault(
                "T0410", f'Argument {place + 1} of function "{name}" does not match function signature'
            )
        checked: list[Any] = []
        index = 0
        for parameter, count in zip(self.parameters, counts, strict=True):
            if count:
                for argument in arguments[index : index + count]:
                    checked.append(
                        _as_array(name, parameter, argument, index) if parameter.is_array else argument
                    )
                    index += 1
            elif parameter.takes_context:
                if symbol(context) not in parameter.takes:
                    of = f'argument {index + 1} of function "{name}"'
                    raise JsonataFault("T0411", f"Context value is not a compatible type with {of}")
                checked.append(context)
            else:
                # An argument that wasn't given; what follows it, if anything, was.
                checked.append(arguments[index] if index < len(arguments) else UNDEFINED)
                index += 1
        return checked

    def _match(self, given: str) -> list[int] | None:
        """Say how many arguments each parameter takes: greedily, as a regular expression would."""
        parameters = self.parameters
        failed: set[tuple[int, int]] = set()
        counts: list[int] = []
        position = 0
        untried: list[int] = []

        def most(index: int, start: int) -> int:
            parameter, count = parameters[index], 0
            while start + count < len(given) and given[start + count] in parameter.takes:
                count += 1
                if not parameter.repeats:
                    break
            return count

        while True:
            index = len(counts)
            if index == len(parameters):
                if position == len(given):
                    return counts
            elif (index, position) not in failed:
                count = most(index, position)
                if count or parameters[index].is_optional:
                    counts.append(count)
                    untried.append(position)
                    position += count
                    continue
                failed.add((index, position))
            while counts:
                position = untried[-1]
                least = 0 if parameters[len(counts) - 1].is_optional else 1
                if counts[-1] > least:
                    counts[-1] -= 1
                    position += counts[-1]
                    break
                failed.add((len(counts) - 1, position))
                counts.pop()
                untried.pop()
            else:
                return None

    def _furthest(self, given: str) -> int:
        """Find the first argument that doesn't fit: how far the first parameters still match."""
        reached = 0
        for count in range(1, len(self.parameters) + 1):
            position = 0
            for parameter in self.parameters[:count]:
                taken = 0
                while position < len(given) and given[position] in parameter.takes:
                    position += 1
                    taken += 1
                    if not parameter.repeats:
                        break
                if not taken and not parameter.is_optional:
                    return reached
            reached = position
        return reached


def symbol(value: Any) -> str:
    """Name a value's type as signatures do; "m" is nothing."""
    if isinstance(value, str):
        return "s"
    if isinstance(value, bool):
        return "b"
    if isinstance(value, int | float):
        return "n"
    if value is None:
        return "l"
    if isinstance(value, list):
        return "a"
    if isinstance(value, dict):
        return "o"
    return "f" if isinstance(value, JsonataFunction) else "m"


def _as_array(name: str, parameter: _Parameter, argument: Any, index: int) -> Any:
    kind = symbol(argument)
    if kind == "m":
        return UNDEFINED
    if parameter.items is not None:
        if kind != "a":
            fits = kind == parameter.items
        elif argument and parameter.items != _ANY:
            first = symbol(argument[0])
            fits = first == parameter.items[:1] and all(symbol(item) == first for item in argument)
        else:
            fits = True
        if not fits:
            # Observed: AWS's own functions take arrays of anything, and say "undefined" for it.
            items = (
                f'"{_NAMES.get(parameter.items, parameter.items)}"'
                if parameter.items != _ANY
                else "undefined"
            )
            message = f'Argument {index + 1} of function "{name}" must be an array of {items}'
            raise JsonataFault("T0412", message)
    return argument if kind == "a" else [argument]


def _closing(text: str, start: int) -> int:
    depth = 0
    for index in range(start, len(text)):
        depth += {"<": 1, ">": -1}.get(text[index], 0)
        if not depth:
            return index
    return len(text)
