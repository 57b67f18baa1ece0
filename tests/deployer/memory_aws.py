"""A small AWS in memory behind the deployer's ports: what the proof runs over.

``test_ports.py`` holds it to the same contract as the adapters over boto3. Every call goes through
``on_call``, where faults are injected and calls are written down.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from step.arn import machine_of
from step.deployer.names import Target
from step.deployer.ports import (
    ConditionFailed,
    ExecutionFacts,
    FunctionFacts,
    MachineFacts,
    Ports,
    RecordExists,
    RoleRefused,
    Route,
    Stored,
    Trial,
    Unavailable,
    Write,
)
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

T = TypeVar("T")
DEPLOYER_ACCOUNT, DEPLOYER_REGION = "123456789012", "us-east-1"
BUCKET, TABLE = "step-releases", "step-deployer-locks"
HELD_INDEX = f"arn:aws:dynamodb:{DEPLOYER_REGION}:{DEPLOYER_ACCOUNT}:table/{TABLE}/index/held"
# So many reads of an alias after it was moved still give where it led.
STALE_READS = 1


class Call(NamedTuple):
    """One call of AWS: who makes it, which action, on what."""

    role: str
    action: str
    resource: str


@dataclass
class Clock:
    """Time that passes when somebody waits."""

    now: int = 1_767_225_600_000

    def now_ms(self) -> int:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += round(seconds * 1000)


@dataclass
class Function:
    arn: str
    tags: dict[str, str]
    code: bytes
    revision: int = 1
    updating: int = 0
    # Why Lambda can't take new code, and whether its last update came to that.
    update_fails: str = ""
    is_failed: bool = False
    versions: list[tuple[str, int]] = field(default_factory=list)
    aliases: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    # What it runs instead of a zip, and what is configured of it.
    image: str | None = None
    configuration: JSONObject = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """The hash of its zip, or the digest of its image."""
        return _sha256(self.code) if self.image is None else self.image.rpartition(":")[2]


@dataclass
class Version:
    definition: str
    revision: str | None
    description: str


@dataclass
class Machine:
    arn: str
    tags: dict[str, str]
    definition: str
    type: str = "STANDARD"
    revision: str | None = None
    revisions: int = 0
    versions: dict[int, Version] = field(default_factory=dict)
    aliases: dict[str, tuple[Route, ...]] = field(default_factory=dict)
    stale: dict[str, list[tuple[Route, ...]]] = field(default_factory=dict)
    executions: dict[str, tuple[str, str, int]] = field(default_factory=dict)
    smoke_tests: dict[str, tuple[str, str]] = field(default_factory=dict)


class MemoryAws:
    """Accounts with functions and machines; the deployer's bucket, table and executions.

    Attributes:
        on_call: Makes a call: is given it and what does it.
        smoke_test_status: What executions that try a version come to.
        roles: The roles that can be taken; None: any.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.items: dict[str, JSONObject] = {}
        self.objects: dict[str, list[tuple[str, bytes]]] = {}
        self.functions: dict[str, Function] = {}
        self.machines: dict[str, Machine] = {}
        self.executions: dict[str, ExecutionFacts] = {}
        self.alarm_states: dict[str, str] = {}
        # So large an object can be for functions of other regions.
        self.most_sent_bytes = 50 * 1024 * 1024
        self.smoke_test_status = ("SUCCEEDED", "")
        # Machines that analyse canaries, what their executions were given, and what comes of any analysis.
        self.analysts: set[str] = set()
        self.asked: dict[str, JSONValue] = {}
        self.analysis: Callable[[JSONValue], Trial] = lambda asked: Trial(
            "SUCCEEDED", output={"healthy": True}
        )
        self.roles: set[str] | None = None
        # Where aliases led before they were moved last.
        self.led_before: dict[str, tuple[Route, ...]] = {}
        # What AWS gives of an operation: so many at once, and so many a second; how many calls it held back.
        self.buckets: dict[str, tuple[int, float]] = {}
        self.throttled = 0
        self._left: dict[str, tuple[float, int]] = {}
        # Runs an execution of the deployer.
        self.start_own: Callable[[str, JSONValue], object] = lambda name, input: None
        self.on_call: Callable[[Call, Callable[[], Any]], Any] = lambda call, do: do()

    def call(self, role: str, action: str, resource: str, do: Callable[[], T]) -> T:
        self._throttle(action)
        answer: T = self.on_call(Call(role, action, resource), do)
        return answer

    def _throttle(self, action: str) -> None:
        if action not in self.buckets:
            return
        size, a_second = self.buckets[action]
        left, at = self._left.get(action, (size, self.clock.now))
        left = min(size, left + (self.clock.now - at) / 1000 * a_second)
        if left < 1:
            self.throttled += 1
            raise Unavailable(f"ThrottlingException: Rate exceeded for {action}")
        self._left[action] = (left - 1, self.clock.now)

    def ports(self, *accounts: str, signing_keys: Sequence[str] = ()) -> Ports:
        """Give the ports of a deployer that deploys to these accounts, and to its own."""
        return Ports(
            signatures=MemorySignatures(self),
            signing_keys=tuple(signing_keys),
            clock=self.clock,
            table=MemoryTable(self),
            bucket=MemoryBucket(self),
            executions=MemoryExecutions(self),
            accounts=MemoryAccounts(self),
            allowed_accounts=frozenset((DEPLOYER_ACCOUNT, *accounts)),
        )

    # ------------------------------------------------------------ what others do: clients, Terraform

    def upload(self, key: str, content: bytes) -> str:
        versions = self.objects.setdefault(key, [])
        versions.append((f"v{len(versions) + 1}-{hashlib.sha256(key.encode()).hexdigest()[:8]}", content))
        return versions[-1][0]

    def make_project(self, target: Target, code: Mapping[str, bytes], definition: str) -> None:
        """Make what Terraform makes: functions with a version, a machine with a version and its alias."""
        for name, content in code.items():
            arn = target.function_arn(name)
            function = self.functions[arn] = Function(arn, dict(target.tags), content)
            function.versions.append((_sha256(content), 1))
        machine = self.machines[target.machine_arn] = Machine(
            target.machine_arn, dict(target.tags), definition
        )
        machine.versions[1] = Version(definition, None, "Terraform")
        machine.aliases["live"] = (Route(f"{target.machine_arn}:1", 100),)

    def live(self, target: Target) -> tuple[Route, ...]:
        """Read where the alias really leads."""
        return self.machines[target.machine_arn].aliases["live"]

    def route(self, alias_arn: str, routes: Sequence[Route]) -> None:
        """Lead an alias elsewhere; so many reads still give where it led."""
        arn, _, alias = alias_arn.rpartition(":")
        machine, _ = _machine(self, arn)
        for route in routes:
            if int(route.version_arn.rpartition(":")[2]) not in machine.versions:
                raise Refused("ResourceNotFound", f"no version {route.version_arn}")
        self.led_before[alias_arn] = machine.aliases[alias]
        machine.stale[alias] = [machine.aliases[alias]] * STALE_READS
        machine.aliases[alias] = tuple(routes)

    def version(self, arn: str) -> Version:
        machine, _, number = arn.rpartition(":")
        return self.machines[machine].versions[int(number)]

    def function_code(self, arn: str) -> str:
        """The SHA-256 of a function's version."""
        function, _, number = arn.rpartition(":")
        return self.functions[function].versions[int(number) - 1][0]


