"""Compile a tree to closures.

Pure: no clock, no IO. A closure takes the context value and the environment; it may call what it was compiled
from, and nothing deeper: how many of Python's frames an evaluation can need is known here. Compiling itself
keeps what waits in a list, so that it works at any depth of the caller's stack.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, NamedTuple, TypeAlias

from step.asl.jsonata import operators
from step.asl.jsonata.environment import Env, call
from step.asl.jsonata.functions import pattern_function
from step.asl.jsonata.paths import (
    PathStep,
    compile_descendant,
    compile_filter,
    compile_group,
    compile_path,
    compile_wildcard,
    filtered,
)
from step.asl.jsonata.syntax import Node
from step.asl.jsonata.transform import transformer
from step.asl.jsonata.values import (
    UNDEFINED,
    JsonataFault,
    Lambda,
    Outer,
    TailCall,
    Whole,
    is_truthy,
    keep,
    settle,
)

Closure: TypeAlias = Callable[[Any, Env], Any]
# The frame of ``call`` between a call and the function's body, and what operators need below any closure.
_CALL_FRAMES = 1
_LEAF_FRAMES = 14
# Frames between a node's closure and those of its parts, where there are any.
_BETWEEN = {"path": 3, "call": 1, "partial": 1, "chain": 1, "object": 1}
# Frames between a step's or a value's predicate and its test, an order-by and its terms.
_OF_FILTER = 2
_OF_TERM = 5


class Compiled(NamedTuple):
    """A closure, and how many of Python's frames it takes without those of functions it calls."""

    run: Closure
    frames: int


_Work: TypeAlias = Generator[Any, Any, Closure]


def compile_tree(root: Node) -> Compiled:
    """Compile an expression."""
    return _Compiler().compile(root)


