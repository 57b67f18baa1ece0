"""Step Functions in the process: nested executions, task tokens and activities, all in virtual time.

Knows the shapes of the API and the driver that shares one clock among executions; no AWS client.
AWS: Step Functions API reference; developer guide, "Start workflow executions from a task state",
"Activities".
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol
from uuid import NAMESPACE_URL, uuid5

from step.asl.model import Definition
from step.clock import format_timestamp
from step.engine.kernel import Kernel
from step.engine.resources import Resource
from step.engine.vocabulary import Heartbeat, Input, StartTask, TaskFailed, TaskStarted, TaskSucceeded
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.runtime.integrations.calls import in_ms, service_call, told
from step.runtime.services import Refusal, ServiceAnswer
from step.runtime.virtual import Items, Perform, Promise, VirtualDriver

SERVICE_ID = "SFN"
# AWS: API reference, GetActivityTask: a poll without a task is answered after a minute.
_POLL, _POLL_MS = "getActivityTask", 60_000
_NAMES = ("states", "aws-sdk:sfn")


class StartPlan(NamedTuple):
    """An execution that is ready to be started."""

    kernel: Kernel
    perform: Perform
    items: Items | None


class StartableMachine(Protocol):
    """A machine whose executions can be started."""

    @property
    def arn(self) -> str: ...

    @property
    def definition(self) -> Definition: ...

    def plan(self, name: str, value: JSONValue, start_ms: int, executions: DrivenExecutions) -> StartPlan:
        """Make an execution."""


@dataclass(slots=True)
class Started:
    """An execution that another one started."""

    machine: StartableMachine
    kernel: Kernel
    children: list[Kernel]
    # What to do when it has ended.
    waits: list[Callable[[], None]]


class Poller(NamedTuple):
    """Somebody who waits for an activity's next task."""

    promise: Promise
    worker: str | None


