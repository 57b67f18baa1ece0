"""Collect what a definition reads, and what its Choices want so that it comes to a good end.

Pure: no clock, no IO. Each path that is read anywhere is noted as a whole and from each of its members on,
since nobody can tell where a task's result will be put.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from step.jsonvalue import JSONValue, to_text

_TIMESTAMP = "2026-01-01T00:00:00Z"
# A list's items in place of a member's name.
ITEM = "[]"
Steps = tuple[str, ...]
_PATH = re.compile(r"\$\$?(?:\w+)?(?:\.\.?[\w-]+|\.\*|\[[^\]]*\])*")
_STEP = re.compile(r"\.\.?([\w-]+)|\[\s*['\"]([^'\"]*)['\"]\s*\]|(\[[^\]]*\]|\.\*)")
_FILTERED = re.compile(r"@\.([\w.-]+)\s*(?:==\s*(?:'([^']*)'|\"([^\"]*)\"|(\d+)))?")
_CONTEXT = {"Execution.Input": 2, "Map.Item.Value": 3}
_JSONATA = re.compile(r"\s*\{%(.*)%\}\s*", re.DOTALL)
_TEXT = re.compile(r"'[^']*'|\"[^\"]*\"")
_CHAIN = r"(?:\$[A-Za-z_]\w*|[A-Za-z_]\w*)(?:\s*\.\s*[A-Za-z_]\w*|\s*\.\s*`[^`]+`|\[[^\[\]]*\])*"
_CHAINS = re.compile(rf"(?<![\w.$]){_CHAIN}(?![\w`]|\s*\()")
_COMPARED = re.compile(
    rf"({_CHAIN})\s*(!=|<=|>=|=|<|>)\s*('[^']*'|\"[^\"]*\"|-?\d+(?:\.\d+)?|true\b|false\b|null\b)"
)
_AMONG = re.compile(rf"({_CHAIN})\s+in\s+\[\s*('[^']*'|\"[^\"]*\")")
_AFTER_CALL = re.compile(rf"\)\s*\.\s*({_CHAIN})(?![\w`]|\s*\()")
_CALLED = re.compile(rf"\$(\w+)\(\s*({_CHAIN})\s*[,)]")
_COUNTED = re.compile(rf"({_CHAIN})\s*[-+*/%]\s*[\d$(]|[-+*/%]\s*({_CHAIN})")
_NUMBERS = frozenset(
    {
        "sum",
        "max",
        "min",
        "average",
        "round",
        "floor",
        "ceil",
        "abs",
        "sqrt",
        "power",
        "formatNumber",
        "fromMillis",
    }
)
_STATES_ROOTS = {"input": 1, "result": 1, "errorOutput": 1}
_NUMBER_FIELDS = re.compile(
    r"(?:Seconds|MaxConcurrency|ToleratedFailure(?:Count|Percentage)|MaxItems\w*)(?:Path)?"
)
_INTRINSIC = re.compile(r"States\.(\w+)\(([^()]*)")
_HELD_BY: Mapping[str, JSONValue] = {
    "ArrayPartition": [],
    "ArrayContains": [],
    "ArrayGetItem": [],
    "ArrayLength": [],
    "ArrayUnique": [],
    "MathAdd": 1,
    "MathRandom": 1,
    "ArrayRange": 1,
    "Base64Decode": "c2FtcGxl",
    "JsonMerge": {},
}


@dataclass(slots=True)
class SampleNode:
    """What is known of a place in the sample.

    ``value`` is what it should be, where that is known; ``aliases`` are names that its value gets later, "":
    it becomes a state's data.
    """

    members: dict[str, SampleNode] = field(default_factory=dict)
    item: SampleNode | None = None
    value: list[JSONValue] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)
    is_absent: bool = False
    # How many items a list has at least.
    length: int = 1

    def at(self, steps: Steps) -> SampleNode:
        node = self
        for step in steps:
            if step.startswith(ITEM):
                index = step.removeprefix(ITEM)
                node.length = max(node.length, int(index) + 1 if index else 1)
                inner = node.item = node.item or SampleNode()
                node = inner
            else:
                node = node.members.setdefault(step, SampleNode())
        return node


class SampleFacts:
    """Collects what a definition reads, and what its Choices want."""

    def __init__(self, root: SampleNode) -> None:
        self._root = root
        self._state = self._producer = ""
        # By task: what the Choices behind it want of its result. "": of the input.
        self.wants: dict[str, list[tuple[Steps, JSONValue]]] = {}
        # What a state wants its whole input to be; an empty list stands for any list.
        self.bare: dict[str, list[JSONValue]] = {}

    def _note(
        self, steps: Steps, *value: JSONValue, is_absent: bool = False, alias: str | None = None
    ) -> None:
        """Let a path be there, from each of its members on; the first value that is wanted stays."""
        for start in range(len(steps)):
            if steps[start].startswith(ITEM):
                continue
            node = self._root.at(steps[start:])
            if value and not node.value:
                node.value = [*value]
        if value and self._state:
            self.wants.setdefault(self._producer, []).append((steps, value[0]))
        for start in range(len(steps)):
            if steps[start].startswith(ITEM):
                continue
            node = self._root.at(steps[start:])
            if alias is not None:
                node.aliases.add(alias)
            if is_absent and start == 0:
                node.is_absent = True

    def done(self) -> None:
        """Take what is noted from now on for what is read, not for what a Choice wants."""
        self._state = ""

    # ------------------------------------------------------------ what is read

    def read(self, value: JSONValue, key: str) -> None:
        match value:
            case str():
                self._read_text(value, key)
            case list():
                for item in value:
                    self.read(item, key)
            case dict():
                is_sent = value.get("Type") == "Task" and "Parameters" not in value
                for name, item in value.items():
                    # What goes into a task as it is, nothing in the definition looks into.
                    self.read(item, "SentPath" if is_sent and name == "InputPath" else name)

    def _read_text(self, text: str, key: str) -> None:
        expression = _JSONATA.fullmatch(text)
        if expression is not None:
            self._read_jsonata(expression[1], key)
        elif key.endswith((".$", "Path")) or key == "Variable":
            if key == "ResultPath":
                return
            for name, arguments in _INTRINSIC.findall(text):
                self._read_intrinsic(name, arguments, _alias(key))
            held = self._of_field(key)
            for match in _PATH.finditer(text):
                is_whole = match[0] == text
                for steps in path_steps(match[0]):
                    self._note(steps, *(held if is_whole else ()), alias=_alias(key) if is_whole else None)
                self._read_filters(match[0])

    @staticmethod
    def _of_field(key: str) -> list[JSONValue]:
        if key == "ItemsPath" or key == "Items":
            return [[]]
        if key.startswith("Timestamp"):
            return [_TIMESTAMP]
        return [1] if _NUMBER_FIELDS.fullmatch(key) else []

    def _read_intrinsic(self, name: str, arguments: str, alias: str | None) -> None:
        held: list[JSONValue] = [_HELD_BY[name]] if name in _HELD_BY else []
        held = ["{}"] if name == "StringToJson" else held
        if name == "StringSplit" and (by := _TEXT.search(arguments)) is not None:
            held = [(by[0][1:-1] or ",")[:1].join("abcdef")]
        index = re.search(r",\s*(\d)\s*$", arguments) if name == "ArrayGetItem" else None
        for match in _PATH.finditer(arguments):
            for steps in path_steps(match[0]):
                self._note(steps, *held, alias=alias if name == "StringToJson" else None)
                if index is not None:
                    self._root.at((*steps, f"{ITEM}{index[1]}"))
            if name not in ("MathAdd", "JsonMerge", "ArrayRange"):
                # The first argument is what the function is about.
                break

    def _read_filters(self, path: str) -> None:
        at = path.find("[?")
        if at < 0:
            return
        base = next(iter(path_steps(path[:at])), ())
        for name, *texts in _FILTERED.findall(path):
            wanted = next((text for text in texts if text), "")
            value: list[JSONValue] = [int(wanted) if wanted.isdigit() else wanted] if wanted else []
            self._note((*base, ITEM, *name.split(".")), *value)

    def _read_jsonata(self, expression: str, key: str) -> None:
        for name, chain in _CALLED.findall(expression):
            held: list[JSONValue] = [1] if name in _NUMBERS else ["1"] if name == "number" else []
            held = ["{}"] if name == "parse" else [_TIMESTAMP] if name == "toMillis" else held
            self._note_chain(chain, *held, alias=_alias(key) if name == "parse" else None)
        for chains in _COUNTED.findall(_TEXT.sub("''", expression)):
            for chain in filter(None, chains):
                self._note_chain(chain, 1)
        for chain, _, written in _COMPARED.findall(expression):
            self._note_chain(chain, _literal(written))
        for chain, written in _AMONG.findall(expression):
            self._note_chain(chain, written[1:-1])
        for chain in _AFTER_CALL.findall(_TEXT.sub("''", expression)):
            self._note_chain(chain)
        whole = re.fullmatch(_CHAIN, expression.strip())
        if whole is not None:
            self._note_chain(whole[0], *self._of_field(key), alias=_alias(key))
        for match in _CHAINS.finditer(_TEXT.sub("''", expression)):
            self._note_chain(match[0])

    def _note_chain(self, chain: str, *value: JSONValue, alias: str | None = None) -> None:
        steps = _chainpath_steps(chain)
        if steps:
            self._note(steps, *value, alias=alias)

    # ------------------------------------------------------------ what Choices want

    def choose(self, scope: Mapping[str, Any]) -> None:
        """Let each Choice on the way take the rule from which a good end is nearest."""
        states = scope["States"]
        for name, state in states.items():
            if state["Type"] == "Map" and _takes_all(state):
                self.bare[name] = [[]]
            if state["Type"] == "Map":
                self._note_plain_items(name, state)
        far = _distances(states)
        reached, queue = {scope["StartAt"]}, deque([scope["StartAt"]])
        # The last task before each state, on the way that is taken.
        producers = {scope["StartAt"]: ""}
        while queue:
            self._state = queue.popleft()
            self._producer = producers[self._state]
            state = states.get(self._state, {})
            is_task = state.get("Type") in ("Task", "TaskFn")
            targets = [*_targets(state)]
            if state.get("Type") == "Choice":
                best = min(targets, key=lambda target: far.get(target, _FAR), default="")
                self._take(state, best)
                targets = [best]
            for target in targets:
                if target not in reached:
                    reached.add(target)
                    producers[target] = self._state if is_task else self._producer
                    queue.append(target)

    def _note_plain_items(self, name: str, state: Mapping[str, Any]) -> None:
        """Let a Map's items be texts where nothing looks into them."""
        body = to_text(state.get("ItemProcessor", state.get("Iterator", {})))
        selector: Mapping[str, Any] = state.get("ItemSelector", state.get("Parameters", {}))
        if state.get("QueryLanguage") == "JSONata" or "$states." in body or not isinstance(selector, dict):
            return
        if selector:
            given = to_text(selector)
            keys = [key[:-2] for key, value in selector.items() if value == "$$.Map.Item.Value"]
            is_plain = "$$.Map.Item.Value." not in given and not any(f'"$.{key}.' in body for key in keys)
            is_plain = is_plain and bool(keys)
        else:
            is_plain = re.search(r"(?<!\$)\$[.\[]", body) is None and "$$.Map.Item.Value." not in body
        if is_plain and name in self.bare:
            self.bare[name] = [["sample", "sample"]]
        elif is_plain:
            for steps in path_steps(str(state.get("ItemsPath", "$"))):
                self._note(steps, ["sample", "sample"])

    def _take(self, state: Mapping[str, Any], target: str) -> None:
        rules = state["Choices"]
        wanted = next((at for at, rule in enumerate(rules) if rule["Next"] == target), len(rules))
        # What the rule wants comes first: mostly it is also what the rules before it don't want.
        if wanted < len(rules):
            self._want(rules[wanted], True)
        for rule in rules[:wanted]:
            self._want(rule, False)

    def _want(self, rule: Mapping[str, Any], truth: bool) -> None:
        if "Condition" in rule:
            expression = _JSONATA.fullmatch(str(rule["Condition"]))
            if expression is not None:
                self._want_jsonata(expression[1], truth)
        elif "Not" in rule:
            self._want(rule["Not"], not truth)
        elif "And" in rule or "Or" in rule:
            rules = rule.get("And") or rule.get("Or") or ()
            are_all = ("And" in rule) == truth
            for one in rules if are_all else rules[:1]:
                self._want(one, truth)
        else:
            operator = next((name for name in rule if name not in _NO_OPERATORS), "")
            variable = str(rule.get("Variable"))
            if variable == "$" and not operator.startswith("Is"):
                self.bare.setdefault(self._state, [_satisfying(operator, rule.get(operator), truth)])
            for steps in path_steps(variable):
                self._want_data(steps, operator, rule.get(operator), truth)

    def _want_data(self, steps: Steps, operator: str, operand: JSONValue, truth: bool) -> None:
        if operator == "IsPresent":
            self._note(steps, is_absent=operand != truth)
        elif operator.startswith("Is"):
            self._note(
                steps, _OF_KIND.get(operator, "sample") if operand == truth else _OTHER_KIND.get(operator, 1)
            )
        elif operator.endswith("Path"):
            for other in path_steps(str(operand)):
                base: JSONValue = 1 if operator.startswith("Numeric") else "sample"
                self._note(other, base)
            self._note(steps, _satisfying(operator.removesuffix("Path"), base, truth))
        else:
            self._note(steps, _satisfying(operator, operand, truth))

    def _want_jsonata(self, expression: str, truth: bool) -> None:
        comparisons = _COMPARED.findall(expression)
        for chain, sign, written in comparisons if truth else comparisons[:1]:
            operand = _literal(written)
            operator = f"{'Numeric' if isinstance(operand, int | float) else 'String'}{_SIGNS[sign]}"
            is_true = truth != (sign == "!=")
            self._note_chain(chain, _satisfying(operator, operand, is_true))
        if not comparisons:
            bare = expression.replace("$not(", "").replace("$exists(", "").strip(" ()")
            if re.fullmatch(_CHAIN, bare):
                self._note_chain(bare, truth != ("$not(" in expression))


