"""Evaluate Terraform's expressions, as far as a folder of files lets one know their values.

Reads the files that ``file`` and ``templatefile`` name. python-hcl2 parses; what stands for a value that
nobody knows before an apply is a text that names it, ``${aws_vpc.main.id}``.
Terraform: language documentation, "Expressions", "Functions".
"""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from step.errors import StepError
from step.projects.document import read_yaml

Scope = Mapping[str, Any]
_SIMPLE = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)
_HEREDOC = re.compile(r"<<-?\s*([\w-]+)[^\n]*\n(.*?)\n?[ \t]*\1\s*\Z", re.DOTALL)
_OPERATORS: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
}


class Unknown(str):
    """What stands for a value that isn't known."""

    def __new__(cls, path: str) -> Unknown:
        made = super().__new__(cls, f"${{{path}}}")
        made.path = path
        return made

    path: str


class NamedValues:
    """Something whose attributes are worked out when they are asked for."""

    def __init__(
        self, get: Callable[[str], Any], instances: Callable[[], dict[str, Any]] | None = None
    ) -> None:
        self.get = get
        self.instances = instances

    def at(self, key: Any) -> Any:
        """Give one of the instances of a resource with ``count`` or ``for_each``."""
        there = self.instances() if self.instances is not None else {}
        return there.get(str(key), self)


def parse_hcl(text: str, file: Path) -> Any:
    """Parse a file; its body's rules are python-hcl2's.

    Raises:
        StepError: it isn't HCL; the message has the place.
    """
    import hcl2
    from lark.exceptions import LarkError

    try:
        return hcl2.parses(text if text.endswith("\n") else f"{text}\n").body
    except RecursionError:
        raise
    except LarkError as fault:
        line = getattr(fault, "line", 0) or 0
        raise StepError(f"{file}:{max(line, 1)}: not HCL: {str(fault).splitlines()[0]}") from None
    except Exception as fault:  # python-hcl2's own checks
        raise StepError(f"{file}: not HCL: {' '.join(str(fault).split()) or type(fault).__name__}") from None


def rules(node: Any, *kinds: str) -> Iterator[Any]:
    """List the children of a rule that are of some kinds; of any where none is named."""
    for child in getattr(node, "children", None) or ():
        name = type(child).__name__
        if name in kinds or (not kinds and name.endswith("Rule") and name != "NewLineOrCommentRule"):
            yield child


def word(node: Any) -> str:
    """Give an identifier's or a label's text."""
    return "".join(str(child.value) for child in node.children if hasattr(child, "value")).strip(
        '"'
    ) or "".join(word(child) for child in rules(node))


