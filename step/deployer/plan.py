"""What a deploy would change: states, code and configuration, live and new side by side.

Pure: no clock, no IO. The definitions are compared by meaning: order and layout of members don't count, and a
function counts as itself whatever version of it is called.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from step.deployer.configuration import ENVIRONMENT
from step.deployer.names import LIVE
from step.errors import StepError
from step.jsonvalue import JSONObject, JSONValue

Kind = Literal["added", "removed", "changed"]
# AWS: Step Functions quotas: "Maximum number of published state machine versions": 1,000.
VERSIONS_LIMIT, VERSIONS_WARNED = 1000, 900
_QUALIFIED = re.compile(r"(arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+):[A-Za-z0-9_$-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that is other than it was.

    Attributes:
        kind: Whether it is new, gone or other.
        place: Where: a JSON pointer into the definition, or "function NAME/..." .
        old: What it was, in few words.
        new: What it will be.
    """

    kind: Kind
    place: str
    old: str = ""
    new: str = ""

    def __str__(self) -> str:
        sign = {"added": "+", "removed": "-", "changed": "~"}[self.kind]
        if not (self.old or self.new):
            return f"{sign} {self.place}"
        if self.kind == "changed":
            return f"{sign} {self.place}: {self.old} -> {self.new}"
        return f"{sign} {self.place}: {self.old or self.new}"