def _takes_all(state: Mapping[str, Any]) -> bool:
    """Say whether a Map goes over its whole input."""
    if "ItemReader" in state:
        return False
    items = state.get("Items")
    if items is not None:
        return isinstance(items, str) and items.replace(" ", "") == "{%$states.input%}"
    return state.get("ItemsPath", "$") == "$" and state.get("QueryLanguage") != "JSONata"


def _alias(field: str) -> str | None:
    """Name what a field's value is read as later."""
    if field in ("InputPath", "OutputPath", "Output", "Input"):
        return ""
    if field.endswith("Path") or field == "Variable":
        return None
    return field.removesuffix(".$")


_FAR = 1_000_000
_NO_OPERATORS = frozenset({"Variable", "Next", "Comment", "Assign", "Output"})
_SIGNS = {"=": "Equals", "!=": "Equals", "<": "LessThan", ">": "GreaterThan", "<=": "LessThanEquals"}
_SIGNS[">="] = "GreaterThanEquals"
_OF_KIND: Mapping[str, JSONValue] = {
    "IsBoolean": True,
    "IsNull": None,
    "IsNumeric": 1,
    "IsString": "sample",
    "IsTimestamp": _TIMESTAMP,
}
_OTHER_KIND: Mapping[str, JSONValue] = {"IsNull": "sample", "IsNumeric": "sample", "IsBoolean": "sample"}


