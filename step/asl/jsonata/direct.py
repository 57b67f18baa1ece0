"""The commonest expressions without an environment: ``$states.input.i + 1`` at a third of the time.

Pure: no clock, no IO. A field of the input, of a result or of a variable, alone or beside a small whole
number; whatever doesn't fit while it runs goes the general way, which it must agree with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from step.asl.jsonata.syntax import Node
from step.asl.jsonata.values import UNDEFINED
from step.asl.scope import Scope

Run = Callable[[Any, Any, Scope], Any]
# Below it the sum of two whole numbers is one that a double holds.
_SMALL = 1 << 52


def compile_direct(tree: Node, second: str | None, taken: frozenset[str], general: Run) -> Run | None:
    """Compile an expression that is one of those; ``taken`` are names that aren't variables."""
    if tree.filters or tree.group is not None or tree.keeps:
        return None
    if tree.kind == "chain":
        return _comparison(tree, second, taken, general)
    found = _read(tree, second, taken)
    if found is None:
        return None
    source, names = found
    if source == "variable" and not names[1:]:
        only = names[0]

        def variable(raw: Any, extra: Any, scope: Scope) -> Any:
            return scope.variables.get(only, UNDEFINED)

        return variable
    if source != "input" or len(names) > 2:
        return None
    if not names:
        return lambda raw, extra, scope: raw
    if len(names) == 1:
        (name,) = names

        def field(raw: Any, extra: Any, scope: Scope) -> Any:
            return raw.get(name, UNDEFINED) if type(raw) is dict else general(raw, extra, scope)

        return field
    first, last = names

    def inner(raw: Any, extra: Any, scope: Scope) -> Any:
        found = raw.get(first) if type(raw) is dict else None
        return found.get(last, UNDEFINED) if type(found) is dict else general(raw, extra, scope)

    return inner


def _read(tree: Node, second: str | None, taken: frozenset[str]) -> tuple[str, list[str]] | None:
    """Say what a plain path reads: the input's, the result's or a variable's fields."""
    if tree.kind == "variable" and tree.value and tree.value != "$":
        return None if tree.value in taken or tree.value == "states" else ("variable", [tree.value])
    if tree.kind != "path" or tree.parts[0].kind != "variable":
        return None
    for part in tree.parts:
        is_bare = not (part.stages or part.filters or part.keeps or part.is_tuple or part.group)
        if not is_bare or (part is not tree.parts[0] and part.kind != "name"):
            return None
    names = [part.value for part in tree.parts]
    if names[0] == "states":
        return ("input", names[2:]) if names[1] == "input" else None
    return None if names[0] in taken or names[0] in ("", "$") else ("variable", names)


def _comparison(tree: Node, second: str | None, taken: frozenset[str], general: Run) -> Run | None:
    if len(tree.parts) != 2 or tree.parts[1].kind != "number" or tree.parts[1].filters:
        return None
    number = tree.parts[1].value
    found = _read(tree.parts[0], second, taken)
    if found is None or type(number) is not int or not -_SMALL < number < _SMALL or len(found[1]) != 1:
        return None
    source, (name,) = found
    make = _OPERATIONS.get(tree.names[0])
    return None if make is None else make(name, number, source == "input", general)


def _add(name: str, number: int, of_input: bool, general: Run) -> Run:
    def add(raw: Any, extra: Any, scope: Scope) -> Any:
        holder = raw if of_input else scope.variables
        value = holder.get(name) if type(holder) is dict else None
        if type(value) is int and -_SMALL < value < _SMALL:
            return value + number
        return general(raw, extra, scope)

    return add


def _less(name: str, number: int, of_input: bool, general: Run) -> Run:
    def less(raw: Any, extra: Any, scope: Scope) -> Any:
        holder = raw if of_input else scope.variables
        value = holder.get(name) if type(holder) is dict else None
        return value < number if type(value) is int else general(raw, extra, scope)

    return less


def _at_least(name: str, number: int, of_input: bool, general: Run) -> Run:
    def at_least(raw: Any, extra: Any, scope: Scope) -> Any:
        holder = raw if of_input else scope.variables
        value = holder.get(name) if type(holder) is dict else None
        return value >= number if type(value) is int else general(raw, extra, scope)

    return at_least


def _equal(name: str, number: int, of_input: bool, general: Run) -> Run:
    def equal(raw: Any, extra: Any, scope: Scope) -> Any:
        holder = raw if of_input else scope.variables
        value = holder.get(name) if type(holder) is dict else None
        return value == number if type(value) is int else general(raw, extra, scope)

    return equal


_OPERATIONS: dict[str, Callable[[str, int, bool, Run], Run]] = {
    "+": _add,
    "-": lambda name, number, of_input, general: _add(name, -number, of_input, general),
    "<": _less,
    "<=": lambda name, number, of_input, general: _less(name, number + 1, of_input, general),
    ">=": _at_least,
    ">": lambda name, number, of_input, general: _at_least(name, number + 1, of_input, general),
    "=": _equal,
}