class Starter(NamedTuple):
    """What starts the machine by itself: a rule of EventBridge or a schedule, and what it targets."""

    target: str
    kind: str
    name: str

    @property
    def is_moved(self) -> bool:
        """Whether releases move it: it starts the alias, and not the machine or a version."""
        return self.target.endswith(f":{LIVE}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a deploy would change, and what speaks against it.

    Attributes:
        changes: What would be other than it is live.
        warnings: What may go wrong, now or soon.
        live: The version that is live.
        definitions: The texts of the live definition and the new one, with plain ARNs of functions.
        functions: The functions as they are live and as they would be, by name.
        starters: What starts the machine by itself.
    """

    changes: tuple[Change, ...]
    warnings: tuple[str, ...] = ()
    live: str = ""
    definitions: tuple[str | None, str | None] = (None, None)
    functions: Mapping[str, tuple[FunctionState | None, FunctionState | None]] = field(default_factory=dict)
    starters: tuple[Starter, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the deploy would change nothing."""
        return not self.changes

    def to_text(self) -> str:
        """Write it for people, a line for each change."""
        lines = [str(change) for change in self.changes] or ["Nothing would change."]
        return "\n".join([*lines, *(f"! {warning}" for warning in self.warnings)])


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionState:
    """A function as it is live, or as it will be.

    Attributes:
        code_sha256: The hash of its zip, as Lambda has it.
        configuration: What a version keeps of its configuration; see ``frozen_configuration``.
        content_sha256: The hash of what the zip holds; None where nobody recorded it.
        size_bytes: How large the zip is, where it is known.
    """

    code_sha256: str
    configuration: JSONObject
    content_sha256: str | None = None
    size_bytes: int | None = None


def make_plan(
    *,
    live_definition: str | None,
    new_definition: str,
    function_arns: Mapping[str, str],
    live_functions: Mapping[str, FunctionState],
    new_functions: Mapping[str, FunctionState],
    versions: int = 0,
    live: str = "",
    starters: Sequence[Starter] = (),
) -> Plan:
    """Compare what is live with what a release brings.

    Args:
        live_definition: The text of the definition that the alias leads to; None where there is none.
        new_definition: The text of the new one, placeholders and all.
        function_arns: The functions' ARNs without a version, by placeholder.
        live_functions: The functions as the live definition calls them, by name.
        new_functions: The functions as they will be: new code, and the configuration of ``$LATEST``.
        versions: How many versions the machine has.
        live: The version that is live.
        starters: What starts the machine by itself.

    Raises:
        StepError: a definition is no JSON object.
    """
    changes = compare_definitions(live_definition, new_definition, function_arns)
    for name in sorted({*live_functions, *new_functions}):
        changes += compare_functions(name, live_functions.get(name), new_functions.get(name))
    warnings = []
    if versions >= VERSIONS_WARNED:
        warnings.append(
            f"the machine has {versions} of at most {VERSIONS_LIMIT} versions: `step prune` deletes old ones"
        )
    warnings += [
        f"the {one.kind} {one.name} starts {one.target}, which releases don't move: "
        f"it has to start the alias {LIVE!r}"
        for one in starters
        if not one.is_moved
    ]
    texts = [
        None if text is None else _plain(text, function_arns) for text in (live_definition, new_definition)
    ]
    return Plan(
        changes=tuple(changes),
        warnings=tuple(warnings),
        live=live,
        definitions=(texts[0], texts[1]),
        functions={
            name: (live_functions.get(name), new_functions.get(name))
            for name in sorted({*live_functions, *new_functions})
        },
        starters=tuple(starters),
    )


def compare_definitions(
    live: str | None, new: str, function_arns: Mapping[str, str] | None = None
) -> list[Change]:
    """Compare two definitions' texts by meaning."""
    after = _read(new, function_arns or {})
    if live is None:
        return [Change(kind="added", place="the definition")]
    return _compare(_read(live, {}), after, "")


def compare_functions(name: str, live: FunctionState | None, new: FunctionState | None) -> list[Change]:
    """Compare a function's code and configuration; values of the environment are never shown."""
    place = f"function {name}"
    if live is None or new is None:
        return [Change(kind="added" if live is None else "removed", place=place)]
    changes = []
    if not _is_same_code(live, new):
        changes.append(
            Change(kind="changed", place=f"{place}/code", old=live.code_sha256[:12], new=new.code_sha256[:12])
        )
    for key in sorted({*live.configuration, *new.configuration}):
        old, given = live.configuration.get(key), new.configuration.get(key)
        if old == given:
            continue
        if key == ENVIRONMENT:
            changes.append(Change(kind="changed", place=f"{place}/Environment"))
        else:
            changes.append(Change(kind="changed", place=f"{place}/{key}", old=_short(old), new=_short(given)))
    return changes


def _is_same_code(live: FunctionState, new: FunctionState) -> bool:
    """Compare contents: another zlib packs the same files into other bytes."""
    if live.content_sha256 and new.content_sha256:
        return live.content_sha256 == new.content_sha256
    return live.code_sha256 == new.code_sha256


def _plain(text: str, function_arns: Mapping[str, str]) -> str:
    """Have a definition call functions by their plain ARNs."""
    for placeholder, arn in function_arns.items():
        text = text.replace(f"${{{placeholder}}}", arn)
    return _QUALIFIED.sub(r"\1", text)


def _read(text: str, function_arns: Mapping[str, str]) -> JSONValue:
    try:
        document: JSONValue = json.loads(_plain(text, function_arns))
    except ValueError as exc:
        raise StepError(f"the definition is no JSON: {exc}") from exc
    if not isinstance(document, dict):
        raise StepError("the definition is no JSON object")
    return document


def _compare(old: JSONValue, new: JSONValue, place: str) -> list[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        changes = []
        for key in [*old, *(key for key in new if key not in old)]:
            inner = f"{place}/{key}"
            if key not in new:
                changes.append(Change(kind="removed", place=inner, old=_value(inner, old[key])))
            elif key not in old:
                changes.append(Change(kind="added", place=inner, new=_value(inner, new[key])))
            else:
                changes += _compare(old[key], new[key], inner)
        return changes
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        return [
            change
            for index, (one, other) in enumerate(zip(old, new, strict=True))
            for change in _compare(one, other, f"{place}/{index}")
        ]
    if old == new and isinstance(old, bool) == isinstance(new, bool):
        return []
    return [Change(kind="changed", place=place or "/", old=_short(old), new=_short(new))]


def _value(place: str, value: JSONValue) -> str:
    """A state that comes or goes is told by its name alone."""
    return "" if isinstance(value, dict) and place.rpartition("/")[0].endswith("/States") else _short(value)


def _short(value: JSONValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."
