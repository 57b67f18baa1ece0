"""JSONata that needs no environment, as a plain lambda: the common expressions, at a tenth of the time.

Pure: no clock, no IO. It reads the Python source that the library generates: where that is one expression
over helpers that only read their arguments, look-ups of names become arguments of a lambda. The helpers are
the library's own, and so is every result; the commonest case of some is done in place.
"""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from jsonata2py import runtime
from jsonata2py.runtime import core
from jsonata2py.runtime.values import MISSING

from step.asl.jsonata_functions import FUNCTIONS

_COMPARISONS = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_NUMBERS = {"num_wrap", "fn_count"}
_TRUTHS = {*_COMPARISONS, "is_truthy", "in_", "fn_not", "fn_exists"}
_OF_NUMBERS = {"num_val_l", "num_val_r", "mul_d", "div_d", "mod_d", "neg_dn", "fn_sum", "fn_max", "fn_min"}
_OF_NUMBERS |= {"fn_abs", "fn_floor", "fn_ceil", "fn_number"}
_OF_TEXTS = {"concat", "fn_string", "fn_length", "fn_uppercase", "fn_lowercase", "fn_substring", "fn_trim"}
_OF_VALUES = {"field", "array_of", "object_of_distinct", "subscript", "sig_t", "sig_a", "fn_boolean"}
_OF_VALUES |= {"fn_merge", "fn_append", "fn_lookup", "fn_keys"}
# Helpers that only read their arguments: no bindings, no callback, no time.
_DIRECT = _NUMBERS | _TRUTHS | _OF_NUMBERS | _OF_TEXTS | _OF_VALUES
_HELPERS = {name: getattr(runtime, name) for name in runtime.__all__}
_NODES = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.IfExp, ast.List, ast.operator, ast.unaryop, ast.boolop)
# The library counts in doubles: below this a sum of two integers is one of them.
_EXACT = 1 << 52


class Direct(NamedTuple):
    """A lambda of (raw input, result or error output, scope), and what is known of its results.

    ``kind``: "number", "boolean", "part" (of $states.input: of its field ``part``, unless None) or "".
    ``is_exact``: results are JSON as the engine keeps it.
    """

    run: Any
    kind: str
    part: str | None
    is_exact: bool
    sees_context: bool


class _NotDirect(Exception):  # noqa: N818 - a signal inside this module
    pass


def compile_direct(source: str, second: str | None) -> Direct | None:
    """Compile a generated module, or say by None that it needs the library's environment."""
    found = _single_expression(ast.parse(source))
    if found is None:
        return None
    kind, part, is_exact = _kind(found[0])
    rewrite = _Rewrite(second)
    try:
        body = rewrite.visit(found[0])
    except _NotDirect:
        return None
    if rewrite.contexts > 1:
        return None
    arguments = [ast.arg(name) for name in ("_input", "_second", "_scope")]
    lambda_ = ast.Lambda(ast.arguments([], arguments, None, [], [], None, []), body)
    code = compile(ast.fix_missing_locations(ast.Expression(lambda_)), "<jsonata>", "eval")
    return Direct(eval(code, {**_HELPERS, **found[1]}), kind, part, is_exact, bool(rewrite.contexts))


def _single_expression(module: ast.Module) -> tuple[ast.expr, dict[str, Any]] | None:
    """Give the expression that a generated module evaluates, with the module's constants."""
    constants: dict[str, Any] = {}
    for statement in module.body:
        match statement:
            case ast.ImportFrom():
                continue
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant() | ast.List() as value):
                try:
                    constants[name] = ast.literal_eval(value)
                except ValueError:
                    return None
            case ast.FunctionDef(name="_evaluate", body=[*_, ast.Return(value=ast.expr() as value)] as body):
                # Before the return stands only the default of the second argument.
                return (value, constants) if len(body) == 2 else None
            case _:
                return None
    return None