@dataclass
class MemoryTable:
    aws: MemoryAws

    def get(self, key: str) -> JSONObject | None:
        def do() -> JSONObject | None:
            item = self.aws.items.get(key)
            return None if item is None else _copy(item)

        return self.aws.call("", "dynamodb:GetItem", key, do)

    def write(self, write: Write) -> JSONObject:
        return self.aws.call("", "dynamodb:UpdateItem", write.key, lambda: self._write(write))

    def write_and_record(self, write: Write, record: JSONObject) -> None:
        def do() -> None:
            self._check(write)
            if record["key"] in self.aws.items:
                raise RecordExists(str(record["key"]))
            self._write(write)
            self.aws.items[str(record["key"])] = _copy(record)

        self.aws.call("", "dynamodb:UpdateItem+PutItem", write.key, do)

    def record(self, record: JSONObject) -> None:
        def do() -> None:
            if record["key"] in self.aws.items:
                raise RecordExists(str(record["key"]))
            self.aws.items[str(record["key"])] = _copy(record)

        self.aws.call("", "dynamodb:PutItem", str(record["key"]), do)

    def holders(self) -> Sequence[str]:
        def do() -> list[str]:
            return [str(item["owner"]) for item in self.aws.items.values() if item.get("held") == "execution"]

        return self.aws.call("", "dynamodb:Query", HELD_INDEX, do)

    def _check(self, write: Write) -> JSONObject:
        item = self.aws.items.get(write.key, {})
        if not any(all(item.get(one.attribute) == one.value for one in group) for group in write.when):
            raise ConditionFailed(_copy(item))
        return item

    def _write(self, write: Write) -> JSONObject:
        item = dict(self._check(write))
        item["key"] = write.key
        item.update(_copy(dict(write.set)))
        for attribute in write.remove:
            item.pop(attribute, None)
        for attribute, more in write.add.items():
            before = item.get(attribute, 0)
            assert isinstance(before, int)
            item[attribute] = before + more
        self.aws.items[write.key] = item
        return _copy(item)