def _satisfying(operator: str, operand: JSONValue, truth: bool) -> JSONValue:
    """Give a value for which a comparison is true, or false."""
    if isinstance(operand, bool):
        return operand == truth
    if operator == "StringMatches":
        text = str(operand).replace("\\*", "\0").replace("*", "sample").replace("\0", "*")
        return text if truth else f"not {text}"
    if "Than" not in operator:
        if truth:
            return operand
        return operand + 1 if isinstance(operand, int | float) else f"not {operand}"
    is_less = ("Less" in operator) == truth
    if operator.startswith("Timestamp"):
        return "1970-01-01T00:00:00Z" if is_less else "2999-01-01T00:00:00Z"
    if isinstance(operand, int | float):
        return operand - 1 if is_less else operand + 1
    return "" if is_less else f"{operand}~"


def _literal(written: str) -> JSONValue:
    if written[0] in "'\"":
        return written[1:-1]
    if written in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[written]
    number = float(written)
    return int(number) if number.is_integer() else number


def path_steps(path: str) -> Iterator[Steps]:
    """Take a JSONPath apart; nothing where it reads no data of the execution."""
    is_context = path.startswith("$$")
    variable = () if is_context else tuple(re.findall(r"^\$(\w+)", path))
    steps = tuple(
        (plain or quoted) if not other else _item(other) for plain, quoted, other in _STEP.findall(path)
    )
    if is_context:
        for read, length in _CONTEXT.items():
            if ".".join(steps[:length]) == read:
                yield from [steps[length:]] if len(steps) > length else []
        return
    if variable or steps:
        yield *variable, *steps


