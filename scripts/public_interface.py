"""Write down every public name with its signature: scripts/public_interface.py.

tests/documents/public_interface.json is what docs/reference/versions.md promises; a test compares.
"""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

FILE = Path(__file__).resolve().parent.parent / "tests" / "documents" / "public_interface.json"
# Modules, and which of their names are public; None: those of ``__all__``.
PUBLIC: dict[str, tuple[str, ...] | None] = {
    "step": None,
    "step.tasks": None,
    "step.testing": None,
    "step.paths": None,
    "step.errors": (
        "DefinitionError",
        "Diagnostic",
        "ExecutionFailed",
        "HandlerError",
        "MissingExtra",
        "NoCode",
        "NoContact",
        "NothingToWaitFor",
        "Refused",
        "StepError",
        "TaskError",
    ),
    "step.machine.checks": ("load_checks",),
    "step.aws.services": ("AwsServices",),
    "step.aws.s3": ("S3Objects",),
}
# Classes whose instances step makes, and what of them is for step's own modules.
MADE_BY_STEP = {
    "Definition": set(),
    "Ending": {"way"},
    "Execution": set(),
    "Exploration": {"graph", "model", "setup"},
    "Handler": {"prepare"},
    "Moment": set(),
    "StateMachine": {"from_code", "perform", "plan", "setup"},
    "Violation": {"walk", "way"},
}
# Instance attributes, as docstrings list them.
ATTRIBUTES = re.compile(r"^ *Attributes:\n(?P<rows>(?: {4,}.*\n?|\n)+)", re.MULTILINE)


@dataclass(frozen=True)
class Raw:
    """A text that is written as it is."""

    text: str

    def __repr__(self) -> str:
        return self.text


def interface() -> dict[str, str]:
    """Tell every public name, dotted, with its signature."""
    found: dict[str, str] = {}
    for module, names in PUBLIC.items():
        home = import_module(module)
        for name in names or home.__all__:
            found |= dict(_told(f"{module}.{name}", getattr(home, name)))
    return dict(sorted(found.items()))


def _told(name: str, thing: object) -> Iterator[tuple[str, str]]:
    if not inspect.isclass(thing):
        yield name, f"function {_signature(thing)}" if inspect.isfunction(thing) else "type or value"
        return
    bases = ", ".join(base.__name__ for base in thing.__bases__ if base is not object)
    yield name, f"class({bases})" + _constructor(thing)
    hidden = MADE_BY_STEP.get(thing.__name__, set())
    for member in sorted({*dir(thing), *inspect.get_annotations(thing), *_documented(thing)}):
        if not member.startswith("_") and member not in hidden and _is_own(thing, member):
            yield f"{name}.{member}", _member(inspect.getattr_static(thing, member, None))


def _documented(thing: type) -> list[str]:
    found = ATTRIBUTES.search(inspect.cleandoc(thing.__doc__ or ""))
    return re.findall(r"^ {4}(\w+): ", found["rows"], re.MULTILINE) if found else []


def _is_own(thing: type, member: str) -> bool:
    """Whether step has it, not Python."""
    homes = [
        base for base in thing.__mro__ if member in vars(base) or member in inspect.get_annotations(base)
    ]
    return homes[0].__module__.startswith("step") if homes else True


def _constructor(thing: type) -> str:
    call = "__call__" if Protocol in thing.__bases__ else "__init__"
    own = None if thing.__name__ in MADE_BY_STEP else vars(thing).get(call)
    return f" {_signature(own)}" if inspect.isfunction(own) else ""


def _member(member: object) -> str:
    if isinstance(member, classmethod | staticmethod):
        return f"{type(member).__name__} {_signature(member.__func__)}"
    if inspect.isfunction(member):
        return f"method {_signature(member)}"
    return "attribute"


def _signature(function: object) -> str:
    assert callable(function)
    signature = inspect.signature(function)
    parameters = [
        one.replace(annotation=_text(one.annotation), default=_default(one.default))
        for one in signature.parameters.values()
    ]
    changed = signature.replace(parameters=parameters, return_annotation=_text(signature.return_annotation))
    return str(changed)


def _text(annotation: object) -> object:
    """Annotations are texts everywhere in step."""
    return Raw(annotation) if isinstance(annotation, str) else annotation


def _default(default: object) -> object:
    """A constant's repr says nothing; a plain value's does."""
    plain = (str, int, float, bool, tuple, type(None))
    return default if default is inspect.Parameter.empty or isinstance(default, plain) else Raw("...")


def main() -> None:
    FILE.write_text(json.dumps(interface(), indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