@dataclass
class MemoryBucket:
    aws: MemoryAws
    name: str = BUCKET

    def read(self, key: str, version_id: str | None, limit: int) -> bytes:
        def do() -> bytes:
            content = _object(self.aws, key, version_id)
            if len(content) > limit:
                raise Refused("EntityTooLarge", f"{key} has more than {limit:,} bytes")
            return content

        return self.aws.call("", "s3:GetObjectVersion" if version_id else "s3:GetObject", key, do)

    def serves(self, region: str, size_bytes: int) -> bool:
        return size_bytes <= self.aws.most_sent_bytes

    def measure(self, key: str, version_id: str) -> Stored:
        def do() -> Stored:
            content = _object(self.aws, key, version_id)
            return Stored(_sha256(content), len(content))

        return self.aws.call("", "s3:GetObjectVersion", key, do)


@dataclass
class MemorySignatures:
    aws: MemoryAws

    def verify(self, key_arn: str, algorithm: str, digest: bytes, signature: bytes) -> bool:
        def do() -> bool:
            return signature == self.sign(key_arn, digest)

        return self.aws.call("", "kms:Verify", key_arn, do)

    @staticmethod
    def sign(key_arn: str, digest: bytes) -> bytes:
        return hashlib.sha256(key_arn.encode() + digest).digest()


@dataclass
class MemoryExecutions:
    aws: MemoryAws

    def describe(self, arn: str) -> ExecutionFacts | None:
        return self.aws.call("", "states:DescribeExecution", arn, lambda: self.aws.executions.get(arn))

    def start(self, execution: str, name: str, input: JSONValue) -> str:
        arn = f"{execution.rpartition(':')[0]}:{name}"

        def do() -> str:
            if arn not in self.aws.executions:
                self.aws.start_own(name, input)
            return arn

        return self.aws.call("", "states:StartExecution", f"{machine_of(execution)}:live", do)


@dataclass
class MemoryAccounts:
    aws: MemoryAws

    def deploy(self, target: Target) -> MemoryProject:
        self._assume(target.role_arn)
        return MemoryProject(self.aws, target.role_arn, target)

    def trials(self, target: Target) -> MemoryTrials:
        self._assume(target.smoke_role_arn)
        return MemoryTrials(self.aws, target.smoke_role_arn)

    def prune(self, target: Target) -> MemoryOldVersions:
        self._assume(target.prune_role_arn)
        return MemoryOldVersions(self.aws, target.prune_role_arn, target)

    def _assume(self, role: str) -> None:
        def do() -> None:
            if self.aws.roles is not None and role not in self.aws.roles:
                raise RoleRefused(
                    "AccessDenied", f"not authorized to perform: sts:AssumeRole on resource: {role}"
                )

        self.aws.call("", "sts:AssumeRole", role, do)


