"""The handlers of ``states/deployer.asl.json``, one for each of its TaskFn states.

Knows the ports and the names of the states; each handler's work is in the module that it comes from.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from step.deployer.canary import analyze, check_analysis, check_health, promote
from step.deployer.causes import redact
from step.deployer.commit import deploy, release_lock, release_lock_failure, rollback
from step.deployer.deployment import Deployment
from step.deployer.diagnosis import diagnose
from step.deployer.ports import Ports
from step.deployer.pruning import prune
from step.deployer.release import CHECK_INPUT
from step.deployer.resources import validate_resources
from step.deployer.stages import Progress, check_stage, end_rollout, plan_rollout, start_stage
from step.deployer.staging import check_smoke_test, stage_code, stage_machine, start_smoke_test
from step.deployer.validating import lock, plan_prune, recover, sweep, validate
from step.errors import StepError
from step.jsonvalue import JSONValue
from step.tasks import TaskContext, TaskHandlers
from step.tasks.log import TaskLogger

_Start = Callable[[Ports, JSONValue, str], Deployment]
_Go = Callable[[Ports, Deployment, str], Deployment]
_Roll = Callable[[Ports, Progress, str], Progress]
T = TypeVar("T", Deployment, Progress)
# What an execution begins with: a client's input.
STARTS: dict[str, _Start] = {"Validate": validate, "Recover": recover, "PlanPrune": plan_prune}
# What it goes on with: what the state before has made of it.
STATES: dict[str, _Go] = {
    "Lock": lock,
    "Prune": prune,
    "Heal": rollback,
    "ValidateResources": validate_resources,
    "StageCode": stage_code,
    "StageMachine": stage_machine,
    "SmokeTest": start_smoke_test,
    "CheckSmokeTest": check_smoke_test,
    "Deploy": deploy,
    "CheckHealth": check_health,
    "Analyze": analyze,
    "CheckAnalysis": check_analysis,
    "Promote": promote,
    "ReleaseLock": release_lock,
    "Rollback": rollback,
    "ReleaseLockFailure": release_lock_failure,
    "Diagnose": diagnose,
}
# What a rollout goes on with: it starts deploys, and is none.
STAGES: dict[str, _Roll] = {
    "StartStage": start_stage,
    "CheckStage": check_stage,
    "EndRollout": end_rollout,
}


class DeployerHandlers(TaskHandlers):
    """The handlers, each of which can be asked whether it is there: that is a new deployer's smoke test.

    Args:
        ports: Gives what is outside.
        service: The service's name in logs.
        logger: Powertools' Logger, or another one.
    """

    def __init__(self, ports: Callable[[], Ports], *, service: str | None, logger: TaskLogger | None) -> None:
        super().__init__(service=service, logger=logger)
        self._ports = ports

    def __call__(self, event: object, lambda_context: object) -> JSONValue:
        """Do the task of a message, or say which version of the function would do it.

        Raises:
            UnknownTaskError: nobody handles it.
            StepError: the environment lacks something.
        """
        if not isinstance(event, dict) or event.get("Input") != CHECK_INPUT:
            return super().__call__(event, lambda_context)
        name = str(event.get("Task"))
        self._handler(name).prepare()
        self._ports()
        return {"task": name, "version": str(getattr(lambda_context, "function_version", ""))}


def make_handlers(
    ports: Callable[[], Ports], *, service: str | None = None, logger: TaskLogger | None = None
) -> TaskHandlers:
    """Make the deployer's handlers.

    Args:
        ports: Gives what is outside; asked at each task, so that a cold start makes no client.
        service: The service's name in logs.
        logger: Powertools' Logger, or another one.
    """
    handlers = DeployerHandlers(ports, service=service, logger=logger)
    for name, start in STARTS.items():
        handlers.task(name)(_starting(name, start, ports, logger))
    handlers.task("PlanRollout")(lambda value, context: plan_rollout(ports(), value, _execution(context)))
    handlers.task("Sweep")(lambda value, context: sweep(ports(), value, _execution(context)))
    for name, go in STATES.items():
        handlers.task(name)(_going(name, go, ports, logger))
    for name, roll in STAGES.items():
        handlers.task(name)(_rolling(name, roll, ports, logger))
    return handlers


def _starting(
    name: str, start: _Start, ports: Callable[[], Ports], logger: TaskLogger | None
) -> Callable[[JSONValue, TaskContext], Deployment]:
    def handle(value: JSONValue, context: TaskContext) -> Deployment:
        return _logged(name, logger, lambda: start(ports(), value, _execution(context)))

    return handle


def _going(
    name: str, go: _Go, ports: Callable[[], Ports], logger: TaskLogger | None
) -> Callable[[Deployment, TaskContext], Deployment]:
    def handle(deployment: Deployment, context: TaskContext) -> Deployment:
        return _logged(name, logger, lambda: go(ports(), deployment, _execution(context)))

    return handle


def _rolling(
    name: str, go: _Roll, ports: Callable[[], Ports], logger: TaskLogger | None
) -> Callable[[Progress, TaskContext], Progress]:
    def handle(progress: Progress, context: TaskContext) -> Progress:
        return _logged(name, logger, lambda: go(ports(), progress, _execution(context)))

    return handle


def _logged(name: str, logger: TaskLogger | None, do: Callable[[], T]) -> T:
    """Log what a state has come to; execution, state and attempt are on the line already."""
    try:
        done = do()
    except StepError as error:
        if logger is not None:
            logger.warning(f"{name} failed", error=type(error).__name__, message_of_error=redact(str(error)))
        raise
    if logger is not None:
        target = done.target
        logger.info(
            f"{name} done",
            project=target.project,
            config=target.config,
            **done.told(),
        )
    return done


def _execution(context: TaskContext) -> str:
    assert context.execution is not None, "TaskFn tells the execution"
    return context.execution
