"""Run one state alone: what it gives, what it leads to, and what its data was on the way.

Pure over the port ``Perform``: no wall clock. Waits and work take virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from step.asl import model
from step.asl.retry import match_first
from step.engine.frames import FATAL, ExecutionInfo, Frame, Item, State, Timer, Turn
from step.engine.kernel import Kernel
from step.engine.program import Program, compile_state
from step.engine.quotas import Quotas
from step.engine.states.distributed_map import DistributedMapState
from step.engine.states.map import MapState
from step.engine.states.parallel import ParallelState
from step.engine.states.work import WorkState
from step.engine.vocabulary import Continue, Input, StartTask, TaskFailed, TaskSucceeded
from step.errors import HandlerError, NothingToWaitFor, StateError
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.machine.test_state_definition import Tested
from step.machine.test_state_request import Mock, StateRequest
from step.machine.test_state_work import MockedState, prepare_map, prepare_parallel
from step.runtime.integrations.http_trace import is_http_task, told_request, told_response
from step.runtime.virtual import VirtualDriver

# Does a task's work: what it answers, and after how many ms; None: never.
Perform = Callable[[StartTask], "tuple[list[Input], int] | None"]
Status = Literal["SUCCEEDED", "FAILED", "RETRIABLE", "CAUGHT_ERROR"]
# AWS: API reference, "TestState": it can run for up to five minutes.
LONGEST_MS = 5 * 60 * 1000
_TIMEOUT = StateError("States.Timeout")


class StateOutcome(NamedTuple):
    """How the state ended. ``told`` is inspection data as TestState gives it."""

    status: Status
    output: JSONValue
    error: StateError | None
    next_state: str | None
    told: JSONObject


class Reached(State):
    """What a transition leads to: the end of the test."""

    def enter(self, turn: Turn, frame: Frame) -> bool:
        turn.succeed(frame)
        return False


class Targets(dict[str, State]):
    """The states that any transition may name."""

    def __missing__(self, name: str) -> State:
        found = self[name] = Reached(name)
        return found


def run_state(
    tested: Tested, request: StateRequest, info: ExecutionInfo, perform: Perform | None
) -> StateOutcome:
    """Run a state that may be tested as the request wants it.

    Raises:
        Refused: the mock doesn't fit the state's data.
        HandlerError: there is neither a mock nor anybody to do the work.
    """
    state, told = tested.state, JSONObject()

    def probe(name: str, value: JSONValue) -> None:
        # Assign evaluates a Pass state's stages again; the first time made the output.
        told.setdefault(name, to_text(value))

    compiled = compile_state(state, Targets(), probe)
    start = _with_mock(compiled, state, request, told)
    kernel = Kernel(Program(start=start, timeout_seconds=None, children={}), info, Quotas())
    frame = _begin(kernel, tested, request)
    work = _worker(frame, request, compiled, perform)
    if request.level == "TRACE" and request.mock is None:
        work = _traced(work, told, info)
    timeout = _drive(kernel, work)
    return _outcome(kernel, frame, state, _visible(told, state, request), timeout)


def _with_mock(compiled: State, state: model.State, request: StateRequest, told: JSONObject) -> State:
    mock, retry_count = request.mock, request.configuration.retrier_retry_count or 0
    if mock is not None and isinstance(compiled, ParallelState):
        return MockedState(compiled, prepare_parallel(compiled), mock, retry_count)
    if mock is not None and isinstance(compiled, MapState | DistributedMapState):
        assert isinstance(state, model.Map)
        return MockedState(compiled, prepare_map(compiled, state, request, told), mock, retry_count)
    return compiled


def _begin(kernel: Kernel, tested: Tested, request: StateRequest) -> Frame:
    """Stand at the state's entry; ExecutionStarted has been event 1."""
    start, variables = kernel.program.start, request.variables
    frame = Frame(kernel.info, start, request.input, size=float("inf"), previous=1, variables=variables)
    # AWS: developer guide: a state of a Map is given the context of an iteration.
    frame.item = Item(0, request.input) if tested.is_in_map else None
    frame.variables_size = len(to_text(dict(variables)).encode("utf-8", "surrogatepass"))
    kernel.root = frame
    kernel.count = 1
    kernel.ready.append(frame)
    return frame


# ---------------------------------------------------------------- driving


def _worker(frame: Frame, request: StateRequest, compiled: State, perform: Perform | None) -> Perform:
    """Give who does a Task's work: the mock, where there is one."""
    mock = request.mock
    if mock is not None:
        return lambda task: _mocked(mock, task, frame, compiled, request.configuration.retrier_retry_count)
    if perform is None:
        return _refuse_task
    return perform


