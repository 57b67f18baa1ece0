"""Run a deploy with faults, read what AWS is like afterwards, and say which assertion does not hold."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from step.deployer.client import recover_input, sweep_input
from step.deployer.ports import Route, Trial
from step.deployer.release import Analysis, Canary, CanaryStep, SmokeTest
from step.jsonvalue import JSONValue
from tests.deployer.memory_aws import Call
from tests.deployer.proof.faults import KINDS, Kind
from tests.deployer.proof.two_regions import (
    deploy_next_everywhere,
    judge_rollout,
    mend_what_was_stopped,
    stops_at_the_second,
    takes_the_first_back,
)
from tests.deployer.rollouts import with_two_regions
from tests.deployer.world import TARGET, Gone, Run, World

ENDS = ("Success", "FailureClean", "FailureDirty")
ALARM = "bread-fails"
CANARY = Canary(steps=(CanaryStep(percent=10, bake_seconds=120),), alarms=(ALARM,))
FIVE_STEPS = Canary(
    steps=tuple(CanaryStep(percent=share, bake_seconds=60) for share in (5, 10, 25, 50, 75)), alarms=(ALARM,)
)
CHECKER = f"arn:aws:lambda:{TARGET.region}:{TARGET.account}:function:checks:3"
ANALYST = f"arn:aws:states:{TARGET.region}:{TARGET.account}:stateMachine:checks"
ASKED = replace(FIVE_STEPS, analysis=Analysis(resource=CHECKER))
ANALYSED = replace(FIVE_STEPS, analysis=Analysis(resource=f"{ANALYST}:1"))
SMOKE_TEST = SmokeTest(input={"flour_grams": 1})


@dataclass(frozen=True)
class Scenario:
    """What a deploy meets before anything is injected.

    Attributes:
        name: What the table calls it.
        deploy: Makes a release and deploys it, or does something else.
        prepare: Makes the world as it is found.
        what: What it does: "deploy", "rollout", "recover" or "prune".
        is_sick: Whether the new version isn't well: it must not stay live.
    """

    name: str
    deploy: Callable[[World], Run]
    prepare: Callable[[World], None] = lambda world: None
    what: str = "deploy"
    is_sick: bool = False


@dataclass(frozen=True)
class Injection:
    """A fault at a call, by its number."""

    at: int
    kind: Kind


@dataclass
class Case:
    """One run of the proof, and what is wrong with how it ended.

    ``hidden``: the end says other than what is. ``stuck``: the next deploy needs a human. ``undiagnosed``:
    the cause of a FailureDirty lacks something; ``needless``: it could have been proven clean.
    """

    scenario: str
    injections: Sequence[Injection]
    end: str = ""
    hidden: list[str] = field(default_factory=list)
    mixed: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    undiagnosed: list[str] = field(default_factory=list)
    needless: list[str] = field(default_factory=list)

    @property
    def problems(self) -> list[str]:
        return [*self.hidden, *self.mixed, *self.stuck, *self.undiagnosed, *self.needless]

    def __str__(self) -> str:
        faults = ", ".join(f"{one.kind.name} at call {one.at}" for one in self.injections)
        return f"{self.scenario}, {faults}: {self.end}: {'; '.join(self.problems)}"


def _plain(world: World) -> Run:
    return world.deploy(world.release(world.next_number()))


def _canary(world: World) -> Run:
    world.aws.alarm_states[ALARM] = "OK"
    return world.deploy(world.release(world.next_number(), canary=CANARY, smoke_test=SMOKE_TEST))


def _unhealthy(world: World) -> Run:
    """The alarm rings as soon as the canary runs."""
    world.aws.alarm_states[ALARM] = "OK"
    release = world.release(world.next_number(), canary=CANARY)
    world.alarm_at_flip = ALARM
    return world.deploy(release)


def says_no_at(step: int, answer: Trial) -> Callable[[JSONValue], Trial]:
    """Make an analysis that lets the steps before pass."""

    def analysis(question: JSONValue) -> Trial:
        assert isinstance(question, dict)
        return answer if question["step"] == step else Trial("SUCCEEDED", output={"healthy": True})

    return analysis


def _five_steps(world: World) -> Run:
    world.aws.alarm_states[ALARM] = "OK"
    return world.deploy(world.release(world.next_number(), canary=ASKED))


def _analysed(world: World) -> Run:
    """The analysis, a machine's, lets two steps pass, and fails at the third."""
    world.aws.analysts.add(ANALYST)
    world.aws.alarm_states[ALARM] = "OK"
    release = world.release(world.next_number(), canary=ANALYSED)
    world.aws.analysis = says_no_at(3, Trial("SUCCEEDED", output={"healthy": False, "reason": "slow"}))
    return world.deploy(release)


