"""Whole deploys over the AWS in memory: what each part of the machine is for."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from step import StateMachine
from step.deployer import handlers
from step.deployer.client import (
    PruneRequest,
    execution_input,
    recover_input,
    rollback_release,
    sweep_input,
)
from step.deployer.names import Target
from step.deployer.ports import RoleRefused, Route, Unavailable
from step.deployer.release import CHECK_INPUT, SmokeTest
from step.errors import Refused
from tests.deployer.memory_aws import DEPLOYER_ACCOUNT, DEPLOYER_REGION, Call
from tests.deployer.proof.judge import ALARM, CANARY, SMOKE_TEST
from tests.deployer.world import FILE, FUNCTIONS, NAME, TARGET, TEXT, Gone, Run, World


def version(number: int) -> str:
    return f"{TARGET.machine_arn}:{number}"


@pytest.fixture
def world() -> World:
    return World()


def test_deploy_leads_live_to_the_release_and_records_it(world: World) -> None:
    release = world.release(1)

    run = world.deploy(release)

    assert run.end == "Success"
    assert world.runs_exactly("r1")
    assert world.lock["owner"] == ""
    record = world.aws.items[TARGET.record_key("r1")]
    assert (record["outcome"], record["version"]) == ("Success", version(2))
    assert record["release_sha256"] == release.sha256
    [bread, _] = release.functions
    functions = record["functions"]
    assert isinstance(functions, dict)
    assert functions["bread-test"] == {
        "version": f"{TARGET.function_arn('bread-test')}:2",
        "code_sha256": bread.sha256,
        "content_sha256": None,
        "configuration": {},
    }


def test_running_executions_keep_their_code(world: World) -> None:
    before = world.aws.version(version(1)).definition

    world.deploy(world.release(1))

    assert world.aws.version(version(1)).definition == before
    assert world.mix(version(1)) is None


def test_release_is_deployed_once(world: World) -> None:
    release = world.release(1)
    world.deploy(release)
    world.deploy(world.release(2))

    again = world.start("bread__test__r1-again", execution_input(release))

    assert again.end == "FailureClean"
    assert world.runs_exactly("r2")


def test_release_older_than_live_is_refused(world: World) -> None:
    older = world.release(1)
    world.deploy(world.release(2))

    run = world.deploy(older)

    assert run.end == "FailureClean"
    assert "which is newer" in (run.cause or "")
    assert world.runs_exactly("r2")


def test_release_that_expects_another_live_version_is_refused(world: World) -> None:
    release = world.release(1, expect_live=version(1))
    world.deploy(world.release(2))
    other = world.release(3, expect_live=version(1))

    assert world.deploy(release).end == "FailureClean"
    run = world.deploy(other)

    assert "look at a new plan" in (run.cause or "")
    assert world.runs_exactly("r2")


def test_rollback_leads_live_to_a_version_of_before(world: World) -> None:
    world.deploy(world.release(1))
    world.deploy(world.release(2))
    world.aws.clock.pause(1)
    release = rollback_release(
        TARGET, release_id="back", created_at_ms=world.aws.clock.now_ms(), version_arn=version(2)
    )
    world.aws.upload(release.key, release.to_bytes())

    run = world.deploy(release)

    assert run.end == "Success"
    assert world.runs_exactly("r1")
    assert not {"StageCode", "StageMachine"} & set(run.path)


# What is there, and isn't known everywhere yet.
NOT_YET = [
    ("StageCode", "lambda:GetFunctionConfiguration", Refused("ResourceNotFoundException", "no version")),
    ("StageMachine", "states:DescribeStateMachine", Refused("StateMachineDoesNotExist", "no version")),
    ("SmokeTest", "states:StartExecution", Refused("StateMachineDoesNotExist", "no version")),
    ("CheckSmokeTest", "states:DescribeExecution", Refused("ExecutionDoesNotExist", "no execution")),
    ("Deploy", "states:UpdateStateMachineAlias", Refused("ResourceNotFound", "no version")),
    ("StageCode", "sts:AssumeRole", RoleRefused("AccessDenied", "not authorized")),
]


@pytest.mark.parametrize(
    ("state", "action", "refusal"), NOT_YET, ids=[f"{one[0]} {one[1]}" for one in NOT_YET]
)
def test_what_was_made_a_moment_ago_is_given_time(
    world: World, state: str, action: str, refusal: Refused
) -> None:
    seen: list[Call] = []

    def deny(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        # What is there from the beginning is a function or a machine without a version.
        is_made = not call.resource.endswith(("bread-test", "oven-test"))
        if (run.state, call.action) == (state, action) and is_made and len(seen) < 2:
            seen.append(call)
            raise refusal
        return do()

    world.intervene = deny

    assert world.deploy(world.release(1, smoke_test=SMOKE_TEST)).end == "Success"
    assert len(seen) == 2


def test_function_that_cannot_take_the_code_tells_why(world: World) -> None:
    function = world.aws.functions[TARGET.function_arn("oven-test")]
    function.update_fails = "KMSAccessDenied: the key can't be used"

    run = world.deploy(world.release(1))
    function.update_fails = ""
    again = world.deploy(world.release(2))

    assert run.cause == (
        "StagingFailed: oven-test can't take the code: KMSAccessDenied: the key can't be used"
    )
    assert again.end == "Success"


def test_smoke_test_keeps_a_broken_version_from_everybody(world: World) -> None:
    world.aws.smoke_test_status = ("FAILED", "OvenBroken")

    run = world.deploy(world.release(1, smoke_test=SMOKE_TEST))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith("SmokeTestFailed: ")
    assert (run.cause or "").endswith("FAILED OvenBroken")
    assert "Deploy" not in run.path


def test_smoke_test_that_never_ends_is_given_up_after_the_machines_waits(world: World) -> None:
    world.aws.smoke_test_status = ("RUNNING", "")
    # The function's clock stands still: only the machine waits.
    world.keeps_time = False

    run = world.deploy(world.release(1, smoke_test=SMOKE_TEST))
    long = world.deploy(world.release(2, smoke_test=SmokeTest(input={}, timeout_seconds=13 * 3600)))

    assert run.end == "FailureClean"
    assert "still running after 300 s" in (run.cause or "")
    assert run.path.count("CheckSmokeTest") == 60
    assert long.path.count("CheckSmokeTest") == 60


@pytest.mark.parametrize("action", ["lambda:PublishVersion", "dynamodb:UpdateItem"])
def test_what_is_refused_for_good_is_not_asked_for_again_for_long(world: World, action: str) -> None:
    began = world.aws.clock.now_ms()
    tries: list[Call] = []

    def refuse(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action != action:
            return do()
        tries.append(call)
        raise Refused("AccessDenied", f"not authorized to perform: {call.action}")

    world.intervene = refuse
    run = world.deploy(world.release(1))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith("Refused: AccessDenied: ")
    assert len(tries) == 1
    assert world.aws.clock.now_ms() - began < 10_000


def test_refused_release_tells_its_problems_and_no_traceback(world: World) -> None:
    release = world.release(1, upload=False)

    run = world.deploy(release)
    recovery = world.start("recovery", recover_input(f"{run.arn}-x"))

    assert run.cause is not None
    assert run.cause.startswith(
        "InvalidRelease: the release is refused:\n- releases/bread/test/r1/release.json"
    )
    assert recovery.cause == (
        f"InvalidRelease: the release is refused:\n- input/recover: there is no execution {run.arn}-x"
    )


def test_zip_that_was_swapped_never_runs(world: World) -> None:
    release = world.release(1)
    code = release.functions[0].code
    assert code is not None
    # The version itself is another: what no upload can do, an attacker of S3 could.
    world.aws.objects[code.key] = [(code.version_id, b"evil")]

    run = world.deploy(release)

    assert run.end == "FailureClean"
    assert "not the code that the release says" in (run.cause or "")
    assert "StageCode" not in run.path


@pytest.mark.parametrize("what", ["function", "machine"])
def test_what_is_tagged_for_another_project_is_left_alone(world: World, what: str) -> None:
    tagged = (
        world.aws.machines[TARGET.machine_arn].tags
        if what == "machine"
        else world.aws.functions[TARGET.function_arn("oven-test")].tags
    )
    tagged["ProjectName"] = "cake"

    run = world.deploy(world.release(1))

    assert run.end == "FailureClean"
    assert "isn't this project's: its tag ProjectName is 'cake'" in (run.cause or "")
    assert {call.action for _, call in world.calls if "Update" in call.action} == {
        "dynamodb:UpdateItem",
        "dynamodb:UpdateItem+PutItem",
    }


def test_every_problem_of_the_resources_is_listed_at_once(world: World) -> None:
    release = world.release(1, canary=dataclasses.replace(CANARY, alarms=("nobody",)))
    del world.aws.machines[TARGET.machine_arn].aliases["live"]
    del world.aws.functions[TARGET.function_arn("oven-test")]
    world._look_for_a_mix = lambda: None  # type: ignore[method-assign]  # there is no alias to look at

    run = world.deploy(release)

    assert run.end == "FailureClean"
    for part in ("the alias 'live': ResourceNotFound", "the function oven-test: ", "no alarm 'nobody'"):
        assert part in (run.cause or "")


def test_smoke_test_of_an_express_machine_is_refused_before_anything_is_staged(world: World) -> None:
    world.aws.machines[TARGET.machine_arn].type = "EXPRESS"

    run = world.deploy(world.release(1, smoke_test=SMOKE_TEST))

    assert (run.end, "StageCode" in run.path) == ("FailureClean", False)
    assert "an EXPRESS machine can't have a smoke test" in (run.cause or "")
    assert world.deploy(world.release(2)).end == "Success"


def test_definition_that_calls_a_function_of_others_is_refused(world: World) -> None:
    foreign = "arn:aws:lambda:eu-central-1:210987654321:function:payments"
    plain = world.definition
    world.definition = lambda number, versions=None: plain(number, versions).replace(  # type: ignore[method-assign]  # a definition of the test's own
        "${oven_test_arn}", foreign
    )

    run = world.deploy(world.release(1))

    assert run.end == "FailureClean"
    assert f"it calls {foreign}, which is no function of the release" in (run.cause or "")


def test_account_that_is_not_on_the_list_is_refused(world: World) -> None:
    world.ports = dataclasses.replace(world.ports, allowed_accounts=frozenset({DEPLOYER_ACCOUNT}))

    run = world.deploy(world.release(1))

    assert "not on the deployer's list of accounts" in (run.cause or "")
    assert [call.action for _, call in world.calls] == []


def test_role_that_cannot_be_taken_ends_the_deploy_clean(world: World) -> None:
    world.aws.roles = set()

    run = world.deploy(world.release(1))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith("RoleRefused: AccessDenied")
    assert not world.is_locked


# ------------------------------------------------------------ the lock


def test_lock_of_a_person_holds_until_it_ends(world: World) -> None:
    world.aws.items[TARGET.lock_key] = {
        "key": TARGET.lock_key,
        "owner": "human:ann",
        "fence": 3,
        "phase": "HELD",
        "phase_at": 0,
        "reason": "inventory",
        "until": "2026-01-01T01:00:00.000Z",
    }

    run = world.deploy(world.release(1))
    world.aws.clock.pause(3600)
    later = world.deploy(world.release(2))

    assert run.end == "FailureClean"
    assert run.cause == ("LockHeld: human:ann holds the lock until 2026-01-01T01:00:00.000Z (inventory)")
    assert later.end == "Success"


def test_halt_stops_deploys_until_it_is_lifted(world: World) -> None:
    world.aws.items[TARGET.lock_key] = {
        "key": TARGET.lock_key,
        "halt": {"by": "ann", "why": "black friday", "at": "2026-01-01T00:00:00Z"},
    }

    run = world.deploy(world.release(1))
    del world.aws.items[TARGET.lock_key]["halt"]
    later = world.deploy(world.release(2))

    assert run.cause == "Halted: ann halted deploys at 2026-01-01T00:00:00Z: black friday"
    assert later.end == "Success"


def _stop_at(action: str) -> Any:
    def stop(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        answer = do()
        if call.action == action:
            world.stop(run)
            raise Gone
        return answer

    return stop


def test_recovery_leads_live_back_after_a_deploy_that_was_stopped(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))
    world.intervene = None
    assert world.runs_exactly("r1")

    recovery = world.start("recovery", recover_input(stopped.arn))

    assert recovery.end == "Recovered"
    assert world.aws.live(TARGET) == (Route(version(1), 100),)
    assert not world.is_locked
    assert world.aws.items[TARGET.record_key("r1")]["outcome"] == "Recovered"


def test_recovery_of_a_recovery_finds_the_deploy(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))
    first = world.start("recovery-1", recover_input(stopped.arn))
    world.intervene = None
    assert first.status == "ABORTED"

    second = world.start("recovery-2", recover_input(first.arn))

    assert second.end == "Recovered"
    assert world.aws.live(TARGET) == (Route(version(1), 100),)
    assert not world.is_locked


def test_recovery_of_a_recovery_that_had_no_lock_finds_the_deploy_too(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))
    world.intervene = _stop_at("states:DescribeExecution")
    first = world.start("recovery-1", recover_input(stopped.arn))
    world.intervene = None
    assert world.lock["owner"] == stopped.arn

    second = world.start("recovery-2", recover_input(first.arn))

    assert second.end == "Recovered"
    assert not world.is_locked


def test_recovery_waits_until_aws_knows_that_the_deploy_has_ended(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))
    old: list[Call] = []

    def be_late(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state == "Lock" and call.action == "states:DescribeExecution" and len(old) < 3:
            old.append(call)
            return do()._replace(status="RUNNING")
        return do()

    world.intervene = be_late
    recovery = world.start("recovery", recover_input(stopped.arn))

    assert (recovery.end, len(old)) == ("Recovered", 3)
    assert world.aws.live(TARGET) == (Route(version(1), 100),)
    assert not world.is_locked


def test_recovery_of_a_deploy_that_runs_says_so_and_records_nothing(world: World) -> None:
    recoveries: list[Run] = []

    def recover(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:PublishStateMachineVersion" and not recoveries:
            recoveries.append(world.start("recovery", recover_input(run.arn)))
        return do()

    world.intervene = recover
    # The recovery waits in the machine: nobody's clock goes on meanwhile.
    world.keeps_time = False
    run = world.deploy(world.release(1))

    assert (recoveries[0].end, run.end) == ("FailureClean", "Success")
    assert (recoveries[0].cause or "").startswith(f"HolderRuns: {run.arn} holds the lock")
    assert world.aws.items[TARGET.record_key("r1")]["outcome"] == "Success"


def test_sweep_finds_a_holder_that_died_without_an_event(world: World) -> None:
    assert world.start("sweep-1", sweep_input()).end == "Swept"
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    world.deploy(world.release(1))
    world.intervene = None

    swept = world.start("sweep-2", sweep_input())

    assert swept.end == "Recovered"
    assert world.aws.live(TARGET) == (Route(version(1), 100),)
    assert not world.is_locked
    assert world.start("sweep-3", sweep_input()).end == "Swept"


def test_sweep_leaves_holders_that_live_and_people_alone(world: World) -> None:
    swept: list[str] = []

    def sweep(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:UpdateStateMachine":
            swept.append(world.start("sweep", sweep_input()).end)
        return do()

    world.intervene = sweep
    assert world.deploy(world.release(1)).end == "Success"
    world.aws.items[TARGET.lock_key] |= {"owner": "human:ann", "reason": "inventory"}

    assert swept == ["Swept"]
    assert world.start("sweep-2", sweep_input()).end == "Swept"


@pytest.mark.parametrize("is_clean", [True, False])
def test_rule_tells_of_failures_and_only_what_they_left_is_recovered(world: World, is_clean: bool) -> None:
    def fail(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state in ("ReleaseLock", "Rollback") and call.action.startswith("dynamodb:UpdateItem"):
            raise Unavailable("the table is away")
        return do()

    world.intervene = None if is_clean else fail
    world.aws.smoke_test_status = ("FAILED", "") if is_clean else ("SUCCEEDED", "")
    run = world.deploy(world.release(1, smoke_test=SMOKE_TEST))
    world.intervene = None
    assert run.end == ("FailureClean" if is_clean else "FailureDirty")

    recovery = world.start("by-rule", {"recover": run.arn, "by": "rule"})

    assert recovery.end == "Recovered"
    assert ("Lock" in recovery.path) is not is_clean
    assert not world.is_locked


def test_recovery_that_fails_is_left_to_the_sweep_by_the_rule(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))

    def fail(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state == "Rollback":
            raise Refused("AccessDeniedException", "not authorized")
        return do()

    world.intervene = fail
    recovery = world.start("recovery", {"recover": stopped.arn, "by": "rule"})
    world.intervene = None
    assert recovery.end == "FailureDirty"
    assert (recovery.cause or "").endswith("To mend it now: step recover bread__test__r1")

    again = world.start("again", {"recover": recovery.arn, "by": "rule"})

    assert again.path[-2:] == ["Recover?", "Recovered"]
    assert world.is_locked
    assert world.start("sweep", sweep_input()).end == "Recovered"
    assert not world.is_locked


def test_recovery_of_what_left_nothing_changes_nothing(world: World) -> None:
    run = world.deploy(world.release(1))
    before = dict(world.lock)

    recovery = world.start("recovery", recover_input(run.arn))

    assert recovery.end == "Recovered"
    assert world.lock == before
    assert world.runs_exactly("r1")


@pytest.mark.parametrize("action", ["states:UpdateStateMachineAlias", "lambda:PublishVersion"])
def test_redriven_deploy_goes_on_where_nobody_came_between(world: World, action: str) -> None:
    world.intervene = _stop_at(action)
    stopped = world.deploy(world.release(1))
    world.intervene = None

    again = world.redrive(stopped)

    assert again.end == "Success"
    assert world.runs_exactly("r1")
    assert not world.is_locked


@pytest.mark.parametrize("action", ["states:UpdateStateMachineAlias", "lambda:PublishVersion"])
def test_redriven_deploy_changes_nothing_after_another_one(world: World, action: str) -> None:
    world.intervene = _stop_at(action)
    stopped = world.deploy(world.release(1))
    world.intervene = None
    world.deploy(world.release(2))

    again = world.redrive(stopped)

    assert again.end == "FailureClean"
    assert (again.cause or "").startswith("LockLost: ") or "somebody else has moved it" in (again.cause or "")
    assert world.runs_exactly("r2")
    assert not world.is_locked


def test_redriven_healing_ends_where_another_deploy_has_healed(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    world.deploy(world.release(1))
    healing = world.deploy(world.release(2))
    world.intervene = None
    assert healing.state == "Heal"
    world.deploy(world.release(3))

    again = world.redrive(healing)

    assert again.end == "FailureClean"
    assert (again.cause or "").startswith("LockLost: ")
    assert world.runs_exactly("r3")


def test_dirty_failure_tells_what_is_wrong_and_what_mends_it(world: World) -> None:
    def break_off(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state in ("ReleaseLock", "Rollback", "ReleaseLockFailure") and "Update" in call.action:
            raise Unavailable("the table is away")
        return do()

    world.intervene = break_off
    run = world.deploy(world.release(1))

    assert run.end == "FailureDirty"
    assert run.cause == (
        "The deploy of bread/test could not be finished, nor proven undone.\n"
        f"The release is live: the alias 'live' leads to {version(2)} (100 %).\n"
        f"This execution still holds the lock {TARGET.lock_key}.\n"
        "It failed with Unavailable: the table is away\n"
        f"The next deploy mends this. To mend it now: step recover bread__test__r1"
    )


def test_record_that_cannot_be_read_proves_nothing(world: World) -> None:
    def lose(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state == "ReleaseLock":
            do()
            raise Unavailable("the answer got lost")
        if run.state == "Diagnose" and call == Call("", "dynamodb:GetItem", TARGET.record_key("r1")):
            raise Unavailable("not now")
        return do()

    world.intervene = lose
    run = world.deploy(world.release(1))

    assert world.runs_exactly("r1")
    assert run.end == "FailureDirty"
    assert "The record could not be read: not now" in (run.cause or "")


# ------------------------------------------------------------ what people did meanwhile


def lead_elsewhere(world: World) -> str:
    """Make a version by hand and lead the alias there, as somebody does who mends something in a hurry."""
    machine = world.aws.machines[TARGET.machine_arn]
    number = max(machine.versions) + 1
    machine.versions[number] = dataclasses.replace(machine.versions[1], description="a hotfix")
    world.aws.route(TARGET.alias_arn, (Route(version(number), 100),))
    return version(number)


def test_recovery_leaves_what_somebody_else_has_made_live(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    stopped = world.deploy(world.release(1))
    world.intervene = None
    hotfix = lead_elsewhere(world)

    recovery = world.start("recovery", recover_input(stopped.arn))

    assert recovery.end == "Recovered"
    assert world.aws.live(TARGET) == (Route(hotfix, 100),)
    assert not world.is_locked
    left = f"the alias 'live' leads to {hotfix} (100 %): somebody else has moved it, and it was left there"
    assert world.aws.items[TARGET.record_key("r1")]["left"] == left
    assert recovery.output["left"] == left


def test_failing_canary_leaves_what_somebody_else_has_made_live(world: World) -> None:
    world.aws.alarm_states[ALARM] = "OK"
    hotfixes: list[str] = []

    def move(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "cloudwatch:DescribeAlarms" and run.state == "CheckHealth":
            world.aws.alarm_states[ALARM] = "ALARM"
            hotfixes.append(lead_elsewhere(world))
        return do()

    world.intervene = move
    run = world.deploy(world.release(1, canary=CANARY))

    assert run.end == "FailureClean"
    assert world.aws.live(TARGET) == (Route(hotfixes[0], 100),)
    assert f"leads to {hotfixes[0]} (100 %): somebody else has moved it" in (run.cause or "")


def test_next_deploy_after_one_that_was_stopped_begins_with_what_somebody_made_live(world: World) -> None:
    world.intervene = _stop_at("states:UpdateStateMachineAlias")
    world.deploy(world.release(1))
    world.intervene = None
    hotfix = lead_elsewhere(world)

    run = world.deploy(world.release(2))

    assert run.end == "Success"
    assert world.aws.items[TARGET.record_key("r2")]["prev"] == [[hotfix, 100]]


@pytest.mark.parametrize("state", ["Deploy", "ReleaseLock"])
def test_release_that_was_live_alone_stays_live_when_its_deploy_is_stopped(world: World, state: str) -> None:
    def stop(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state == state == "ReleaseLock":
            world.stop(run)
            raise Gone
        answer = do()
        if world.lock.get("phase") == "COMMITTED":
            world.stop(run)
            raise Gone
        return answer

    world.intervene = stop
    stopped = world.deploy(world.release(1))
    world.intervene = None

    recovery = world.start("recovery", recover_input(stopped.arn))
    again = world.redrive(stopped)

    assert (recovery.end, recovery.output["finished"]) == ("Recovered", "r1")
    assert again.end == "Success"
    assert world.runs_exactly("r1")
    assert not world.is_locked
    record = world.aws.items[TARGET.record_key("r1")]
    assert (record["outcome"], record["execution"]) == ("Success", stopped.arn)
    assert world.lock["deployed"] == {
        "release": "r1",
        "created_at": world.lock["deployed"]["created_at"],  # type: ignore[index,call-overload]  # it is an object
        "version": version(2),
    }


# ------------------------------------------------------------ pruning


def test_prune_keeps_what_is_used_and_what_can_be_redriven(world: World) -> None:
    for _ in range(6):
        assert world.deploy(world.release(world.next_number())).end == "Success"
    machine = world.aws.machines[TARGET.machine_arn]
    now = world.aws.clock.now_ms()
    machine.executions = {
        "runs": (version(1), "RUNNING", 0),
        "failed lately": (version(2), "FAILED", now - 13 * 24 * 3600 * 1000),
        "failed long ago": (version(3), "FAILED", now - 15 * 24 * 3600 * 1000),
        "succeeded": (version(4), "SUCCEEDED", now),
    }

    run = world.prune(keep=2, request_id="prune")

    assert run.end == "Success"
    assert sorted(machine.versions) == [1, 2, 6, 7]
    assert world.aws.functions[TARGET.function_arn("bread-test")].deleted == {"3", "4", "5"}
    assert not world.is_locked
    assert world.deploy(world.release(9)).end == "Success"


def _many_versions(world: World, count: int) -> None:
    """Publish versions that call two functions' versions each, one of them shared by ten."""
    machine = world.aws.machines[TARGET.machine_arn]
    bread, oven = (world.aws.functions[TARGET.function_arn(name)] for name in FUNCTIONS)
    for number in range(2, count + 1):
        bread.versions.append((f"bread {number}", number))
        if number % 10 == 1:
            oven.versions.append((f"oven {number}", number))
        versions = {FUNCTIONS[0]: str(number), FUNCTIONS[1]: str(len(oven.versions))}
        machine.versions[number] = dataclasses.replace(
            machine.versions[1], definition=world.definition(number, versions)
        )
    machine.aliases["live"] = (Route(version(count), 100),)


