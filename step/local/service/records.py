"""What the service keeps of machines, versions, aliases and activities, and where.

Documents of the journal: JSON objects, keyed by ARN. Calls must not overlap (the caller has the host's lock).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, Generic, TypeVar

from step.durable.journal import Journal
from step.jsonvalue import JSONObject

INITIAL = "INITIAL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an execution is started with: all of a machine that an update changes."""

    definition: str
    role_arn: str
    logging: JSONObject
    tracing: JSONObject
    encryption: JSONObject
    # INITIAL until the definition or the role is changed.
    revision_id: str
    update_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A state machine."""

    arn: str
    name: str
    type: str
    creation_ms: int
    settings: Settings
    last_version: int = 0
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Machine:
        return cls(**{**body, "settings": Settings(**body["settings"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """A published version of a machine; it never changes."""

    machine_arn: str
    number: int
    description: str | None
    creation_ms: int
    settings: Settings

    @property
    def arn(self) -> str:
        return f"{self.machine_arn}:{self.number}"

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Version:
        return cls(**{**body, "settings": Settings(**body["settings"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """A name for one or two versions of a machine; ``routes`` are versions' ARNs with their weights."""

    machine_arn: str
    name: str
    description: str | None
    routes: list[list[Any]]
    creation_ms: int
    update_ms: int

    @property
    def arn(self) -> str:
        return f"{self.machine_arn}:{self.name}"

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Alias:
        return cls(**body)


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """An activity, whose tasks workers poll for."""

    arn: str
    name: str
    creation_ms: int
    encryption: JSONObject
    tags: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Activity:
        return cls(**body)


Kept = TypeVar("Kept", Machine, Version, Alias, Activity)


class RecordShelf(Generic[Kept]):
    """The records of one kind, by ARN."""

    def __init__(self, journal: Journal, kind: str, read: Callable[[dict[str, Any]], Kept]) -> None:
        self._journal = journal
        self._kind = kind
        self._read: Callable[[dict[str, Any]], Kept] = read

    def get(self, arn: str) -> Kept | None:
        body = self._journal.get(self._kind, arn)
        return self._read(body) if isinstance(body, dict) else None

    def put(self, record: Kept) -> None:
        self._journal.put(self._kind, record.arn, asdict(record))

    def delete(self, arn: str) -> None:
        self._journal.delete(self._kind, arn)

    def list(self, prefix: str) -> list[Kept]:
        """List what has an ARN that begins so, in the order of the ARNs."""
        return [self._read(body) for _, body in self._journal.documents(self._kind, prefix)]


class Records:
    """Everything that is kept beside executions."""

    def __init__(self, journal: Journal) -> None:
        self.machines = RecordShelf(journal, "machine", Machine.from_json)
        self.versions = RecordShelf(journal, "version", Version.from_json)
        self.aliases = RecordShelf(journal, "alias", Alias.from_json)
        self.activities = RecordShelf(journal, "activity", Activity.from_json)