class _Compiler:
    # ``level``: how deep in frames the node that is being compiled stands below its function's body.

    def __init__(self) -> None:
        self.level = 0
        self.deepest = 0
        # Nodes so far: what a turn of a loop or a call costs is how many it may evaluate.
        self.count = 0

    def compile(self, root: Node) -> Compiled:
        stack: list[tuple[_Work, int, int]] = []
        value: Any = None
        stack.append((self.node(root), 0, 0))
        while stack:
            work = stack[-1][0]
            try:
                request = work.send(value)
            except StopIteration as done:
                _, self.level, before = stack.pop()
                self.deepest = max(before, self.deepest)
                value = done.value
                continue
            value = None
            stack.append(
                (self.node(request) if isinstance(request, Node) else request, self.level, self.deepest)
            )
        return Compiled(value, self.deepest + _LEAF_FRAMES)

    def node(self, node: Node, *, is_tail: bool = False) -> _Work:
        # Its closure; what follows a value wraps it.
        self.level += 1 + 2 * bool(node.filters or node.group) + bool(node.keeps)
        self.deepest = max(self.deepest, self.level)
        self.count += 1
        rule = _RULES[node.kind]
        if node.kind in _TAILS:
            closure: Closure = yield rule(
                self, node, is_tail and not (node.filters or node.group or node.keeps)
            )
        else:
            closure = yield rule(self, node)
        if node.filters:
            filters = []
            self.level += _OF_FILTER
            for each in node.filters:
                filters.append(compile_filter(each, (yield each), self.count))
            closure = filtered(closure, filters)
        if node.group is not None and node.kind != "path":
            pairs = yield self.pairs(node.group)
            closure = compile_group(closure, pairs)
        if node.keeps and node.kind != "path":
            kept = closure
            return lambda value, env: keep(kept(value, env))
        if node.filters or node.group is not None:
            settled = closure
            return lambda value, env: settle(settled(value, env))
        return closure

    def pairs(self, pairs: list[tuple[Node, Node]]) -> Generator[Any, Any, list[tuple[Closure, Closure]]]:
        compiled = []
        for key, value in pairs:
            compiled.append(((yield key), (yield value)))
        return compiled

    # ------------------------------------------------------------ values

    def literal(self, node: Node) -> _Work:
        yield from ()
        value = node.value
        return lambda _value, _env: value

    def regex(self, node: Node) -> _Work:
        yield from ()
        function = pattern_function(node.value)
        return lambda _value, _env: function

    def variable(self, node: Node) -> _Work:
        yield from ()
        name = node.value
        if name == "":
            return lambda value, _env: value[0] if type(value) is Outer else value
        if name == "$":
            return lambda _value, env: env.run.root
        return lambda _value, env: env.look_up(name)

    def parent(self, node: Node) -> _Work:
        yield from ()
        slot = node.slot
        assert slot is not None
        return lambda _value, env: env.look_up(slot.label)

    def wildcard(self, node: Node) -> _Work:
        yield from ()
        return compile_wildcard()

    def descendant(self, node: Node) -> _Work:
        yield from ()
        return compile_descendant()

    def name(self, node: Node) -> _Work:
        yield from ()
        return operators.member(node.value)

    # ------------------------------------------------------------ operators

    def chain(self, node: Node) -> _Work:
        self.level += (
            _BETWEEN["chain"] if len(node.parts) > 2 or node.names[0] not in operators.ARITHMETIC else 0
        )
        first: Closure = yield node.parts[0]
        rest = []
        keeps = any(part.keeps for part in node.parts)
        for name, part in zip(node.names, node.parts[1:], strict=True):
            if name == "~>":
                rest.append((yield self.apply(part, keep if keeps else settle)))
            else:
                rest.append(operators.operator(name, (yield part)))
        if len(rest) == 1:
            only = rest[0]
            if node.names[0] in operators.ARITHMETIC:
                return operators.arithmetic(node.names[0], first, only.right)
            apply = only.apply
            return lambda value, env: apply(first(value, env), value, env)
        applies = [each.apply for each in rest]

        def chain(value: Any, env: Env) -> Any:
            found = first(value, env)
            env.run.step(len(applies))
            for each in applies:
                found = each(found, value, env)
            return found

        return chain

    def apply(self, node: Node, finish: Callable[[Any], Any]) -> Generator[Any, Any, operators.Operator]:
        # Spec: JSONata documentation, "Function chaining".
        if node.kind == "call" and not (node.filters or node.group):
            function: Closure = yield node.parts[0]
            arguments: list[Closure] = []
            for argument in node.parts[1:]:
                arguments.append((yield argument))
            name, level = _callee(node), self.level + 1 + _CALL_FRAMES

            def pipe(left: Any, value: Any, env: Env) -> Any:
                target = function(value, env)
                given = [left, *[argument(value, env) for argument in arguments]]
                return finish(call(env.run, _called(target, name, env), given, value, level))

            return operators.Operator(pipe, function)
        function = yield node
        level = self.level + 1 + _CALL_FRAMES

        def chain(left: Any, value: Any, env: Env) -> Any:
            target = function(value, env)
            if not operators.is_function(target):
                message = "The right side of the function application operator ~> must be a function"
                raise JsonataFault("T2006", message)
            if operators.is_function(left):
                return operators.compose(left, target, env)
            return finish(call(env.run, target, [left], UNDEFINED, level))

        return operators.Operator(chain, function)

    def negate(self, node: Node) -> _Work:
        return operators.negate((yield node.parts[0]))

    def array(self, node: Node) -> _Work:
        items = []
        for part in node.parts:
            items.append(((yield part), part.kind == "array" and not part.filters))
        make = Whole if node.is_whole else list

        if (
            len(items) == 1
            and not items[0][1]
            and node.parts[0].kind == "chain"
            and node.parts[0].names == [".."]
        ):
            only = items[0][0]

            def one(value: Any, env: Env) -> Any:
                found = only(value, env)
                return (
                    make()
                    if found is UNDEFINED
                    else make(found)
                    if isinstance(found, list)
                    else make((found,))
                )

            return one

        def array(value: Any, env: Env) -> Any:
            result: list[Any] = make()
            for item, is_array in items:
                found = item(value, env)
                if found is UNDEFINED:
                    continue
                if is_array or not isinstance(found, list):
                    result.append(found)
                else:
                    env.run.make_array(len(found))
                    result.extend(found)
            env.run.make_array(len(items))
            return result

        return array

    def object(self, node: Node) -> _Work:
        self.level += _BETWEEN["object"]
        pairs = yield self.pairs(node.pairs)
        keys = [key.value for key, _ in node.pairs if key.kind == "string"]
        if len(keys) == len(pairs) and len(set(keys)) == len(keys):
            members = list(zip(keys, (value for _, value in pairs), strict=True))
            return operators.plain_object(members, compile_group(lambda value, _env: value, pairs))
        return compile_group(lambda value, _env: value, pairs)

    def block(self, node: Node, is_tail: bool) -> _Work:
        closures = []
        for part in node.parts:
            closures.append((yield self.node(part, is_tail=is_tail and part is node.parts[-1])))
            # A part compiled as a rule of its own stands as deep as a node.
        if not closures:
            return lambda _value, _env: UNDEFINED
        *before, last = closures

        def block(value: Any, env: Env) -> Any:
            inner = Env(env, env.run)
            for each in before:
                each(value, inner)
            return last(value, inner)

        return block

    def bind(self, node: Node) -> _Work:
        name, right = node.value, (yield node.parts[0])

        def bind(value: Any, env: Env) -> Any:
            found = env.names[name] = right(value, env)
            return found

        return bind

    def condition(self, node: Node, is_tail: bool) -> _Work:
        test = yield node.parts[0]
        yes = yield self.node(node.parts[1], is_tail=is_tail)
        no = (yield self.node(node.parts[2], is_tail=is_tail)) if len(node.parts) > 2 else None

        def condition(value: Any, env: Env) -> Any:
            found = test(value, env)
            if found is True or (found is not False and is_truthy(found, env.run)):
                return yes(value, env)
            return UNDEFINED if no is None else no(value, env)

        return condition

    # ------------------------------------------------------------ functions

    def call(self, node: Node, is_tail: bool) -> _Work:
        name, level = _callee(node), self.level + _CALL_FRAMES
        self.level += _BETWEEN["call"]
        function = yield node.parts[0]
        arguments = []
        for part in node.parts[1:]:
            arguments.append((yield part))
        finish = keep if node.keeps else settle
        if is_tail:

            def tail(value: Any, env: Env) -> Any:
                target = _called(function(value, env), name, env)
                return TailCall(target, [argument(value, env) for argument in arguments], value)

            return tail

        def call_function(value: Any, env: Env) -> Any:
            target = function(value, env)
            given = [argument(value, env) for argument in arguments]
            return finish(call(env.run, _called(target, name, env), given, value, level))

        return call_function

    def partial(self, node: Node) -> _Work:
        self.level += _BETWEEN["partial"]
        function = yield node.parts[0]
        arguments: list[Closure | None] = []
        for part in node.parts[1:]:
            arguments.append(None if part.kind == "placeholder" else (yield part))
        name = _callee(node)

        def partial(value: Any, env: Env) -> Any:
            target = function(value, env)
            if not operators.is_function(target):
                if name is not None and env.look_up(name) is not UNDEFINED:
                    message = f"Attempted to partially apply a non-function. Did you mean ${name}?"
                    raise JsonataFault("T1007", message)
                raise JsonataFault("T1008", "Attempted to partially apply a non-function")
            given = [None if argument is None else (argument(value, env),) for argument in arguments]
            return operators.partial(target, given, env)

        return partial

    def lambda_(self, node: Node) -> _Work:
        level, deepest, before = self.level, self.deepest, self.count
        self.level = self.deepest = 0
        body = yield self.node(node.parts[0], is_tail=True)
        frames, steps = self.deepest + _LEAF_FRAMES, self.count - before
        self.level, self.deepest = level, deepest
        names, signature = list(node.names), node.value
        return lambda value, env: Lambda(names, body, env, value, signature, frames, steps)

    def transform(self, node: Node) -> _Work:
        before, parts = self.count, []
        deepest, self.deepest = self.deepest, self.level
        for part in node.parts:
            parts.append((yield part))
        frames = self.deepest - self.level + _LEAF_FRAMES
        self.deepest = max(deepest, self.deepest)
        return transformer(
            parts[0], parts[1], parts[2] if len(parts) > 2 else None, frames, self.count - before
        )

    # ------------------------------------------------------------ paths

    def path(self, node: Node) -> _Work:
        self.level += _BETWEEN["path"]
        steps: list[PathStep] = []
        for part in node.parts:
            steps.append((yield self.step(part)))
        pairs = None
        if node.group is not None:
            pairs = yield self.pairs(node.group)
        return compile_path(node, steps, pairs)

    def step(self, node: Node) -> Generator[Any, Any, PathStep]:
        before = self.count
        terms = []
        self.level += _OF_TERM if node.terms else 0
        for term, descends in node.terms:
            terms.append(((yield term), descends))
        run: Closure | None = None if node.kind == "sort" else (yield node)
        stages: list[Any] = []
        steps = self.count - before
        self.level += _OF_FILTER
        for stage in node.stages:
            inner = self.count
            stages.append(
                stage if isinstance(stage, str) else compile_filter(stage, (yield stage), self.count - inner)
            )
        return PathStep(node, run, terms, stages, steps)


