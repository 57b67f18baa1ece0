"""What the deployer needs of AWS: one protocol for each service, as small as its use.

Pure: no clock, no IO. Any call may raise ``Unavailable``, or ``step.errors.Refused``; nothing else but what
is named. ``step.aws.deployer`` implements them with boto3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from step.deployer.names import Target
from step.errors import Refused, StepError
from step.jsonvalue import JSONObject, JSONValue


class Unavailable(StepError):  # noqa: N818 - the error's name in the deployer's history
    """AWS didn't answer, or not now: throttled, out of order, timed out. The call may have been applied."""


class RoleRefused(Refused):
    """A role may not be taken; one that was made or changed seconds ago may be, soon."""


class ConditionFailed(StepError):  # noqa: N818 - what DynamoDB calls it
    """An item isn't as a write wanted it; ``item`` is what there is."""

    def __init__(self, item: JSONObject) -> None:
        self.item = item
        super().__init__("the item isn't as the write wanted it")


class RecordExists(StepError):  # noqa: N818 - reads as the sentence it is
    """A record is there already; records are only added."""


class DeployClock(Protocol):
    """Real time."""

    def now_ms(self) -> int: ...

    def pause(self, seconds: float) -> None: ...


# ------------------------------------------------------------ the deployer's own account


class Is(NamedTuple):
    """An attribute has this value; None: it is absent."""

    attribute: str
    value: str | int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A conditional change of one item, which is made where there is none.

    Attributes:
        key: The item's key.
        when: Holds where everything in one of the groups holds.
        set: Attributes to set.
        remove: Attributes to take away.
        add: Numbers to add to attributes, from 0.
    """

    key: str
    when: Sequence[Sequence[Is]]
    set: Mapping[str, JSONValue] = field(default_factory=dict)
    remove: Sequence[str] = ()
    add: Mapping[str, int] = field(default_factory=dict)


class Table(Protocol):
    """The table of locks and records; reads are consistent."""

    def get(self, key: str) -> JSONObject | None:
        """Read an item."""
        ...

    def write(self, write: Write) -> JSONObject:
        """Change an item, and give the new one.

        Raises:
            ConditionFailed: no group holds.
        """
        ...

    def write_and_record(self, write: Write, record: JSONObject) -> None:
        """Change an item and add a record (with its ``key``): both or none.

        Raises:
            ConditionFailed: no group holds.
            RecordExists: there is a record of this key.
        """
        ...

    def record(self, record: JSONObject) -> None:
        """Add a record.

        Raises:
            RecordExists: there is one of this key.
        """
        ...

    def holders(self) -> Sequence[str]:
        """Name the executions that hold locks; this read alone may be a moment old."""
        ...


class Stored(NamedTuple):
    """What is in a version of an object: the hash and length of its bytes."""

    sha256: str
    size_bytes: int


class Bucket(Protocol):
    """The release bucket, whose name the deployer's operator chose."""

    @property
    def name(self) -> str: ...

    def read(self, key: str, version_id: str | None, limit: int) -> bytes:
        """Read a version of an object, the newest where none is named.

        Raises:
            Refused: there is none ("NoSuchKey", "NoSuchVersion"), or it is larger ("EntityTooLarge").
        """
        ...

    def measure(self, key: str, version_id: str) -> Stored:
        """Say a version's size and SHA-256: as the store knows them, or read through and not kept."""
        ...

    def serves(self, region: str, size_bytes: int) -> bool:
        """Whether functions of a region can get an object of this size."""
        ...


class Signatures(Protocol):
    """KMS, which keeps the keys that releases are signed with."""

    def verify(self, key_arn: str, algorithm: str, digest: bytes, signature: bytes) -> bool:
        """Whether a signature of a SHA-256 was made with a key."""
        ...


class ExecutionFacts(NamedTuple):
    """An execution of the deployer; ``input`` is a JSON text."""

    status: str
    input: str
    error: str = ""
    cause: str = ""


class OwnExecutions(Protocol):
    """The deployer's own executions."""

    def describe(self, arn: str) -> ExecutionFacts | None:
        """Read an execution; None where there is none (any more)."""
        ...

    def start(self, execution: str, name: str, input: JSONValue) -> str:
        """Start another execution of an execution's machine; return its ARN. The same name starts it once."""
        ...


# ------------------------------------------------------------ the project's account, as one of its roles


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionFacts:
    """A version of a function, or ``$LATEST``.

    Attributes:
        arn: Its ARN; a version's is qualified.
        version: "$LATEST", "1", "2", ...
        code_sha256: The SHA-256 of its zip, or the digest of its image, in hexadecimal.
        revision_id: Changes with every change.
        state: "Active", "Pending", "Inactive", "Failed".
        last_update: "Successful", "InProgress", "Failed".
        reason: Why it failed, if it did.
        is_image: Whether it runs an image; what it was made as it stays.
        configuration: What a version of it keeps; see ``frozen_configuration``.
    """

    arn: str
    version: str
    code_sha256: str
    revision_id: str
    state: str = "Active"
    last_update: str = "Successful"
    reason: str = ""
    is_image: bool = False
    configuration: JSONObject = field(default_factory=dict)