def _stopped_after_its_flip(world: World) -> None:
    def stop(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        answer = do()
        if call.action == "states:UpdateStateMachineAlias":
            world.stop(run)
            raise Gone
        return answer

    world.intervene = stop
    world.deploy(world.release(world.next_number()))
    world.intervene = None


def _recover_it(world: World) -> Run:
    stopped = next(arn for arn, facts in world.aws.executions.items() if facts.status == "ABORTED")
    return world.start("recovery-itself", recover_input(stopped))


def _with_versions(world: World) -> None:
    for _ in range(4):
        world.deploy(world.release(world.next_number()))


SCENARIOS = (
    Scenario("plain", _plain),
    Scenario("smoke test and canary", _canary),
    Scenario("canary that fails", _unhealthy, is_sick=True),
    Scenario("canary of five steps", _five_steps),
    Scenario("analysis that fails at the third", _analysed, is_sick=True),
    Scenario("after a deploy that was stopped", _plain, _stopped_after_its_flip),
    Scenario("recovery", _recover_it, _stopped_after_its_flip, what="recover"),
    Scenario("second region fails", stops_at_the_second, with_two_regions, what="rollout"),
    Scenario("first region taken back", takes_the_first_back, with_two_regions, what="rollout"),
    Scenario("pruning", lambda world: world.prune(keep=2), _with_versions, what="prune"),
)


def count_calls(scenario: Scenario) -> int:
    """Say how many calls a scenario makes by itself."""
    world = World()
    scenario.prepare(world)
    return world.call_number(scenario.deploy(world))


def inject(injections: Sequence[Injection]) -> Callable[..., Any]:
    """Make what intervenes at these calls, and at the later ones that a fault covers."""
    firsts: dict[Injection, Call] = {}

    def intervene(world: World, run: Run, number: int, call: Call, do: Callable[[], Any]) -> Any:
        for one in injections:
            if one.at == number:
                firsts[one] = call
            elif one not in firsts or not one.kind.covers(firsts[one], call):
                continue
            return one.kind.fault(world, run, call, do)
        return do()

    return intervene


def examine(scenario: Scenario, injections: Sequence[Injection]) -> Case:
    """Run a scenario with faults and judge how it ended, and how the next deploy goes."""
    case = Case(scenario.name, injections)
    world = World()
    before_all = world.aws.live(world.target)
    scenario.prepare(world)
    before = world.aws.live(world.target)
    world.intervene = inject(injections)
    run = scenario.deploy(world)
    if run.end == "ABORTED" and any(one.kind.is_redriven for one in injections):
        run = world.redrive(run)
    world.intervene, world.alarm_at_flip = None, None
    world.aws.alarm_states = dict.fromkeys(world.aws.alarm_states, "OK")
    case.end = run.end
    for target in world.targets:
        world.aws.items.get(target.lock_key, {}).pop("halt", None)
    if scenario.what == "rollout":
        return _judged_rollout(case, world, run)
    if scenario.what == "deploy":
        is_stop = any(i.kind.is_stop for i in injections)
        case.hidden += _hidden(world, run, (before_all, before), is_stop=is_stop)
    else:
        case.hidden += _hidden_beside_deploys(world, run, scenario.what, before_all, before)
    if scenario.is_sick and run.end == "Success" and world.hotfix is None:
        case.hidden.append("Success, and the new version isn't well")
    if run.end == "FailureDirty":
        _judge_dirty(case, world, run, (before_all, before))
    if run.end == "ABORTED":
        is_unheard = any(one.kind.is_unheard for one in injections)
        case.stuck += _sweep(world, run) if is_unheard else _recover(world, run)
        if scenario.what == "deploy":
            case.hidden += _hidden_after_recovery(world, run, (before_all, before))
    case.stuck += _deploy_next(world)
    case.mixed += world.mixes
    return case


def _judged_rollout(case: Case, world: World, run: Run) -> Case:
    """Judge a rollout by what is live in each region, and how the next one goes."""
    is_stop = any(one.kind.is_stop for one in case.injections)
    case.hidden += judge_rollout(world, run, is_stop=is_stop)
    if run.end == "FailureDirty" and not any(
        words in (run.cause or "") for words in ("step recover", "step history")
    ):
        case.undiagnosed.append("no command is told")
    case.stuck += mend_what_was_stopped(world, run)
    case.stuck += deploy_next_everywhere(world)
    case.mixed += world.mixes
    return case


def _hidden(world: World, run: Run, before: Sequence[tuple[Route, ...]], *, is_stop: bool) -> Iterator[str]:
    name = run.name
    if run.end not in ENDS and not (is_stop and run.end == "ABORTED"):
        yield f"the end is {run.end}: {run.cause}"
    if run.end == "Success":
        if world.hotfix is not None and world.aws.live(world.target) == (Route(world.hotfix, 100),):
            return
        if not world.runs_exactly(name) and not _was_superseded(world, name):
            yield f"Success, and live is {world.aws.live(world.target)}"
        if world.lock.get("owner") == run.arn:
            yield "Success, and the lock is held"
    if run.end == "FailureClean":
        if not _is_as_before(world, before):
            yield f"FailureClean, and live is {world.aws.live(world.target)}"
        if world.lock.get("owner") == run.arn:
            yield "FailureClean, and the lock is held"
    succeeded = any(other.end == "Success" for other in world.others)
    if run.end == "ABORTED" and succeeded and not _is_as_before(world, ()):
        yield f"the other deploy has succeeded, and live is {world.aws.live(world.target)}"
    for other in world.others:
        if other.end == "FailureClean" and not (other.cause or "").startswith(("LockHeld", "Halted")):
            yield f"the other deploy failed: {other.cause}"
        elif other.end not in ("Success", "FailureClean"):
            yield f"the other deploy ended as {other.end}: {other.cause}"


def _hidden_beside_deploys(
    world: World, run: Run, what: str, before_all: tuple[Route, ...], before: tuple[Route, ...]
) -> Iterator[str]:
    """A recovery that says so has led live back, and no other end moves anything; a pruning moves nothing."""
    expected = {"recover": ("Recovered", "FailureClean", "FailureDirty"), "prune": ENDS}[what]
    if run.end not in (*expected, "ABORTED"):
        yield f"the end is {run.end}: {run.cause}"
    allowed = (before_all,) if run.end == "Recovered" else (before_all, before)
    if run.end != "Success" and not _is_as_before(world, allowed):
        yield f"{run.end}, and live is {world.aws.live(world.target)}"
    if run.end in ("Recovered", "Success", "FailureClean") and world.lock.get("owner") == run.arn:
        yield f"{run.end}, and the lock is held"
    if run.end == "Recovered" and world.is_locked and "human" not in str(world.lock["owner"]):
        yield f"Recovered, and {world.lock['owner']} holds the lock"
    for route in world.aws.live(world.target):
        if (
            int(route.version_arn.rpartition(":")[2])
            not in world.aws.machines[world.target.machine_arn].versions
        ):
            yield f"{route.version_arn} is live and was deleted"


def _sweep(world: World, run: Run) -> Iterator[str]:
    """Start what EventBridge starts on a schedule: nobody was told of the end."""
    holds = world.lock.get("owner") == run.arn
    swept = world.start("sweep", sweep_input())
    if swept.end not in (("Recovered",) if holds else ("Recovered", "Swept")):
        yield f"the sweep ended as {swept.end}: {swept.cause}"
    if world.lock.get("owner") in (run.arn, swept.arn):
        yield "the lock is held after the sweep"


def _was_superseded(world: World, name: str) -> bool:
    """Whether the deploy had done all it had to, and another one came before it was redriven to its end."""
    record = world.aws.items.get(world.target.record_key(name), {})
    later = [other.name for other in world.others if other.end == "Success"]
    return record.get("outcome") == "Success" and bool(later) and world.runs_exactly(later[-1])


def _is_as_before(world: World, before: Sequence[tuple[Route, ...]]) -> bool:
    live = world.aws.live(world.target)
    if world.hotfix is not None and live == (Route(world.hotfix, 100),):
        return True
    done = [other.name for other in world.others if other.end == "Success"]
    if done:
        return world.runs_exactly(done[-1])
    # What somebody has made live is left as it is, unless it came between the last look and the call.
    return live in (*before, *world.earlier) and (world.hotfix is None or world.is_overtaken)


def _judge_dirty(case: Case, world: World, run: Run, before: Sequence[tuple[Route, ...]]) -> None:
    cause = run.cause or ""
    live = world.aws.live(world.target)
    holds = world.lock.get("owner") == run.arn
    says_unread = "could not be read" in cause
    if cause.startswith("Nothing could be read"):
        if not any(one.kind.lasts != "once" for one in case.injections):
            case.undiagnosed.append("nothing was read, though it could have been")
    elif not _is_as_before(world, before) and not says_unread:
        case.undiagnosed += [f"{one.version_arn} is not told" for one in live if one.version_arn not in cause]
    if holds and "holds the lock" not in cause and not says_unread and "may be held" not in cause:
        case.undiagnosed.append("the held lock is not told")
    is_clean = not holds and (_is_as_before(world, before) or world.runs_exactly(run.name))
    if is_clean and all(one.kind.lasts == "once" for one in case.injections):
        case.needless.append("FailureDirty, where all is clean")


def _recover(world: World, run: Run) -> Iterator[str]:
    """Start what EventBridge starts after an execution was stopped."""
    recovery = world.start("recovery", recover_input(run.arn))
    if recovery.end != "Recovered":
        yield f"the recovery ended as {recovery.end}: {recovery.cause}"
    if world.lock.get("owner") in (run.arn, recovery.arn):
        yield "the lock is held after the recovery"


def _hidden_after_recovery(world: World, run: Run, before: Sequence[tuple[Route, ...]]) -> Iterator[str]:
    """What was stopped is undone, or it was live alone before, and its record says so."""
    name = run.name
    record = world.aws.items.get(world.target.record_key(name), {})
    if not _is_as_before(world, before) and not (
        world.runs_exactly(name) and record.get("outcome") == "Success"
    ):
        told = record.get("outcome")
        yield f"recovered, and live is {world.aws.live(world.target)}; the record says {told}"


def _deploy_next(world: World) -> Iterator[str]:
    release = world.release(world.next_number())
    run = world.deploy(release)
    if run.end != "Success":
        yield f"the next deploy ended as {run.end}: {run.cause}"
    elif not world.runs_exactly(release.release_id) or world.is_locked:
        yield "the next deploy isn't live alone, or holds the lock"


def singles(every: int = 1) -> Iterator[tuple[Scenario, list[Injection]]]:
    """Yield each kind of fault at each call of each scenario; of those, one in so many."""
    index = 0
    for scenario in SCENARIOS:
        calls = count_calls(scenario)
        for kind in KINDS:
            for at in range(1, calls + 1):
                index += 1
                if index % every == 0:
                    yield scenario, [Injection(at, kind)]


def pairs(count: int, seed: int = 0) -> Iterator[tuple[Scenario, list[Injection]]]:
    """Yield so many pairs of faults, at random; always the same ones."""
    draw = random.Random(seed)
    calls = {scenario.name: count_calls(scenario) for scenario in SCENARIOS}
    for _ in range(count):
        scenario = draw.choice(SCENARIOS)
        ats = sorted(draw.sample(range(1, calls[scenario.name] + 15), 2))
        yield scenario, [Injection(at, draw.choice(KINDS)) for at in ats]


def table(title: str, cases: Iterable[Case]) -> str:
    """Write the counts: a row for each kind of fault, or for each scenario where there are several."""
    rows: dict[str, Counter[str]] = {}
    for case in cases:
        name = case.injections[0].kind.name if len(case.injections) == 1 else "two faults"
        for row in (rows.setdefault(name, Counter()), rows.setdefault("all", Counter())):
            row["runs"] += 1
            row[case.end] += 1
            for what in ("hidden", "mixed", "stuck", "undiagnosed", "needless"):
                row[what] += bool(getattr(case, what))
    columns = [
        "runs",
        *ENDS,
        "FailurePartial",
        "Recovered",
        "ABORTED",
        "hidden",
        "mixed",
        "stuck",
        "undiagnosed",
        "needless",
    ]
    rows["all"] = rows.pop("all", Counter())
    lines = [f"| {title} | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, row in rows.items():
        lines.append(f"| {name} | {' | '.join(str(row[column]) for column in columns)} |")
    return "\n".join(lines)
