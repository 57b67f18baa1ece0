"""What Task, Parallel and Map share: work that may fail, be tried again, and be caught.

Pure: no clock, no IO.
Spec: ASL "Errors", "Retriers", "Catchers".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from step.asl.model import Retrier
from step.asl.retry import match_error
from step.engine.frames import FATAL, Frame, State, Timer, Turn
from step.engine.history import PLAIN
from step.engine.switches import HISTORY_AS_AWS, NAMELESS_ERROR
from step.errors import StateError, StateFailure
from step.jsonvalue import JSONObject, JSONValue

# (raw input, result or error output, frame) -> (output, variables to assign)
Finish = Callable[[JSONValue, JSONValue, Frame], tuple[JSONValue, "Mapping[str, JSONValue] | None"]]


class CompiledCatcher:
    """A compiled catcher."""

    __slots__ = ("error_equals", "following", "output")

    def __init__(self, error_equals: Sequence[str], following: State, output: Finish) -> None:
        self.error_equals = error_equals
        self.following = following
        self.output = output


class WorkState(State):
    """A state with Retry and Catch. Subclasses begin an ``attempt`` and tell what they gave up."""

    counts_retries = True

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.following: State = self
        self.retry: Sequence[Retrier] = ()
        self.catch: Sequence[CompiledCatcher] = ()
        self.finish: Finish

    def enter(self, turn: Turn, frame: Frame) -> bool:
        turn.enter(frame)
        frame.retries = {}
        frame.retry_count = 0
        return self.attempt(turn, frame)

    def redrive(self, turn: Turn, frame: Frame) -> bool:
        """Begin the work again with its retries reset; of a group, only what was unsuccessful."""
        frame.retries = {}
        frame.retry_count = 0
        frame.now = turn.now
        group, frame.fallen = frame.fallen, None
        if group is None:
            return self.attempt(turn, frame)
        group.redrive(turn)
        return False

    def attempt(self, turn: Turn, frame: Frame) -> bool:
        """Begin the work once; say whether the frame goes on at once."""
        raise NotImplementedError

    def gave_up(self, turn: Turn, frame: Frame) -> None:
        """Log what stands between the last failure and its consequence."""

    def timed(self, turn: Turn, frame: Frame, what: Timer) -> bool:
        assert what is Timer.RETRY, what
        frame.op = 0
        frame.now = turn.now
        return self.attempt(turn, frame)

    def complete(self, turn: Turn, frame: Frame, result: JSONValue, *, follows: int | None = None) -> bool:
        """Leave the state with a result; ``follows`` is the id that the exit follows, if not the last one."""
        frame.op = 0
        frame.now = turn.now
        last = frame.previous
        try:
            out, assigned = self.finish(frame.value, result, frame)
            frame.token = None
            if follows is not None:
                frame.previous = follows
            turn.leave(frame, self.following, out, assigned)
        except StateFailure as failure:
            if HISTORY_AS_AWS.holds(frame.info):
                frame.previous = last
            return self.fell(turn, frame, failure)
        return True

    def succeed(self, turn: Turn, frame: Frame, event: str, result: JSONValue) -> bool:
        """Log that a group came to its end, and leave the state: the exit follows what the event follows."""
        follows = frame.previous
        turn.log(frame, (PLAIN, event))
        if not HISTORY_AS_AWS.holds(frame.info):
            frame.previous = follows
        return self.complete(turn, frame, result, follows=follows)

    def fell(self, turn: Turn, frame: Frame, failure: StateFailure) -> bool:
        """Take a failure of the state itself: an expression, a size. Some of those nothing catches."""
        error = turn.state_error(frame, failure)
        return self.broke(turn, frame, error, is_fatal=error.name in FATAL)

    def broke(
        self,
        turn: Turn,
        frame: Frame,
        error: StateError,
        *,
        is_fatal: bool = False,
        matched_as: str | None = None,
    ) -> bool:
        """Try again, go on at a catcher, or fail the branch.

        ``matched_as`` is a closer name than the error's, for Retry and Catch only.
        """
        frame.op = 0
        frame.error = error
        name = matched_as or error.name
        if not is_fatal:
            for number, retrier in enumerate(self.retry):
                if match_error(name, retrier.error_equals):
                    if self._tries_again(turn, frame, number, retrier):
                        return False
                    break
            for catcher in self.catch:
                if match_error(name, catcher.error_equals):
                    return self._caught(turn, frame, catcher, error)
        self._give_up(turn, frame, is_fatal=is_fatal)
        turn.branch_failed(frame, error, is_fatal=is_fatal)
        return False

    def _give_up(self, turn: Turn, frame: Frame, *, is_fatal: bool) -> None:
        # Published: what ends the execution is told by no event of the state.
        if not is_fatal or not HISTORY_AS_AWS.holds(frame.info):
            self.gave_up(turn, frame)

    def _tries_again(self, turn: Turn, frame: Frame, number: int, retrier: Retrier) -> bool:
        tried = frame.retries.get(number, 0)
        if tried >= retrier.max_attempts:
            return False
        frame.retries[number] = tried + 1
        frame.fallen = None
        frame.retry_count += 1
        turn.open_op(frame)
        turn.start_timer(frame, turn.now + turn.retry_delay(frame, retrier, tried + 1), Timer.RETRY)
        return True

    def _caught(self, turn: Turn, frame: Frame, catcher: CompiledCatcher, error: StateError) -> bool:
        before = frame.previous
        self.gave_up(turn, frame)
        frame.fallen = None
        frame.now = turn.now
        is_null = error.name is None and NAMELESS_ERROR.holds(frame.info)
        caught: JSONObject = {"Error": None if is_null else error.name or "", "Cause": error.cause or ""}
        try:
            out, assigned = catcher.output(frame.value, caught, frame)
            frame.token = None
            turn.leave(frame, catcher.following, out, assigned)
        except StateFailure as failure:
            if not HISTORY_AS_AWS.holds(frame.info):
                turn.state_failed(frame, failure)
                return False
            # Published: the failure follows what the catcher was given, and is the state's own.
            frame.previous = before
            error = turn.state_error(frame, failure)
            is_fatal = error.name in FATAL
            self._give_up(turn, frame, is_fatal=is_fatal)
            turn.branch_failed(frame, error, is_fatal=is_fatal)
            return False
        return True
