"""Runs the deployer's machine over the AWS in memory, and lets things happen in the middle of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from step import StateMachine
from step.clock import parse_timestamp
from step.deployer.client import FunctionCode, PruneRequest, Upload, draft_release, execution_input
from step.deployer.handlers import make_handlers
from step.deployer.lock import FUNCTION_TIMEOUT_SECONDS
from step.deployer.names import Target
from step.deployer.ports import ExecutionFacts, Ports, Route
from step.deployer.release import Canary, Release, SmokeTest
from step.errors import StepError, TaskError
from step.jsonvalue import JSONObject, JSONValue
from tests.deployer.memory_aws import Call, MemoryAws

FILE = Path(__file__).parents[2] / "states" / "deployer.asl.json"
TEXT = FILE.read_text(encoding="utf-8")
NAME = "step-deployer"
ARN = f"arn:aws:states:us-east-1:123456789012:execution:{NAME}:"
TARGET = Target(
    project="bread", config="test", account="210987654321", region="eu-central-1", machine="bread-test"
)
# Where a rollout goes after that.
SECOND = replace(TARGET, region="eu-west-1")
FUNCTIONS = ("bread-test", "oven-test")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Real retries wait; an attempt comes so much later than the one before.
_RETRY_MS = 30_000
# The worlds whose executions are under way, the innermost last.
_WORLDS: list[World] = []
# One for all worlds: each handler is compiled when it is called first.
_HANDLERS = make_handlers(lambda: _WORLDS[-1].ports)


class Crash(BaseException):
    """The deployer's function dies here."""


class Gone(BaseException):
    """The execution was stopped, and its last invocation has come to its end."""


@dataclass
class Run:
    """One execution of the deployer: where it is, and how it ended."""

    arn: str
    status: str = "RUNNING"
    error: str | None = None
    cause: str | None = None
    state: str = ""
    input: JSONValue = None
    began: int = 0
    output: Any = None
    path: list[str] = field(default_factory=list)
    # Whether another execution of the deployer has started it: a rollout's deploys.
    is_stage: bool = False

    @property
    def name(self) -> str:
        """The release's name, which the execution's ends with."""
        return self.arn.rpartition(":")[2].rpartition("__")[2]

    @property
    def end(self) -> str:
        """The name of its end: Success, FailureClean, FailureDirty, or its status."""
        if self.status == "SUCCEEDED":
            return self.path[-1]
        return self.error or self.status if self.status == "FAILED" else self.status


Intervene = Callable[["World", Run, int, Call, Callable[[], Any]], Any]


