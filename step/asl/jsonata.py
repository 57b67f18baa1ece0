"""Check the texts of JSONata expressions.

Pure: no clock, no IO. The library that knows JSONata is optional and loaded at the first expression;
without it only the delimiters ``{% %}`` are known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any, NamedTuple

OPEN, CLOSE = "{%", "%}"

_STATES_FIELDS = frozenset({"input", "result", "errorOutput", "context"})
# The value of the first part is the context of the others: names in those are no top-level references.
_FIRST_IS_OUTSIDE = frozenset(
    {"PathExpr", "PredicateExpr", "ArraySubscript", "SortExpr", "GroupByExpr", "TransformExpr"}
)
_ALL_INSIDE = frozenset({"Lambda", "TransformLambda"})
_EVAL = "$eval is not available in Step Functions: the state fails when it is called"
_NEEDS_CONTEXT = {"ContextRef": "$", "WildcardStep": "*", "DescendantStep": "**", "ParentStep": "%"}


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


def find_problems(text: str, *, in_catcher: bool) -> list[JSONataProblem]:
    """List what AWS refuses in an expression (without its delimiters), each message once."""
    outcome = _parse(text)
    if isinstance(outcome, str):
        return [JSONataProblem("INVALID_JSONATA_EXPRESSION", outcome)]
    if outcome is None:
        return []
    try:
        problems = dict.fromkeys(_references(outcome, inside=False, in_catcher=in_catcher))
    except RecursionError:  # a chain of a thousand operators is right, and nothing can be said of it
        return []
    return [JSONataProblem(_code_of(message), message) for message in problems]


def _code_of(message: str) -> str:
    return "JSONATA_EVAL" if message is _EVAL else "UNSUPPORTED_JSONATA_EXPRESSION"


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    # The syntax tree, a message, or None where the library is missing.
    try:
        from jsonata2py.errors import JsonataError
        from jsonata2py.parser.parser import Parser
    except ImportError:
        return None
    try:
        return Parser.parse(text)
    except RecursionError:
        return "Nested too deeply"
    except JsonataError as fault:
        return str(fault)
    except Exception as fault:
        # A foreign parser on any text: whatever it raises, the expression can't be read.
        return f"{type(fault).__name__}: {fault}"


def _references(node: Any, *, inside: bool, in_catcher: bool) -> Iterator[str]:
    # Spec: ASL "JSONata restrictions": no "$" and no unqualified names at the top level, "$$" nowhere.
    # Observed words of AWS: public bug reports on CreateStateMachine.
    kind = type(node).__name__
    if kind == "RootRef":
        yield "Reference to '$$' is not supported."
    elif kind == "FunctionCall" and node.name == "eval":
        yield _EVAL
    elif not inside and kind in _NEEDS_CONTEXT:
        yield f"Reference to '{_NEEDS_CONTEXT[kind]}' at the top level is not supported."
    elif not inside and kind == "FieldRef":
        hint = ' (did you mean "$states"?)' if node.name == "states" else ""
        yield f"Reference to '{node.name}' at the top level is not supported.{hint}"
    elif kind == "PathExpr":
        yield from _states_fields(node.steps, in_catcher)
    children = list(_children(node))
    for index, child in enumerate(children):
        goes_in = kind in _ALL_INSIDE or (kind in _FIRST_IS_OUTSIDE and index > 0)
        yield from _references(child, inside=inside or goes_in, in_catcher=in_catcher)


def _states_fields(steps: list[Any], in_catcher: bool) -> Iterator[str]:
    if len(steps) < 2 or type(steps[0]).__name__ != "VariableRef" or steps[0].name != "states":
        return
    name = getattr(steps[1], "name", None) if type(steps[1]).__name__ == "FieldRef" else None
    if name is not None and (name not in _STATES_FIELDS or (name == "errorOutput" and not in_catcher)):
        yield f"Field '$states.{name}' does not exist."


def _children(node: Any) -> Iterator[Any]:
    for field in fields(node):
        found = getattr(node, field.name)
        for item in found if isinstance(found, list) else [found]:
            if is_dataclass(item):
                yield item