class _Rewrite(ast.NodeTransformer):
    """Turn look-ups of names into the lambda's arguments; refuse whatever needs an environment."""

    def __init__(self, second: str | None) -> None:
        self.second = second
        self.contexts = 0
        self.temporaries = 0

    def visit(self, node: ast.AST) -> Any:
        match node:
            case ast.Call(func=ast.Name(id="field"), args=[inner, ast.Constant(value=str() as name)]):
                if _is_states(inner):
                    return self._states_field(name)
                return self._guarded(inner, "dict", f"{{}}.get({name!r}, MISSING)", f"field({{}}, {name!r})")
            case ast.Call(func=ast.Name(id=helper), args=[inner, ast.Constant(value=int() as number)]) if (
                helper in _COMPARISONS and _is_small(number)
            ):
                sign = _COMPARISONS[helper]
                return self._guarded(inner, "int", f"{{}} {sign} {number}", f"{helper}({{}}, {number})")
            case ast.Call(
                func=ast.Name(id="num_wrap"),
                args=[ast.BinOp(left=ast.Call(func=ast.Name(id="num_val_l"), args=left), right=right)],
            ) if _is_small_sum(left, right):
                inner, sign, number = left[0], _constant(left[1]), _constant(right)
                fits = f"int and -{_EXACT} < {{}} < {_EXACT}"
                slow = f"num_wrap(num_val_l({{}}, {sign!r}) {sign} {number})"
                return self._guarded(inner, fits, f"{{}} {sign} {number}", slow)
            case ast.Call(func=ast.Name(id="resolve_binding"), args=[ast.Constant(value=str() as name)]):
                return self._variable(name)
            case ast.Call(func=ast.Name(id=name) as function, args=arguments, keywords=[]) if name in _DIRECT:
                return ast.Call(function, [self.visit(argument) for argument in arguments], [])
            case ast.Constant() | ast.Name(id="MISSING"):
                return node
            case ast.Name(id=name) if name.startswith("_keys"):
                return node
        if isinstance(node, _NODES):
            return self.generic_visit(node)
        raise _NotDirect

    def _states_field(self, name: str) -> ast.expr:
        if name == "context":
            self.contexts += 1
            return _expression("_scope.context")
        known = {"input": "_input", self.second: "_second"}
        return _expression(known.get(name, "MISSING"))

    def _variable(self, name: str) -> ast.expr:
        if name == "states" or name in FUNCTIONS or core.builtin_value(name) is not MISSING:
            raise _NotDirect
        return _expression(f"_scope.variables.get({name!r}, MISSING)")

    def _guarded(self, inner: ast.expr, kind: str, short: str, helper: str) -> ast.expr:
        """Do a helper's own commonest case in place; ``{}`` in the texts is the value."""
        value = self.visit(inner)
        self.temporaries += 1
        place = f"_value{self.temporaries}"
        found = _expression(f"{short} if _.__class__ is {kind} else {helper}".replace("{}", place))
        match found:
            case ast.IfExp(
                test=ast.Compare(left=ast.Attribute() as looked_at)
                | ast.BoolOp(values=[ast.Compare(left=ast.Attribute() as looked_at), *_])
            ):
                looked_at.value = ast.NamedExpr(ast.Name(place, ast.Store()), value)
        return found


def _expression(source: str) -> ast.expr:
    return ast.parse(source, mode="eval").body


def _is_small_sum(left: list[ast.expr], right: ast.expr) -> bool:
    return _constant(left[1]) in ("+", "-") and _is_small(_constant(right))


def _constant(node: ast.expr) -> Any:
    return node.value if isinstance(node, ast.Constant) else None


def _is_small(number: Any) -> bool:
    return type(number) is int and -_EXACT < number < _EXACT


def _is_states(node: ast.expr) -> bool:
    return ast.unparse(node) == "resolve_binding('states')"


def _kind(node: ast.expr) -> tuple[str, str | None, bool]:
    """Say what is known of an expression's results: ``Direct``'s kind, part and is_exact."""
    match node:
        case ast.Constant(value=bool()):
            return "boolean", None, True
        case ast.Constant(value=int()) | ast.Call(func=ast.Name(id="fn_count")):
            return "number", None, True
        case ast.Call(func=ast.Name(id="num_wrap"), args=[ast.BinOp(right=ast.Constant(value=number))]):
            # A small number added to a double doesn't overflow.
            return "number", None, _is_small(number)
        case ast.Call(func=ast.Name(id="num_wrap")):
            return "number", None, False
        case ast.Call(func=ast.Name(id=name)) if name in _TRUTHS:
            return "boolean", None, True
    names: list[str] = []
    while isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field":
        inner, name_of = node.args
        assert isinstance(name_of, ast.Constant)
        names.insert(0, str(name_of.value))
        node = inner
    if names[:1] == ["input"] and _is_states(node):
        return "part", names[1] if len(names) > 1 else None, True
    match node:
        case ast.Call(func=ast.Name(id="resolve_binding")):
            return "", None, True
    return "", None, False
