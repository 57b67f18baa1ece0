"""Every execution of a machine, one after the other: nothing merged, nothing left out.

Shares with the explorer the kernel, its seams and the classes of errors, and nothing of the search.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from step.engine.explored_kernel import ExploredKernel
from step.engine.frames import Op, Timer
from step.engine.history import entries
from step.engine.vocabulary import Continue, Input, Start, StartTask, TaskFailed, TimePassed
from step.paths.errors import ErrorClasses, cause_of

Answers = Callable[[StartTask, Any], Input]


class TooMany(Exception):  # noqa: N818 - the machine is left out
    """More steps than the budget allows."""


class Seen(NamedTuple):
    """What executions come to: their ends, and what states are entered with, each beside the world."""

    ends: set[str]
    entered: set[str]


class Branching(NamedTuple):
    """An execution, its world, the work that nobody answers, and that which beats to its timeout."""

    kernel: ExploredKernel
    world: Any
    hung: frozenset[int] = frozenset()
    beating: frozenset[int] = frozenset()


def told(*what: Any) -> str:
    return json.dumps(what)


def every_execution(
    kernel: ExploredKernel, world: Any, answers: Answers, errors: ErrorClasses, budget: int
) -> Seen:
    """Run all executions.

    Raises:
        TooMany: they take more steps than the budget.
    """
    seen = Seen(set(), set())
    give(kernel, Start(kernel.info.input), kernel.now)
    kernel.timers = [timer for timer in kernel.timers if timer[2]]
    stack = [Branching(kernel, world)]
    while stack:
        at = stack.pop()
        kernel = at.kernel
        for name, value in entries(kernel.rows):
            seen.entered.add(told(name, value, at.world))
        if kernel.status != "RUNNING":
            seen.ends.add(told(kernel.status, kernel.error, kernel.output, at.world))
            continue
        budget -= 1
        if budget < 0:
            raise TooMany
        stack.extend(following(at, answers, errors))
    return seen


def following(at: Branching, answers: Answers, errors: ErrorClasses) -> Iterator[Branching]:
    """Give what may come next, of all tasks that wait."""
    waiting = [(n, op) for n, op in at.kernel.ops.items() if n not in at.hung]
    for number, op in waiting:
        yield from of_task(at, number, op, answers, errors)
    if not waiting and at.kernel.timers:
        yield passed(at)


def of_task(
    at: Branching, number: int, op: Op, answers: Answers, errors: ErrorClasses
) -> Iterator[Branching]:
    assert isinstance(op.command, StartTask)
    world = copy.deepcopy(at.world)
    answer = answers(op.command, world)
    yield given(at, answer, world)
    what = {timer[4] for timer in at.kernel.timers if timer[2] == number}
    for left in [at.world] if world == at.world else [at.world, world]:
        for error in errors.of(op.frame):
            yield given(at, TaskFailed(number, error, cause_of(error)), left)
        if what:
            yield at._replace(kernel=forked(at.kernel), world=left, hung=at.hung | {number})
        if len(what) == 2:
            yield at._replace(
                kernel=forked(at.kernel), world=left, hung=at.hung | {number}, beating=at.beating | {number}
            )


def given(at: Branching, item: Input, world: Any) -> Branching:
    kernel = forked(at.kernel)
    give(kernel, item, kernel.now)
    return at._replace(kernel=kernel, world=world)


def passed(at: Branching) -> Branching:
    kernel = forked(at.kernel)
    now = kernel.wake_at
    assert now is not None
    # What beats does so just before its heartbeat would be missed.
    for due, _, op, _, what in sorted(kernel.timers):
        if due == now and op in at.beating and what is Timer.HEARTBEAT:
            kernel.ops[op].frame.heartbeat_at = now
    give(kernel, TimePassed(), now)
    return at._replace(kernel=kernel)


def forked(kernel: ExploredKernel) -> ExploredKernel:
    twin = kernel.fork()
    twin.room = twin.count + 25_000
    return twin


def give(kernel: ExploredKernel, item: Input, now: int) -> None:
    kernel.handle(item, now)
    while kernel.is_busy:
        kernel.handle(Continue(), now)
    assert kernel.fault is None, kernel.fault
