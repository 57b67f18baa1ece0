"""Deploy without the deployer, with the caller's permissions: the deployer's first release, or its repair.

The order is the deployer's: everything is staged before the alias moves, so that a failure before that
changes nothing that anybody calls. Its own lock is taken by hand meanwhile, also from a deploy that has ended
without giving it back, and is free afterwards: nothing is left to be recovered.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256

from step.aws.carrier import MAX_SENT_BYTES
from step.aws.connection import Aws
from step.aws.deployer import TABLE
from step.aws.deployer_table import DynamoTable
from step.aws.release_client import ReleaseClient
from step.aws.released import outcome_in
from step.clock import format_timestamp, now_ms, pause
from step.deployer.by_hand import LockByHand
from step.deployer.causes import message_of
from step.deployer.client import make_release_id
from step.deployer.definition import bind_functions, called_versions, check_definition
from step.deployer.lock import LeaseRunning
from step.deployer.names import CONFIG_NAME, LIVE, PROJECT_NAME, Target
from step.deployer.release import CHECK_INPUT
from step.errors import Refused, StepError

_SFN = "stepfunctions"
_LOOKS, _LOOK_SECONDS = 300, 1.0
# Between two attempts to take a lock whose last holder's flip may still arrive.
_LEASE_SECONDS = 10.0


class NotLive(StepError):  # noqa: N818 - reads as the sentence it is
    """The new version isn't led to: it doesn't work, or isn't ready. What was live is live."""


@dataclass(frozen=True, slots=True)
class _OwnLock:
    """The deployer's own lock in a person's hands, and the records beside it."""

    table: DynamoTable
    target: Target
    who: str

    @property
    def by_hand(self) -> LockByHand:
        return LockByHand(self.table, self.target.lock_key, self.who)

    def outcome(self, release_id: str) -> str | None:
        return outcome_in(self.table, self.target, release_id)

    def record(self, release_id: str, version: str) -> None:
        """Record what was done by hand, as the deployer does it: it may be gone back to."""
        self.table.record(
            {
                "key": self.target.record_key(release_id),
                "requested_by": self.who,
                "outcome": "Success",
                "ended_at": format_timestamp(now_ms()),
                "version": version,
            }
        )