def _callee(node: Node) -> str | None:
    # The name of a field that is called as if it were a function.
    function = node.parts[0]
    if function.kind == "path" and len(function.parts) >= 1 and function.parts[0].kind == "name":
        return str(function.parts[0].value)
    return None


def _called(target: Any, name: str | None, env: Env) -> Any:
    if operators.is_function(target):
        return target
    if target is UNDEFINED and name is not None and env.look_up(name) is not UNDEFINED:
        raise JsonataFault("T1005", f"Attempted to invoke a non-function. Did you mean ${name}?")
    raise JsonataFault("T1006", "Attempted to invoke a non-function")


_TAILS = frozenset({"block", "condition", "call"})
_RULES: dict[str, Callable[..., _Work]] = {
    **dict.fromkeys(("string", "number", "value"), _Compiler.literal),
    "regex": _Compiler.regex,
    "name": _Compiler.name,
    "variable": _Compiler.variable,
    "wildcard": _Compiler.wildcard,
    "descendant": _Compiler.descendant,
    "parent": _Compiler.parent,
    "path": _Compiler.path,
    "chain": _Compiler.chain,
    "array": _Compiler.array,
    "object": _Compiler.object,
    "negate": _Compiler.negate,
    "call": _Compiler.call,
    "partial": _Compiler.partial,
    "lambda": _Compiler.lambda_,
    "condition": _Compiler.condition,
    "block": _Compiler.block,
    "bind": _Compiler.bind,
    "transform": _Compiler.transform,
}
