"""Compile payload templates: Parameters, ItemSelector, ResultSelector and the JSONPath language's Assign.

Pure: no clock, no IO. Spec: ASL "Payload Template". A field whose name ends in ``.$`` holds a path or an
intrinsic function; everything else stays as it is written, and constant parts are shared by all results.
"""

from __future__ import annotations

from typing import Any

from step.asl.intrinsics import compile_query, is_intrinsic
from step.asl.jsonpath import Path, PathSyntaxError, parse_path
from step.asl.scope import Bound, Evaluate, Expression, Scope
from step.jsonvalue import JSONObject, JSONValue, to_text

_DYNAMIC = ".$"


def is_constant(template: JSONValue) -> bool:
    """Tell whether the template has no field that is evaluated."""
    if isinstance(template, dict):
        return all(not key.endswith(_DYNAMIC) and is_constant(item) for key, item in template.items())
    if isinstance(template, list):
        return all(map(is_constant, template))
    return True


def compile_template(template: JSONValue) -> Expression:
    """Compile a payload template.

    Raises:
        ValueError: PathSyntaxError or IntrinsicSyntaxError of a ``.$`` field.
    """
    if is_constant(template):
        return Expression(lambda _value, _scope: template, Bound((), _text_bytes(template)))
    if isinstance(template, dict):
        return _compile_object(template)
    assert isinstance(template, list)
    items = [compile_template(item) for item in template]
    reads = [item.evaluate for item in items]
    bound = sum((item.bound for item in items), Bound((), len(items) + 2))
    return Expression(lambda value, scope: [read(value, scope) for read in reads], bound)


def _compile_object(template: JSONObject) -> Expression:
    constants: JSONObject = {}
    dynamic: list[tuple[str, Evaluate]] = []
    names: list[tuple[str, str]] = []
    bound = Bound((), 2)
    for field, item in template.items():
        key = field.removesuffix(_DYNAMIC)
        # The place of every field, so that results keep the order of the template.
        constants[key] = None
        if key == field and is_constant(item):
            constants[key] = item
            bound += Bound((), _text_bytes(key) + _text_bytes(item) + 2)
            continue
        expression = _compile_field(field, item)
        dynamic.append((key, expression.evaluate))
        bound += expression.bound + Bound((), _text_bytes(key) + 2)
        if name := _single_name(field, item):
            names.append((key, name))
    general = _compile_fields(constants, dynamic)
    if len(names) == len(constants):
        return Expression(_compile_picks(names, general), bound)
    return Expression(general, bound)


def _compile_field(field: str, item: JSONValue) -> Expression:
    if not field.endswith(_DYNAMIC):
        return compile_template(item)
    if not isinstance(item, str):
        raise PathSyntaxError(f"'{field}': expected a path or an intrinsic function, not {to_text(item)}")
    return compile_query(item, field=field)


def _single_name(field: str, item: JSONValue) -> str | None:
    if not field.endswith(_DYNAMIC) or not isinstance(item, str) or is_intrinsic(item):
        return None
    match parse_path(item):
        case Path(root="$", names=(name,)):
            return name
        case _:
            return None


def _compile_fields(constants: JSONObject, dynamic: list[tuple[str, Evaluate]]) -> Evaluate:
    if len(dynamic) == len(constants):
        if len(dynamic) == 1:
            ((key, read),) = dynamic
            return lambda value, scope: {key: read(value, scope)}
        if len(dynamic) == 2:
            (key1, read1), (key2, read2) = dynamic
            return lambda value, scope: {key1: read1(value, scope), key2: read2(value, scope)}
        if len(dynamic) == 3:
            (key1, read1), (key2, read2), (key3, read3) = dynamic
            return lambda value, scope: {
                key1: read1(value, scope),
                key2: read2(value, scope),
                key3: read3(value, scope),
            }

    def evaluate(value: JSONValue, scope: Scope) -> JSONValue:
        result = constants.copy()
        for key, read in dynamic:
            result[key] = read(value, scope)
        return result

    return evaluate


def _compile_picks(names: list[tuple[str, str]], general: Evaluate) -> Evaluate:
    # Every field is a field of the value: read them here, and leave what doesn't fit to the general way.
    if len(names) == 1:
        ((key, name),) = names

        def pick(value: Any, scope: Scope) -> JSONValue:
            try:
                return {key: value[name]}
            except (LookupError, TypeError):
                return general(value, scope)

        return pick
    if len(names) == 2:
        (key1, name1), (key2, name2) = names

        def pick_two(value: Any, scope: Scope) -> JSONValue:
            try:
                return {key1: value[name1], key2: value[name2]}
            except (LookupError, TypeError):
                return general(value, scope)

        return pick_two

    def pick_all(value: Any, scope: Scope) -> JSONValue:
        result = {}
        try:
            for key, name in names:
                result[key] = value[name]
        except (LookupError, TypeError):
            return general(value, scope)
        return result

    return pick_all


def _text_bytes(value: JSONValue) -> int:
    return len(to_text(value).encode("utf-8", "surrogatepass"))
