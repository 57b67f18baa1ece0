"""The work of tasks: this service's own machines in process, everything else by calls to the own endpoint.

What can't be done fails its task. Knows no HTTP server; ``services_of`` gives who makes calls.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from step.arn import Arn
from step.engine.frames import ExecutionInfo
from step.engine.resources import Resource
from step.engine.vocabulary import Input, StartTask, TaskFailed
from step.local.service.arns import Caller
from step.local.service.nested import Nested
from step.runtime.integrations.calls import service_call, told
from step.runtime.service_tasks import call_service
from step.runtime.services import Refusal, Services

_OWN = ("states", "aws-sdk:sfn")
_HTTP = "http"


class TaskWork:
    """Does tasks' work; see ``host.Work``.

    Args:
        nested: Starts executions of this service.
        services_of: Gives who calls services in a region, as an execution of a role; "": as the service.
        judge: Says what an execution's role lacks for a task that no request is made for; None: nothing.
    """

    def __init__(
        self,
        nested: Nested,
        services_of: Callable[[str, str], Services],
        judge: Callable[[StartTask, ExecutionInfo], str | None] = lambda task, info: None,
    ) -> None:
        self._nested = nested
        self._judge = judge
        self._services_of = lru_cache(maxsize=64)(services_of)

    def __call__(self, task: StartTask, info: ExecutionInfo) -> list[Input]:
        resource = Resource.from_text(task.resource)
        caller, role = _caller(info), info.role_arn or ""
        is_own = _starts(resource)
        if is_own or resource.service == _HTTP:
            refusal = self._judge(task, info)
            if refusal is not None:
                return _refused(resource, task, refusal)
            # The connection is read by EventBridge, for who may use it.
            role = ""
        if is_own:
            call = service_call(resource, task)
            answer = self._nested.start(caller, call, task, resource.pattern, info.arn)
            return told(resource, task, answer)
        done = call_service(task, self._services_of(caller.region, role))
        if done is not None:
            return done
        cause = f"step's local service can't do {task.resource}"
        return [TaskFailed(task.op, "States.TaskFailed", cause)]


def _refused(resource: Resource, task: StartTask, refusal: str) -> list[Input]:
    if resource.service == _HTTP:
        return [TaskFailed(task.op, "States.Permissions", refusal)]
    code = "AccessDeniedException"
    return told(resource, task, Refusal("SFN", code, refusal, exception=code))


def _starts(resource: Resource) -> bool:
    action, _, _ = resource.action.partition(".")
    return resource.service in _OWN and action == "startExecution"


def _caller(info: ExecutionInfo) -> Caller:
    """Say in whose name an execution calls: its machine's account, in its region."""
    arn = Arn.from_text(info.machine_arn)
    assert arn is not None
    return Caller(arn.account, arn.region)
