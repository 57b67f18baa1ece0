"""Parse the text of a JSONata expression into its tree, at any depth of the caller's stack.

Pure: no clock, no IO; knows the grammar and nothing of evaluation. Operator precedence (Pratt); each rule is
a generator that yields the rules below it: what waits for them lies in a list, not on Python's stack.
Spec: JSONata documentation, "Path Operators", "Functional Programming", "Composition".
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any, TypeAlias

from step.asl.jsonata.ancestry import close_path, hand_up, refuse_open, seek_parent
from step.asl.jsonata.signature import FunctionSignature
from step.asl.jsonata.syntax import JSONataSyntaxError, Node, Slot
from step.asl.jsonata.tokens import Token, TokenCursor
from step.asl.regex import RegexSyntaxError, compile_regex

# An expression nested deeper is refused; no text that a person writes comes near.
MAX_NESTING = 200

_BINDS = {
    **{".": 75, "[": 80, "{": 70, "(": 80, "@": 80, "#": 80, "^": 40, "?": 20, ":=": 10, "..": 20},
    **{"+": 50, "-": 50, "*": 60, "/": 60, "%": 60, "&": 50, "~>": 40, "in": 40, "and": 30, "or": 25},
    **{"=": 40, "!=": 40, "<": 40, "<=": 40, ">": 40, ">=": 40, "?:": 40, "??": 40},
}
_WORDS = frozenset({"and", "or", "in"})

_Rule: TypeAlias = Generator["_Rule", Any, Node]
_Led: TypeAlias = Callable[["_Parser", Token, Node], _Rule]


def parse(text: str) -> Node:
    """Parse an expression, without AWS's delimiters.

    Raises:
        JSONataSyntaxError: the text isn't JSONata, or is nested too deep.
    """
    parser = _Parser(text)
    stack = [parser.expression(0)]
    value: Any = None
    while True:
        try:
            rule = stack[-1].send(value)
        except StopIteration as done:
            stack.pop()
            value = done.value
            if not stack:
                break
            continue
        if len(stack) > 3 * MAX_NESTING:
            raise JSONataSyntaxError(
                "S0500", f"Nested deeper than {MAX_NESTING} levels", parser.token.position
            )
        stack.append(rule)
        value = None
    if parser.token.kind != "end":
        raise JSONataSyntaxError("S0201", f"Syntax error: {_told(parser.token)}", parser.token.position)
    if parser.late is not None:
        raise parser.late
    refuse_open(value)
    _refuse_deep(value)
    return value  # type: ignore[no-any-return]  # what the rules return are nodes


def _refuse_deep(root: Node) -> None:
    level, height = [root], 0
    while level:
        height += 1
        if height > MAX_NESTING:
            raise JSONataSyntaxError("S0500", f"Nested deeper than {MAX_NESTING} levels", level[0].position)
        level = [child for node in level for child in node.children()]


def _told(token: Token) -> str:
    return '"end of expression"' if token.kind == "end" else f'"{token.value}"'


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = TokenCursor(text)
        self.parents = 0
        # What is told only where the text can be read to its end.
        self.late: JSONataSyntaxError | None = None
        self.token = self.tokens.next(ends_operand=False)

    # ------------------------------------------------------------ tokens

    def advance(self, *, ends_operand: bool = False) -> Token:
        """Go on to the next token; give the one that was current."""
        token = self.token
        self.token = self.tokens.next(ends_operand=ends_operand)
        return token

    def at(self, operator: str) -> bool:
        return self.token.kind == "operator" and self.token.value == operator

    def expect(self, operator: str, *, ends_operand: bool = False) -> Token:
        if not self.at(operator):
            if self.token.kind == "end":
                message = f'Expected "{operator}" before end of expression'
                raise JSONataSyntaxError("S0203", message, self.token.position)
            message = f'Expected "{operator}", got {_told(self.token)}'
            raise JSONataSyntaxError("S0202", message, self.token.position)
        return self.advance(ends_operand=ends_operand)

    # ------------------------------------------------------------ rules

    def expression(self, binds: int) -> _Rule:
        token = self.token
        left: Node = yield self.operand(token)
        while self.token.kind == "operator" and binds < _BINDS.get(self.token.value, 0):
            token = self.advance()
            left = yield (_LED.get(token.value) or _Parser.binary)(self, token, left)
        return left

    def operand(self, token: Token) -> _Rule:
        match token.kind:
            case "end":
                raise JSONataSyntaxError("S0207", "Unexpected end of expression", token.position)
            case "operator":
                rule = _NUD.get(token.value)
                if rule is None:
                    if token.value in _WORDS:
                        self.advance(ends_operand=True)
                        return _name(token)
                    message = f'The symbol "{token.value}" cannot be used as a unary operator'
                    raise JSONataSyntaxError("S0211", message, token.position)
                operand: Node = yield rule(self, token)
                return operand
            case "name":
                self.advance(ends_operand=True)
                return _name(token)
            case "regex":
                self.advance(ends_operand=True)
                pattern, flags = token.value
                try:
                    return Node("regex", token.position, compile_regex(pattern, flags))
                except RegexSyntaxError as fault:
                    raise JSONataSyntaxError("S0303", f"/{pattern}/: {fault}", token.position) from fault
            case kind:
                self.advance(ends_operand=True)
                return Node(kind, token.position, token.value)

    def binary(self, token: Token, left: Node) -> _Rule:
        right: Node = yield self.expression(_BINDS[token.value])
        if left.kind == "chain" and not (left.filters or left.group or left.keeps):
            chain = left
            chain.names.append(token.value)
            chain.parts.append(right)
        else:
            chain = Node("chain", token.position, parts=[left, right], names=[token.value])
            hand_up(chain, left)
        hand_up(chain, right)
        return chain

    def step(self, token: Token, left: Node) -> _Rule:
        right: Node = yield self.expression(_BINDS["."])
        if left.kind == "path":
            path = left
        else:
            path = Node("path", left.position, parts=[left])
            if left.kind == "parent":
                assert left.slot is not None
                path.seeks = [left.slot]
        if right.kind == "path" and not right.group:
            path.parts.extend(right.parts)
        else:
            if right.filters:
                right.stages = [*right.filters]
                right.filters = []
            path.parts.append(right)
        for part in path.parts:
            if part.kind in ("number", "value"):
                message = (
                    f"The literal value {part.value!r} cannot be used as a step within a path expression"
                )
                self.late = self.late or JSONataSyntaxError("S0213", message, part.position)
            if part.kind == "string":
                part.kind = "name"
        path.keeps = path.keeps or any(part.keeps for part in path.parts)
        for end in (path.parts[0], path.parts[-1]):
            if end.kind == "array":
                end.is_whole = True
        close_path(path)
        return path

    def bracket(self, token: Token, left: Node) -> _Rule:
        if self.at("]"):
            self.advance(ends_operand=True)
            left.keeps = True
            if left.kind == "path":
                left.parts[-1].keeps = True
            return left
        inner: Node = yield self.expression(0)
        self.expect("]", ends_operand=True)
        step = left.parts[-1] if left.kind == "path" else left
        if (left if left.group is not None else step).group is not None:
            message = "A predicate cannot follow a grouping expression in a step"
            raise JSONataSyntaxError("S0209", message, token.position)
        for slot in inner.seeks:
            if slot.level == 1:
                seek_parent(step, slot)
            else:
                slot.level -= 1
        if inner.seeks or inner.kind == "parent":
            hand_up(step, inner)
        if left.kind == "path":
            step.stages.append(inner)
        else:
            step.filters.append(inner)
        return left

    def group(self, token: Token, left: Node) -> _Rule:
        holder = yield self.object(token, is_open=True)
        if left.group is not None:
            raise JSONataSyntaxError(
                "S0210", "Each step can only have one grouping expression", token.position
            )
        left.group = holder.pairs
        return left

    def call(self, token: Token, left: Node) -> _Rule:
        if _is_word(left, ("function", "λ")):
            made: Node = yield self.lambda_(token)
            return made
        call = Node("call", token.position, parts=[left])
        if not self.at(")"):
            while True:
                if self.at("?"):
                    call.kind = "partial"
                    call.parts.append(Node("placeholder", self.advance().position))
                else:
                    argument: Node = yield self.expression(0)
                    hand_up(call, argument)
                    call.parts.append(argument)
                if not self.at(","):
                    break
                self.advance()
        self.expect(")", ends_operand=True)
        return call

    def lambda_(self, token: Token) -> _Rule:
        names: list[str] = []
        if not self.at(")"):
            while True:
                parameter = self.advance(ends_operand=True)
                if parameter.kind != "variable":
                    message = "Parameters of function definition must be variable names (start with $)"
                    raise JSONataSyntaxError("S0208", f"{message}: {_told(parameter)}", parameter.position)
                names.append(parameter.value)
                if not self.at(","):
                    break
                self.advance()
        self.expect(")")
        signature = None
        if self.at("<"):
            signature = self.signature()
        self.expect("{")
        body: Node = yield self.expression(0)
        self.expect("}", ends_operand=True)
        return Node("lambda", token.position, signature, parts=[body], names=names)

    def signature(self) -> FunctionSignature:
        depth, text, start = 0, "", self.token.position
        while self.token.kind != "end" and not self.at("{"):
            token = self.advance()
            depth += {"<": 1, ">": -1}.get(token.value, 0) if token.kind == "operator" else 0
            text += str(token.value)
            if not depth:
                break
        if depth:
            raise JSONataSyntaxError("S0202", 'Expected ">" at the end of a signature', start)
        return FunctionSignature.from_text(text)

    def condition(self, token: Token, left: Node) -> _Rule:
        parts = [left]
        parts.append((yield self.expression(0)))
        if self.at(":"):
            self.advance()
            parts.append((yield self.expression(0)))
        return _over(Node("condition", token.position), parts)

    def bind(self, token: Token, left: Node) -> _Rule:
        if left.kind != "variable" or left.filters or left.group is not None:
            message = "The left side of := must be a variable name (start with $)"
            raise JSONataSyntaxError("S0212", message, left.position)
        right: Node = yield self.expression(_BINDS[":="] - 1)
        return _over(Node("bind", token.position, left.value), [right])

    def focus(self, token: Token, left: Node) -> _Rule:
        name = yield self.variable("@")
        step = left.parts[-1] if left.kind == "path" else left
        if step.stages or step.filters:
            message = "A context variable binding must precede any predicates on a step"
            raise JSONataSyntaxError("S0215", message, token.position)
        if step.kind == "sort":
            message = "A context variable binding must precede the 'order-by' clause on a step"
            raise JSONataSyntaxError("S0216", message, token.position)
        step.focus, step.is_tuple = name.value, True
        return left

    def index(self, token: Token, left: Node) -> _Rule:
        name = yield self.variable("#")
        path = left
        if left.kind != "path":
            path = Node("path", left.position, parts=[left])
            left.stages, left.filters = [*left.filters], []
        step = path.parts[-1]
        if step.stages:
            step.stages.append(name.value)
        else:
            step.index = name.value
        step.is_tuple = True
        return path

    def variable(self, operator: str) -> _Rule:
        node: Node = yield self.expression(_BINDS[operator])
        if node.kind != "variable":
            message = f"The right side of {operator} must be a variable name (start with $)"
            raise JSONataSyntaxError("S0214", message, node.position)
        return node

    def sort(self, token: Token, left: Node) -> _Rule:
        self.expect("(")
        step = Node("sort", token.position)
        while True:
            descends = False
            if self.at("<") or self.at(">"):
                descends = self.advance().value == ">"
            term: Node = yield self.expression(0)
            hand_up(step, term)
            step.terms.append((term, descends))
            if not self.at(","):
                break
            self.advance()
        self.expect(")", ends_operand=True)
        path = left if left.kind == "path" else Node("path", left.position, parts=[left])
        if path is not left:
            left.stages, left.filters = [*left.filters], []
        path.parts.append(step)
        close_path(path)
        return path

    # ------------------------------------------------------------ operands

    def block(self, token: Token) -> _Rule:
        self.advance()
        parts: list[Node] = []
        while not self.at(")"):
            parts.append((yield self.expression(0)))
            if not self.at(";"):
                break
            self.advance()
        self.expect(")", ends_operand=True)
        block = _over(Node("block", token.position), parts)
        block.is_whole = any(
            part.is_whole or (part.kind == "path" and part.parts[0].is_whole) for part in parts
        )
        return block

    def array(self, token: Token) -> _Rule:
        self.advance()
        parts: list[Node] = []
        while not self.at("]"):
            parts.append((yield self.expression(0)))
            if not self.at(","):
                break
            self.advance()
        self.expect("]", ends_operand=True)
        return _over(Node("array", token.position), parts)

    def object(self, token: Token, *, is_open: bool = False) -> _Rule:
        if not is_open:
            self.advance()
        node = Node("object", token.position)
        while not self.at("}"):
            key: Node = yield self.expression(0)
            self.expect(":")
            value: Node = yield self.expression(0)
            hand_up(node, key)
            hand_up(node, value)
            node.pairs.append((key, value))
            if not self.at(","):
                break
            self.advance()
        self.expect("}", ends_operand=True)
        return node

    def negation(self, token: Token) -> _Rule:
        self.advance()
        operand: Node = yield self.expression(70)
        if operand.kind == "number" and not operand.filters:
            return Node("number", token.position, -operand.value)
        return _over(Node("negate", token.position), [operand])

    def single(self, token: Token) -> _Rule:
        self.advance(ends_operand=True)
        yield from ()
        if token.value == "%":
            self.parents += 1
            return Node("parent", token.position, slot=Slot(f"!{self.parents}"))
        return Node("wildcard" if token.value == "*" else "descendant", token.position)

    def transform(self, token: Token) -> _Rule:
        self.advance()
        parts: list[Node] = [(yield self.expression(0))]
        self.expect("|")
        parts.append((yield self.expression(0)))
        if self.at(","):
            self.advance()
            parts.append((yield self.expression(0)))
        self.expect("|", ends_operand=True)
        return Node("transform", token.position, parts=parts)


def _name(token: Token) -> Node:
    return Node("path", token.position, parts=[Node("name", token.position, token.value)])


def _is_word(node: Node, words: tuple[str, ...]) -> bool:
    if node.kind != "path" or len(node.parts) != 1:
        return False
    return node.parts[0].kind == "name" and node.parts[0].value in words


def _over(node: Node, parts: list[Node]) -> Node:
    node.parts = parts
    for part in parts:
        hand_up(node, part)
    return node


_NUD: dict[str, Callable[[_Parser, Token], _Rule]] = {
    "(": _Parser.block,
    "[": _Parser.array,
    "{": _Parser.object,
    "-": _Parser.negation,
    "*": _Parser.single,
    "**": _Parser.single,
    "%": _Parser.single,
    "|": _Parser.transform,
}
_LED: dict[str, _Led] = {
    ".": _Parser.step,
    "[": _Parser.bracket,
    "{": _Parser.group,
    "(": _Parser.call,
    "?": _Parser.condition,
    ":=": _Parser.bind,
    "@": _Parser.focus,
    "#": _Parser.index,
    "^": _Parser.sort,
}
