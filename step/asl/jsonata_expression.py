"""Compile JSONata expressions and the templates that hold them; failures in AWS's words.

Pure: no clock, no IO.
Spec: ASL "JSONata". AWS: Step Functions developer guide, "Transforming data with JSONata".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from step.asl.jsonata import is_expression, strip_delimiters
from step.asl.jsonata.syntax import JSONataSyntaxError
from step.asl.jsonata.values import UNDEFINED
from step.asl.scope import UNBOUND, Bound, Scope
from step.errors import StateFailure, StepError
from step.jsonvalue import JSONObject, JSONValue, to_text

# What $states has beside input and context: a result after success, an error output in a catcher.
Second = Literal["result", "errorOutput"]
# (raw input, result or error output, scope) -> value. Raises StateFailure. Must not change its arguments.
Evaluate = Callable[[JSONValue, JSONValue, Scope], JSONValue]

ERROR = "States.QueryEvaluationError"
# More than any number that JSON text of a double or a long takes.
_NUMBER_BYTES = 32
_TYPES = {bool: "boolean", int: "number", float: "number", str: "string", list: "array", dict: "object"}


class Query(NamedTuple):
    """A compiled field: the function, a bound of its results, and whether the state must be entered first.

    ``is_constant``: it has no expression, so every result is the same value. ``gives`` is the JSON type that
    every result is known to have; "" where nothing is known.
    """

    evaluate: Evaluate
    bound: Bound
    needs_entry: bool = False
    is_constant: bool = False
    gives: str = ""


def compile_template(template: JSONValue, field: str, second: Second | None = None) -> Query:
    """Compile a field whose strings may be expressions, at any depth.

    Raises:
        StepError: an expression isn't JSONata (``validate`` finds it).
    """
    if isinstance(template, str) and is_expression(template):
        return compile_expression(strip_delimiters(template), field, second)
    if isinstance(template, dict) and template:
        return _compile_object(template, field, second)
    if isinstance(template, list) and template:
        items = [compile_template(item, f"{field}[{n}]", second) for n, item in enumerate(template)]
        if not all(item.is_constant for item in items):
            return _gather(items, [item.evaluate for item in items], len(items) + 2)
    return Query(lambda raw, extra, scope: template, Bound((), _text_bytes(template)), is_constant=True)


def compile_expression(text: str, field: str, second: Second | None = None) -> Query:
    """Compile one expression without its delimiters; ``field`` is its place in the state: ``Output/a[0]``."""
    # Here, so that a definition without JSONata doesn't load it.
    from step.asl.jsonata.evaluation import clean, compile_text, explain

    try:
        compiled = compile_text(text, second)
    except JSONataSyntaxError as fault:
        raise StepError(f"{field}: {text!r} is no JSONata expression: {fault}") from fault
    run = compiled.run
    said = f"The JSONata expression '{text}' specified for the field '{field}'"

    def fail(fault: Exception) -> StateFailure:
        return StateFailure(ERROR, f"{said} {explain(fault)}", location=field)

    def undefined() -> StateFailure:
        return StateFailure(ERROR, f"{said} returned nothing (undefined).", location=field)

    def evaluate(raw: JSONValue, extra: JSONValue, scope: Scope) -> JSONValue:
        try:
            value = run(raw, extra, scope)
            kind = type(value)
            if kind is int or kind is str or kind is bool:
                return value  # type: ignore[no-any-return]  # exactly one of the scalar types
            if value is not UNDEFINED:
                return clean(value)
        except StepError:
            raise
        except Exception as fault:  # whatever an expression does to data of any kind
            raise fail(fault) from None
        raise undefined()

    def evaluate_exact(raw: JSONValue, extra: JSONValue, scope: Scope) -> JSONValue:
        value = run(raw, extra, scope)
        if value is UNDEFINED:
            raise undefined()
        return value  # type: ignore[no-any-return]  # what a variable holds

    chosen = evaluate_exact if compiled.is_exact else evaluate
    gives = "boolean" if compiled.kind == "boolean" else ""
    return Query(chosen, _bound(compiled.kind, compiled.part), compiled.needs_entry, gives=gives)


def expect(query: Query, text: JSONValue, field: str, kind: str) -> Evaluate:
    """Let only results of one JSON type through.

    Observed: map_state_items_eval_jsonata_fail_*.
    """
    inner = query.evaluate
    said = f"The JSONata expression '{strip_delimiters(text)}'" if isinstance(text, str) else "The value"

    def evaluate(raw: JSONValue, extra: JSONValue, scope: Scope) -> JSONValue:
        value = inner(raw, extra, scope)
        found = "null" if value is None else _TYPES[type(value)]
        if found == kind:
            return value
        raise StateFailure(
            ERROR,
            f"{said} specified for the field '{field}' returned an unexpected result type. "
            f"Expected '{kind}', but was '{found}' for value: {to_text(value)}",
            location=field,
        )

    return evaluate


def _compile_object(template: JSONObject, field: str, second: Second | None) -> Query:
    members = {key: compile_template(item, f"{field}/{key}", second) for key, item in template.items()}
    if all(member.is_constant for member in members.values()):
        return Query(lambda raw, extra, scope: template, Bound((), _text_bytes(template)), is_constant=True)
    keys_bytes = sum(_text_bytes(key) + 2 for key in template)
    if len(members) == 1:
        ((key, only),) = members.items()
        read = only.evaluate
        bound = only.bound + Bound((), keys_bytes + 2)
        return Query(lambda raw, extra, scope: {key: read(raw, extra, scope)}, bound, only.needs_entry)
    pairs = [(key, member.evaluate) for key, member in members.items() if not member.is_constant]

    def evaluate(raw: JSONValue, extra: JSONValue, scope: Scope) -> JSONValue:
        result = template.copy()
        for key, read in pairs:
            result[key] = read(raw, extra, scope)
        return result

    bound = sum((member.bound for member in members.values()), Bound((), keys_bytes + 2))
    return Query(evaluate, bound, any(member.needs_entry for member in members.values()))


def _gather(items: list[Query], reads: list[Evaluate], plus: int) -> Query:
    bound = sum((item.bound for item in items), Bound((), plus))
    return Query(
        lambda raw, extra, scope: [read(raw, extra, scope) for read in reads],
        bound,
        any(item.needs_entry for item in items),
    )


def _bound(kind: str, part: str | None) -> Bound:
    match kind:
        case "number" | "boolean":
            return Bound((), _NUMBER_BYTES)
        case "part":
            return Bound((part,), 2)
        case _:
            return Bound((), UNBOUND)


def _text_bytes(value: JSONValue) -> int:
    return len(to_text(value).encode("utf-8", "surrogatepass"))
