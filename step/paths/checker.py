"""Check a certificate: that it has every situation, and that everything holds in each.

Believe this file, the kernel with its fork and key, the classes of errors, and nothing of the search: it asks
the handlers itself, makes every move itself, and finds what comes of it among the certificate's situations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from step.engine.explored_kernel import ExploredKernel
from step.engine.frames import Op, Timer
from step.engine.key import EVERYTHING, digest, key, without
from step.engine.states.map import MapAttempt
from step.engine.vocabulary import Input, StartTask, TaskFailed, TaskSucceeded, TimePassed
from step.paths.certificate import Certificate, Refuted, machine_digest
from step.paths.errors import ErrorClasses, cause_of
from step.paths.moment import Invariant, Moment, complaints
from step.paths.setup import Setup
from step.paths.situation import Path
from step.paths.work import copied, input_of, world_key


class _At(NamedTuple):
    kernel: ExploredKernel
    world: Any
    hung: frozenset[int] = frozenset()
    late: tuple[tuple[int, int, Input], ...] = ()
    # Branches that go on alone: their places, and the runs of their groups.
    focus: tuple[tuple[Path, str], ...] = ()

    @property
    def tasks(self) -> list[tuple[int, Op]]:
        shut = self.hung | {op for _, op, _ in self.late}
        found = [(n, op) for n, op in self.kernel.ops.items() if n not in shut]
        return sorted(found, key=lambda task: task[1].frame.path)


def check(certificate: Certificate, setup: Setup, invariants: Sequence[Invariant]) -> int:
    """Check a certificate; returns how many moves were made.

    Raises:
        Refuted: a situation or a move is missing, or something doesn't hold; it says which.
    """
    if certificate.machine != machine_digest(setup.definition.source, setup.info.input, setup.quotas):
        raise Refuted("it is another machine's, or another input's")
    checker = _Checker(certificate, setup)
    numbers = {name: number for number, name in enumerate(certificate.names)}
    first = checker.start()
    if numbers.get(checker.name(first)) != 0:
        raise Refuted("it begins otherwise")
    found, made = {0: first}, 0
    _look(first, "", invariants)
    for number, targets in enumerate(certificate.targets):
        if number not in found:
            raise Refuted(f"situation {number} is come to from none before it")
        at, left = found.pop(number), iter(targets)
        for then, goes_on, state in checker.moves(at) if at.kernel.status == "RUNNING" else ():
            made += 1
            _look(then, state, invariants)
            target = numbers.get(checker.name(then)) if goes_on else None
            if goes_on and (target is None or target != next(left, None)):
                raise Refuted(f"a move in {state} leads from situation {number} to one that isn't told")
            if target is not None and target > number:
                found.setdefault(target, then)
        if next(left, None) is not None:
            raise Refuted(f"situation {number} has fewer moves than told")
    return made


def _look(at: _At, state: str, invariants: Sequence[Invariant]) -> None:
    for _, told in complaints(invariants, Moment(at.kernel, at.world, state=state, rows=at.kernel.rows)):
        raise Refuted(told)


class _Checker:
    def __init__(self, certificate: Certificate, setup: Setup) -> None:
        self.told, self.setup = certificate, setup
        self.errors = ErrorClasses(setup.declared, setup.only)

    def start(self) -> _At:
        kernel = ExploredKernel(self.setup.program, self.setup.info, self.setup.quotas)
        kernel.start(has_deadline=self.told.seen.deadline)
        return self.rest(_At(kernel, self.setup.world))

    def name(self, at: _At) -> bytes:
        kernel, ops = at.kernel, at.kernel.ops
        world = None if at.world is None else digest(without(world_key(at.world), self.told.leave_out))
        value: Any = (key(kernel, self.told.seen), world)
        if kernel.status == "RUNNING":
            late = [
                (due - kernel.now, ops[op].frame.path, type(i).__name__, *i[1:]) for due, op, i in at.late
            ]
            hung = sorted(ops[op].frame.path for op in at.hung)
            value += (hung, sorted(late), [path for path, _ in at.focus])
        value += (False, 0)
        return digest(without(value, self.told.leave_out) if self.told.leave_out else value)

    def moves(self, at: _At) -> Iterator[tuple[_At, bool, str]]:
        tasks = at.tasks
        if not tasks and (at.kernel.timers or at.late):
            yield self.later(at), True, at.kernel.root.state.name
        within = at.focus[-1][0] if at.focus else ()
        paths = [op.frame.path for _, op in tasks]
        for number, op in tasks:
            if op.frame.path[: len(within)] == within:
                alone = self.alone(at, paths, op.frame.path) if self.told.reduces else ()
                for then in self.of_task(at._replace(focus=alone), number, op):
                    yield *_after(then), op.frame.state.name

    def of_task(self, at: _At, number: int, op: Op) -> Iterator[_At]:
        """Let a task be answered, fail, hang; each before and after its effect."""
        task, now = op.command, at.kernel.now
        assert isinstance(task, StartTask)
        world = copied(at.world) if at.world is not None else None
        items, delay = self.setup.perform(task._replace(op=0, token=task.token and "TOKEN"), world) or ([], 0)
        items = [item._replace(op=number) for item in items]  # type: ignore[call-arg]  # all name their op
        effect = self.setup.effects.get(task.state)
        if effect is not None and items and isinstance(items[-1], TaskSucceeded):
            effect(world, input_of(task.payload), items[-1].output)
        timers = {what: due for due, _, n, _, what in at.kernel.timers if n == number}
        is_same = not items or world is None or world_key(world) == world_key(at.world)
        worlds = [at.world] if is_same else [at.world, world]
        ways: list[tuple[Any, list[Input], int]] = [(worlds[-1], items, delay)] if items else []
        fails = [TaskFailed(number, name, cause_of(name)) for name in self.errors.of(op.frame)]
        ways += [(left, [failed], 0) for left in worlds for failed in fails]
        for left, given, wait in ways:
            yield self.give(at._replace(world=left), number, given, wait and now + wait)
            if self.told.late and not wait:
                latest = timers.get(Timer.TIMEOUT, now + 900_000)
                yield self.give(at._replace(world=left), number, given, latest, beats=True)
        for left in worlds if timers else []:
            for beats in (False, True)[: len(timers)]:
                yield self.give(at._replace(world=left), number, [], 0, beats=beats)

    def give(self, at: _At, number: int, items: list[Input], due: int, *, beats: bool = False) -> _At:
        at = at._replace(kernel=at.kernel.fork())
        for item in items[:-1] if due else items:
            at.kernel.advance(item, at.kernel.now)
        if not items or not isinstance(items[-1], TaskSucceeded | TaskFailed):
            at = at._replace(hung=at.hung | {number})
        if due:
            at = at._replace(late=(*at.late, (due, number, items[-1])))
        if beats:
            at.kernel.beat_to_the_end(number)
        return self.rest(at)

    def later(self, at: _At, first: Path | None = None) -> _At:
        """Let time pass; see that of timers that go off at one instant none need be the first."""
        kernel = at.kernel.fork()
        now = min([due for due, _, _ in at.late] + [timer[0] for timer in kernel.timers[:1]])
        due = [one for one in at.late if one[0] == now]
        if due:
            answer = min(due, key=lambda one: kernel.ops[one[1]].frame.path)
            kernel.advance(answer[2], now)
            return self.rest(at._replace(kernel=kernel, late=tuple(x for x in at.late if x is not answer)))
        if first is not None:
            kernel.order_timers(first)
        places = {frame.path for at_ms, _, op, frame, _ in kernel.timers if at_ms == now and op}
        kernel.advance(TimePassed(), now)
        then = self.rest(at._replace(kernel=kernel))
        for place in places if first is None and not self.told.exact and len(places) > 1 else ():
            if key(self.later(at, place).kernel, EVERYTHING) != key(then.kernel, EVERYTHING):
                raise Refuted("which of two timers of one instant goes off first makes a difference")
        return then

    def rest(self, at: _At) -> _At:
        if not self.told.exact:
            at.kernel.order_timers()
        late = tuple(one for one in at.late if one[1] in at.kernel.ops)
        return at._replace(hung=at.hung & at.kernel.ops.keys(), late=late)

    def alone(self, at: _At, paths: list[Path], path: Path) -> tuple[tuple[Path, str], ...]:
        """Say which branches go on alone: where ways part, the one that isn't the first task's."""
        focus, kernel = at.focus, at.kernel
        for size in range(len(focus[-1][0]) if focus else 0, len(path)):
            within = focus[-1][0] if focus else ()
            first = next(one for one in paths if one[: len(within)] == within)
            if first[:size] == path[:size] and first[size] != path[size]:
                owner, branch = kernel.frame_at(path[:size]), kernel.frame_at(path[: size + 1])
                group = owner and owner.inner
                if isinstance(group, MapAttempt) and (group.next_index < len(group.items) or group.tolerated):
                    break
                focus = (*focus, (path[: size + 1], branch.run if branch else ""))
        return focus


def _after(at: _At) -> tuple[_At, bool]:
    """Give up a branch that went on alone where it waits; go on from what its group's end leads to."""
    if at.kernel.status != "RUNNING":
        return at._replace(focus=()), True
    while at.focus:
        path, run = at.focus[-1]
        owner = at.kernel.frame_at(path[:-1])
        if owner and owner.inner and any(child.run == run for child in owner.inner.live):
            return at, any(op.frame.path[: len(path)] == path for _, op in at.tasks)
        at = at._replace(focus=at.focus[:-1])
    return at, True
