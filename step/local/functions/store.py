"""What is known of functions and layers: a JSON document each, written before a change is acknowledged.

Knows no operation of the API and runs nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import RLock
from typing import Any, Generic, Protocol, TypeVar

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.functions.archives import write_whole
from step.local.functions.names import LATEST, FunctionName, LayerName, Owner


@dataclass(slots=True, kw_only=True)
class Function:
    """A function with its versions and aliases.

    Configurations are AWS's ``FunctionConfiguration`` objects with one more key, ``_digest``: the zip's.
    Whatever belongs to a qualifier (policies, say) is kept under it, under "" for the function itself.
    """

    latest: JSONObject
    versions: dict[str, JSONObject] = field(default_factory=dict)
    last_version: int = 0
    aliases: dict[str, JSONObject] = field(default_factory=dict)
    policies: dict[str, JSONObject] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    concurrency: int | None = None
    recursion: str = "Terminate"
    code_signing: str | None = None
    provisioned: dict[str, JSONObject] = field(default_factory=dict)
    event_invoke: dict[str, JSONObject] = field(default_factory=dict)
    urls: dict[str, JSONObject] = field(default_factory=dict)
    runtime_management: dict[str, JSONObject] = field(default_factory=dict)

    def digests(self) -> Iterator[str]:
        """Name the zips that its versions use."""
        for configuration in (self.latest, *self.versions.values()):
            yield str(configuration.get("_digest"))


@dataclass(slots=True, kw_only=True)
class Layer:
    """A layer's versions, as AWS's ``GetLayerVersionResponse`` objects with ``_digest``."""

    versions: dict[str, JSONObject] = field(default_factory=dict)
    last_version: int = 0
    policies: dict[str, JSONObject] = field(default_factory=dict)

    def digests(self) -> Iterator[str]:
        """Name the zips that its versions use."""
        for version in self.versions.values():
            yield str(version.get("_digest"))


@dataclass(slots=True, kw_only=True)
class EventSource:
    """A mapping: AWS's ``EventSourceMappingConfiguration``, its tags, and how far a stream was read."""

    configuration: JSONObject
    tags: dict[str, str] = field(default_factory=dict)
    read_to: str = ""

    @property
    def uuid(self) -> str:
        return str(self.configuration["UUID"])

    @property
    def is_on(self) -> bool:
        return self.configuration["State"] == "Enabled"

    @property
    def source(self) -> str:
        """The ARN of what is read."""
        return str(self.configuration["EventSourceArn"])

    @property
    def kind(self) -> str:
        return self.source.split(":")[2]


class _Named(Protocol):
    @property
    def owner(self) -> Owner: ...

    @property
    def name(self) -> str: ...


_Kept = TypeVar("_Kept", Function, Layer, EventSource)


class Shelf(Generic[_Kept]):
    """Documents of one kind, below one folder: ``ACCOUNT/REGION/NAME.json``. Threads may share it."""

    def __init__(self, folder: Path, kind: type[_Kept], *, is_synced: bool) -> None:
        self._folder = folder
        self._kind: type[_Kept] = kind
        self._is_synced = is_synced
        self._lock = RLock()
        self._kept: dict[tuple[Owner, str], _Kept] = {}
        for file in sorted(folder.glob("*/*/*.json")):
            owner = Owner(file.parts[-3], file.parts[-2])
            self._kept[owner, file.stem] = kind(**json.loads(file.read_text("utf-8")))

    def get(self, name: _Named) -> _Kept | None:
        """Give a document; it isn't to be changed."""
        return self._kept.get((name.owner, name.name))

    def names(self, owner: Owner) -> list[str]:
        """Name what an account has in a region, in order."""
        return sorted(name for whose, name in list(self._kept) if whose == owner)

    def all(self) -> list[_Kept]:
        """Give every document."""
        return list(self._kept.values())

    @contextmanager
    def changed(self, name: _Named, new: _Kept | None = None, *, is_dry: bool = False) -> Iterator[_Kept]:
        """Give a copy to change; where the block ends without an error it is written, then counts.

        Args:
            new: The document where there is none yet.
            is_dry: Whether to forget the copy afterwards.

        Raises:
            Refused: somebody else deleted the document, or made it.
        """
        with self._lock:
            key = (name.owner, name.name)
            old = self._kept.get(key)
            if (old is None) == (new is None):
                raise Refused("ResourceConflictException", "The operation cannot be performed at this time.")
            copy = self._kind(**json.loads(json.dumps(asdict(old or new))))  # type: ignore[arg-type]  # one is
            yield copy
            if is_dry:
                return
            target = self._file(name)
            target.parent.mkdir(parents=True, exist_ok=True)
            write_whole(target, json.dumps(asdict(copy)).encode(), is_synced=self._is_synced)
            self._kept[key] = copy

    def drop(self, name: _Named) -> None:
        """Delete a document."""
        with self._lock:
            self._file(name).unlink(missing_ok=True)
            self._kept.pop((name.owner, name.name), None)

    def _file(self, name: _Named) -> Path:
        return self._folder / name.owner.account / name.owner.region / f"{name.name}.json"


class FunctionShelf(Shelf[Function]):
    """The functions."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        super().__init__(folder / "functions", Function, is_synced=is_synced)

    def find(self, name: FunctionName) -> Function:
        """Give a function, whatever the name's qualifier.

        Raises:
            Refused: there is none.
        """
        found = self.get(name)
        if found is None:
            raise not_found(name)
        return found

    def configuration(self, name: FunctionName) -> JSONObject:
        """Give the configuration that a name means: of its version, or of its alias's.

        Raises:
            Refused: there is none.
        """
        function = self.find(name)
        version = version_of(function, name)
        return function.latest if version == LATEST else function.versions[version]


class LayerShelf(Shelf[Layer]):
    """The layers."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        super().__init__(folder / "layers", Layer, is_synced=is_synced)

    def version(self, name: LayerName) -> JSONObject:
        """Give a layer's version.

        Raises:
            Refused: there is none.
        """
        layer = self.get(name)
        found = layer.versions.get(name.version or "") if layer is not None else None
        if found is None:
            raise Refused("ResourceNotFoundException", "The resource you requested does not exist.")
        return found


def version_of(function: Function, name: FunctionName) -> str:
    """Say which version a name means, without an alias's routing.

    Raises:
        Refused: there is no such version or alias.
    """
    qualifier = name.qualifier
    if qualifier is None or qualifier == LATEST:
        return LATEST
    alias = function.aliases.get(qualifier)
    version: Any = alias["FunctionVersion"] if alias is not None else qualifier
    if version != LATEST and version not in function.versions:
        raise not_found(name)
    return str(version)


def not_found(name: FunctionName) -> Refused:
    """Say that there is no such function."""
    return Refused("ResourceNotFoundException", f"Function not found: {name.arn}")
