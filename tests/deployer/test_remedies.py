"""Every text that names a remedy, followed to its end: the printed words alone are what is done."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from step.cli.catalog import COMMANDS
from step.deployer import handlers
from step.deployer.by_hand import LockByHand
from step.deployer.client import ExitCode, outcome_of, recover_input
from step.deployer.deployment import Deployment
from step.deployer.lock import LEASE_MS, LeaseRunning, LockHeld
from step.deployer.ports import Route, Unavailable
from step.deployer.release import CHECK_INPUT, Release
from step.jsonvalue import JSONObject
from tests.deployer import world as worlds
from tests.deployer.memory_aws import Call
from tests.deployer.proof.judge import SMOKE_TEST
from tests.deployer.world import ARN, NAME, TARGET, Gone, Run, World

TASKS = [*handlers.STARTS, "Sweep", *handlers.STATES]
# Those that a deploy comes by, one that fails after its flip, and a recovery.
MET = [
    "Validate",
    "Lock",
    "ValidateResources",
    "StageCode",
    "StageMachine",
    "Deploy",
    "ReleaseLock",
    "Rollback",
]
MET += ["ReleaseLockFailure", "Diagnose"]


@contextmanager
def by_hand(world: World, who: str = "user/ann") -> Iterator[LockByHand]:
    """Give the lock into a person's hands, beside any execution."""
    alone, world.aws.on_call = world.aws.on_call, lambda call, do: do()
    yield LockByHand(world.ports.table, TARGET.lock_key, who)
    world.aws.on_call = alone


class Person:
    """Does what a text says, and nothing else."""

    def __init__(self, world: World, patch: pytest.MonkeyPatch) -> None:
        self.world = world
        self.patch = patch
        self.did: list[str] = []

    def follow(self, text: str) -> None:
        """Run each command that the text names: what repairs the deployer before what needs it."""
        commands = re.findall(r"step ((?:bootstrap|halt|recover|unlock) [^`\n.;]*)", text)
        for command in sorted(dict.fromkeys(commands), key=lambda one: not one.startswith("bootstrap")):
            self.did.append(command)
            name, *words = command.split()
            getattr(self, name)(words)

    def recover(self, words: list[str]) -> None:
        run = self.world.start(f"recovery-{len(self.did)}", recover_input(ARN + words[0]))
        assert run.end == "Recovered", run.cause

    def bootstrap(self, words: list[str]) -> None:
        assert words == ["-deployer", NAME, "--back"]
        self.patch.undo()

    def unlock(self, words: list[str]) -> None:
        assert words[:2] == ["-step", TARGET.machine]
        with by_hand(self.world) as lock:
            lock.give_back("it is done", self.world.aws.clock.now_ms())

    def halt(self, words: list[str]) -> None:
        assert words == ["-step", TARGET.machine, "--resume"]
        with by_hand(self.world) as lock:
            lock.resume()


def text_of(release: Release, run: Run) -> str:
    """Say what `step deploy` prints at the end."""
    return outcome_of(release, run.status, error=run.error, cause=run.cause, deployer=NAME).text


def break_handlers(patch: pytest.MonkeyPatch, *names: str) -> None:
    """Give the live deployer handlers with a mistake in them."""

    def broken(*_: object) -> Deployment:
        raise TypeError("unsupported operand type(s)")

    for name in names:
        patch.setitem(handlers.STARTS if name in handlers.STARTS else handlers.STATES, name, broken)
    patch.setattr(worlds, "_HANDLERS", handlers.make_handlers(lambda: worlds._WORLDS[-1].ports))


def ends_well(world: World, person: Person) -> None:
    """Nothing is left, and the next deploy succeeds, once its words are followed too."""
    assert not world.is_locked
    world.intervene = None
    world.aws.smoke_test_status = ("SUCCEEDED", "")
    release = world.release(world.next_number())
    run = world.deploy(release)
    if run.end != "Success":
        person.follow(text_of(release, run))
        release = world.release(world.next_number())
        run = world.deploy(release)
    assert run.end == "Success", (person.did, run.cause)
    assert world.runs_exactly(release.release_id)
    assert not world.is_locked


