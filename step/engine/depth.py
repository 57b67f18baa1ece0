"""How much deeper than what it reads a state nests its output: what a loop of states could pile up.

Pure: no clock, no IO. An upper bound, from the definition alone; what leaves a value at its depth
counts for nothing.
"""

from __future__ import annotations

import re

from step.asl import model
from step.asl.model import Field
from step.asl.parse import inner_branches

# Of a template that holds no array or object of what it reads.
_NOTHING = -1_000
_SEGMENT = re.compile(r"[.\[]")
_DEFINITE = re.compile(r"\$[\w.\[\]]*")
_STATES_PATH = re.compile(r"\{%\s*\$states\.(?:input|result)((?:\.\w+)*)\s*%\}")
_SCALAR_FUNCTION = re.compile(
    r"States\.(?:Format|MathAdd|MathRandom|UUID|Hash|Base64Encode|Base64Decode|JsonToString|ArrayLength"
    r"|ArrayContains)\("
)


def levels_of(state: model.State) -> int:
    """Bound how many levels deeper than its input a state's output is nested."""
    match state:
        case model.Choice():
            outputs = [state.output, *(rule.output for rule in state.choices)]
            return max(0, *(_template_levels(output) for output in outputs))
        case model.Pass() if state.query_language == "JSONPath":
            if state.result is not model.ABSENT:
                return 0
            taken = 0 if state.parameters is model.ABSENT else _template_levels(state.parameters)
            return max(0, taken + _placed(state.result_path))
        case model.Pass() | model.Succeed():
            return max(0, _template_levels(state.output))
        case model.Parallel() | model.Map():
            selected = max(_template_levels(state.result_selector), _template_levels(state.output))
            return 1 + max(0, selected) + _placed(state.result_path)
        case _:
            return 0


def most_levels(branch: model.Branch) -> int:
    """Find the most that a straight-line state adds, those of inner branches among them."""
    levels = 0
    for state in branch.states.values():
        if isinstance(state, model.Pass | model.Succeed | model.Choice):
            levels = max(levels, levels_of(state))
        levels = max(levels, *(most_levels(inner) for inner in inner_branches(state)), 0)
    return levels


def _placed(result_path: str | None) -> int:
    return len(_SEGMENT.findall(result_path or "$"))


def _template_levels(field: Field, depth: int = 0) -> int:
    """Bound a template's part that stands inside so many arrays and objects of the template."""
    match field:
        case dict():
            return max(
                (
                    _path_levels(str(value), depth + 1)
                    if name.endswith(".$")
                    else _template_levels(value, depth + 1)
                    for name, value in field.items()
                ),
                default=_NOTHING,
            )
        case list():
            return max((_template_levels(item, depth + 1) for item in field), default=_NOTHING)
        case str() if field.startswith("{%"):
            return _jsonata_levels(field, depth)
        case _:
            return _NOTHING


def _path_levels(text: str, depth: int) -> int:
    if _DEFINITE.fullmatch(text):
        return depth - len(_SEGMENT.findall(text))
    if _SCALAR_FUNCTION.match(text):
        return _NOTHING
    return depth + text.count("(")


def _jsonata_levels(text: str, depth: int) -> int:
    path = _STATES_PATH.fullmatch(text)
    if path is not None:
        return depth - path[1].count(".")
    nesting = deepest = 0
    for character in text[2:-2]:
        if character in "[{":
            nesting += 1
            deepest = max(deepest, nesting)
        elif character in "]}":
            nesting -= 1
    return depth + deepest