class World:
    """An AWS with the deployer and one project, whose releases are numbered.

    Attributes:
        text: The deployer's definition.
        runs: The executions under way, the innermost last.
        calls: What was called: (state, call).
        mixes: Moments at which the alias led to a mix.
        released: What each release brings: its definition's comment, and the hashes of its functions' zips.
        intervene: Makes the calls of the outermost execution, given their number; None: nothing happens.
    """

    def __init__(self, target: Target = TARGET, functions: Sequence[str] = FUNCTIONS) -> None:
        self.aws = MemoryAws()
        self.text = TEXT
        self.target = target
        self.targets: list[Target] = []
        self.functions = functions
        self.ports: Ports = self.aws.ports(target.account)
        self.calls: list[tuple[str, Call]] = []
        self.runs: list[Run] = []
        self.mixes: list[str] = []
        self.released: dict[str, tuple[str, dict[str, str]]] = {}
        self.intervene: Intervene | None = None
        # Deploys that came in the middle of another one.
        self.others: list[Run] = []
        # A call that was sent at a time and hasn't arrived yet.
        self.arrives: tuple[int, Callable[[], Any]] | None = None
        # The alarm that rings once the alias is moved.
        self.alarm_at_flip: str | None = None
        # Whether the function's clock is the machine's, as it is but in virtual time.
        self.keeps_time = True
        # The version that somebody made live by hand, and whether that was too late to be seen.
        self.hotfix: str | None = None
        # Where live was led by hand before that.
        self.earlier: list[tuple[Route, ...]] = []
        self.is_overtaken = False
        self._made = 0
        self._whole: set[str] = set()
        self._numbers: dict[str, int] = {}
        self.aws.on_call, self.aws.start_own = self._on_call, self._start_stage
        self.make_project(target)

    def make_project(self, target: Target) -> None:
        """Make the project somewhere, as Terraform does."""
        code = {name: f"{name} 0".encode() for name in self.functions}
        definition = self.definition(0, dict.fromkeys(self.functions, "1"))
        self.aws.make_project(target, code, definition.replace(self.target.region, target.region))
        self.targets.append(target)

    # ------------------------------------------------------------ releases

    def next_number(self) -> int:
        """Number a release."""
        self._made += 1
        return self._made

    def definition(self, number: int, versions: Mapping[str, str] | None = None) -> str:
        """Write the definition of a release, of which everything tells the number."""
        states: JSONObject = {}
        for index, name in enumerate(self.functions):
            arn = f"${{{placeholder(name)}}}"
            if versions:
                arn = f"{self.target.function_arn(name)}:{versions[name]}"
            after: JSONObject = {"End": True}
            if index + 1 < len(self.functions):
                after = {"Next": self.functions[index + 1]}
            states[name] = {"Type": "Task", "Resource": arn, "TimeoutSeconds": 9, **after}
        return json.dumps({"Comment": f"release {number}", "StartAt": self.functions[0], "States": states})

    def release(
        self,
        number: int,
        *,
        canary: Canary | None = None,
        smoke_test: SmokeTest | None = None,
        expect_live: str | None = None,
        target: Target | None = None,
        upload: bool = True,
    ) -> Release:
        """Make a release and upload it."""
        self.aws.clock.pause(1)
        draft = draft_release(
            target or self.target,
            release_id=f"r{number}" if target is None else f"r{number}-{target.region}",
            created_at_ms=self.aws.clock.now_ms(),
            definition=self.definition(number),
            code=[
                FunctionCode(
                    function=name, zip=Upload.of(f"{name} {number}".encode()), placeholder=placeholder(name)
                )
                for name in self.functions
            ],
            canary=canary,
            smoke_test=smoke_test,
            expect_live=expect_live,
        )
        release = draft.finish(
            {key: self.aws.upload(key, bytes_of(one)) for key, one in draft.objects.items()}
        )
        if upload:
            self.aws.upload(release.key, release.to_bytes())
        codes = {function.name: function.sha256 for function in release.functions}
        self.released[release.release_id] = (f"release {number}", codes)
        return release

    # ------------------------------------------------------------ executions

    def deploy(self, release: Release) -> Run:
        """Deploy a release."""
        return self.start(release.execution_name, execution_input(release))

    def prune(self, keep: int, request_id: str = "prune", *, upload: bool = True) -> Run:
        """Prune, as somebody who may deploy."""
        request = PruneRequest(target=self.target, keep=keep, request_id=request_id)
        if upload:
            self.aws.upload(request.key, request.to_bytes())
        return self.start(request.execution_name, request.to_json())

    def start(self, name: str, value: JSONValue, *, is_stage: bool = False) -> Run:
        """Run an execution of the deployer."""
        run = Run(ARN + name, is_stage=is_stage)
        self.aws.executions[run.arn] = ExecutionFacts("RUNNING", json.dumps(value))
        return self._execute(run, self.text, value)

    def _start_stage(self, name: str, value: JSONValue) -> None:
        """Run a rollout's deploy; the rollout's own invocation doesn't wait for it."""
        rollout = self.runs[-1]
        self.start(name, value, is_stage=True)
        rollout.began = self.aws.clock.now

    def redrive(self, run: Run) -> Run:
        """Let an execution that was stopped go on, with the state that it was in."""
        definition = json.loads(self.text)
        # Where it began stays reachable, as the language wants it.
        began = {"Variable": "$.never", "IsPresent": True, "Next": definition["StartAt"]}
        definition["States"]["Redriven"] = {"Type": "Choice", "Choices": [began], "Default": run.state}
        text = json.dumps({**definition, "StartAt": "Redriven"})
        again = Run(run.arn)
        facts = self.aws.executions[run.arn]
        self.aws.executions[run.arn] = ExecutionFacts("RUNNING", facts.input)
        return self._execute(again, text, run.input)

    def _execute(self, run: Run, text: str, value: JSONValue) -> Run:
        machine = _machine(text)
        self.runs.append(run)
        _WORLDS.append(self)
        start = _EPOCH + timedelta(milliseconds=self.aws.clock.now_ms())
        try:
            execution = machine.execute(value, name=run.arn.rpartition(":")[2], start=start)
            run.status, run.error, run.cause = execution.status, execution.error, execution.cause
            run.path = execution.path
            run.output = execution.output
        except Gone:
            run.status = "ABORTED"
        finally:
            self.runs.remove(run)
            _WORLDS.remove(self)
        self.aws.executions[run.arn] = self.aws.executions[run.arn]._replace(
            status=run.status, error=run.error or "", cause=run.cause or ""
        )
        return run

    def invoke(self, event: Any, context: object) -> Any:
        """Do what Lambda does with a message to the deployer's function."""
        run = self.runs[-1]
        if "Context" not in event:
            # What asks for a version tells no context.
            return self._answer(event, context)
        run.state, run.input = event["Task"], event["Input"]
        run.path.append(run.state)
        entered = parse_timestamp(event["Context"]["EnteredTime"])
        assert entered is not None
        clock = self.aws.clock
        if self.keeps_time:
            clock.now = max(
                clock.now + _RETRY_MS * bool(event["Context"]["RetryCount"]), entered // 1_000_000
            )
        run.began = clock.now
        try:
            return self._answer(event, context)
        except Crash:
            raise TaskError("Runtime.ExitError", "RequestId: 1 Error: Runtime exited") from None
        finally:
            self._end_if_stopped(run)

    def _answer(self, event: Any, context: object) -> Any:
        try:
            return _HANDLERS(event, context)
        except Exception as error:
            # As Lambda tells it.
            told = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
            raise TaskError(type(error).__name__, json.dumps(told)) from error

    def stop(self, run: Run) -> None:
        """Stop an execution; its invocation goes on, unseen."""
        run.status = "ABORTED"
        self.aws.executions[run.arn] = self.aws.executions[run.arn]._replace(status="ABORTED")

    def _end_if_stopped(self, run: Run) -> None:
        if run.status == "ABORTED":
            raise Gone

    # ------------------------------------------------------------ calls

    def _on_call(self, call: Call, do: Callable[[], Any]) -> Any:
        run = self.runs[-1]
        self.check_time(run)
        # The deploys of a rollout are of it.
        is_alone = all(inner.is_stage for inner in self.runs[1:])
        root = self.runs[0] if is_alone else run
        number = self._numbers[root.arn] = self._numbers.get(root.arn, 0) + 1
        self.calls.append((run.state, call))
        self._let_it_arrive(call)
        try:
            if self.intervene is None or not is_alone:
                return do()
            return self.intervene(self, run, number, call, do)
        finally:
            if self.alarm_at_flip and call.action == "states:UpdateStateMachineAlias":
                self.aws.alarm_states[self.alarm_at_flip] = "ALARM"
            self._look_for_a_mix()

    def _let_it_arrive(self, call: Call) -> None:
        """Let a zombie's last call arrive right before the other deploy moves the alias, if it still can."""
        if self.arrives is None or len(self.runs) < 2 or call.action != "states:UpdateStateMachineAlias":
            return
        (sent_at, do), self.arrives = self.arrives, None
        if self.aws.clock.now <= sent_at + FUNCTION_TIMEOUT_SECONDS * 1000:
            with suppress(StepError):
                do()

    def check_time(self, run: Run) -> None:
        """Lambda ends an invocation that takes too long; a zombie lives no longer than that either."""
        if self.aws.clock.now > run.began + FUNCTION_TIMEOUT_SECONDS * 1000:
            raise Crash

    def call_number(self, run: Run) -> int:
        return self._numbers.get(run.arn, 0)

    def _look_for_a_mix(self) -> None:
        """Note a moment at which the alias leads to a definition with code of another release."""
        for route in [route for target in self.targets for route in self.aws.live(target)]:
            if route.version_arn not in self._whole and (problem := self.mix(route.version_arn)):
                self.mixes.append(problem)
            # Versions never change.
            self._whole.add(route.version_arn)

    def mix(self, version_arn: str) -> str | None:
        """Say what doesn't fit together in a version of the machine."""
        version = self.aws.version(version_arn)
        definition = json.loads(version.definition)
        number = definition["Comment"].removeprefix("release ")
        for name in self.functions:
            arn = definition["States"][name]["Resource"]
            if not arn.rpartition(":")[2].isdecimal():
                return f"{version_arn}: {arn} is no version"
            if self.aws.function_code(arn) != hashlib.sha256(f"{name} {number}".encode()).hexdigest():
                return f"{version_arn}: definition {number} calls {arn}, which is other code"
        return None

    # ------------------------------------------------------------ what there is

    @property
    def lock(self) -> JSONObject:
        return self.lock_of(self.target)

    def lock_of(self, target: Target) -> JSONObject:
        return self.aws.items.get(target.lock_key, {})

    @property
    def is_locked(self) -> bool:
        return bool(self.lock.get("owner"))

    def runs_exactly(self, release_id: str, target: Target | None = None) -> bool:
        """Whether the alias leads to exactly this release, and nowhere else."""
        comment, codes = self.released[release_id]
        routes = [route for route in self.aws.live(target or self.target) if route.weight]
        if len(routes) != 1 or routes[0].weight != 100:
            return False
        definition = json.loads(self.aws.version(routes[0].version_arn).definition)
        return definition["Comment"] == comment and all(
            self.aws.function_code(definition["States"][name]["Resource"]) == digest
            for name, digest in codes.items()
        )


def bytes_of(upload: Upload) -> bytes:
    """The bytes of what isn't a file."""
    assert isinstance(upload.content, bytes)
    return upload.content


@lru_cache
def _machine(text: str) -> StateMachine:
    """Compile the deployer's machine once; its messages go to the world that runs it."""
    machine = StateMachine.from_json(text, name=NAME)
    return machine.set_resource_function(
        "${function_arn}", lambda event, context: _WORLDS[-1].invoke(event, context)
    )


def placeholder(function: str) -> str:
    """The placeholder of a function in the definitions of these tests."""
    return function.replace("-", "_") + "_arn"