def test_prune_of_a_machine_that_is_full_stays_within_what_aws_gives(world: World) -> None:
    _many_versions(world, 1000)
    world.aws.buckets = {"states:ListExecutions": (100, 2), "states:DescribeStateMachine": (200, 20)}
    machine = world.aws.machines[TARGET.machine_arn]
    now = world.aws.clock.now_ms()
    machine.executions = {"runs": (version(7), "RUNNING", 0), "failed": (version(15), "FAILED", now)}

    first = world.prune(keep=100, request_id="prune-1")

    assert first.end == "Success"
    assert world.aws.throttled == 0
    asked = [call.action for _, call in world.calls]
    assert asked.index("states:DeleteStateMachineVersion") - asked.count("states:DescribeStateMachine") < 60
    assert sorted(set(range(1, 1001)) - set(machine.versions)) == [
        number for number in range(1, 101) if number not in (7, 15)
    ]
    # The tenth's oven is called by the first ten, of which the seventh runs; that of 11 to 20 by the 15th.
    assert world.aws.functions[TARGET.function_arn("bread-test")].deleted == {
        str(number) for number in range(1, 101) if number not in (7, 15)
    }
    assert world.aws.functions[TARGET.function_arn("oven-test")].deleted == {
        str(number) for number in range(3, 11)
    }
    assert (first.output["pruned_count"], first.output["pruning"]["more"]) == (98 + 98 + 8, 800)

    machine.executions = {}
    second = world.prune(keep=100, request_id="prune-2")

    assert min(machine.versions) == 199
    assert second.output["pruning"]["more"] == 702


