"""One way, walked on a fresh kernel with nothing left out: what confirms, tells and tests a counterexample.

Pure but for the handlers that are asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

from step.engine.frames import Frame, Op, Timer
from step.engine.kernel import Kernel
from step.engine.states.work import WorkState
from step.engine.vocabulary import (
    Continue,
    Heartbeat,
    Input,
    Start,
    StartTask,
    TaskFailed,
    TaskSucceeded,
    TimePassed,
)
from step.errors import StepError
from step.paths.errors import cause_of
from step.paths.moment import Moment
from step.paths.moves import LAMBDA_MS, TIME, TIMEOUT, Move, What, lets_go, retrier_of, waiting
from step.paths.setup import Setup
from step.paths.situation import Late, Path
from step.paths.work import copied, input_of

_STEP = re.compile(
    r"(?P<state>.+?)(\[(?P<path>[\d, ]+)\])? "
    r"(?P<what>answers|hangs|lasts|fails with (?P<error>.+?))(?P<after> after its effect)?(?P<late> late)?"
)


class WayStep(NamedTuple):
    """Something that a task does, as it is written in a test."""

    state: str
    path: Path | None
    move: Move

    @classmethod
    def from_text(cls, text: str) -> WayStep:
        """Read a step as ``to_text`` writes it.

        Raises:
            StepError: it isn't one.
        """
        match = _STEP.fullmatch(text)
        if match is None:
            raise StepError(
                f"step {text!r}: expected 'STATE answers', 'STATE hangs', 'STATE lasts' or "
                "'STATE fails with ERROR', perhaps ' after its effect' or ' late' behind it"
            )
        path = tuple(map(int, match["path"].split(","))) if match["path"] else None
        what = cast(What, match["what"].partition(" ")[0])
        move = Move(what, path or (), match["error"] or "", bool(match["after"]), bool(match["late"]))
        return cls(match["state"], path, move)

    def to_text(self) -> str:
        what, move = self.move.what, self.move
        place = f"[{', '.join(map(str, self.path))}]" if self.path else ""
        told = f"fails with {move.error}" if what == "fails" else what
        after = " after its effect" if move.is_after else ""
        return f"{self.state}{place} {told}{after}{' late' if move.is_late else ''}"

    def fits(self, frame: Frame) -> bool:
        return frame.state.name == self.state and self.path in (None, frame.path)


class Walk:
    """An execution that is taken one way.

    Attributes:
        kernel: The execution.
        moments: What each step came to.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self.kernel = Kernel(setup.program, setup.info, setup.quotas)
        self.moments: list[Moment] = []
        self.moves: list[tuple[str, Move]] = []
        self._world = copied(setup.world) if setup.world is not None else None
        self._hung: set[int] = set()
        self._beating: set[int] = set()
        self._late: list[Late] = []
        self._is_tainted = False
        self._told([Start(setup.info.input)], setup.info.start_ms, "", TIME)

    @property
    def is_running(self) -> bool:
        return self.kernel.status == "RUNNING"

    def open_tasks(self) -> list[tuple[int, Op]]:
        """The tasks that wait for an answer, by their branches' places."""
        late = {one.op for one in self._late}
        found = [
            (number, op)
            for number, op in self.kernel.ops.items()
            if number not in self._hung and number not in late and isinstance(op.command, StartTask)
        ]
        return sorted(found, key=lambda pair: pair[1].frame.path)

    @property
    def is_stuck(self) -> bool:
        """Whether nothing can happen any more before the longest duration of any execution."""
        return not self.open_tasks() and not self._late and self.kernel.only_quota_wakes

    def make(self, move: Move) -> bool:
        """Make a move; False where it can't be made."""
        if move.what == "time":
            if self.open_tasks() or self.is_stuck:
                return False
            self._pass_time()
            return True
        for number, op in self.open_tasks():
            if op.frame.path == move.path:
                self._task(number, op, move)
                return True
        return False

    def make_last(self, move: Move) -> bool:
        """Let a task fail until it isn't tried again; only the last time has an effect on the world."""
        once = move._replace(is_last=False)
        while self._is_tried_again(move):
            if not self.make(once._replace(is_after=False)):
                return False
            while not self.open_tasks() and self.is_running and not self.is_stuck:
                self._pass_time()
        return self.make(once)

    def _is_tried_again(self, move: Move) -> bool:
        frame = next((op.frame for _, op in self.open_tasks() if op.frame.path == move.path), None)
        if frame is None:
            return False
        number = retrier_of(frame, move.error or TIMEOUT)
        state = frame.state
        if number is None or not isinstance(state, WorkState):
            return False
        return frame.retries.get(number, 0) < state.retry[number].max_attempts

    def _task(self, number: int, op: Op, move: Move) -> None:
        task, name, now = op.command, op.frame.state.name, self.kernel.now
        assert isinstance(task, StartTask)
        items: list[Input] = []
        delay_ms = 0
        if move.what == "answers" or move.is_after:
            items, delay_ms = self._perform(task)
        if move.what == "fails":
            items = [TaskFailed(number, move.error, cause_of(move.error))]
        elif move.what != "answers" or not items or not isinstance(items[-1], TaskSucceeded | TaskFailed):
            items = [] if move.what != "answers" else items
            self._hung.add(number)
        if move.is_late:
            delay_ms = self._limit(op.frame) - now
        if move.is_late or move.what == "lasts":
            self._beating.add(number)
        if delay_ms and items:
            self._late.append(Late(now + delay_ms, number, items.pop()))
        self._told(items, now, name, move)

    def _limit(self, frame: Frame) -> int:
        times = [at for at, _, op, _, what in self.kernel.timers if op == frame.op and what is Timer.TIMEOUT]
        return min(times, default=self.kernel.now + LAMBDA_MS)

    def _perform(self, task: StartTask) -> tuple[list[Input], int]:
        items, delay_ms = self._setup.perform(task, self._world) or ([], 0)
        effect = self._setup.effects.get(task.state)
        if effect is not None and items and isinstance(items[-1], TaskSucceeded):
            effect(self._world, input_of(task.payload), items[-1].output)
        return list(items), delay_ms

    def _pass_time(self) -> None:
        kernel = self.kernel
        due = min(self._late, key=lambda one: one.due, default=None)
        at = kernel.wake_at
        if due is not None and (at is None or due.due <= at):
            self._late.remove(due)
            name = kernel.ops[due.op].frame.state.name
            self._told([due.item], due.due, name, TIME)
            return
        assert at is not None
        timer = kernel.timers[0]
        if timer[4] is Timer.HEARTBEAT and timer[2] in self._beating:
            self._told([Heartbeat(timer[2])], at, timer[3].state.name, TIME)
        else:
            self._told([TimePassed()], at, timer[3].state.name, TIME)

    def _told(self, items: Iterable[Input], now: int, state: str, move: Move) -> None:
        """Let the kernel take what comes; note what it came to."""
        kernel = self.kernel
        former = waiting(kernel)
        first, root = len(kernel.rows), kernel.root.state.name if kernel.count else ""
        for item in items:
            kernel.handle(item, now)
            while kernel.is_busy:
                kernel.handle(Continue(), now)
            if kernel.fault is not None:
                raise kernel.fault
        self._late = [one for one in self._late if one.op in kernel.ops]
        self._hung &= kernel.ops.keys()
        where = root if kernel.status == "SUCCEEDED" else state
        self._is_tainted |= lets_go(kernel.rows[first:], former, kernel)
        moment = Moment(
            kernel,
            copied(self._world),
            state=where,
            rows=kernel.rows[first:],
            is_tainted=self._is_tainted,
        )
        self.moments.append(moment)
        self.moves.append((state, move))


