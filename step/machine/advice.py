"""What ``step lint`` says of a definition and, where they are known, its handlers.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Mapping

from step.asl.advice import advise
from step.asl.rules.place import MachineType
from step.asl.source import read_source
from step.asl.validate import validate
from step.errors import Diagnostic
from step.tasks import TaskHandlers


def lint(
    text: str | bytes,
    handlers: TaskHandlers | None = None,
    substitutions: Mapping[str, str] | None = None,
    type: MachineType = "STANDARD",
) -> list[Diagnostic]:
    """List every problem of a definition's text; advice only where AWS would accept it.

    Args:
        text: The definition; bytes are UTF-8.
        handlers: Who serves its TaskFn states, where that is known.
        substitutions: Texts for ``${...}`` placeholders.
        type: What the machine is to be: an Express one may not have everything.
    """
    for name, replacement in (substitutions or {}).items():
        text = _replace(text, f"${{{name}}}", replacement)
    source = read_source(text)
    diagnostics = validate(source, type=type)
    if any(diagnostic.severity == "ERROR" for diagnostic in diagnostics):
        return diagnostics
    declared = {name: handlers.declared_errors(name) for name in handlers.tasks} if handlers else {}
    return [*diagnostics, *advise(source, declared)]


def _replace(text: str | bytes, placeholder: str, replacement: str) -> str | bytes:
    if isinstance(text, str):
        return text.replace(placeholder, replacement)
    return text.replace(placeholder.encode(), replacement.encode())
