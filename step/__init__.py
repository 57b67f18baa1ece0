"""step: slow code that can be trusted, as AWS Step Functions with Python handlers.

Names are loaded on first use: every Lambda runs this module, and needs only ``step.tasks``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from step.asl.model import Definition as Definition
    from step.errors import DefinitionError as DefinitionError
    from step.errors import Diagnostic as Diagnostic
    from step.errors import ExecutionFailed as ExecutionFailed
    from step.errors import StepError as StepError
    from step.machine import Execution as Execution
    from step.machine import StateMachine as StateMachine
    from step.tasks import TaskContext as TaskContext
    from step.tasks import TaskHandlers as TaskHandlers

_HOMES = {
    "Definition": "step.asl.model",
    "DefinitionError": "step.errors",
    "Diagnostic": "step.errors",
    "Execution": "step.machine",
    "ExecutionFailed": "step.errors",
    "StateMachine": "step.machine",
    "StepError": "step.errors",
    "TaskContext": "step.tasks",
    "TaskHandlers": "step.tasks",
}

__all__ = [*_HOMES]


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'step' has no attribute {name!r}")
    import importlib

    value = getattr(importlib.import_module(home), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
