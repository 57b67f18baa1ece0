"""The proof: every fault at every call, pairs at random; afterwards AWS is as the deploy's end says.

The short form takes one in so many; SOAK=1 takes all of them, and prints the counts.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from step.deployer import canary, commit, handlers, lock, staging, validating
from step.deployer.deployment import Deployment
from step.deployer.ports import Ports, Route
from tests.deployer import world
from tests.deployer.proof.judge import Case, examine, pairs, singles, table

IS_SOAK = os.environ.get("SOAK") == "1"
# A prime, so that each kind meets other calls than the kind before.
ONE_IN = 1 if IS_SOAK else 101
PAIRS = 3000 if IS_SOAK else 40


def _problems(cases: list[Case]) -> list[str]:
    return [str(case) for case in cases if case.problems]


def test_one_fault_leaves_nothing_hidden_mixed_stuck_or_undiagnosed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = [examine(*case) for case in singles(ONE_IN)]

    with capsys.disabled():
        if IS_SOAK:
            print(f"\n\n{table('one fault', cases)}")
    assert _problems(cases) == []


def test_two_faults_leave_nothing_hidden_mixed_stuck_or_undiagnosed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cases = [examine(*case) for case in pairs(PAIRS)]

    with capsys.disabled():
        if IS_SOAK:
            print(f"\n\n{table('two faults, at random', cases)}")
    assert _problems(cases) == []


# ------------------------------------------------------------ the proof can fail


def _without_arming(patch: pytest.MonkeyPatch) -> None:
    """The journal isn't written before the flip."""
    patch.setattr(lock.Lock, "arm", lambda self, fence, *rest, **more: self.guard(fence, "STAGING"))


def _without_rolling_back(patch: pytest.MonkeyPatch) -> None:
    """A deploy that fails gives the lock back and leaves live as it is."""

    def settled(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
        held = lock.Lock(ports, deployment.target.lock_key, execution)
        if held.read().owner == execution:
            held.settle(held.read().fence)
        return deployment

    _replace_state(patch, "Rollback", settled)


def _without_reading_back(patch: pytest.MonkeyPatch) -> None:
    """Deploy believes whatever comes of its call."""

    def lead(ports: Ports, machines: Any, deployment: Deployment, routes: tuple[Route, ...]) -> None:
        try:
            machines.route(deployment.target.alias_arn, routes)
        except Exception:
            return

    patch.setattr(commit, "_lead", lead)


def _without_a_lock(patch: pytest.MonkeyPatch) -> None:
    """Whoever comes takes the lock over."""
    patch.setattr(lock.Lock, "_check_dead", lambda self, seen: None)


def _without_a_lease(patch: pytest.MonkeyPatch) -> None:
    """A holder that ended is taken over from at once, though its last call may still arrive."""
    patch.setattr(lock, "LEASE_MS", 0)


def _without_pinned_code(patch: pytest.MonkeyPatch) -> None:
    """Whatever code is staged is published and led to."""
    patch.setattr(staging, "check_staged", lambda ports, project, deployment: None)
    patch.setattr(commit, "check_staged", lambda ports, project, deployment: None)

    def stage(ports: Ports, functions: Any, deployment: Deployment, function: Any, execution: str) -> Any:
        pin = function.code
        functions.update_code(function.name, ports.bucket.name, pin.key, pin.version_id)
        latest = staging._finished(ports, functions, function.name)
        return functions.publish(function.name, latest.code_sha256, latest.revision_id, "")

    patch.setattr(staging, "_stage_function", stage)


def _without_a_diagnosis(patch: pytest.MonkeyPatch) -> None:
    """What can't be undone is dirty, whatever is true, and nothing more is said."""

    def diagnose(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
        return replace(deployment, verdict="FailureDirty", cause="something went wrong")

    _replace_state(patch, "Diagnose", diagnose)


def _without_minding_the_release(patch: pytest.MonkeyPatch) -> None:
    """An unlock that goes wrong isn't minded."""

    def release(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
        try:
            return commit.release_lock(ports, deployment, execution)
        except Exception:
            return deployment

    _replace_state(patch, "ReleaseLock", release)


def _without_looking_before_the_way_back(patch: pytest.MonkeyPatch) -> None:
    """Live is led back to the journal's version whatever is live."""

    def read(ports: Ports, machines: Any, alias_arn: str, is_good: Any) -> tuple[Route, ...]:
        return machines.routes(alias_arn) if is_good.__name__ != "is_ours" else ()

    patch.setattr(commit, "read_routes", read)


def _without_a_second_look(patch: pytest.MonkeyPatch) -> None:
    """What AWS says of a holder is believed at once: a recovery that meets one that runs does nothing."""

    def lock_once(ports: Ports, deployment: Deployment, execution: str) -> Deployment:
        try:
            return validating.lock(ports, deployment, execution)
        except lock.HolderRuns:
            return deployment

    _replace_state(patch, "Lock", lock_once)


def _without_heeding_the_analysis(patch: pytest.MonkeyPatch) -> None:
    """Whatever the analysis says is taken for good."""

    def judged(deployment: Deployment, trial: Any) -> Deployment:
        assert deployment.bake is not None
        return replace(deployment, bake=replace(deployment.bake, is_analyzed=True))

    patch.setattr(canary, "_judged", judged)


def _without_an_index(patch: pytest.MonkeyPatch) -> None:
    """Nobody finds the holders of locks."""
    patch.setattr(lock, "HELD_BY_EXECUTION", "")


def _replace_state(patch: pytest.MonkeyPatch, name: str, work: Callable[..., Deployment]) -> None:
    patch.setitem(handlers.STATES, name, work)
    patch.setattr(world, "_HANDLERS", handlers.make_handlers(lambda: world._WORLDS[-1].ports))


@pytest.mark.parametrize(
    ("sabotage", "kind", "scenario"),
    [
        (_without_arming, "stopped after", "plain"),
        (_without_rolling_back, "refused for good", "plain"),
        (_without_reading_back, "refused once", "plain"),
        (_without_a_lock, "concurrent deploy", "plain"),
        (_without_a_lease, "zombie", "plain"),
        (_without_pinned_code, "tampered staging", "plain"),
        (_without_a_diagnosis, "refused for good", "plain"),
        (_without_minding_the_release, "refused for good", "plain"),
        (_without_looking_before_the_way_back, "led elsewhere by hand", "recovery"),
        (_without_a_second_look, "stale answer", "recovery"),
        (_without_heeding_the_analysis, "throttled", "analysis that fails at the third"),
        (_without_an_index, "stopped after, unheard", "plain"),
    ],
)
def test_deployer_without_one_of_its_precautions_is_found_out(
    sabotage: Callable[[pytest.MonkeyPatch], None], kind: str, scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sabotage(monkeypatch)

    # Backwards: most precautions are for what comes after the flip.
    cases = [case for case in singles() if case[0].name == scenario and case[1][0].kind.name == kind]
    assert any(examine(*case).problems for case in reversed(cases))