def _mocked(
    mock: Mock, task: StartTask, frame: Frame, compiled: State, retry_count: int | None
) -> tuple[list[Input], int]:
    if mock.error is not None:
        assert isinstance(compiled, WorkState)
        frame.retries = dict.fromkeys(range(len(compiled.retry)), retry_count or 0)
        return [TaskFailed(task.op, mock.error.name, mock.error.cause)], 0
    assert not isinstance(mock.result, model.Absent)
    return [TaskSucceeded(task.op, mock.result)], 0


def _refuse_task(task: StartTask) -> tuple[list[Input], int]:
    raise HandlerError(f"nobody does the work of {task.resource}: give a mock")


def _traced(perform: Perform, told: JSONObject, info: ExecutionInfo) -> Perform:
    """Tell of the exchange of an HTTP Task, too."""

    def work(task: StartTask) -> tuple[list[Input], int] | None:
        done = perform(task)
        if is_http_task(task):
            told["request"] = told_request(task, info.machine_arn.split(":")[3])
            response = told_response(task, done[0] if done is not None else ())
            if response is not None:
                told["response"] = response
        return done

    return work


def _drive(kernel: Kernel, perform: Perform) -> StateError | None:
    """Run until the state has ended or is to be tried again; an error only where the test takes too long."""
    driver = VirtualDriver(kernel, perform)
    last = kernel.info.start_ms + LONGEST_MS

    def goes_on() -> bool:
        return _retry_at(kernel) is None and (driver.agenda.first() or 0) <= last

    try:
        driver.go_on(Continue(), goes_on)
    except NothingToWaitFor:
        return _TIMEOUT
    is_over = kernel.status != "RUNNING" or _retry_at(kernel) is not None
    return None if is_over else _TIMEOUT


def _retry_at(kernel: Kernel) -> int | None:
    """Say when the state would be tried again; None: it doesn't wait for that."""
    return kernel.next_of(Timer.RETRY)


# ---------------------------------------------------------------- what came of it


def _outcome(
    kernel: Kernel, frame: Frame, state: model.State, told: JSONObject, timeout: StateError | None
) -> StateOutcome:
    if frame.variables:
        told["variables"] = to_text(dict(frame.variables))
    if timeout is not None:
        return StateOutcome("FAILED", None, timeout, None, told)
    retry_at = _retry_at(kernel)
    caught = kernel.status == "SUCCEEDED" and frame.error is not None
    details = _error_details(state, frame.error, retry_at, kernel.now, is_caught=caught)
    if details:
        told["errorDetails"] = details
    if retry_at is not None:
        return StateOutcome("RETRIABLE", None, frame.error, None, told)
    if kernel.status == "SUCCEEDED":
        status: Status = "CAUGHT_ERROR" if caught else "SUCCEEDED"
        return StateOutcome(status, kernel.output, frame.error, frame.state.name or None, told)
    return StateOutcome("FAILED", None, kernel.error, None, told)


def _error_details(
    state: model.State, error: StateError | None, retry_at: int | None, now: int, *, is_caught: bool
) -> JSONObject:
    """Tell which retrier and catcher an error belongs to. Observed: a retrier that is exhausted, too."""
    details: JSONObject = {}
    if error is None or error.name in FATAL or not isinstance(state, model.Task | model.Map | model.Parallel):
        return details
    retrier = match_first(state.retry, error.name)
    if retrier is not None:
        details["retryIndex"] = retrier
    if retry_at is not None:
        details["retryBackoffIntervalSeconds"] = (retry_at - now) // 1000
    if is_caught:
        details["catchIndex"] = match_first(state.catch, error.name)
    return details


def _visible(told: JSONObject, state: model.State, request: StateRequest) -> JSONObject:
    """Leave what TestState shows of a state's data flow.

    Observed: base_inspection_level and base_parallel_state_mock_success. A Pass with a Result shows nothing
    of its input, a Map and a Parallel nothing of theirs and no raw result; a Fail has an effective input.
    """
    hidden: set[str] = set()
    match state:
        case model.Pass() if "result" in told:
            hidden = {"afterInputPath"}
        case model.Map() | model.Parallel():
            hidden = {"afterInputPath", "afterParameters", "afterArguments", "result"}
        case model.Fail() if state.query_language == "JSONPath":
            told["afterInputPath"] = to_text(request.input)
    shown: JSONObject = {"input": to_text(request.input)}
    return shown | {name: value for name, value in told.items() if name not in hidden}