class MemoryProject:
    def __init__(self, aws: MemoryAws, role: str, target: Target) -> None:
        self.functions = MemoryFunctions(aws, role, target)
        self.machines = MemoryMachines(aws, role)
        self.alarms = MemoryAlarms(aws, role)


@dataclass
class MemoryFunctions:
    aws: MemoryAws
    role: str
    target: Target

    def describe(self, name: str, version: str | None = None) -> FunctionFacts:
        arn = self.target.function_arn(name)
        resource = f"{arn}:{version}" if version else arn

        def do() -> FunctionFacts:
            function = _function(self.aws, arn)
            if version is None:
                function.updating = max(0, function.updating - 1)
                return _latest(function)
            return _version(function, int(version))

        return self.aws.call(self.role, "lambda:GetFunctionConfiguration", resource, do)

    def tags(self, name: str) -> Mapping[str, str]:
        arn = self.target.function_arn(name)
        return self.aws.call(
            self.role, "lambda:GetFunction", arn, lambda: dict(_function(self.aws, arn).tags)
        )

    def update_code(self, name: str, bucket: str, key: str, version_id: str) -> FunctionFacts:
        arn = self.target.function_arn(name)

        def do() -> FunctionFacts:
            function = _function(self.aws, arn)
            if function.updating:
                raise Unavailable("ResourceConflictException: An update is in progress")
            function.code = _object(self.aws, key, version_id)
            function.is_failed = bool(function.update_fails)
            function.revision += 1
            function.updating = 2
            return _latest(function)

        assert bucket == BUCKET
        return self.aws.call(self.role, "lambda:UpdateFunctionCode", arn, do)

    def update_image(self, name: str, image: str) -> FunctionFacts:
        arn = self.target.function_arn(name)

        def do() -> FunctionFacts:
            function = _function(self.aws, arn)
            function.image = image
            function.revision += 1
            function.updating = 2
            return _latest(function)

        return self.aws.call(self.role, "lambda:UpdateFunctionCode", arn, do)

    def publish(
        self, name: str, code_sha256: str | None, revision_id: str, description: str
    ) -> FunctionFacts:
        arn = self.target.function_arn(name)

        def do() -> FunctionFacts:
            function = _function(self.aws, arn)
            digest = function.sha256
            if code_sha256 not in (None, digest):
                raise Refused("InvalidParameterValueException", "CodeSha256 is different from current")
            if f"r{function.revision}" != revision_id:
                raise Refused("PreconditionFailedException", "The RevisionId provided does not match")
            if not function.versions or function.versions[-1][0] != digest:
                function.versions.append((digest, function.revision))
                function.revision += 1
            return _version(function, len(function.versions))

        return self.aws.call(self.role, "lambda:PublishVersion", arn, do)


@dataclass
class MemoryMachines:
    aws: MemoryAws
    role: str

    def describe(self, arn: str) -> MachineFacts:
        def do() -> MachineFacts:
            machine, version = _machine(self.aws, arn)
            if version is None:
                return _facts(machine, arn, machine.definition, machine.revision)
            there = machine.versions.get(version)
            if there is None:
                raise Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")
            return _facts(machine, arn, there.definition, there.revision)

        return self.aws.call(self.role, "states:DescribeStateMachine", arn, do)

    def tags(self, arn: str) -> Mapping[str, str]:
        return self.aws.call(
            self.role, "states:ListTagsForResource", arn, lambda: dict(_machine(self.aws, arn)[0].tags)
        )

    def routes(self, alias_arn: str) -> tuple[Route, ...]:
        arn, _, alias = alias_arn.rpartition(":")

        def do() -> tuple[Route, ...]:
            machine, _ = _machine(self.aws, arn)
            if alias not in machine.aliases:
                raise Refused(
                    "ResourceNotFound", f"Request references a resource that does not exist: '{alias_arn}'"
                )
            stale = machine.stale.get(alias)
            return stale.pop(0) if stale else machine.aliases[alias]

        return self.aws.call(self.role, "states:DescribeStateMachineAlias", alias_arn, do)

    def update(self, arn: str, definition: str) -> str:
        def do() -> str:
            machine, _ = _machine(self.aws, arn)
            machine.revisions += 1
            machine.revision = f"revision-{machine.revisions}"
            machine.definition = definition
            return machine.revision

        return self.aws.call(self.role, "states:UpdateStateMachine", arn, do)

    def publish(self, arn: str, revision_id: str, description: str) -> str:
        def do() -> str:
            machine, _ = _machine(self.aws, arn)
            if machine.revision != revision_id:
                raise Refused("ConflictException", f"Revision is not the current one: {revision_id}")
            for number, version in machine.versions.items():
                if version.revision == revision_id:
                    return f"{arn}:{number}"
            number = max(machine.versions, default=0) + 1
            machine.versions[number] = Version(machine.definition, revision_id, description)
            return f"{arn}:{number}"

        return self.aws.call(self.role, "states:PublishStateMachineVersion", arn, do)

    def route(self, alias_arn: str, routes: Sequence[Route]) -> None:
        self.aws.call(
            self.role, "states:UpdateStateMachineAlias", alias_arn, lambda: self.aws.route(alias_arn, routes)
        )