class DrivenExecutions:
    """The executions, tokens and activities of one run under the driver.

    Args:
        machines: The machines there are, by ARN; None: who calls for one means AWS's.
        seed: What all randomness comes from.

    Attributes:
        driver: Who drives them; there before anything is performed.
        started: The executions that were started, in that order.
    """

    driver: VirtualDriver

    def __init__(self, machines: Mapping[str, StartableMachine] | None, seed: str = "0") -> None:
        self.seed = seed
        self.started: list[Started] = []
        self._machines = machines
        self._by_arn: dict[str, Started] = {}
        self._tokens: set[str] = set()
        self._offered: dict[str, deque[StartTask]] = {}
        self._pollers: dict[str, deque[Poller]] = {}
        self._actions: dict[str, Callable[[JSONObject], ServiceAnswer | Refusal]] = {
            "startExecution": self._start_execution,
            "startSyncExecution": self._start_execution,
            "describeExecution": self._describe_execution,
            "stopExecution": self._stop_execution,
            "sendTaskSuccess": self._send_task_success,
            "sendTaskFailure": self._send_task_failure,
            "sendTaskHeartbeat": self._send_task_heartbeat,
        }

    def note(self, task: StartTask) -> None:
        """Take notice of a task; it may have a token, or wait for an activity's worker."""
        if task.token is not None:
            self._tokens.add(task.token)

    def takes(self, resource: Resource, payload: JSONValue) -> bool:
        """Say whether a Task calls this Step Functions, and not AWS's."""
        action, _, _ = resource.action.partition(".")
        if resource.service not in _NAMES or action not in {*self._actions, _POLL}:
            return False
        given = payload if isinstance(payload, dict) else {}
        return self._machines is not None or not {"StateMachineArn", "ExecutionArn"} & set(given)

    def misses(self, payload: JSONValue, own: str = "") -> bool:
        """Say whether a call is about a machine or an execution that isn't among these, or about ``own``."""
        given = payload if isinstance(payload, dict) else {}
        machine, execution = given.get("StateMachineArn"), given.get("ExecutionArn")
        if isinstance(machine, str):
            return machine == own or machine not in (self._machines or {})
        return isinstance(execution, str) and execution not in self._by_arn

    def perform(self, resource: Resource, task: StartTask) -> tuple[list[Input], int] | Promise:
        """Do the work of a Task that this Step Functions takes."""
        call = service_call(resource, task)
        if call.action == _POLL:
            return self._get_activity_task(call.parameters)
        answer = self._actions[call.action](call.parameters)
        if call.action == "startSyncExecution" and isinstance(answer, ServiceAnswer):
            return self._promised(str(answer.output["ExecutionArn"]), resource, task)
        if resource.pattern.startswith("sync") and isinstance(answer, ServiceAnswer):
            self._answer_at_end(str(answer.output["ExecutionArn"]), resource, task)
        return told(resource, task, answer), 0

    # ------------------------------------------------------------ executions

    def _start_execution(self, given: JSONObject) -> ServiceAnswer | Refusal:
        started = self._start(given)
        if isinstance(started, Refusal):
            return started
        info = started.kernel.info
        return ServiceAnswer({"ExecutionArn": info.arn, "StartDate": format_timestamp(info.start_ms)})

    def _start(self, given: JSONObject) -> Started | Refusal:
        arn = str(given.get("StateMachineArn"))
        machine = (self._machines or {}).get(arn)
        if machine is None:
            return _refusal("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
        value, problem = _read(given.get("Input", "{}"))
        if problem:
            return _refusal("InvalidExecutionInput", f"Invalid State Machine Execution Input: '{problem}'")
        name = str(given.get("Name") or uuid5(NAMESPACE_URL, f"{arn}/{len(self.started)}"))
        plan = machine.plan(name, value, self.driver.now, self)
        there = self._by_arn.get(plan.kernel.info.arn)
        if there is not None:
            if there.kernel.status == "RUNNING" and there.kernel.info.input == value:
                return there
            return _refusal("ExecutionAlreadyExists", f"Execution Already Exists: '{plan.kernel.info.arn}'")
        waits: list[Callable[[], None]] = []
        children = self.driver.start(plan.kernel, plan.perform, plan.items, value, lambda _: _do_all(waits))
        started = Started(machine, plan.kernel, children, waits)
        self.started.append(started)
        self._by_arn[plan.kernel.info.arn] = started
        return started

    def _promised(self, arn: str, resource: Resource, task: StartTask) -> Promise:
        """Promise the end of an execution as the answer of a call that started it."""
        promise, started = Promise(), self._by_arn[arn]

        def keep() -> None:
            answer = ServiceAnswer(describe(started.kernel))
            promise.keep(lambda op: told(resource, task._replace(op=op), answer))

        started.waits.append(keep)
        return promise

    def _answer_at_end(self, arn: str, resource: Resource, task: StartTask) -> None:
        """Let the end of an execution be the end of a ``.sync`` task, and the other way round."""
        started, token = self._by_arn[arn], task.token or ""
        started.waits.append(
            lambda: _ignore(self.driver.answer(token, partial(_end_of, started.kernel, resource)))
        )
        self.driver.when_cancelled(token, lambda: self.driver.stop(started.kernel, None, None))

    def _describe_execution(self, given: JSONObject) -> ServiceAnswer | Refusal:
        started = self._by_arn.get(str(given.get("ExecutionArn")))
        return _no_execution(given) if started is None else ServiceAnswer(describe(started.kernel))

    def _stop_execution(self, given: JSONObject) -> ServiceAnswer | Refusal:
        started = self._by_arn.get(str(given.get("ExecutionArn")))
        if started is None:
            return _no_execution(given)
        self.driver.stop(started.kernel, _text(given.get("Error")), _text(given.get("Cause")))
        return ServiceAnswer({"StopDate": format_timestamp(self.driver.now)})

    # ------------------------------------------------------------ task tokens

    def _send_task_success(self, given: JSONObject) -> ServiceAnswer | Refusal:
        output, problem = _read(given.get("Output"))
        if problem and self._is_open(given):
            return _refusal("InvalidOutput", f"Invalid Output: '{problem}'")
        return self._send(given, lambda op: TaskSucceeded(op, output))

    def _send_task_failure(self, given: JSONObject) -> ServiceAnswer | Refusal:
        error, cause = _text(given.get("Error")), _text(given.get("Cause"))
        return self._send(given, lambda op: TaskFailed(op, error, cause))

    def _send_task_heartbeat(self, given: JSONObject) -> ServiceAnswer | Refusal:
        return self._send(given, Heartbeat)

    def _is_open(self, given: JSONObject) -> bool:
        return self.driver.is_open(str(given.get("TaskToken")))

    def _send(self, given: JSONObject, make: Callable[[int], Input]) -> ServiceAnswer | Refusal:
        token = str(given.get("TaskToken"))
        if self.driver.answer(token, make):
            return ServiceAnswer({})
        if token in self._tokens:
            return _refusal("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        return _refusal("InvalidToken", "Invalid Token: 'Invalid token'")

    # ------------------------------------------------------------ activities

    def offer(self, task: StartTask) -> None:
        """Let a worker have an activity's task: one that polls, or the next one that will."""
        pollers = self._pollers.get(task.resource, deque())
        while pollers:
            poller = pollers.popleft()
            if poller.promise.is_wanted:
                self.driver.later(0, partial(self._hand_over, task, poller))
                return
        self._offered.setdefault(task.resource, deque()).append(task)

    def _hand_over(self, task: StartTask, poller: Poller) -> None:
        poller.promise.keep(lambda op: [TaskSucceeded(op, self._taken(task, poller.worker))])

    def _taken(self, task: StartTask, worker: str | None) -> JSONObject:
        token = task.token or ""
        self.driver.answer(token, lambda op: TaskStarted(op, worker))
        return {"Input": to_text(task.payload), "TaskToken": token}

    def _get_activity_task(self, given: JSONObject) -> tuple[list[Input], int] | Promise:
        activity, worker = str(given.get("ActivityArn")), _text(given.get("WorkerName"))
        promise = Promise()
        offered = self._offered.get(activity, deque())
        while offered:
            task = offered.popleft()
            if self.driver.is_open(task.token or ""):
                self.driver.later(0, partial(self._hand_over, task, Poller(promise, worker)))
                return promise
        self._pollers.setdefault(activity, deque()).append(Poller(promise, worker))
        self.driver.later(_POLL_MS, lambda: _ignore(promise.keep(lambda op: [TaskSucceeded(op, {})])))
        return promise


def describe(kernel: Kernel) -> JSONObject:
    """Describe an execution as DescribeExecution does.

    Of redriving nothing is told of an execution that can't be: a synchronous Express one. Observed:
    credentials; AWS: API reference, DescribeExecution.
    """
    info = kernel.info
    output: JSONObject = {}
    if kernel.error is not None:
        named = {"Cause": kernel.error.cause, "Error": kernel.error.name}
        output |= {name: text for name, text in named.items() if text is not None}
    output |= {
        "ExecutionArn": info.arn,
        "Input": to_text(info.input),
        "InputDetails": {"Included": True},
        "Name": info.name,
    }
    if kernel.status == "SUCCEEDED":
        output |= {
            "Output": to_text(kernel.output),
            "OutputDetails": {"Included": True},
        }
    if info.redrive_count is not None:
        output |= _redriving(kernel.status, info.redrive_count)
    output |= {
        "StartDate": format_timestamp(info.start_ms),
        "StateMachineArn": info.machine_arn,
        "Status": kernel.status,
    }
    if kernel.status != "RUNNING":
        output["StopDate"] = format_timestamp(kernel.now)
    return output


def _redriving(status: str, count: int) -> JSONObject:
    told: JSONObject = {"RedriveCount": count}
    if status in ("RUNNING", "SUCCEEDED"):
        reason = f"Execution is {status} and cannot be redriven"
        return told | {"RedriveStatus": "NOT_REDRIVABLE", "RedriveStatusReason": reason}
    return told | {"RedriveStatus": "REDRIVABLE"}


def _end_of(kernel: Kernel, resource: Resource, op: int) -> Input:
    """End a ``.sync`` task. AWS: ``.sync:2`` gives input and output as JSON, ``.sync`` as text."""
    output = in_ms(describe(kernel))
    if kernel.status != "SUCCEEDED":
        return TaskFailed(op, "States.TaskFailed", to_text(output))
    if resource.pattern == "sync:2":
        output |= {"Input": kernel.info.input, "Output": kernel.output}
    return TaskSucceeded(op, output)


def _do_all(waits: list[Callable[[], None]]) -> None:
    for do in waits:
        do()


def _ignore(_: bool) -> None:
    """Take no notice of whether anybody still waited."""


def _text(value: JSONValue) -> str | None:
    return value if isinstance(value, str) else None


def _read(value: JSONValue) -> tuple[JSONValue, str]:
    """Read what an API takes as JSON text, and what is wrong with it."""
    if not isinstance(value, str):
        return value, ""
    try:
        return json.loads(value), ""
    except ValueError as error:
        return None, str(error)


def _refusal(shape: str, message: str) -> Refusal:
    return Refusal(SERVICE_ID, shape, message, exception=shape)


def _no_execution(given: JSONObject) -> Refusal:
    arn = given.get("ExecutionArn")
    return _refusal("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
