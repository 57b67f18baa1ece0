"""What the readers of queues and streams share: their mapping, filters, and what a function says of a batch.

AWS: Lambda developer guide, "Control which events Lambda sends to your function", "Reporting batch item
failures".
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from step.errors import Refused, StepError
from step.jsonvalue import JSONObject
from step.local.functions.event_sources import EventSources
from step.local.functions.names import Owner
from step.local.functions.store import EventSource
from step.local.service.own_functions import Invoked

Clients = Callable[[str, str], Any]
Matches = Callable[[str, JSONObject], bool]


class BatchReader:
    """Reads a source, batch by batch.

    Args:
        owner: Whose the mapping is.
        uuid: Which one it is.
        invoke: Calls a function, and waits.
        now_ms: The service's clock.
        ring_at: Has it read again at a moment of that clock.
    """

    def __init__(
        self,
        owner: Owner,
        uuid: str,
        sources: EventSources,
        invoke: Callable[[str, bytes], Invoked],
        client: Clients,
        matches: Matches,
        now_ms: Callable[[], int],
        ring_at: Callable[[int], None],
    ) -> None:
        self.owner = owner
        self.uuid = uuid
        self.sources = sources
        self.now_ms = now_ms
        self.ring_at = ring_at
        # Whether nothing more is to be read: what fails then has been stopped.
        self.has_ended = False
        self._invoke = invoke
        self._client = client
        self._matches = matches

    def begin(self) -> None:
        """Look where the source is, when the mapping is made."""

    def read(self) -> float | None:
        """Do all that is there; say after how many real seconds to look again, None: when told."""
        raise NotImplementedError

    @property
    def mapping(self) -> EventSource:
        return self.sources.found(self.owner, self.uuid)

    def client(self, service: str) -> Any:
        return self._client(self.owner.region, service)

    def number(self, name: str) -> int:
        """Give a number of the mapping's."""
        return int(str(self.mapping.configuration[name]))

    def is_wanted(self, event: JSONObject) -> bool:
        """Say whether an event passes the mapping's filters."""
        criteria: Any = self.mapping.configuration.get("FilterCriteria") or {}
        patterns = [str(one.get("Pattern", "{}")) for one in criteria.get("Filters", ())]
        return not patterns or any(self._matches(pattern, event) for pattern in patterns)

    def failed(self, records: Sequence[JSONObject], ids: Sequence[str]) -> list[str]:
        """Have the function do a batch; give the ids of those that it didn't do."""
        configuration = self.mapping.configuration
        try:
            done = self._invoke(
                str(configuration["FunctionArn"]), json.dumps({"Records": records}, default=plain).encode()
            )
        except Refused:
            return list(ids)
        if done.function_error is not None:
            if self.has_ended:
                raise StepError("stopped while a batch was being done")
            return list(ids)
        if "ReportBatchItemFailures" not in (configuration.get("FunctionResponseTypes") or ()):  # type: ignore[operator]  # a list
            return []
        told = _told(done.payload)
        # An id that is none of the batch's fails all of it, as one that is missing does.
        return list(ids) if told is None or not set(told) <= set(ids) else told


def _told(payload: bytes) -> list[str] | None:
    """Read which items a function says have failed; None: all of them."""
    try:
        answer: Any = json.loads(payload or b"null")
    except ValueError:
        return None
    if not answer:
        return []
    listed = answer.get("batchItemFailures", []) if isinstance(answer, dict) else None
    if listed is None:
        return []
    ids = [one.get("itemIdentifier") if isinstance(one, dict) else None for one in listed]
    return [str(one) for one in ids] if all(ids) else None


def plain(value: object) -> object:
    """Write what boto3 gives as Lambda's events have it."""
    if isinstance(value, datetime):
        return int(value.timestamp())
    return b64encode(bytes(value)).decode() if isinstance(value, bytes | bytearray) else str(value)