@dataclass
class MemoryAlarms:
    aws: MemoryAws
    role: str

    def states(self, names: Sequence[str]) -> Mapping[str, str]:
        def do() -> Mapping[str, str]:
            return {name: self.aws.alarm_states[name] for name in names if name in self.aws.alarm_states}

        return self.aws.call(self.role, "cloudwatch:DescribeAlarms", ",".join(names), do)


@dataclass
class MemoryTrials:
    aws: MemoryAws
    role: str

    def start(self, version_arn: str, name: str, input: JSONValue) -> str:
        plain = version_arn.rpartition(":")[0]
        arn = f"{plain.replace(':stateMachine:', ':execution:')}:{name}"

        def do() -> str:
            if plain in self.aws.analysts:
                self.aws.asked.setdefault(arn, input)
                return arn
            machine, _ = _machine(self.aws, version_arn)
            _definition(self.aws, version_arn)
            machine.smoke_tests.setdefault(arn, (version_arn, json.dumps(input)))
            return arn

        return self.aws.call(self.role, "states:StartExecution", version_arn, do)

    def invoke(self, function_arn: str, payload: JSONValue, timeout_seconds: int) -> Trial:
        return self.aws.call(
            self.role, "lambda:InvokeFunction", function_arn, lambda: self.aws.analysis(payload)
        )

    def describe(self, arn: str) -> Trial:
        def do() -> Trial:
            if arn in self.aws.asked:
                return self.aws.analysis(self.aws.asked[arn])
            if not any(arn in machine.smoke_tests for machine in self.aws.machines.values()):
                raise Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: '{arn}'")
            return Trial(*self.aws.smoke_test_status)

        return self.aws.call(self.role, "states:DescribeExecution", arn, do)


