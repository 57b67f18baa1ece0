"""What can happen next, and what comes of it.

Pure but for the handlers that are asked.

A task is answered at once, fails at once or is never answered; it takes time only where it is attached with a
duration. Time passes when nothing else is left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from step.asl.retry import match_first
from step.engine.frames import Frame, Op, Timer
from step.engine.history import History, Written
from step.engine.kernel import Kernel
from step.engine.key import EVERYTHING
from step.engine.states.work import WorkState
from step.engine.vocabulary import StartTask, TaskFailed, TaskSucceeded, TimePassed
from step.paths.errors import ErrorClasses, cause_of
from step.paths.situation import Focus, Late, Path, Situation, branches_meet
from step.paths.work import Held, Replies, Reply

# "lasts": heartbeats come, the end doesn't.
What = Literal["answers", "fails", "hangs", "lasts", "time"]
# AWS: Lambda developer guide, "Lambda quotas": the longest a function may run.
LAMBDA_MS = 900_000
_TIME: Path = ()


# An "error" by which a Choice of which the values aren't known goes the way of a rule.
_RULE = "rule "


def rule_name(number: int) -> str:
    """Name a rule of a Choice, from 0 on."""
    return f"{_RULE}{number + 1}"


class Move(NamedTuple):
    """Something that happens: to the task of a branch, or ("time") time passes.

    Attributes:
        what: What happens.
        path: Where the task's branch is.
        error: What it fails with.
        is_after: Whether the task's effect on the world is there all the same.
        is_late: Whether it comes as late as the task's time allows.
        is_last: Whether the attempt that fails is the retrier's last, where attempts aren't counted.
    """

    what: What
    path: Path = _TIME
    error: str = ""
    is_after: bool = False
    is_late: bool = False
    is_last: bool = False

    @property
    def is_fault(self) -> bool:
        return self.what not in ("answers", "time") and not self.error.startswith(_RULE)


TIME = Move("time")
TIMEOUT = "States.Timeout"
_FAILED = ("Failed", "TimedOut")
_TASKS = ("Task", "LambdaFunction", "Activity")


class TiesMatter(Exception):  # noqa: N818 - a signal inside the explorer
    """Which of two branches' timers goes off first at one instant makes a difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How a machine is explored.

    Attributes:
        work: Who answers tasks.
        errors: What tasks fail with.
        reduces: Whether branches go on one after another, as they don't meet: there is no world.
        exact: Whether timers of one instant go off in the order in which they were set.
        late: Whether answers may also take as long as they can.
        faults: How many there may be; None: any number.
        blurs: Whether attempts aren't counted: any that fails may be the last one.
        taints: Whether failures that nobody hears of are followed.
    """

    work: Replies
    errors: ErrorClasses
    reduces: bool = True
    exact: bool = False
    late: bool = False
    faults: int | None = None
    blurs: bool = False
    taints: bool = False


class Moves:
    """All that can happen in a situation."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules

    def of(self, at: Situation) -> Iterator[tuple[Move, Situation, bool]]:
        """Give all that can happen next, the ordinary before faults, with what comes of it.

        The third of each says whether it goes on from there: a branch that went on alone and waits now is
        where it comes to on another way too.
        """
        tasks = at.open_tasks()
        if not tasks:
            if at.wakes_at is not None:
                yield TIME, self._pass_time(at), True
            return
        if not self.rules.reduces:
            for number, op in tasks:
                for move, then in self._task_moves(at, number, op):
                    yield move, then, True
            return
        scope = at.focus[-1].path if at.focus else ()
        paths = [op.frame.path for _, op in tasks]
        for number, op in tasks:
            if op.frame.path[: len(scope)] == scope:
                focus = self.foci(at, paths, op.frame.path)
                for move, then in self._task_moves(at, number, op, focus):
                    yield move, then, self.follow(then)

    def foci(self, at: Situation, paths: list[Path], path: Path) -> tuple[Focus, ...]:
        """Say which branches go on alone when the task at ``path`` moves: those that aren't the first ones.

        What the first branch does comes before what others do, unless another one ends both: that one's way
        there is walked beside it, and given up where it waits.
        """
        foci = at.focus
        while True:
            scope = foci[-1].path if foci else ()
            first = next(one for one in paths if one[: len(scope)] == scope)
            if path == first:
                return foci
            shared = len(scope)
            while first[shared] == path[shared]:
                shared += 1
            owner, branch = at.kernel.frame_at(path[:shared]), at.kernel.frame_at(path[: shared + 1])
            assert owner is not None
            assert branch is not None
            if self.meet(owner):
                return foci
            foci = (*foci, Focus(branch.path, branch.run))

    def meet(self, owner: Frame) -> bool:
        """Whether the branches inside a frame's state have to do with each other before they end."""
        return branches_meet(owner)

    def follow(self, at: Situation) -> bool:
        """See what the branch in focus has come to: whether it goes on, and where that leads."""
        while at.focus and at.is_running:
            path, run = at.focus[-1]
            owner = at.kernel.frame_at(path[:-1])
            group = owner.inner if owner is not None else None
            if group is None or not any(child.run == run for child in group.live):
                # Its group is over: what goes on is what the group was in.
                at.focus = at.focus[:-1]
                continue
            return any(op.frame.path[: len(path)] == path for _, op in at.open_tasks())
        if not at.is_running:
            at.focus = ()
        return True

    def _task_moves(
        self, at: Situation, number: int, op: Op, focus: tuple[Focus, ...] = ()
    ) -> Iterator[tuple[Move, Situation]]:
        task, frame = op.command, op.frame
        assert isinstance(task, StartTask)
        answer = self.rules.work.answer(task, at.held)
        timers = at.timers_of(frame)
        # The worlds that a fault may leave behind: as it was, or as the answer would have left it.
        worlds = [at.held] if answer is None or answer.held is at.held else [at.held, answer.held]
        for move, given in self._answers(at, number, op, answer, worlds):
            yield move, self._told(at, move, number, given, focus)
            failed = given.items[-1] if given.items else None
            if isinstance(failed, TaskFailed) and self._may_be_last(frame, failed.error):
                last = move._replace(is_last=True)
                yield last, self._told(at, last, number, given, focus)
            if self.rules.late and given.delay_ms == 0:
                due = timers.get(Timer.TIMEOUT, at.kernel.now + LAMBDA_MS)
                slow = given._replace(delay_ms=due - at.kernel.now)
                move = move._replace(is_late=True)
                yield move, self._told(at, move, number, slow, focus)
        if not timers or (self.rules.faults is not None and at.faults >= self.rules.faults):
            return
        for is_after, held in enumerate(worlds):
            ways: tuple[What, ...] = ("hangs", "lasts") if len(timers) > 1 else ("hangs",)
            for what in ways:
                move = Move(what, frame.path, "", bool(is_after))
                yield move, self._told(at, move, number, Reply((), 0, held), focus)
                if self._may_be_last(frame, TIMEOUT):
                    move = move._replace(is_last=True)
                    yield move, self._told(at, move, number, Reply((), 0, held), focus)

    def _may_be_last(self, frame: Frame, error: str | None) -> bool:
        return self.rules.blurs and retrier_of(frame, error) is not None

    def _answers(
        self, at: Situation, number: int, op: Op, answer: Reply | None, worlds: list[Held | None]
    ) -> Iterator[tuple[Move, Reply]]:
        path = op.frame.path
        if answer is not None:
            yield Move("answers", path), answer
        if self.rules.faults is not None and at.faults >= self.rules.faults:
            return
        for is_after, held in enumerate(worlds):
            for error in self.rules.errors.of(op.frame):
                failed = TaskFailed(number, error, cause_of(error))
                yield Move("fails", path, error, bool(is_after)), Reply((failed,), 0, held)

    def _told(
        self, at: Situation, move: Move, number: int, answer: Reply, focus: tuple[Focus, ...]
    ) -> Situation:
        """Let a task have an answer, now or later, or none any more."""
        then = at.fork()
        kernel = then.kernel
        then.held, then.focus = answer.held, focus
        if self.rules.faults is not None:
            then.faults += move.is_fault
        if not answer.items or not isinstance(answer.items[-1], TaskSucceeded | TaskFailed):
            then.hung |= {number}
        if move.is_last:
            item = answer.items[-1] if answer.items else None
            use_up(kernel.ops[number].frame, item.error if isinstance(item, TaskFailed) else TIMEOUT)
        due = answer.delay_ms and kernel.now + answer.delay_ms
        for item in answer.items[:-1] if due else answer.items:
            then.kernel.advance(item, kernel.now)
        if due:
            then.late = (*then.late, Late(due, number, answer.items[-1]))
        if move.what == "lasts" or move.is_late:
            kernel.beat_to_the_end(number)
        return self._settled(at, then)

    def _pass_time(self, at: Situation) -> Situation:
        """Let time pass until something happens by itself."""
        now = at.wakes_at
        assert now is not None
        then = at.fork()
        due = [one for one in then.late if one.due == now]
        if due:
            ops = then.kernel.ops
            one = min(due, key=lambda one: ops[one.op].frame.path)
            then.late = tuple(other for other in then.late if other is not one)
            then.kernel.advance(one.item, now)
            return self._settled(at, then)
        then.kernel.advance(TimePassed(), now)
        then = self._settled(at, then)
        if not self.rules.exact:
            self.compare_ties(at, then, now)
        return then

    def compare_ties(self, at: Situation, then: Situation, now: int) -> None:
        """See that it makes no difference which of two branches' timers of one instant goes off first.

        Raises:
            TiesMatter: it does.
        """
        places = {frame.path for due, _, op, frame, _ in at.kernel.timers if due == now and op}
        if len(places) < 2:
            return
        for place in places:
            other = at.fork()
            other.kernel.order_timers(place)
            other.kernel.advance(TimePassed(), now)
            if self._settled(at, other).key(EVERYTHING) != then.key(EVERYTHING):
                raise TiesMatter

    def _settled(self, before: Situation, then: Situation) -> Situation:
        then.settle()
        if not self.rules.exact:
            then.kernel.order_timers()
        if self.rules.taints and not then.is_tainted:
            then.is_tainted = lets_go(then.kernel.rows, waiting(before.kernel), then.kernel)
        return then


def retrier_of(frame: Frame, error: str | None) -> int | None:
    """Find the retrier that an error of a task belongs to; None: none, or one that tries nothing again."""
    retry = frame.state.retry if isinstance(frame.state, WorkState) else ()
    number = match_first(retry, error)
    return None if number is None or not retry[number].max_attempts else number


def use_up(frame: Frame, error: str | None) -> None:
    """Let a retrier have tried as often as it may."""
    number = retrier_of(frame, error)
    assert number is not None
    assert isinstance(frame.state, WorkState)
    frame.retries[number] = frame.state.retry[number].max_attempts


def lets_go(rows: Sequence[Written], former: set[int], kernel: Kernel) -> bool:
    """Whether more tasks have failed in a step, by its rows, than are tried again after it.

    ``former`` are the timers that there were before it, by their numbers.
    """
    events = (str(event["type"]) for event in History(list(rows), 0))
    failed = sum(kind.startswith(_TASKS) and kind.endswith(_FAILED) for kind in events)
    return failed > sum(what is Timer.RETRY and op not in former for _, _, op, _, what in kernel.timers)


def waiting(kernel: Kernel) -> set[int]:
    """Name what timers wait for."""
    return {op for _, _, op, _, _ in kernel.timers}