class Evaluator:
    """Evaluates expressions in the names of one module.

    Args:
        folder: The module's folder.
        names: What its expressions may name, beside its resources: ``var``, ``local``, ``module`` and so on.
        resources: What gives the resources of a type.

    Attributes:
        read: The files that templates and texts came from, by the text that was made of them.
        notes: What could not be read.
    """

    def __init__(self, folder: Path, names: Scope, resources: Callable[[str], Any]) -> None:
        self._folder = folder
        self._names = names
        self._resources = resources
        self.read: dict[str, Path] = {}
        self.notes: list[str] = []
        self._templates: dict[str, Any] = {}

    def evaluate(self, node: Any, scope: Scope) -> Any:
        """Work out an expression."""
        kind = type(node).__name__
        method = getattr(self, f"_{kind.removesuffix('Rule').lower()}", None)
        if method is not None:
            try:
                return method(node, scope)
            except (AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError) as fault:
                if isinstance(fault, RecursionError):
                    raise
                # Nothing that python-hcl2 takes may end in more than a value that isn't known.
                return Unknown(kind)
        inner = [*rules(node)]
        return self.evaluate(inner[0], scope) if inner else None

    def template(self, text: str, scope: Scope, file: Path) -> str:
        """Fill in a template's text."""
        if text not in self._templates:
            body = parse_hcl(f'x = "{_quoted(text)}"', file)
            attribute = next(rules(body, "AttributeRule"))
            self._templates[text] = [*rules(attribute)][1]
        return to_string(self.evaluate(self._templates[text], scope))

    # ------------------------------------------------------------ values

    def _literalvalue(self, node: Any, _: Scope) -> Any:
        return {"true": True, "false": False}.get(str(node.children[0].value))

    def _intlit(self, node: Any, _: Scope) -> Any:
        return number(str(node.children[0].value))

    _floatlit = _intlit

    def _identifier(self, node: Any, scope: Scope) -> Any:
        name = word(node)
        for names in (scope, self._names):
            if name in names:
                return names[name]
        return self._resources(name)

    def _string(self, node: Any, scope: Scope) -> Any:
        parts = [*rules(node, "StringPartRule")]
        values = [self._stringpart(part, scope) for part in parts]
        is_bare = len(parts) == 1 and next(rules(parts[0], "InterpolationRule"), None) is not None
        return values[0] if is_bare else "".join(map(to_string, values))

    def _stringpart(self, node: Any, scope: Scope) -> Any:
        inner = node.children[0]
        if not hasattr(inner, "value"):
            return self.evaluate(inner, scope)
        text = str(inner.value)
        if text.startswith(("$${", "%%{")):
            return text[1:]
        return _ESCAPE.sub(_unescaped, text)

    def _templateif(self, node: Any, scope: Scope) -> str:
        start = next(rules(node, "TemplateIfStartRule"))
        holds = bool(self.evaluate(next(rules(start)), scope))
        made: list[str] = []
        is_then = True
        for child in rules(node, "TemplateElseRule", "StringPartRule"):
            if type(child).__name__ == "TemplateElseRule":
                is_then = False
            elif is_then == holds:
                made.append(to_string(self._stringpart(child, scope)))
        return "".join(made)

    def _templatefor(self, node: Any, scope: Scope) -> str:
        *names, over = rules(next(rules(node, "TemplateForStartRule")))
        return "".join(
            to_string(self._stringpart(part, inner))
            for inner in self._each([word(name) for name in names], self.evaluate(over, scope), scope)
            for part in rules(node, "StringPartRule")
        )

    def _heredoctemplate(self, node: Any, scope: Scope) -> str:
        found = _HEREDOC.match(str(node.children[0].value))
        return self.template(f"{found[2]}\n" if found else "", scope, self._folder)

    _heredoctrimtemplate = _heredoctemplate

    def _tuple(self, node: Any, scope: Scope) -> list[Any]:
        return [self.evaluate(item, scope) for item in rules(node)]

    def _object(self, node: Any, scope: Scope) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for element in rules(node, "ObjectElemRule"):
            key, value, *_ = rules(element)
            inner = next(rules(key))
            is_word = type(inner).__name__ == "IdentifierRule"
            made[word(inner) if is_word else to_string(self.evaluate(inner, scope))] = self.evaluate(
                value, scope
            )
        return made

    # ------------------------------------------------------------ operations

    def _conditional(self, node: Any, scope: Scope) -> Any:
        test, then, other = rules(node)
        return self.evaluate(then if self.evaluate(test, scope) else other, scope)

    def _unaryop(self, node: Any, scope: Scope) -> Any:
        value = self.evaluate(next(rules(node)), scope)
        if str(node.children[0].value) == "!":
            return not value
        return -value if isinstance(value, int | float) else value

    def _binaryop(self, node: Any, scope: Scope) -> Any:
        left, term = rules(node)
        sign, right = rules(term)
        symbol, first = word(sign).strip(), self.evaluate(left, scope)
        if symbol in ("&&", "||"):
            return bool(first) if bool(first) == (symbol == "||") else bool(self.evaluate(right, scope))
        second = self.evaluate(right, scope)
        try:
            if symbol in ("==", "!=") or (_is_number(first) and _is_number(second)):
                return _OPERATORS[symbol](first, second)
        except ArithmeticError:
            pass
        return Unknown(f"{to_string(first)} {symbol}")

    def _getattrexprterm(self, node: Any, scope: Scope) -> Any:
        base, attribute = rules(node)
        return member(self.evaluate(base, scope), word(next(rules(attribute))))

    def _indexexprterm(self, node: Any, scope: Scope) -> Any:
        base, index = rules(node)
        inner = next(rules(index), None)
        key = self.evaluate(inner, scope) if inner is not None else number(word(index).strip("."))
        return member(self.evaluate(base, scope), key)

    def _fullsplatexprterm(self, node: Any, scope: Scope) -> list[Any]:
        base, splat = rules(node)
        values = _values(self.evaluate(base, scope))
        for step in rules(splat):
            key = word(next(rules(step)))
            values = [member(value, key) for value in values]
        return values

    _attrsplatexprterm = _fullsplatexprterm

    def _fortupleexpr(self, node: Any, scope: Scope) -> list[Any]:
        intro, value, *condition = rules(node)
        return [self.evaluate(value, inner) for inner in self._looped(intro, condition, scope)]

    def _forobjectexpr(self, node: Any, scope: Scope) -> dict[str, Any]:
        intro, key, value, *condition = rules(node)
        return {
            to_string(self.evaluate(key, inner)): self.evaluate(value, inner)
            for inner in self._looped(intro, condition, scope)
        }

    def _looped(self, intro: Any, condition: Sequence[Any], scope: Scope) -> Iterator[Scope]:
        *names, over = rules(intro)
        for inner in self._each([word(name) for name in names], self.evaluate(over, scope), scope):
            if all(self.evaluate(next(rules(one)), inner) for one in condition):
                yield inner

    @staticmethod
    def _each(names: Sequence[str], over: Any, scope: Scope) -> Iterator[Scope]:
        for key, value in _pairs(over):
            yield {**scope, **dict(zip(reversed(names), (value, key), strict=False))}

    def _functioncall(self, node: Any, scope: Scope) -> Any:
        name = [word(child) for child in rules(node, "IdentifierRule")][-1]
        arguments = next(rules(node, "ArgumentsRule"), None)
        values = [self.evaluate(item, scope) for item in rules(arguments)] if arguments is not None else []
        if arguments is not None and any(str(getattr(c, "value", "")) == "..." for c in arguments.children):
            values = [*values[:-1], *_values(values[-1])]
        try:
            if name in ("file", "templatefile"):
                return self._file(to_string(values[0]), values[1] if name == "templatefile" else None)
            return FUNCTIONS[name](*values)
        except (OSError, UnicodeError) as fault:
            told = f"{getattr(fault, 'filename', '')}: {getattr(fault, 'strerror', fault)}"
            self.notes.append(f"{name}: {told}")
            return Unknown(f"{name}({told})")
        except (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, StopIteration, re.error):
            return Unknown(f"{name}(...)")

    def _file(self, name: str, given: Any) -> str:
        path = self._folder / name
        text = path.read_text(encoding="utf-8-sig")
        if given is not None:
            text = self.template(text, given if isinstance(given, dict) else {}, path)
        self.read[text] = path
        return text