def test_prune_goes_on_where_it_was(world: World) -> None:
    _many_versions(world, 60)
    seen: list[str] = []

    def throttle(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:ListExecutions":
            seen.append(call.resource)
            if len(seen) % 7 == 0:
                raise Unavailable("ThrottlingException: Rate exceeded")
        return do()

    world.intervene = throttle
    run = world.prune(keep=10, request_id="prune")

    assert run.end == "Success"
    assert sorted(world.aws.machines[TARGET.machine_arn].versions) == list(range(51, 61))
    assert seen.count(version(1)) <= 8


@pytest.mark.parametrize("is_uploaded", [True, False])
def test_prune_is_for_who_may_deploy_the_project(world: World, is_uploaded: bool) -> None:
    request = PruneRequest(target=TARGET, keep=1, request_id="p1", requested_by="user/mallory")
    if is_uploaded:
        other = dataclasses.replace(request, target=dataclasses.replace(TARGET, project="cake"))
        world.aws.upload(other.key, request.to_bytes())

    run = world.start(request.execution_name, request.to_json())
    misnamed = world.start("cake__test__p1", request.to_json())

    assert (run.end, misnamed.end) == ("FailureClean", "FailureClean")
    assert "releases/bread/test/p1/request.json: NoSuchKey" in (run.cause or "")
    assert "the execution has to be called bread__test__p1" in (misnamed.cause or "")
    assert not any(call.action.startswith(("sts:", "dynamodb:")) for _, call in world.calls)


def test_record_says_who_asked(world: World) -> None:
    release = dataclasses.replace(world.release(1), requested_by="assumed-role/deploy/ann")
    world.aws.upload(release.key, release.to_bytes())

    world.deploy(release)

    assert world.aws.items[TARGET.record_key("r1")]["requested_by"] == "assumed-role/deploy/ann"


def test_prune_waits_for_a_deploy(world: World) -> None:
    pruned: list[Run] = []

    def prune(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "states:UpdateStateMachineAlias":
            pruned.append(world.prune(keep=1, request_id="prune"))
        return do()

    world.intervene = prune
    assert world.deploy(world.release(1)).end == "Success"

    assert pruned[0].end == "FailureClean"
    assert (pruned[0].cause or "").startswith("LockHeld: ")


# ------------------------------------------------------------ itself


def test_deployer_deploys_itself_and_goes_on_deploying() -> None:
    itself = Target(
        project=NAME,
        config="test",
        account=DEPLOYER_ACCOUNT,
        region=DEPLOYER_REGION,
        machine=NAME,
    )
    world = World(target=itself, functions=(NAME,))
    arn = itself.function_arn(NAME)
    world.definition = lambda number, versions=None: json.dumps(  # type: ignore[method-assign]  # the deployer's own definition
        {
            **json.loads(
                StateMachine.from_json(TEXT, name=NAME)
                .to_json(f"{arn}:1" if versions else "${step_deployer_arn}")
                .replace("${function_arn}", f"{arn}:1" if versions else "${step_deployer_arn}")
            ),
            "Comment": f"release {number}",
        }
    )
    world._look_for_a_mix = lambda: None  # type: ignore[method-assign]  # it knows the bread's definitions only
    world.aws.make_project(itself, {NAME: b"step-deployer 0"}, world.definition(0, {NAME: "1"}))

    for number in (1, 2):
        run = world.deploy(world.release(number))
        live = world.aws.version(world.aws.live(itself)[0].version_arn).definition
        assert run.end == "Success", run.cause
        assert json.loads(live)["Comment"] == f"release {number}"
        assert world.aws.function_code(f"{arn}:{number + 1}") == world.released[f"r{number}"][1][NAME]
        # Each of its tasks, and the one that asks for versions.
        assert live.count(f"{arn}:{number + 1}") == TEXT.count('"TaskFn"') + 1
        assert "SmokeTest" in run.path
        # The next deploy runs what this one has deployed.
        world.text = live.replace(f"{arn}:{number + 1}", "${function_arn}")


def test_new_deployer_is_asked_for_each_of_its_handlers(world: World) -> None:
    tasks = [name for name, state in json.loads(TEXT)["States"].items() if state["Type"] == "TaskFn"]

    run = world.start("check", CHECK_INPUT)

    assert run.end == "Checked"
    assert run.output == [{"task": name, "version": "$LATEST"} for name in tasks]
    assert world.calls == []


def test_deployer_whose_handler_is_missing_does_not_go_live(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(handlers.STATES, "ReleaseLock")
    monkeypatch.setattr(
        "tests.deployer.world._HANDLERS", handlers.make_handlers(lambda: world.ports), raising=True
    )

    run = world.start("check", CHECK_INPUT)

    assert (run.status, run.error) == ("FAILED", "UnknownTaskError")


def test_definition_has_no_advice_against_it() -> None:
    assert [str(one) for one in StateMachine.from_file(FILE).warnings] == []