def walked(setup: Setup, way: Iterable[Move]) -> Walk:
    """Walk a way as far as it goes."""
    walk = Walk(setup)
    for move in way:
        if not walk.is_running or not (walk.make_last(move) if move.is_last else walk.make(move)):
            break
    return walk


def steps_of(setup: Setup, way: Sequence[Move]) -> list[WayStep]:
    """Write a way as the steps that ``followed`` needs: what it wouldn't do by itself."""
    walk = Walk(setup)
    taken: list[tuple[WayStep, bool, list[tuple[str, Path]]]] = []
    for move in way:
        tasks = [(op.frame.state.name, op.frame.path) for _, op in walk.open_tasks()]
        frame = next((op.frame for _, op in walk.open_tasks() if op.frame.path == move.path), None)
        if move.what != "time" and frame is not None:
            is_usual = move == Move("answers", tasks[0][1] if tasks else ())
            names = [name for name, _ in tasks]
            path = move.path if names.count(frame.state.name) > 1 else None
            taken.append((WayStep(frame.state.name, path, move), is_usual, tasks))
        walk.make(move)
    steps: list[WayStep] = []
    for step, is_usual, tasks in reversed(taken):
        # What comes by itself isn't said, unless a later step could be taken for it.
        if is_usual and not (steps and steps[-1].state in [name for name, _ in tasks]):
            continue
        steps.append(step)
    return steps[::-1]
