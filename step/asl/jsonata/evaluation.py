"""Texts of JSONata in, plain Python functions out; what they give is JSON, within limits.

Pure: no clock, no IO beyond what the scope gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from step.asl.jsonata.compiler import compile_tree
from step.asl.jsonata.direct import compile_direct
from step.asl.jsonata.environment import Env, Evaluation
from step.asl.jsonata.functions import BUILTINS
from step.asl.jsonata.parser import parse
from step.asl.jsonata.syntax import Node
from step.asl.jsonata.values import UNDEFINED, JsonataFault, JsonataFunction, Outer
from step.asl.meter import LIMITS, Exceeded, Limits, Meter
from step.asl.scope import Scope
from step.errors import StepError
from step.jsonvalue import MAX_DEPTH, JSONValue

# What needs to know the visit: the whole of $states, its context object, the time, randomness.
_OF_THE_VISIT = frozenset({"now", "millis", "random", "uuid", "shuffle", "fromMillis", "toMillis"})
_OF_THE_INPUT = frozenset({"input", "result", "errorOutput"})
_TAKEN = frozenset(BUILTINS)
_NUMBERS = frozenset({"+", "-", "*", "/", "%"})
_TRUTHS = frozenset({"=", "!=", "in", "and", "or"})


class FunctionInResult(Exception):  # noqa: N818 - becomes States.QueryEvaluationError, never seen by users
    """The result is, or holds, a function."""


class CalledTooDeep(StepError):  # noqa: N818 - reads as the sentence it is
    """The caller's stack has no room for an evaluation: a fault of the tool, never an answer."""


class CompiledExpression(NamedTuple):
    """A compiled expression.

    ``run(raw input, result or error output, scope)`` gives a value or ``UNDEFINED``; ``clean`` makes it JSON.
    ``kind``: "number", "boolean", "part" (of $states.input: of its field ``part``, unless None) or "".
    ``needs_entry``: it reads the context object, the time or randomness. ``is_exact``: results are JSON
    as the engine keeps it, without ``clean``.
    """

    run: Callable[[JSONValue, JSONValue, Scope], Any]
    kind: str
    part: str | None
    needs_entry: bool
    is_exact: bool


@lru_cache(maxsize=4096)
def compile_text(text: str, second: str | None) -> CompiledExpression:
    """Compile an expression (without its delimiters); ``second`` is "result", "errorOutput" or None.

    Raises:
        JSONataSyntaxError: the text isn't JSONata.
    """
    tree = parse(text)
    closure = compile_tree(tree).run

    def run(raw: JSONValue, extra: JSONValue, scope: Scope) -> Any:
        evaluation = Evaluation(raw, extra, scope, second, BUILTINS)
        try:
            return closure(UNDEFINED, Env(None, evaluation))
        except RecursionError as fault:
            raise CalledTooDeep(
                "an expression is evaluated where the stack has no room left for it"
            ) from fault

    direct = compile_direct(tree, second, _TAKEN, run)
    is_exact = direct is not None and tree.kind == "variable"
    return CompiledExpression(direct or run, *_kind(tree), needs_entry=_needs_entry(tree), is_exact=is_exact)


def evaluate(tree: Node, data: Any, names: dict[str, Any], scope: Scope, limits: Limits = LIMITS) -> Any:
    """Evaluate an expression over a context of its own, as JSONata does outside of Step Functions."""
    evaluation = Evaluation(None, None, scope, None, BUILTINS, limits)
    env = Env(None, evaluation)
    env.names.update(names)
    value = Outer([data]) if isinstance(data, list) else data
    evaluation.root = env.names["$"] = data
    return compile_tree(tree).run(value, env)


