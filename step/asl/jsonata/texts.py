"""Check the texts of JSONata expressions.

Pure: no clock, no IO; knows what AWS refuses and nothing of evaluation.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from functools import lru_cache
from typing import NamedTuple

from step.asl.jsonata.syntax import JSONataSyntaxError, Node

OPEN, CLOSE = "{%", "%}"

_STATES_FIELDS = frozenset({"input", "context"})
_EVAL = "$eval is not available in Step Functions: the state fails when it is called"
_NEEDS_CONTEXT = {"wildcard": "*", "descendant": "**", "parent": "%"}


class JSONataProblem(NamedTuple):
    """What is wrong with an expression, under AWS's code for it."""

    code: str
    message: str


def is_expression(text: str) -> bool:
    """Tell whether a string is a JSONata expression rather than a literal."""
    return text.startswith(OPEN) and text.endswith(CLOSE) and len(text) >= len(OPEN) + len(CLOSE)


def is_torn(text: str) -> bool:
    """Tell whether a string has only one of the two delimiters at its ends."""
    return text.startswith(OPEN) != text.endswith(CLOSE) or text == "{%}"


def has_delimiter(text: str) -> bool:
    """Tell whether a string means to be an expression: it has a delimiter at either end."""
    return text.startswith(OPEN) or text.endswith(CLOSE)


def strip_delimiters(text: str) -> str:
    """Give what stands between ``{%`` and ``%}``."""
    return text[len(OPEN) : -len(CLOSE)].strip()


def find_problems(text: str, *, readable: Set[str] = frozenset()) -> list[JSONataProblem]:
    """List what AWS refuses in an expression (without its delimiters), each message once.

    ``readable``: what of ``$states`` there is beside its input and context: "result", "errorOutput".
    """
    outcome = _parse(text)
    if isinstance(outcome, str):
        return [JSONataProblem("INVALID_JSONATA_EXPRESSION", outcome)]
    problems = dict.fromkeys(_references(outcome, readable=readable))
    return [JSONataProblem(_code_of(message), message) for message in problems]


def _code_of(message: str) -> str:
    return "JSONATA_EVAL" if message is _EVAL else "UNSUPPORTED_JSONATA_EXPRESSION"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Node | str:
    # Here, so that a definition without JSONata doesn't load it.
    from step.asl.jsonata.parser import parse

    try:
        return parse(text)
    except JSONataSyntaxError as fault:
        return str(fault)


def _references(root: Node, *, readable: Set[str]) -> Iterator[str]:
    """Find what AWS refuses, in the order of the text.

    Spec: ASL "JSONata restrictions": no "$" and no unqualified names at the top level, "$$" nowhere.
    Observed words of AWS: public bug reports on CreateStateMachine.
    """
    # Each node, and whether it stands where "$" has a value: inside of a step, a predicate, a function.
    pending = [(root, False)]
    while pending:
        node, is_inside = pending.pop()
        if node.kind == "variable" and node.value == "$":
            yield "Reference to '$$' is not supported."
        elif node.kind == "call" and node.parts[0].kind == "variable" and node.parts[0].value == "eval":
            yield _EVAL
        elif not is_inside:
            yield from _outside(node)
        if node.kind == "path":
            yield from _states_fields(node.parts, readable)
        pending.extend(reversed([*_children(node, is_inside)]))


def _outside(node: Node) -> Iterator[str]:
    sign = "$" if node.kind == "variable" and node.value == "" else _NEEDS_CONTEXT.get(node.kind)
    if sign is not None:
        yield f"Reference to '{sign}' at the top level is not supported."
    elif node.kind == "name":
        hint = ' (did you mean "$states"?)' if node.value == "states" else ""
        yield f"Reference to '{node.value}' at the top level is not supported.{hint}"


def _children(node: Node, is_inside: bool) -> Iterator[tuple[Node, bool]]:
    # The value of a path's first step is the context of the others.
    for index, part in enumerate(node.parts):
        goes_in = node.kind in ("lambda", "transform") or (node.kind == "path" and index > 0)
        yield part, is_inside or goes_in
    is_object = node.kind == "object"
    for pairs, goes_in in ((node.pairs, not is_object), (node.group or (), True)):
        for pair in pairs:
            for each in pair:
                yield each, is_inside or goes_in
    for term, _ in node.terms:
        yield term, True
    for stage in (*node.filters, *node.stages):
        if isinstance(stage, Node):
            yield stage, True


def _states_fields(steps: list[Node], readable: Set[str]) -> Iterator[str]:
    if len(steps) < 2 or steps[0].kind != "variable" or steps[0].value != "states":
        return
    name = steps[1].value if steps[1].kind == "name" else None
    if name is not None and name not in _STATES_FIELDS and name not in readable:
        yield f"Field '$states.{name}' does not exist."
