"""Lay the explorer's answer beside that of walking every execution."""

from __future__ import annotations

import os
from typing import Any

from step import StateMachine
from step.engine.explored_kernel import ExploredKernel
from step.engine.frames import ExecutionInfo
from step.engine.key import Seen as Looked
from step.engine.program import Program
from step.engine.quotas import Quotas
from step.engine.vocabulary import Input, StartTask, TaskSucceeded
from step.paths.errors import ErrorClasses
from step.paths.moment import Moment
from step.paths.moves import Moves, Rules, TiesMatter
from step.paths.search import Model, search
from step.paths.work import Replies
from tests.paths.brute import Seen, every_execution, told
from tests.paths.generated import INPUT, Generated

BUDGET = 20_000 if os.environ.get("SOAK") == "1" else 3_000
INFO = ExecutionInfo(
    arn="arn:aws:states:us-east-1:123456789012:execution:machine:paths",
    name="paths",
    input=INPUT,
    start_ms=1_767_225_600_000,
    role_arn="arn:aws:iam::123456789012:role/machine",
    machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:machine",
    machine_name="machine",
)


class Case:
    """A generated machine that is run in both ways."""

    def __init__(self, generated: Generated) -> None:
        self.generated = generated
        self.machine = StateMachine.from_json(generated.definition)
        for name in generated.handlers.keys() & self.machine.tasks.keys():
            self.machine.set_resource_function(name, generated.handlers[name])
        self.program = Program.from_definition(self.machine.definition)

    def perform(self, task: StartTask, world: Any) -> tuple[list[Input], int]:
        done = self.machine.perform(task._replace(op=0))
        assert done is not None
        [item], delay = done
        return [item._replace(op=task.op)], delay  # type: ignore[call-arg]  # what answers names its op

    def answer(self, task: StartTask, world: Any) -> Input:
        [item], _ = self.perform(task, world)
        effect = self.generated.effects.get(task.state)
        if effect is not None and isinstance(item, TaskSucceeded):
            effect(world, task.payload, item.output)
        return item

    def by_force(self, budget: int = BUDGET) -> Seen:
        kernel = ExploredKernel(self.program, INFO, Quotas())
        return every_execution(kernel, self.generated.world, self.answer, ErrorClasses({}), budget)

    def explored(self, model: type[Model] = Model, moves: type[Moves] = Moves) -> tuple[Seen, int]:
        """Explore; also says how many situations there are."""
        try:
            return self._explored(model, moves, exact=False)
        except TiesMatter:
            return self._explored(model, moves, exact=True)

    def _explored(self, model: type[Model], moves: type[Moves], *, exact: bool) -> tuple[Seen, int]:
        seen = Seen(set(), set())

        def note(moment: Moment) -> None:
            for name, value in moment.entered:
                seen.entered.add(told(name, value, moment.world))
            if moment.has_ended:
                error = (moment.status == "FAILED" and (moment.error, moment.cause)) or None
                seen.ends.add(told(moment.status, error, moment.output, moment.world))

        rules = Rules(
            work=Replies(self.perform, self.generated.effects),
            errors=ErrorClasses({}),
            reduces=self.generated.world is None and not exact,
            exact=exact,
        )
        whole = model(
            program=self.program,
            info=INFO,
            quotas=Quotas(),
            world=self.generated.world,
            moves=moves(rules),
            seen=LOOKS,
        )
        found = search(whole, [note], 100_000)
        assert found.is_closed
        return seen, len(found.graph)


LOOKS = Looked()