@dataclass
class MemoryOldVersions:
    aws: MemoryAws
    role: str
    target: Target

    def machine_versions(self, arn: str) -> Sequence[str]:
        return self.aws.call(
            self.role, "states:ListStateMachineVersions", arn, lambda: _versions(self.aws, arn)
        )

    def routed(self, arn: str) -> Iterable[str]:
        def names() -> list[str]:
            return list(_machine(self.aws, arn)[0].aliases)

        for alias in self.aws.call(self.role, "states:ListStateMachineAliases", arn, names):
            yield from (route.version_arn for route in self._routes(arn, alias))

    def _routes(self, arn: str, alias: str) -> Sequence[Route]:
        def routes() -> Sequence[Route]:
            return _machine(self.aws, arn)[0].aliases[alias]

        return self.aws.call(self.role, "states:DescribeStateMachineAlias", f"{arn}:{alias}", routes)

    def has_executions_since(self, version_arn: str, time_ms: int) -> bool:
        def ended(status: str) -> list[int]:
            machine, number = _machine(self.aws, version_arn)
            if number not in machine.versions:
                raise Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{version_arn}'")
            found = machine.executions.values()
            return [end for version, was, end in found if (version, was) == (version_arn, status)]

        def listed(status: str) -> list[int]:
            return self.aws.call(self.role, "states:ListExecutions", version_arn, lambda: ended(status))

        return bool(listed("RUNNING")) or any(
            end >= time_ms for status in ("FAILED", "TIMED_OUT", "ABORTED") for end in listed(status)
        )

    def definition(self, version_arn: str) -> str:
        return self.aws.call(
            self.role,
            "states:DescribeStateMachine",
            version_arn,
            lambda: _definition(self.aws, version_arn),
        )

    def delete_machine_version(self, version_arn: str) -> None:
        def do() -> None:
            machine, version = _machine(self.aws, version_arn)
            if any(
                version_arn == route.version_arn for routes in machine.aliases.values() for route in routes
            ):
                raise Refused("ConflictException", "Version to be deleted must not be referenced by an alias")
            machine.versions.pop(version or 0, None)

        self.aws.call(self.role, "states:DeleteStateMachineVersion", version_arn, do)

    def aliased(self, name: str) -> Iterable[str]:
        arn = self.target.function_arn(name)
        return self.aws.call(
            self.role, "lambda:ListAliases", arn, lambda: list(self.aws.functions[arn].aliases.values())
        )

    def delete_function_version(self, name: str, version: str) -> None:
        arn = self.target.function_arn(name)
        self.aws.call(
            self.role,
            "lambda:DeleteFunction",
            f"{arn}:{version}",
            lambda: self.aws.functions[arn].deleted.add(version),
        )


def _function(aws: MemoryAws, arn: str) -> Function:
    if arn not in aws.functions:
        raise Refused("ResourceNotFoundException", f"Function not found: {arn}")
    return aws.functions[arn]


def _latest(function: Function) -> FunctionFacts:
    return FunctionFacts(
        arn=function.arn,
        version="$LATEST",
        code_sha256=function.sha256,
        is_image=function.image is not None,
        configuration=dict(function.configuration),
        revision_id=f"r{function.revision}",
        last_update="InProgress" if function.updating else "Failed" if function.is_failed else "Successful",
        reason=function.update_fails if function.is_failed else "",
    )


def _version(function: Function, number: int) -> FunctionFacts:
    if not 1 <= number <= len(function.versions) or str(number) in function.deleted:
        raise Refused("ResourceNotFoundException", f"Function not found: {function.arn}:{number}")
    digest, revision = function.versions[number - 1]
    return FunctionFacts(
        arn=f"{function.arn}:{number}",
        version=str(number),
        code_sha256=digest,
        revision_id=f"r{revision}",
        is_image=function.image is not None,
        configuration=dict(function.configuration),
    )


def _machine(aws: MemoryAws, arn: str) -> tuple[Machine, int | None]:
    if arn in aws.machines:
        return aws.machines[arn], None
    plain, _, version = arn.rpartition(":")
    if plain in aws.machines and version.isdecimal():
        return aws.machines[plain], int(version)
    raise Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{arn}'")


def _definition(aws: MemoryAws, version_arn: str) -> str:
    machine, number = _machine(aws, version_arn)
    if number not in machine.versions:
        raise Refused("StateMachineDoesNotExist", f"State Machine Does Not Exist: '{version_arn}'")
    return machine.versions[number].definition


def _facts(machine: Machine, arn: str, definition: str, revision: str | None) -> MachineFacts:
    return MachineFacts(arn=arn, definition=definition, revision_id=revision, type=machine.type)


def _versions(aws: MemoryAws, arn: str) -> list[str]:
    return [f"{arn}:{number}" for number in sorted(_machine(aws, arn)[0].versions, reverse=True)]


def _object(aws: MemoryAws, key: str, version_id: str | None) -> bytes:
    versions = aws.objects.get(key)
    if not versions:
        raise Refused("NoSuchKey", f"The specified key does not exist: {key}")
    for name, content in reversed(versions):
        if version_id in (None, name):
            return content
    raise Refused("NoSuchVersion", f"The specified version does not exist: {version_id}")


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _copy(item: JSONObject) -> JSONObject:
    copied = json.loads(json.dumps(item))
    assert isinstance(copied, dict)
    return copied
