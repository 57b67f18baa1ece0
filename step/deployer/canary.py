"""The states of a canary: CheckHealth, Analyze, CheckAnalysis, Promote, as often as it has steps.

Knows the ports. What doesn't say that all is well ends the deploy: silence is no good news.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from step.deployer.commit import check_routes, move
from step.deployer.deployment import Bake, Deployment
from step.deployer.lock import Lock
from step.deployer.looking import await_there
from step.deployer.ports import Alarms, Ports, Project, Trial
from step.deployer.release import Analysis, Canary
from step.errors import StepError
from step.jsonvalue import JSONObject

# An alarm that isn't listed is looked for again before it is taken for gone.
_ALARM_LOOKS, _ALARM_SECONDS = 3, 2
_RUNNING = frozenset({"RUNNING", "PENDING_REDRIVE"})
_LONGEST_REASON = 2000


class Unhealthy(StepError):  # noqa: N818 - the error's name in the deployer's history
    """An alarm rings, is gone or says nothing, or the analysis doesn't say that all is well."""


def check_health(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Look at the alarms of a canary after the machine has waited, and whether its step is over.

    Raises:
        Unhealthy: an alarm rings, is gone, or has no data in the end.
    """
    canary, bake = _of(deployment)
    project = _go_on(ports, deployment, execution)
    # The machine's waits are counted, since the function's clock isn't the machine's where time is virtual.
    left = bake.left_seconds - bake.wait_seconds
    if sick := _sickness(ports, project.alarms, canary, is_last=left <= 0):
        raise Unhealthy(f"{sick} with {_told_step(deployment)}")
    wait = min(canary.interval_seconds, left)
    return replace(deployment, bake=replace(bake, left_seconds=left, wait_seconds=wait, is_over=left <= 0))


def analyze(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Ask the analysis what it makes of the new version at this step: a function, or a machine's execution.

    Raises:
        Unhealthy: the function doesn't say that all is well.
    """
    _, bake = _of(deployment)
    analysis = _analysis_of(deployment)
    _go_on(ports, deployment, execution)
    trials = ports.accounts.trials(deployment.target)
    if not analysis.is_machine:
        answer = trials.invoke(analysis.resource, _question(deployment), analysis.timeout_seconds)
        return _judged(deployment, answer)
    # Asked again, it is the same execution.
    name = f"analysis-{deployment.uuid}-{bake.step + 1}"
    started = replace(
        bake,
        analysis=trials.start(analysis.resource, name, _question(deployment)),
        left_seconds=analysis.timeout_seconds,
        wait_seconds=analysis.interval_seconds,
    )
    return replace(deployment, bake=started)


def check_analysis(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """See what an analysis by a machine has come to, after the machine has waited for it.

    Raises:
        Unhealthy: it has failed, doesn't say that all is well, or takes too long.
    """
    _, bake = _of(deployment)
    _go_on(ports, deployment, execution)
    trials = ports.accounts.trials(deployment.target)
    trial = await_there(ports, lambda: trials.describe(bake.analysis))
    if trial.status not in _RUNNING:
        return _judged(deployment, trial)
    left = bake.left_seconds - bake.wait_seconds
    if left <= 0:
        return _judged(deployment, Trial("TIMED_OUT"))
    return replace(deployment, bake=replace(bake, left_seconds=left))


def promote(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Lead the alias to the next step of the canary; after the last one, all of it."""
    _, bake = _of(deployment)
    machines = ports.accounts.deploy(deployment.target).machines
    return move(ports, machines, deployment, execution, deployment.routes_at(bake.step), bake.step + 1)


def _go_on(ports: Ports, deployment: Deployment, execution: str) -> Project:
    """Make sure that the lock is ours, nobody has halted deploys, and the alias leads where it was led."""
    _, bake = _of(deployment)
    Lock(ports, deployment.target.lock_key, execution).arm(
        deployment.fence, deployment.prev_routes, deployment.version
    )
    project = ports.accounts.deploy(deployment.target)
    check_routes(ports, project.machines, deployment, deployment.routes_at(bake.step))
    return project


def _question(deployment: Deployment) -> JSONObject:
    """Write what an analysis is given."""
    canary, bake = _of(deployment)
    target = deployment.target
    return {
        "release": deployment.release_id,
        "project": target.project,
        "config": target.config,
        "machine": target.machine_arn,
        "version": deployment.version,
        "step": bake.step + 1,
        "steps": len(canary.steps),
        "percent": canary.steps[bake.step].percent,
        "weights": {route.version_arn: route.weight for route in deployment.routes_at(bake.step)},
    }


def _judged(deployment: Deployment, trial: Trial) -> Deployment:
    """Take nothing but ``{"healthy": true}`` for a good answer."""
    _, bake = _of(deployment)
    analysis = _analysis_of(deployment)
    answer = trial.output if isinstance(trial.output, dict) else {}
    if trial.status == "SUCCEEDED" and answer.get("healthy") is True:
        return replace(deployment, bake=replace(bake, is_analyzed=True))
    if trial.status == "SUCCEEDED" and answer.get("healthy") is False:
        said = f"says no: {answer.get('reason') or 'it gives no reason'}"
    elif trial.status == "SUCCEEDED":
        said = 'answers neither {"healthy": true} nor {"healthy": false, "reason": ...}'
    elif trial.status == "TIMED_OUT" and not trial.error:
        said = f"has no answer after {analysis.timeout_seconds} s"
    else:
        said = " ".join(filter(None, ["failed:", trial.status, trial.error, trial.cause]))
    raise Unhealthy(
        f"the analysis {analysis.resource} {said[:_LONGEST_REASON]} (with {_told_step(deployment)})"
    )


def _analysis_of(deployment: Deployment) -> Analysis:
    canary, _ = _of(deployment)
    assert canary.analysis is not None
    return canary.analysis


def _of(deployment: Deployment) -> tuple[Canary, Bake]:
    """Take the canary and how far it has come, where both have to be there."""
    canary, bake = deployment.wanted.canary, deployment.bake
    assert canary is not None
    assert bake is not None
    return canary, bake


def _told_step(deployment: Deployment) -> str:
    canary, bake = _of(deployment)
    of = f" (step {bake.step + 1} of {len(canary.steps)})" if len(canary.steps) > 1 else ""
    return f"{canary.steps[bake.step].percent} % on {deployment.version}{of}"


def _sickness(ports: Ports, alarms: Alarms, canary: Canary, *, is_last: bool) -> str:
    """Say which alarms don't say that all is well; "": they do.

    One that is gone says nothing any more. One that has no data yet may get some until the step ends.
    """
    names = canary.alarms
    states: Mapping[str, str] = {}
    for _ in range(_ALARM_LOOKS if names else 0):
        states = alarms.states(names)
        if states.keys() >= set(names):
            break
        ports.clock.pause(_ALARM_SECONDS)
    is_enough = is_last and not canary.accepts_missing_data
    for state, words in (("ALARM", "rings"), (None, "is gone"), ("INSUFFICIENT_DATA", "has no data")):
        found = [name for name in names if states.get(name) == state]
        if found and (is_enough or state != "INSUFFICIENT_DATA"):
            return f"the alarm {', '.join(found)} {words}"
    return ""
