"""What ``step lint`` says of a definition and, where they are known, its handlers.

Pure: no clock, no IO.
"""

from __future__ import annotations

from step.asl import taskfn
from step.asl.advice import advise
from step.asl.parse import parse
from step.asl.rules.codes import CODES
from step.asl.rules.place import MachineType
from step.asl.source import Source
from step.asl.validate import validate
from step.errors import Diagnostic
from step.paths.points import coverables
from step.paths.typed import type_misfits
from step.tasks import TaskHandlers
from step.tasks.schemas import input_schema, output_schema


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
    typed = _typed(source, handlers) if handlers else []
    return [*diagnostics, *advise(source, declared, type=type), *typed]


def _typed(source: Source, handlers: TaskHandlers) -> list[Diagnostic]:
    """Say on which transitions what a handler gives can't be what the next one takes."""
    document = source.value
    assert isinstance(document, dict)
    # Only TaskFn states are served by the handlers of their names.
    served = {name: handlers.tasks[name] for name in taskfn.task_fn_names(document) if name in handlers.tasks}
    definition = parse(taskfn.expand(document))
    takes = {name: input_schema(handler) for name, handler in served.items()}
    gives = {name: output_schema(handler) for name, handler in served.items()}
    places = {
        found.point.state: found.pointer for found in coverables(definition) if found.point.kind == "state"
    }
    return [
        Diagnostic(
            severity=CODES["TYPE_MISFIT"].severity,
            code="TYPE_MISFIT",
            message=f"What {one.given_by!r} gives comes to {one.taken_by!r}: {one.problem}",
            location=places[one.transition.source],
            line=source.line(places[one.transition.source]),
        )
        for one in type_misfits(definition, takes, gives)
    ]