@pytest.mark.parametrize("is_failing", [False, True])
@pytest.mark.parametrize("broken", [*([name] for name in MET), ["ReleaseLock", "Diagnose"], MET])
def test_printed_words_lead_out_of_a_broken_deployer(
    broken: list[str], is_failing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    person = Person(world, monkeypatch)
    release = world.release(world.next_number(), smoke_test=SMOKE_TEST)
    world.aws.smoke_test_status = ("FAILED", "") if is_failing else ("SUCCEEDED", "")
    break_handlers(monkeypatch, *broken)

    run = world.deploy(release)
    person.follow(text_of(release, run))

    if run.end != "Success" and not (run.cause or "").startswith(("SmokeTestFailed", "Unhealthy")):
        assert person.did, run.cause
    ends_well(world, person)


@pytest.mark.parametrize("end", ["ABORTED", "TIMED_OUT"])
@pytest.mark.parametrize("action", ["states:UpdateStateMachineAlias", "lambda:PublishVersion"])
def test_printed_words_lead_out_of_a_deploy_that_was_stopped(
    end: str, action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    person = Person(world, monkeypatch)

    def stop(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        answer = do()
        if call.action == action:
            world.stop(run)
            raise Gone
        return answer

    world.intervene = stop
    release = world.release(world.next_number())
    run = world.deploy(release)
    world.intervene = None
    person.follow(outcome_of(release, end, deployer=NAME).text)

    assert (run.end, person.did) == ("ABORTED", [f"recover {release.execution_name}"])
    ends_well(world, person)


def test_printed_words_lead_out_of_a_dirty_end(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    person = Person(world, monkeypatch)

    def fail(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        if run.state in ("ReleaseLock", "Rollback") and "Update" in call.action:
            raise Unavailable("the table is away")
        return do()

    world.intervene = fail
    release = world.release(world.next_number())
    run = world.deploy(release)
    world.intervene = None
    person.follow(text_of(release, run))

    assert (run.end, person.did) == ("FailureDirty", [f"recover {release.execution_name}"])
    # It was live alone: the remedy leaves it so, and undoes nothing.
    assert world.runs_exactly(release.release_id)
    ends_well(world, person)


def test_printed_words_give_a_persons_lock_back_and_let_deploys_go_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    person = Person(world, monkeypatch)
    with by_hand(world, "user/bob") as lock:
        lock.take("inventory", world.aws.clock.now_ms(), None)
        lock.halt("black friday", world.aws.clock.now_ms())

    for _ in range(2):
        release = world.release(world.next_number())
        person.follow(text_of(release, world.deploy(release)))

    assert [command.split()[0] for command in person.did] == ["unlock", "halt"]
    ends_well(world, person)


def test_broken_self_is_found_by_the_smoke_test_that_every_new_deployer_gets(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    for name in TASKS:
        with monkeypatch.context() as patch:
            patch.setattr(
                handlers.DeployerHandlers,
                "_handler",
                lambda self, task, name=name, real=handlers.DeployerHandlers._handler: real(
                    self, "nobody" if task == name else task
                ),
            )
            assert world.start(f"check-{name}", CHECK_INPUT).error == "UnknownTaskError"
    assert world.start("check", CHECK_INPUT).end == "Checked"


# ------------------------------------------------------------ without the deployer


def test_lock_is_not_taken_from_a_deploy_that_runs_nor_before_its_flip_has_arrived() -> None:
    world = World()

    def stop(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        answer = do()
        if call.action == "states:UpdateStateMachineAlias":
            world.stop(run)
            raise Gone
        return answer

    world.intervene = stop
    world.deploy(world.release(world.next_number()))
    now = world.aws.clock.now_ms()

    with by_hand(world) as lock:
        with pytest.raises(LockHeld, match="let it end, or `step stop"):
            lock.seize("step bootstrap", now, lambda execution: False)
        with pytest.raises(LeaseRunning):
            lock.seize("step bootstrap", now, lambda execution: True)


@pytest.mark.parametrize("action", ["states:UpdateStateMachineAlias", "lambda:PublishVersion"])
def test_what_is_done_by_hand_is_not_undone_by_the_recovery_that_comes_later(action: str) -> None:
    world = World()

    def stop(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        answer = do()
        if call.action == action:
            world.stop(run)
            raise Gone
        return answer

    world.intervene = stop
    stopped = world.deploy(world.release(world.next_number()))
    world.intervene = None
    world.aws.clock.pause(LEASE_MS / 1000)
    with by_hand(world) as lock:
        item, before = lock.seize("step bootstrap", world.aws.clock.now_ms(), lambda execution: True)
    machine = world.aws.machines[TARGET.machine_arn]
    machine.versions[9] = machine.versions[1]
    world.aws.route(TARGET.alias_arn, (Route(f"{TARGET.machine_arn}:9", 100),))
    with by_hand(world) as lock:
        deployed: JSONObject = {"version": f"{TARGET.machine_arn}:9"}
        lock.give_back("step bootstrap", world.aws.clock.now_ms(), deployed)

    recovery = world.start("recovery", recover_input(stopped.arn))

    assert (before, item.owner, recovery.end) == (stopped.arn, "human:user/ann", "Recovered")
    assert world.aws.live(TARGET) == (Route(f"{TARGET.machine_arn}:9", 100),)
    assert not world.is_locked
    assert not {"prev", "new", "committed", "held"} & world.lock.keys()
    run = world.deploy(world.release(world.next_number()))
    assert run.end == "Success", run.cause


RUNBOOK = (Path(__file__).parents[2] / "docs" / "runbook.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("code", [code for code in ExitCode if code is not ExitCode.SUCCESS])
def test_runbook_has_a_section_for_each_end(code: ExitCode) -> None:
    section = {
        ExitCode.CLEAN: "## FailureClean",
        ExitCode.LOCKED: "## Locked",
        ExitCode.PARTIAL: "## FailurePartial",
        ExitCode.DIRTY: "## FailureDirty",
        ExitCode.LOST_CONTACT: "## Lost contact, detached",
        ExitCode.DETACHED: "## Lost contact, detached",
    }[code]

    assert section in RUNBOOK


def test_runbook_names_commands_that_there_are_and_errors_that_are_raised() -> None:
    commands = set(re.findall(r"`step ([a-z]+)", RUNBOOK))
    finals = json.loads(worlds.TEXT)["States"]["Lock"]["Retry"]
    known = {name for retrier in finals for name in retrier["ErrorEquals"]}

    assert commands <= COMMANDS.keys()
    assert set(re.findall(r"^\| `([A-Za-z]+)`", RUNBOOK, re.MULTILINE)) <= known
