"""What ``step lint`` says of a definition and, where they are known, its handlers.

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.asl.advice import advise
from step.asl.rules.place import MachineType
from step.asl.source import Source
from step.asl.validate import validate
from step.errors import Diagnostic
from step.tasks import TaskHandlers


def lint(
    source: Source, handlers: TaskHandlers | None = None, type: MachineType = "STANDARD"
) -> list[Diagnostic]:
    """List every problem of a definition; advice only where AWS would accept it.

    Args:
        source: The definition.
        handlers: Who serves its TaskFn states, where that is known.
        type: What the machine is to be: an Express one may not have everything.
    """
    diagnostics = validate(source, type=type)
    if any(diagnostic.severity == "ERROR" for diagnostic in diagnostics):
        return diagnostics
    declared = {name: handlers.declared_errors(name) for name in handlers.tasks} if handlers else {}
    return [*diagnostics, *advise(source, declared, type=type)]