def member(value: Any, key: Any) -> Any:
    """Take an attribute or an item of a value."""
    if isinstance(value, NamedValues):
        return (
            value.get(str(key))
            if isinstance(key, str) and value.instances is None
            else _of_resource(value, key)
        )
    if isinstance(value, Unknown):
        return Unknown(f"{value.path}.{key}" if isinstance(key, str) else f"{value.path}[{key}]")
    try:
        return value[int(key) if isinstance(value, list) else str(key)]
    except (KeyError, IndexError, TypeError, ValueError):
        return Unknown(str(key))


def _of_resource(value: NamedValues, key: Any) -> Any:
    there = value.instances() if value.instances is not None else {}
    return value.at(key) if not isinstance(key, str) or str(key) in there else value.get(key)


def _pairs(over: Any) -> list[tuple[Any, Any]]:
    if isinstance(over, NamedValues) and over.instances is not None:
        return [*over.instances().items()]
    if isinstance(over, dict):
        return [*over.items()]
    return [*enumerate(over)] if isinstance(over, list) else []


def _values(over: Any) -> list[Any]:
    found = [value for _, value in _pairs(over)]
    return found or ([] if over is None or isinstance(over, list | dict) else [over])


def number(text: str) -> int | float:
    value = float(text)
    return int(value) if value.is_integer() else value