def clean(value: Any, limits: Limits = LIMITS) -> JSONValue:
    """Make of a result JSON as the engine keeps it; parts that are so already are shared.

    Raises:
        Unsupported: there is a function in it.
        Exceeded: written out it would be larger than a value may be, or is nested too deep.
    """
    kind = type(value)
    if kind is str or kind is int or kind is bool or value is None:
        return value  # type: ignore[no-any-return]  # exactly one of the scalar types
    if not isinstance(value, list | dict):
        return _scalar(value)
    # All of it together is one value; what is in it twice counts twice.
    limits = limits._replace(total_bytes=limits.value_bytes)
    if _is_clean(value, Meter(limits)):
        return value
    meter = Meter(limits)
    top: list[Any] = [value]
    pending: list[tuple[Any, int]] = [(top, 0)]
    while pending:
        container, depth = pending.pop()
        if depth > MAX_DEPTH + 1:
            raise Exceeded(f"Expression result is nested deeper than {MAX_DEPTH} levels")
        places: Any = container.items() if isinstance(container, dict) else enumerate(container)
        for place, item in list(places):
            if isinstance(item, dict):
                meter.make(32 + 8 * len(item))
                copied: Any = {key: each for key, each in item.items() if each is not UNDEFINED}
            elif isinstance(item, list):
                meter.make(32 + 8 * len(item))
                copied = [each for each in item if each is not UNDEFINED]
            else:
                container[place] = _scalar(item)
                continue
            container[place] = copied
            pending.append((copied, depth + 1))
    return top[0]  # type: ignore[no-any-return]  # its parts have been made JSON


def _is_clean(value: Any, meter: Meter) -> bool:
    """Say whether a value is JSON already, of exact types; what occurs many times counts as often."""
    level = [value]
    depth = 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            raise Exceeded(f"Expression result is nested deeper than {MAX_DEPTH} levels")
        inner: list[Any] = []
        for container in level:
            meter.make(32 + 8 * len(container))
            kind = type(container)
            if kind is not dict and kind is not list:
                return False
            for item in container.values() if kind is dict else container:
                kind = type(item)
                if kind is str:
                    meter.make(len(item))
                elif kind is int or kind is bool or item is None:
                    pass
                elif kind is float:
                    if item - item != 0:
                        return False
                elif isinstance(item, list | dict):
                    inner.append(item)
                else:
                    return False
        level = inner
    return True


def _scalar(value: Any) -> JSONValue:
    if isinstance(value, float) and not math.isfinite(value):
        # AWS, as public reports measured it: 1/0 is no failure, it gives a text.
        return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, JsonataFunction) or value is UNDEFINED:
        raise FunctionInResult
    return value  # type: ignore[no-any-return]  # what is left are scalars


def explain(fault: Exception) -> str:
    """Say after the name of an expression what went wrong, as AWS does.

    AWS, as public reports measured it: a fault with a code is a sentence of its own, one without isn't.
    """
    if isinstance(fault, FunctionInResult):
        return "returned an unsupported result type."
    if isinstance(fault, Exceeded):
        return f"threw an error during evaluation: {fault.message}"
    if isinstance(fault, JsonataFault):
        code = f". {fault.code}" if fault.code else ""
        return f"threw an error during evaluation{code}: {fault.message}"
    return "threw an internal error during evaluation."


# ---------------------------------------------------------------- what is known in advance


def _kind(tree: Node) -> tuple[str, str | None]:
    """Say what is known of an expression's results: ``CompiledExpression``'s kind and part."""
    if tree.filters or tree.group is not None or tree.keeps:
        return "", None
    match tree.kind:
        case "value" if isinstance(tree.value, bool):
            return "boolean", None
        case "number":
            return "number", None
        case "chain" if tree.names[-1] in _TRUTHS:
            return "boolean", None
        case "chain" if tree.names[-1] in _NUMBERS:
            return "number", None
        case "path":
            names = [part.value for part in tree.parts if part.kind in ("name", "variable")]
            is_plain = len(names) == len(tree.parts) and not any(
                part.stages or part.keeps for part in tree.parts
            )
            if is_plain and tree.parts[0].kind == "variable" and names[:2] == ["states", "input"]:
                return "part", names[2] if len(names) > 2 else None
    return "", None


def _needs_entry(tree: Node) -> bool:
    pending = [tree]
    while pending:
        node = pending.pop()
        children = list(node.children())
        if node.kind == "variable" and node.value in _OF_THE_VISIT:
            return True
        if node.kind == "variable" and node.value == "states":
            return True
        if node.kind == "path" and node.parts[0].kind == "variable" and node.parts[0].value == "states":
            second = node.parts[1] if len(node.parts) > 1 else None
            if second is not None and second.kind == "name" and second.value in _OF_THE_INPUT:
                children = [child for child in children if child is not node.parts[0]]
        pending.extend(children)
    return False
