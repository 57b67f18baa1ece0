"""What an exploration needs of a machine.

Knows no search: it says who does the work of tasks, in which world.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from step.asl import taskfn
from step.asl.model import Definition, Map
from step.asl.parse import every_state, parse
from step.engine.frames import ExecutionInfo
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, StartTask
from step.errors import StepError
from step.jsonvalue import JSONObject
from step.machine.attachments import Attachments
from step.paths.setup import Setup
from step.paths.unknown import ITEMS, answer, rules_of, without_values
from step.paths.work import Effect, Perform
from step.tasks import TaskHandlers

# Makes the handlers that work in a world: a TaskHandlers, or what is attached by state.
Handlers = Callable[[Any], "TaskHandlers | Mapping[str, object]"]


def setup_of(
    definition: Definition,
    program: Program,
    info: ExecutionInfo,
    quotas: Quotas | None,
    attachments: Attachments,
    *,
    world: Any,
    handlers: Handlers | None,
    effects: Mapping[str, Effect],
    declared: TaskHandlers | None,
) -> Setup:
    """Say what is explored of a machine with what is attached to it.

    Raises:
        StepError: it has a distributed Map, or effects without a world.
    """
    for state in every_state(definition):
        if isinstance(state, Map) and state.item_processor.is_distributed:
            raise StepError(f"state {state.name!r}: a distributed Map is explored without handlers only")
    if effects and world is None:
        raise StepError("effects without a world: give the world that they change")
    if declared is None and handlers is not None:
        made = handlers(world)
        declared = made if isinstance(made, TaskHandlers) else None
    return Setup(
        definition=definition,
        program=program,
        info=info,
        quotas=quotas,
        perform=_performing(attachments, handlers),
        effects=effects,
        world=world,
        declared={name: handler.errors for name, handler in declared.tasks.items()} if declared else {},
        by_invocation=attachments.count_invocations,
    )


def _performing(attachments: Attachments, handlers: Handlers | None) -> Perform:
    if handlers is None:
        return lambda task, world: attachments.perform(task)

    def perform(task: StartTask, world: Any) -> tuple[list[Input], int] | None:
        made = handlers(world)
        if isinstance(made, TaskHandlers):
            return attachments.add(taskfn.PLACEHOLDER, made, 0).perform(task)
        own = attachments
        for name, function in made.items():
            own = own.add(name, function, 0)
        return own.perform(task)

    return perform


def unknown_setup(
    definition: Definition,
    document: JSONObject,
    info: ExecutionInfo,
    *,
    world: Any,
    effects: Mapping[str, Effect],
) -> Setup:
    """Say what is explored of a machine of which nobody knows the values."""
    bare = without_values(taskfn.expand(document))
    return Setup(
        definition=definition,
        program=Program.from_definition(parse(bare)),
        info=ExecutionInfo(
            arn=info.arn,
            name=info.name,
            input=ITEMS,
            start_ms=info.start_ms,
            role_arn=info.role_arn,
            machine_arn=info.machine_arn,
            machine_name=info.machine_name,
        ),
        quotas=Quotas(),
        perform=lambda task, world: answer(task),
        world=world,
        effects=effects,
        only=rules_of(definition),
        is_unknown=True,
    )
