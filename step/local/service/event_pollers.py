"""Event source mappings at work: a poller for each that is on, which reads its queue or stream.

Whoever changes something in a service tells; until what came is done, nobody's time runs out in one jump.
What is tried again is tried again in the service's clock. As on AWS a function may get a record twice.
AWS: Lambda developer guide, "Invoking Lambda with events from other AWS services".
"""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from step.durable.host import Host
from step.local.functions.event_sources import QUEUE, STREAM, EventSources
from step.local.functions.names import Owner
from step.local.functions.store import EventSource
from step.local.service.event_batches import BatchReader, Clients, Matches
from step.local.service.own_functions import Invoked
from step.local.service.queue_reader import QueueReader
from step.local.service.stream_reader import StreamReader

_log = logging.getLogger("step.local.service")
# What may bring messages to a queue, and records to a stream.
_BRINGS = {
    QUEUE: frozenset({"sqs", "sns", "events", "scheduler", "s3"}),
    STREAM: frozenset({"dynamodb"}),
}
_TROUBLED_SECONDS = 5.0


class Invokes(Protocol):
    """Calls a function by its ARN, and waits."""

    def __call__(self, owner: Owner, function: str, payload: bytes) -> Invoked: ...


class EventPollers:
    """Keeps a poller for each mapping that is on.

    Args:
        host: Whose clock it is.
        sources: The mappings.
        invoke: Calls a function.
        client: Gives a client of a service in a region.
        matches: Says whether an event matches a pattern of EventBridge's.
    """

    def __init__(
        self, host: Host, sources: EventSources, invoke: Invokes, client: Clients, matches: Matches
    ) -> None:
        self._host = host
        self._sources = sources
        self._invoke = invoke
        self._client = client
        self._matches = matches
        self._lock = threading.Lock()
        self._pollers: dict[str, _Poller] = {}

    def refresh(self) -> None:
        """Take notice of mappings that have come, changed or gone."""
        wanted = {kept.uuid: kept for kept in self._sources.shelf.all() if kept.is_on}
        with self._lock:
            gone = [self._pollers.pop(uuid) for uuid in list(self._pollers) if uuid not in wanted]
            new = [self._poller(kept) for uuid, kept in wanted.items() if uuid not in self._pollers]
            self._pollers |= {poller.uuid: poller for poller in new}
        for poller in gone:
            poller.end()
        for poller in new:
            poller.start()

    def hear(self, service: str) -> None:
        """Take notice of a change in a service."""
        for poller in self._all():
            if service in _BRINGS[poller.kind]:
                poller.nudge()

    def close(self) -> None:
        """Read nothing more."""
        for poller in self._all():
            poller.end()

    def _all(self) -> list[_Poller]:
        with self._lock:
            return list(self._pollers.values())

    def _poller(self, kept: EventSource) -> _Poller:
        name = kept.configuration["EventSourceMappingArn"]
        _, _, _, region, account, *_ = str(name).split(":")
        kind = StreamReader if kept.kind == STREAM else QueueReader
        poller = _Poller(self._host, kept.uuid, kept.kind)
        poller.reader = kind(
            owner := Owner(account, region),
            kept.uuid,
            self._sources,
            lambda function, payload: self._invoke(owner, function, payload),
            self._client,
            self._matches,
            self._host.clock.now_ms,
            lambda at_ms: self._host.ring_at(at_ms, poller.nudge),
        )
        return poller


class _Poller:
    """A thread that lets a reader read whenever something may be there."""

    reader: BatchReader

    def __init__(self, host: Host, uuid: str, kind: str) -> None:
        self.uuid = uuid
        self.kind = kind
        self._host = host
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._is_nudged = False
        self._has_ended = False
        self._thread = threading.Thread(target=self._read_on, name="step-event-source", daemon=True)

    def start(self) -> None:
        try:
            self.reader.begin()
        except Exception as error:  # a stream that isn't there
            _log.warning("event source mapping %s: %s", self.uuid, error)
        self._thread.start()
        self.nudge()

    def nudge(self) -> None:
        """Have it read soon; until then the clock doesn't jump."""
        with self._lock:
            if not self._is_nudged and not self._has_ended:
                self._is_nudged = True
                self._host.hold_clock()
        self._wake.set()

    def end(self) -> None:
        """Read nothing more; a batch that is being done is done again another time."""
        with self._lock:
            self._has_ended = self.reader.has_ended = True
            self._let_go()
        self._wake.set()

    def _read_on(self) -> None:
        patience: float | None = None
        while not self._has_ended:
            self._wake.wait(patience)
            self._wake.clear()
            with self._lock:
                self._host.hold_clock()
                self._let_go()
            try:
                patience = None if self.reader.has_ended else self.reader.read()
            except Exception as error:  # a queue that isn't there, a function that can't be called
                _log.warning("event source mapping %s: %s", self.uuid, error)
                patience = _TROUBLED_SECONDS
            finally:
                self._host.release_clock()

    def _let_go(self) -> None:
        if self._is_nudged:
            self._is_nudged = False
            self._host.release_clock()
