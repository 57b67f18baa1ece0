"""Canaries over the AWS in memory: their steps, the alarms and analyses that end them, and the way back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from step.deployer.ports import Route, Trial, Unavailable
from step.deployer.release import Analysis, Canary
from step.jsonvalue import JSONValue
from tests.deployer.memory_aws import Call
from tests.deployer.proof.judge import ALARM, ANALYST, ASKED, CANARY, CHECKER, FIVE_STEPS, says_no_at
from tests.deployer.world import TARGET, Run, World


def version(number: int) -> str:
    return f"{TARGET.machine_arn}:{number}"


@pytest.fixture
def world() -> World:
    made = World()
    made.aws.alarm_states[ALARM] = "OK"
    return made


def watch_weights(world: World) -> list[int]:
    """Note the new version's share, each time the alias is moved."""
    seen: list[int] = []

    def watch(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        answer = do()
        if call.action == "states:UpdateStateMachineAlias":
            weights = {route.version_arn: route.weight for route in world.aws.live(TARGET)}
            seen.append(weights.get(version(2), 0))
        return answer

    world.intervene = watch
    return seen


def test_canary_takes_a_share_and_then_all(world: World) -> None:
    world.aws.alarm_states[ALARM] = "OK"
    seen: list[tuple[Route, ...]] = []

    def watch(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        answer = do()
        if call.action == "states:UpdateStateMachineAlias":
            seen.append(world.aws.live(TARGET))
        return answer

    world.intervene = watch
    run = world.deploy(world.release(1, canary=CANARY))

    assert run.end == "Success"
    assert seen == [(Route(version(2), 10), Route(version(1), 90)), (Route(version(2), 100),)]
    assert run.path.count("CheckHealth") == 2  # a minute apart, until two have passed


def test_alarm_ends_a_canary(world: World) -> None:
    world.aws.alarm_states[ALARM] = "OK"
    world.alarm_at_flip = ALARM

    run = world.deploy(world.release(1, canary=CANARY))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith(f"Unhealthy: the alarm {ALARM} rings")
    assert world.aws.live(TARGET) == (Route(version(1), 100),)


@pytest.mark.parametrize(
    ("state", "told"), [(None, "is gone"), ("INSUFFICIENT_DATA", "has no data"), ("ALARM", "rings")]
)
def test_alarm_that_does_not_say_that_all_is_well_ends_a_canary(
    world: World, state: str | None, told: str
) -> None:
    world.aws.alarm_states[ALARM] = "OK"

    def change(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.state == "Deploy":
            world.aws.alarm_states.pop(ALARM, None)
            world.aws.alarm_states.update({} if state is None else {ALARM: state})
        return do()

    world.intervene = change
    run = world.deploy(world.release(1, canary=CANARY))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith(f"Unhealthy: the alarm {ALARM} {told} with 10 %")
    assert world.aws.live(TARGET) == (Route(version(1), 100),)


def test_alarm_without_data_may_get_some_until_the_end(world: World) -> None:
    world.aws.alarm_states[ALARM] = "INSUFFICIENT_DATA"

    def change(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if run.path.count("CheckHealth") == 2:
            world.aws.alarm_states[ALARM] = "OK"
        return do()

    world.intervene = change

    assert world.deploy(world.release(1, canary=CANARY)).end == "Success"


def test_canary_of_five_steps_takes_each_share_for_its_time(world: World) -> None:
    shares = watch_weights(world)
    began = world.aws.clock.now_ms()

    run = world.deploy(world.release(1, canary=FIVE_STEPS))

    assert run.end == "Success"
    assert shares == [5, 10, 25, 50, 75, 100]
    assert run.path.count("CheckHealth") == 5
    # Minutes of the machine's own time, which is virtual.
    assert 300_000 <= world.aws.clock.now_ms() - began < 420_000
    assert world.runs_exactly("r1")


def test_step_shorter_than_the_interval_bakes_no_longer_than_it_has_to(world: World) -> None:
    canary = replace(FIVE_STEPS, steps=tuple(replace(one, bake_seconds=7) for one in FIVE_STEPS.steps))
    began = world.aws.clock.now_ms()

    assert world.deploy(world.release(1, canary=canary)).end == "Success"
    assert world.aws.clock.now_ms() - began < 100_000


@pytest.mark.parametrize("alarm", ["rings", "is gone", "has no data"])
def test_alarm_at_a_later_step_leads_back_and_says_at_which(world: World, alarm: str) -> None:
    shares = watch_weights(world)
    watched = world.intervene
    assert watched is not None

    def change(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action == "cloudwatch:DescribeAlarms" and shares[-1:] == [25]:
            world.aws.alarm_states[ALARM] = {"rings": "ALARM"}.get(alarm, "INSUFFICIENT_DATA")
            if alarm == "is gone":
                del world.aws.alarm_states[ALARM]
        return watched(world, run, number, call, do)

    world.intervene = change
    run = world.deploy(world.release(1, canary=FIVE_STEPS))

    assert run.end == "FailureClean"
    cause = f"Unhealthy: the alarm {ALARM} {alarm} with 25 % on {version(2)} (step 3 of 5)"
    assert run.cause == cause
    assert world.aws.items[TARGET.record_key("r1")]["cause"] == cause
    assert shares == [5, 10, 25, 0]
    assert world.aws.live(TARGET) == (Route(version(1), 100),)


@pytest.mark.parametrize(("is_accepted", "end"), [(True, "Success"), (False, "FailureClean")])
def test_alarm_that_never_has_data_is_good_only_where_the_release_says_so(
    world: World, is_accepted: bool, end: str
) -> None:
    world.aws.alarm_states[ALARM] = "INSUFFICIENT_DATA"

    assert world.deploy(world.release(1, canary=replace(CANARY, accepts_missing_data=is_accepted))).end == end


# ------------------------------------------------------------ analyses


def analysed(resource: str, timeout_seconds: int = 60) -> Canary:
    return replace(
        FIVE_STEPS, alarms=(), analysis=Analysis(resource=resource, timeout_seconds=timeout_seconds)
    )


@pytest.fixture(params=[CHECKER, f"{ANALYST}:live"], ids=["function", "machine"])
def checker(request: pytest.FixtureRequest, world: World) -> str:
    """The ARN of what checks: a function's, or a machine's."""
    world.aws.analysts.add(ANALYST)
    return str(request.param)


def test_analysis_is_told_of_each_step_and_lets_it_pass(world: World, checker: str) -> None:
    asked: list[Any] = []

    def analysis(question: JSONValue) -> Trial:
        asked.append(question)
        return Trial("SUCCEEDED", output={"healthy": True})

    world.aws.analysis = analysis
    run = world.deploy(world.release(1, canary=analysed(checker)))

    assert run.end == "Success"
    assert [one["percent"] for one in asked] == [5, 10, 25, 50, 75]
    assert asked[2] == {
        "release": "r1",
        "project": "bread",
        "config": "test",
        "machine": TARGET.machine_arn,
        "version": version(2),
        "step": 3,
        "steps": 5,
        "percent": 25,
        "weights": {version(2): 25, version(1): 75},
    }


ANSWERS: list[tuple[Trial, str]] = [
    (Trial("SUCCEEDED", output={"healthy": False, "reason": "9 % errors"}), "says no: 9 % errors"),
    (Trial("SUCCEEDED", output={"healthy": False}), "says no: it gives no reason"),
    (Trial("SUCCEEDED", output={"healthy": "yes"}), 'answers neither {"healthy": true} nor '),
    (Trial("SUCCEEDED", output="fine"), 'answers neither {"healthy": true} nor '),
    (Trial("FAILED", "KeyError", "'orders'"), "failed: FAILED KeyError 'orders'"),
    (Trial("ABORTED"), "failed: ABORTED"),
    (Trial("TIMED_OUT"), "has no answer after 60 s"),
]


@pytest.mark.parametrize(("answer", "told"), ANSWERS, ids=[f"{one[0].status} {one[1]}" for one in ANSWERS])
def test_analysis_that_does_not_say_that_all_is_well_leads_back_with_its_reason(
    world: World, checker: str, answer: Trial, told: str
) -> None:
    shares = watch_weights(world)
    world.aws.analysis = says_no_at(3, answer)

    run = world.deploy(world.release(1, canary=analysed(checker)))

    assert run.end == "FailureClean"
    assert (run.cause or "").startswith(f"Unhealthy: the analysis {checker} {told}")
    assert (run.cause or "").endswith(f"(with 25 % on {version(2)} (step 3 of 5))")
    assert world.aws.items[TARGET.record_key("r1")]["cause"] == run.cause
    assert shares == [5, 10, 25, 0]
    assert world.aws.live(TARGET) == (Route(version(1), 100),)


def test_machine_that_analyses_too_long_is_not_waited_for(world: World) -> None:
    world.aws.analysts.add(ANALYST)
    world.aws.analysis = lambda question: Trial("RUNNING")

    run = world.deploy(world.release(1, canary=analysed(f"{ANALYST}:live", timeout_seconds=3600)))

    assert run.end == "FailureClean"
    assert "has no answer after 3600 s (with 5 % " in (run.cause or "")
    assert run.path.count("CheckAnalysis") == 20


def test_analysis_that_cannot_be_asked_is_asked_again(world: World, checker: str) -> None:
    failed: list[Call] = []

    def lose(world: World, run: Run, number: int, call: Call, do: Any) -> Any:
        if call.action in ("lambda:InvokeFunction", "states:StartExecution") and len(failed) < 3:
            failed.append(call)
            raise Unavailable("ThrottlingException: Rate exceeded")
        return do()

    world.intervene = lose

    assert world.deploy(world.release(1, canary=analysed(checker))).end == "Success"
    assert len(failed) == 3


def test_halt_ends_a_canary_between_its_steps(world: World) -> None:
    def halt(question: JSONValue) -> Trial:
        world.aws.items[TARGET.lock_key]["halt"] = {"by": "ann", "why": "fire", "at": "now"}
        return Trial("SUCCEEDED", output={"healthy": True})

    world.aws.analysis = halt
    run = world.deploy(world.release(1, canary=ASKED))

    assert (run.cause or "").startswith("Halted: ann halted deploys")
    assert world.aws.live(TARGET) == (Route(version(1), 100),)