class ProjectFunctions(Protocol):
    """Lambda."""

    def describe(self, name: str, version: str | None = None) -> FunctionFacts:
        """Read a version of a function, ``$LATEST`` where none is named (ResourceNotFoundException)."""
        ...

    def tags(self, name: str) -> Mapping[str, str]:
        """Read a function's tags."""
        ...

    def update_code(self, name: str, bucket: str, key: str, version_id: str) -> FunctionFacts:
        """Put a version of an object into ``$LATEST``; Lambda goes on with it after the call."""
        ...

    def update_image(self, name: str, image: str) -> FunctionFacts:
        """Have ``$LATEST`` run an image; Lambda goes on with it after the call."""
        ...

    def publish(
        self, name: str, code_sha256: str | None, revision_id: str, description: str
    ) -> FunctionFacts:
        """Make a version of ``$LATEST``; the last one again where nothing has changed since.

        Of an image no hash is given: who publishes looks at what the version runs.

        Raises:
            Refused: ``$LATEST`` has other code or another revision ("PreconditionFailedException", ...).
        """
        ...


class Route(NamedTuple):
    """A share of an alias: a version of the machine, and its weight of 100."""

    version_arn: str
    weight: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineFacts:
    """A state machine or a version of it; ``revision_id`` is None for the first revision."""

    arn: str
    definition: str
    revision_id: str | None
    type: str


class ProjectMachines(Protocol):
    """Step Functions."""

    def describe(self, arn: str) -> MachineFacts:
        """Read a machine or a version of it (StateMachineDoesNotExist)."""
        ...

    def tags(self, arn: str) -> Mapping[str, str]:
        """Read a machine's tags."""
        ...

    def routes(self, alias_arn: str) -> tuple[Route, ...]:
        """Read where an alias leads (ResourceNotFound)."""
        ...

    def update(self, arn: str, definition: str) -> str:
        """Give the machine a definition; return the revision's id."""
        ...

    def publish(self, arn: str, revision_id: str, description: str) -> str:
        """Make a version of a revision, and return its ARN; the same one again for the same revision.

        Raises:
            Refused: the machine has another revision by now ("ConflictException").
        """
        ...

    def route(self, alias_arn: str, routes: Sequence[Route]) -> None:
        """Lead an alias elsewhere: the one call that callers notice."""
        ...


class Alarms(Protocol):
    """CloudWatch."""

    def states(self, names: Sequence[str]) -> Mapping[str, str]:
        """Give the alarms' states: "OK", "ALARM", "INSUFFICIENT_DATA"; unknown ones are left out."""
        ...


class Trial(NamedTuple):
    """How an execution or an invocation stands: its status as an execution has it, and what it has said."""

    status: str
    error: str = ""
    cause: str = ""
    output: JSONValue = None


class Trials(Protocol):
    """Step Functions and Lambda, as the role that tries and asks, and changes nothing."""

    def start(self, version_arn: str, name: str, input: JSONValue) -> str:
        """Start an execution of a version or an alias, and return its ARN; the same name starts it once."""
        ...

    def describe(self, arn: str) -> Trial:
        """Say how an execution stands."""
        ...

    def invoke(self, function_arn: str, payload: JSONValue, timeout_seconds: int) -> Trial:
        """Invoke a function and wait for its answer; none in time is "TIMED_OUT"."""
        ...


class OldVersions(Protocol):
    """Lambda and Step Functions, as the role that deletes versions."""

    def machine_versions(self, arn: str) -> Sequence[str]:
        """List the ARNs of a machine's versions, newest first."""
        ...

    def routed(self, arn: str) -> Iterable[str]:
        """List the versions that any alias of the machine leads to."""
        ...

    def has_executions_since(self, version_arn: str, time_ms: int) -> bool:
        """Whether an execution of the version is running, or has ended without success after a time."""
        ...

    def definition(self, version_arn: str) -> str:
        """Read a version's definition."""
        ...

    def delete_machine_version(self, version_arn: str) -> None:
        """Delete a version; that there is none is no error."""
        ...

    def aliased(self, name: str) -> Iterable[str]:
        """List the numbers of the versions that any alias of the function leads to."""
        ...

    def delete_function_version(self, name: str, version: str) -> None:
        """Delete a version; that there is none is no error."""
        ...


class Project(Protocol):
    """The project's account and region, as the role that a deploy takes."""

    @property
    def functions(self) -> ProjectFunctions: ...
    @property
    def machines(self) -> ProjectMachines: ...
    @property
    def alarms(self) -> Alarms: ...


class Accounts(Protocol):
    """The accounts of the projects: each visit takes a role that can do no more than the visit needs.

    The session carries the target's tags, which the role's policy compares with those of each resource.
    """

    def deploy(self, target: Target) -> Project: ...

    def trials(self, target: Target) -> Trials: ...

    def prune(self, target: Target) -> OldVersions: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """Everything outside, and what the operator of the deployer said.

    Attributes:
        allowed_accounts: The accounts that it deploys to, and no other.
        signatures: KMS.
        signing_keys: ARNs of keys: every release has to be signed with one of them, where there are some.
        allowed_resources: What a definition's resources may be beside its own functions; ``*`` stands for
            anything.
    """

    clock: DeployClock
    table: Table
    bucket: Bucket
    executions: OwnExecutions
    accounts: Accounts
    signatures: Signatures
    allowed_accounts: frozenset[str]
    signing_keys: tuple[str, ...] = ()
    allowed_resources: tuple[str, ...] = ("arn:*:states:::*",)