def to_string(value: Any) -> str:
    """Write a value as Terraform puts it into a text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, NamedValues):
        return to_string(value.get("id"))
    return value if isinstance(value, str) else "" if value is None else to_json(value)


def to_json(value: Any) -> str:
    return json.dumps(value, default=to_string, ensure_ascii=False)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)


def _unescaped(match: re.Match[str]) -> str:
    code = match[1] or match[2]
    return chr(int(code, 16)) if code else _SIMPLE.get(match[3], match[0])


def _quoted(text: str) -> str:
    """Write a template's text between quotes: what isn't in ``${}`` or ``%{}`` is escaped."""
    made: list[str] = []
    at = 0
    while at < len(text):
        if text.startswith(("$${", "%%{"), at):
            made.append(text[at : at + 3])
            at += 3
        elif text.startswith(("${", "%{"), at):
            end = _closing(text, at + 2)
            made.append(text[at:end])
            at = end
        else:
            made.append(
                {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}.get(text[at], text[at])
            )
            at += 1
    return "".join(made)


def _closing(text: str, at: int) -> int:
    """Find where an interpolation ends: behind its brace, those within texts aside."""
    depth, is_text = 1, False
    while at < len(text) and depth:
        character = text[at]
        if is_text and character == "\\":
            at += 1
        elif character == '"':
            is_text = not is_text
        elif not is_text:
            depth += (character == "{") - (character == "}")
        at += 1
    return at


def _merge(*maps: Any) -> dict[str, Any]:
    return {key: value for one in maps if isinstance(one, dict) for key, value in one.items()}


def _flatten(value: Any) -> list[Any]:
    return [inner for item in value for inner in (_flatten(item) if isinstance(item, list) else [item])]


def _replace(text: str, old: str, new: str) -> str:
    is_regex = len(old) > 1 and old.startswith("/") and old.endswith("/")
    return re.sub(old[1:-1], new.replace("$", "\\"), text) if is_regex else text.replace(old, new)


def _lookup(held: dict[str, Any], key: str, *default: Any) -> Any:
    return held[key] if key in held else default[0]


def _format(text: str, *values: Any) -> str:
    given = iter(values)
    written = re.sub(
        r"%%|%[-+0-9.]{0,4}[a-zA-Z]", lambda m: "%" if m[0] == "%%" else _formatted(m[0], next(given)), text
    )
    return str(written)


def _formatted(verb: str, value: Any) -> str:
    if verb[-1] == "d" and isinstance(value, int | float):
        return verb % int(value)
    return to_string(value) if verb[-1] != "q" else to_json(value)


FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "abs": abs,
    "abspath": str,
    "basename": lambda path: Path(path).name,
    "chomp": lambda text: text.rstrip("\n"),
    "coalesce": lambda *values: next(value for value in values if value not in (None, "")),
    "compact": lambda values: [value for value in values if value],
    "concat": lambda *lists: [item for one in lists for item in one],
    "contains": lambda values, value: value in values,
    "dirname": lambda path: str(Path(path).parent),
    "distinct": lambda values: [*dict.fromkeys(values)],
    "element": lambda values, at: values[int(at) % len(values)],
    "flatten": _flatten,
    "format": _format,
    "indent": lambda width, text: text.replace("\n", "\n" + " " * min(int(width), 80)),
    "join": lambda by, *lists: by.join(to_string(item) for one in lists for item in one),
    "jsondecode": json.loads,
    "jsonencode": to_json,
    "keys": lambda value: sorted(value),
    "length": len,
    "lookup": _lookup,
    "lower": lambda text: text.lower(),
    "max": max,
    "merge": _merge,
    "min": min,
    "nonsensitive": lambda value: value,
    "range": lambda *bounds: [*islice(range(*map(int, bounds)), 1024)],
    "regexall": lambda pattern, text: re.findall(pattern, text),
    "replace": _replace,
    "sensitive": lambda value: value,
    "sort": sorted,
    "split": lambda by, text: text.split(by),
    "substr": lambda text, at, length: text[int(at) :][: int(length)],
    "title": lambda text: text.title(),
    "tobool": lambda value: value in (True, "true"),
    "tolist": lambda value: [*value],
    "tomap": lambda value: dict(value),
    "tonumber": lambda value: number(str(value)),
    "toset": lambda value: [*dict.fromkeys(value)],
    "tostring": to_string,
    "trim": lambda text, characters: text.strip(characters),
    "trimprefix": lambda text, prefix: text.removeprefix(prefix),
    "trimspace": lambda text: text.strip(),
    "trimsuffix": lambda text, suffix: text.removesuffix(suffix),
    "try": lambda *values: next((value for value in values if not isinstance(value, Unknown)), values[-1]),
    "can": lambda value: not isinstance(value, Unknown),
    "upper": lambda text: text.upper(),
    "values": lambda value: [value[key] for key in sorted(value)],
    "yamldecode": lambda text: read_yaml(text, Path("yamldecode")).source.value,
    "zipmap": lambda keys, values: dict(zip(keys, values, strict=False)),
}