class Bootstrap:
    """Stages and flips one function and one machine."""

    def __init__(self, aws: Aws, *, wait: Callable[[float], None] = pause) -> None:
        self._aws = aws
        self._client = ReleaseClient(aws)
        self._wait = wait

    def deploy(
        self,
        function: str,
        machine: str,
        code: bytes,
        definition: str,
        placeholder: str,
        say: Callable[[str], None],
    ) -> str:
        """Publish code and definition and lead the alias there; return the live version's ARN.

        Args:
            function: The function's name.
            machine: The machine's name.
            code: The function's zip.
            definition: The definition, with a placeholder for the function.
            placeholder: What stands for the function's ARN in it.
            say: Hears of each step.

        Raises:
            StepError: it failed; unless the message says otherwise, what was live is live.
        """
        if len(code) > MAX_SENT_BYTES:
            raise StepError(
                f"the zip has {len(code):,} bytes; without a deployer it may have {MAX_SENT_BYTES:,}"
            )
        lock = self._lock(function, say)
        plain = self._client.function(function).arn
        machine_arn = self._client.machine_arn(machine)
        bound = bind_functions(definition, {plain: f"{plain}:1"}, {placeholder: plain})
        problems = check_definition(
            bound, machine_type="STANDARD", own={plain: f"{plain}:1"}, allowed=("arn:*:states:::*",)
        )
        if problems:
            raise StepError("\n".join(problems))
        self._aws.call("lambda", "update_function_code", FunctionName=function, ZipFile=code)
        self._until_ready(function, None)
        version = str(self._aws.call("lambda", "publish_version", FunctionName=function)["Version"])
        self._until_ready(function, version)
        say(f"published {function}:{version}")
        self._check(function, version, definition)
        bound = bind_functions(definition, {plain: f"{plain}:{version}"}, {placeholder: plain})
        release_id = f"bootstrap-{make_release_id(now_ms(), sha256(code).hexdigest())}"
        live = self._flip(machine_arn, bound, release_id, say)
        self._unlock(lock, live, say)
        if lock is not None:
            lock.record(release_id, live)
        return live

    def back(self, machine: str, say: Callable[[str], None]) -> str:
        """Lead the alias to the newest version before the live one whose handlers work; return its ARN.

        Raises:
            StepError: there is none.
        """
        lock = self._lock(machine, say)
        versions = self._client.versions_before_live(
            machine, lambda release_id: None if lock is None else lock.outcome(release_id)
        )
        version = self._first_that_works(machine, versions, say)
        self._route(self._client.machine_arn(machine), version)
        self._unlock(lock, version, say)
        return version

    def _first_that_works(self, function: str, versions: Iterator[str], say: Callable[[str], None]) -> str:
        for version in versions:
            definition = self._aws.call(_SFN, "describe_state_machine", stateMachineArn=version)["definition"]
            try:
                for called in called_versions(definition):
                    arn, _, number = called.rpartition(":")
                    if arn.endswith(f":function:{function}"):
                        self._check(function, number, definition)
            except (NotLive, Refused) as error:
                say(f"passed over {version}: {error}")
            else:
                return version
        raise NotLive(f"no version of {function!r} before the live one works: name one with -zip")

    def _lock(self, function: str, say: Callable[[str], None]) -> _OwnLock | None:
        """Take the deployer's own lock, whatever state it is in; None: there is no table of locks.

        Raises:
            StepError: a deploy of it runs, or another person holds it; the message says what to do.
        """
        facts = self._client.function(function)
        variables = facts.configuration.get("Environment")
        named = variables.get("Variables") if isinstance(variables, dict) else None
        table = named.get(TABLE) if isinstance(named, dict) else None
        tags = facts.tags
        if not isinstance(table, str) or not {PROJECT_NAME, CONFIG_NAME} <= tags.keys():
            say("no lock: the function doesn't say where its table is, or whose it is")
            return None
        target = Target(
            project=tags[PROJECT_NAME],
            config=tags[CONFIG_NAME],
            account=facts.arn.split(":")[4],
            region=facts.arn.split(":")[3],
            machine=function,
        )
        lock = _OwnLock(DynamoTable(self._aws.client("dynamodb"), table), target, self._client.who())
        for _ in range(_LOOKS):
            try:
                item, before = lock.by_hand.seize("step bootstrap", now_ms(), self._has_ended)
                break
            except LeaseRunning as running:
                say(str(running))
                self._wait(_LEASE_SECONDS)
        else:
            raise StepError("the lock stays in its last holder's hands: look at `step releases`")
        if before:
            say(f"took the lock over from {before}, which has ended and had left it {item.phase}")
        return lock

    def _has_ended(self, execution: str) -> bool:
        try:
            return str(self._client.describe(execution)["status"]) not in ("RUNNING", "PENDING_REDRIVE")
        except Refused as refused:
            if refused.code != "ExecutionDoesNotExist":
                raise
            return True

    def _unlock(self, lock: _OwnLock | None, live: str, say: Callable[[str], None]) -> None:
        """Give the lock back: what is live now is what counts, and nothing is left of what was before."""
        if lock is None:
            return
        now = now_ms()
        lock.by_hand.give_back(
            "step bootstrap",
            now,
            {"release": "bootstrap", "created_at": format_timestamp(now), "version": live},
        )
        say("the lock is free; there is nothing to recover")

    def _check(self, function: str, version: str, definition: str) -> None:
        """Ask each handler of the new version whether it is there, where the definition knows how.

        Raises:
            StepError: one isn't; what was live is live.
        """
        states = json.loads(definition).get("States", {})
        for name in states.get("Handlers", {}).get("Result", ()):
            message = json.dumps({"Task": name, "Input": CHECK_INPUT})
            answer = self._aws.call(
                "lambda", "invoke", FunctionName=function, Qualifier=version, Payload=message
            )
            if answer.get("FunctionError"):
                told = message_of(answer["Payload"].read().decode("utf-8", "replace"))
                raise NotLive(f"the new version has no {name} that works: {told}")

    def _flip(self, machine_arn: str, definition: str, release_id: str, say: Callable[[str], None]) -> str:
        updated = self._aws.call(
            _SFN,
            "update_state_machine",
            stateMachineArn=machine_arn,
            definition=definition,
            publish=True,
            versionDescription=release_id,
        )
        live = str(updated["stateMachineVersionArn"])
        say(f"published {live}")
        self._route(machine_arn, live)
        return live

    def _route(self, machine_arn: str, version_arn: str) -> None:
        """Lead the alias to a version, and make it where there is none."""
        routing = [{"stateMachineVersionArn": version_arn, "weight": 100}]
        try:
            self._aws.call(
                _SFN,
                "update_state_machine_alias",
                stateMachineAliasArn=f"{machine_arn}:{LIVE}",
                routingConfiguration=routing,
            )
        except Refused as error:
            if error.code not in ("ResourceNotFound", "ResourceNotFoundException"):
                raise
            self._aws.call(_SFN, "create_state_machine_alias", name=LIVE, routingConfiguration=routing)

    def _until_ready(self, function: str, version: str | None) -> None:
        """Wait until Lambda has taken a change up; a version that isn't Active can't be called."""
        which = {} if version is None else {"Qualifier": version}
        for _ in range(_LOOKS):
            about = self._aws.call("lambda", "get_function_configuration", FunctionName=function, **which)
            state, update = about.get("State", "Active"), about.get("LastUpdateStatus", "Successful")
            if state == "Failed" or update == "Failed":
                reason = (
                    about.get("LastUpdateStatusReason") or about.get("StateReason") or "it gives no reason"
                )
                raise NotLive(f"Lambda refuses the code of {function!r}: {reason}")
            if state in ("Active", "Inactive") and update == "Successful":
                return
            self._wait(_LOOK_SECONDS)
        raise NotLive(f"Lambda is still not done with {function!r}; try again later")
