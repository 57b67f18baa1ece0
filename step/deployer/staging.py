"""The states that make versions which nobody runs yet: StageCode, StageMachine, SmokeTest.

Knows the ports. ``$LATEST`` and the unqualified machine are staging: what is in them counts for nothing,
since every version is checked after it was made, and never changes again.
"""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from step.deployer.definition import bind_functions
from step.deployer.deployment import Deployment
from step.deployer.lock import Lock
from step.deployer.looking import await_there, wait_for
from step.deployer.ports import FunctionFacts, Ports, Project, ProjectFunctions
from step.deployer.release import FunctionRelease
from step.deployer.resources import fetch, placeholders, wrong_layers
from step.errors import Refused, StepError

_CHANGED = frozenset({"ConflictException", "PreconditionFailedException", "InvalidParameterValueException"})
_GOOD_ENDS, _RUNNING = frozenset({"SUCCEEDED"}), frozenset({"RUNNING", "PENDING_REDRIVE"})


class Interfered(StepError):  # noqa: N818 - the error's name in the deployer's history
    """Somebody else changed what was being staged; another attempt stages it anew."""


class StagingFailed(StepError):  # noqa: N818 - the error's name in the deployer's history
    """Lambda can't take the code; the message says why."""


class SmokeTestFailed(StepError):  # noqa: N818 - the error's name in the deployer's history
    """The execution that tried the new version didn't succeed."""


