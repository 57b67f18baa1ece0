"""Event source mappings: which queue or stream starts which function, and how; their operations.

Runs nothing: ``service.event_pollers`` reads what is on. AWS: Lambda API reference,
"CreateEventSourceMapping".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from step.clock import now_ms
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.entropy import new_uuid
from step.local.functions.names import FunctionName, Owner, named
from step.local.functions.paging import page
from step.local.functions.store import EventSource, Shelf

QUEUE, STREAM = "sqs", "dynamodb"
_OPTIONAL = (
    "BatchSize MaximumBatchingWindowInSeconds FilterCriteria DestinationConfig FunctionResponseTypes"
    " ScalingConfig"
)
_OF_STREAMS = (
    "ParallelizationFactor MaximumRecordAgeInSeconds BisectBatchOnFunctionError MaximumRetryAttempts"
    " TumblingWindowInSeconds=0"
)
CREATE = f"EventSourceArn FunctionName Enabled StartingPosition Tags {_OPTIONAL} {_OF_STREAMS}"
UPDATE = f"UUID FunctionName Enabled {_OPTIONAL} {_OF_STREAMS}"
# What AWS shows of a stream where nothing was said.
_STREAM_DEFAULTS: JSONObject = {
    "ParallelizationFactor": 1,
    "MaximumRecordAgeInSeconds": -1,
    "BisectBatchOnFunctionError": False,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
}
_NOT_SHOWN = frozenset({"FunctionName", "Enabled", "Tags", "UUID"})


class MappingName(NamedTuple):
    """Whose a mapping is, and its UUID."""

    owner: Owner
    name: str


class EventSources:
    """The mappings, and the operations on them.

    Args:
        check: Sees that a function is there; raises Refused.

    Attributes:
        changed: Called when a mapping has come, changed or gone.
    """

    def __init__(
        self, folder: Path, check: Callable[[FunctionName], object], *, is_synced: bool = False
    ) -> None:
        self.shelf = Shelf(folder / "event-sources", EventSource, is_synced=is_synced)
        self._check = check
        self.changed: Callable[[], None] = lambda: None

    def create(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Map a queue or a stream to a function; it is on at once."""
        source = str(asked.get("EventSourceArn") or "")
        kind = source.split(":")[2] if source.count(":") >= 5 else ""
        if kind not in (QUEUE, STREAM):
            raise _wrong(f"step reads queues of SQS and streams of DynamoDB; not {source or 'nothing'}")
        if kind == STREAM and "StartingPosition" not in asked:
            raise _wrong("StartingPosition is required for the streams of DynamoDB")
        function = named(owner, asked)
        self._check(function)
        if any(_same(one, source, function.arn) for one in self.shelf.all()):
            raise Refused(
                "ResourceConflictException",
                f"The event source arn ({source}) and function ({function.name}) provided mapping already"
                " exists.",
            )
        uuid = new_uuid()
        made: JSONObject = {
            "UUID": uuid,
            "EventSourceMappingArn": f"{owner.arn}:event-source-mapping:{uuid}",
            "BatchSize": 10 if kind == QUEUE else 100,
            "MaximumBatchingWindowInSeconds": 0,
            "FunctionResponseTypes": [],
            **(_STREAM_DEFAULTS if kind == STREAM else {}),
            "LastProcessingResult": "No records processed",
            "StateTransitionReason": "USER_INITIATED",
        }
        tags = asked.get("Tags")
        kept = EventSource(
            configuration=_with(made, asked, function),
            tags={name: str(value) for name, value in tags.items()} if isinstance(tags, dict) else {},
        )
        with self.shelf.changed(MappingName(owner, uuid), kept):
            pass
        self.changed()
        return kept.configuration

    def get(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Show a mapping."""
        return self.found(owner, str(asked["UUID"])).configuration

    def update(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Change a mapping, or switch it on or off."""
        uuid = str(asked["UUID"])
        old = self.found(owner, uuid).configuration
        function = named(owner, asked) if "FunctionName" in asked else None
        if function is not None:
            self._check(function)
        with self.shelf.changed(MappingName(owner, uuid)) as kept:
            kept.configuration = _with(old, asked, function)
        self.changed()
        return self.get(owner, asked)

    def delete(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """Delete a mapping; nothing more is read for it."""
        uuid = str(asked["UUID"])
        gone = self.found(owner, uuid)
        self.shelf.drop(MappingName(owner, uuid))
        self.changed()
        return {**gone.configuration, "State": "Deleting"}

    def list(self, owner: Owner, asked: JSONObject) -> JSONObject:
        """List the mappings: all of them, a source's, a function's."""
        wanted = named(owner, asked).arn if "FunctionName" in asked else None
        source = asked.get("EventSourceArn")
        found = [self.found(owner, uuid).configuration for uuid in self.shelf.names(owner)]
        shown = [
            one
            for one in found
            if wanted in (None, one["FunctionArn"]) and source in (None, one["EventSourceArn"])
        ]
        return page(asked, shown, "EventSourceMappings", most=100)

    def found(self, owner: Owner, uuid: str) -> EventSource:
        """Find a mapping.

        Raises:
            Refused: there is none.
        """
        found = self.shelf.get(MappingName(owner, uuid))
        if found is None:
            raise Refused("ResourceNotFoundException", "The resource you requested does not exist.")
        return found

    def note(self, owner: Owner, uuid: str, result: str, read_to: str | None = None) -> None:
        """Keep what became of the last batch, and how far a stream was read."""
        with self.shelf.changed(MappingName(owner, uuid)) as kept:
            kept.configuration = {**kept.configuration, "LastProcessingResult": result}
            if read_to is not None:
                kept.read_to = read_to

    def tagged(self, owner: Owner, arn: str) -> MappingName | None:
        """Say which mapping an ARN of a tagged resource means; None: none."""
        head, _, uuid = arn.rpartition(":event-source-mapping:")
        return MappingName(owner, uuid) if head else None


def _with(old: JSONObject, asked: JSONObject, function: FunctionName | None) -> JSONObject:
    said = {name: value for name, value in asked.items() if name not in _NOT_SHOWN}
    _check_filters(said.get("FilterCriteria"))
    changed: JSONObject = {**old, **said, "LastModified": now_ms() / 1000}
    if function is not None:
        changed["FunctionArn"] = function.arn
    if "Enabled" in asked or "State" not in old:
        changed["State"] = "Enabled" if asked.get("Enabled", True) else "Disabled"
    size, window = changed["BatchSize"], changed["MaximumBatchingWindowInSeconds"]
    if int(str(size)) > 10 and not window and str(changed["EventSourceArn"]).split(":")[2] == QUEUE:
        raise _wrong(
            "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
        )
    return changed


def _check_filters(criteria: Any) -> None:
    for one in (criteria or {}).get("Filters", ()):
        try:
            is_object = isinstance(json.loads(one.get("Pattern", "{}")), dict)
        except ValueError:
            is_object = False
        if not is_object:
            raise _wrong("Invalid filter pattern definition.")


def _same(one: EventSource, source: str, function: str) -> bool:
    return one.source == source and one.configuration["FunctionArn"] == function


def _wrong(message: str) -> Refused:
    return Refused("InvalidParameterValueException", message)