def _item(written: str) -> str:
    """Name the step into a list; with the index where there is a small one."""
    index = written.strip("[]")
    return f"{ITEM}{index}" if index.isdecimal() and len(index) < 2 else ITEM


def _chainpath_steps(chain: str) -> Steps:
    """Take a chain of JSONata's names apart; empty where it reads no data of the execution."""
    parts = re.findall(r"`([^`]+)`|([$\w]+)|(\[)", re.sub(r"\[[^\[\]]*\]", "[", chain))
    steps = tuple(quoted or name or ITEM for quoted, name, _ in parts)
    if steps[0] == "$states":
        if steps[1:4] == ("context", "Map", "Item"):
            return steps[5:]
        if steps[1:4] == ("context", "Execution", "Input"):
            return steps[4:]
        return steps[2:] if len(steps) > 1 and steps[1] in _STATES_ROOTS else ()
    if steps[0].startswith("$"):
        return steps[0][1:], *steps[1:]
    return () if steps[0] in ("and", "or", "in", "true", "false", "null", "function") else steps


def scopes_of(scope: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """List a scope of states and those inside it."""
    yield scope
    for state in scope["States"].values():
        bodies = [state[key] for key in ("ItemProcessor", "Iterator") if key in state]
        for inner in [*state.get("Branches", ()), *bodies]:
            yield from scopes_of(inner)


def _targets(state: Mapping[str, Any]) -> Iterator[str]:
    rules: Sequence[Mapping[str, Any]] = state.get("Choices", ())
    yield from (rule["Next"] for rule in rules)
    yield from (state[key] for key in ("Default", "Next") if key in state)


def _distances(states: Mapping[str, Any]) -> dict[str, int]:
    """Count the transitions from each state to the nearest end that is no failure."""
    sources: dict[str, list[str]] = {}
    for name, state in states.items():
        for target in _targets(state):
            sources.setdefault(target, []).append(name)
    ends = [name for name, state in states.items() if state.get("End") or state["Type"] == "Succeed"]
    far = dict.fromkeys(ends, 0)
    queue = deque(ends)
    while queue:
        name = queue.popleft()
        for source in sources.get(name, ()):
            if source not in far:
                far[source] = far[name] + 1
                queue.append(source)
    return far