def stage_code(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Publish a version of each function, with the code that the release pins."""
    project = ports.accounts.deploy(deployment.target)
    staged = {
        function.name: _stage_function(ports, project.functions, deployment, function, execution)
        for function in deployment.wanted.functions
    }
    return replace(
        deployment,
        code={name: facts.arn for name, facts in staged.items()},
        configurations={name: facts.configuration for name, facts in staged.items()},
    )


def _stage_function(
    ports: Ports,
    functions: ProjectFunctions,
    deployment: Deployment,
    function: FunctionRelease,
    execution: str,
) -> FunctionFacts:
    lock = Lock(ports, deployment.target.lock_key, execution)
    name, wanted = function.name, function.sha256
    latest = _finished(ports, functions, name)
    # An update that failed, this deploy's or one of before, is made again.
    if latest.code_sha256 != wanted or latest.last_update == "Failed":
        lock.guard(deployment.fence, "STAGING")
        if function.code is None:
            functions.update_image(name, f"{function.image}")
        else:
            functions.update_code(name, ports.bucket.name, function.code.key, function.code.version_id)
        latest = _finished(ports, functions, name)
        if latest.last_update == "Failed":
            raise StagingFailed(f"{name} can't take the code: {latest.reason or 'Lambda gives no reason'}")
    if latest.code_sha256 != wanted:
        raise Interfered(f"{name} has other code than it was given")
    lock.guard(deployment.fence, "STAGING")
    try:
        version = functions.publish(
            name, None if function.image else wanted, latest.revision_id, deployment.release_id
        )
    except Refused as refused:
        if refused.code not in _CHANGED:
            raise
        raise Interfered(f"{name}: {refused}") from refused
    if version.code_sha256 != wanted:
        raise Interfered(f"version {version.version} of {name} has other code than the release")
    active = wait_for(
        ports,
        lambda: await_there(ports, lambda: functions.describe(name, version.version)),
        lambda facts: facts.state != "Pending",
        f"version {version.version} of {name} isn't ready",
    )
    if active.state == "Failed":
        raise StagingFailed(f"version {version.version} of {name} can't run: {active.reason}")
    if wrong := wrong_layers(function, active):
        raise StagingFailed(wrong)
    return active


def _finished(ports: Ports, functions: ProjectFunctions, name: str) -> FunctionFacts:
    """Wait until Lambda has finished with the last update; a version of before would have the old code."""
    latest = wait_for(
        ports,
        lambda: functions.describe(name),
        lambda facts: facts.last_update != "InProgress" and facts.state != "Pending",
        f"{name} is still being updated",
    )
    if latest.state == "Failed":
        raise StagingFailed(f"{name} can't run: {latest.reason}")
    return latest


def stage_machine(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Publish a version of the machine, whose definition calls those versions of the functions."""
    lock = Lock(ports, deployment.target.lock_key, execution)
    machines = ports.accounts.deploy(deployment.target).machines
    arn = deployment.target.machine_arn
    text = bound_definition(ports, deployment)
    current = machines.describe(arn)
    revision = current.revision_id if current.definition == text else None
    if revision is None:
        lock.guard(deployment.fence, "STAGING")
        revision = machines.update(arn, text)
    lock.guard(deployment.fence, "STAGING")
    try:
        version = machines.publish(arn, revision, deployment.release_id)
    except Refused as refused:
        if refused.code not in _CHANGED:
            raise
        raise Interfered(f"{deployment.target.machine}: {refused}") from refused
    staged = replace(deployment, version=version, definition_sha256=_sha256(text))
    check_staged(ports, ports.accounts.deploy(deployment.target), staged)
    return staged


def bound_definition(ports: Ports, deployment: Deployment) -> str:
    """Write the definition that is deployed."""
    release = deployment.wanted
    assert release.definition is not None, "a release that goes back stages nothing"
    text = fetch(ports, release.definition).decode("utf-8")
    by_arn = {release.target.function_arn(name): version for name, version in deployment.code.items()}
    return bind_functions(text, by_arn, placeholders(release))


def check_staged(ports: Ports, project: Project, deployment: Deployment) -> None:
    """Make sure that the versions to be live are what the release says; versions never change afterwards.

    Raises:
        Interfered: one isn't.
    """
    facts = await_there(ports, lambda: project.machines.describe(deployment.version))
    if deployment.definition_sha256 and _sha256(facts.definition) != deployment.definition_sha256:
        raise Interfered(f"{deployment.version} has another definition than the release")
    for function in deployment.wanted.functions:
        version = deployment.code[function.name].rpartition(":")[2]
        if _code_of(ports, project, function.name, version) != function.sha256:
            raise Interfered(f"version {version} of {function.name} has other code than the release")


def _code_of(ports: Ports, project: Project, name: str, version: str) -> str:
    return await_there(ports, lambda: project.functions.describe(name, version)).code_sha256


def start_smoke_test(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """Start an execution of the new version; again, it is the same one."""
    test = deployment.wanted.smoke_test
    assert test is not None
    Lock(ports, deployment.target.lock_key, execution).guard(deployment.fence, "STAGING")
    tests = ports.accounts.trials(deployment.target)
    name = f"smoke-test-{deployment.uuid}"
    arn = await_there(ports, lambda: tests.start(deployment.version, name, test.input))
    return replace(
        deployment,
        smoke_test=arn,
        smoke_test_interval_seconds=test.interval_seconds,
        smoke_test_waited_seconds=0,
    )


def check_smoke_test(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
    """See whether the execution has succeeded, after the machine has waited for it.

    Raises:
        SmokeTestFailed: it has ended otherwise, or takes too long.
    """
    test = deployment.wanted.smoke_test
    assert test is not None
    tests = ports.accounts.trials(deployment.target)
    trial = await_there(ports, lambda: tests.describe(deployment.smoke_test))
    status = trial.status
    if status not in _GOOD_ENDS | _RUNNING:
        raise SmokeTestFailed(f"{deployment.smoke_test}: {status} {trial.error}".rstrip())
    # The machine's waits are counted, since the function's clock isn't the machine's where time is virtual.
    waited = deployment.smoke_test_waited_seconds + deployment.smoke_test_interval_seconds
    if status in _RUNNING and waited >= test.timeout_seconds:
        raise SmokeTestFailed(f"{deployment.smoke_test}: still running after {test.timeout_seconds} s")
    return replace(deployment, is_tested=status in _GOOD_ENDS, smoke_test_waited_seconds=waited)


def _sha256(text: str) -> str:
    return sha256(text.encode()).hexdigest()
