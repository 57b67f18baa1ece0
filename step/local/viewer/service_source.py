"""The local service as what the viewer looks into: in this process, without HTTP between them."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from step.durable.host import Host
from step.errors import Refused
from step.local.viewer.source import Listener
from step.view.visits import Event

# Histories of executions that have ended are made by replaying them: the last few are kept.
_MOST_KEPT = 4


class DoOperation(Protocol):
    """Do an operation of Step Functions' API, or raise ``Refused`` as it would refuse."""

    def __call__(self, operation: str, parameters: dict[str, Any], /) -> Mapping[str, Any]: ...


class ServiceSource:
    """A service's executions.

    Args:
        call: Its operations.
        host: What runs them.
        where: What the pages call the place.
    """

    def __init__(self, call: DoOperation, host: Host, where: str = "local service") -> None:
        self.where = where
        self.can_act = True
        self._call = call
        self._host = host
        self._listeners: set[Listener] = set()
        self._kept: OrderedDict[str, Sequence[Event]] = OrderedDict()
        self._lock = threading.Lock()
        host.listeners.append(self._hear)

    def now_ms(self) -> int:
        return self._host.clock.now_ms()

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._call(operation, dict(parameters))

    def events(self, arn: str, after: int) -> Sequence[Event]:
        with self._lock:
            kept = self._kept.get(arn)
        if kept is None:
            history = self._host.history(arn)
            if history is None:
                raise Refused("ExecutionDoesNotExist", f"Execution Does Not Exist: {arn!r}")
            if self._host.live(arn) is not None:
                # Ids count from 1.
                return list(islice(history, after, None))
            kept = self._keep(arn, list(history))
        return kept[after:]

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        with self._lock:
            self._listeners = {*self._listeners, listener}

        def end() -> None:
            with self._lock:
                self._listeners = self._listeners - {listener}

        return end

    def _keep(self, arn: str, events: Sequence[Event]) -> Sequence[Event]:
        with self._lock:
            self._kept[arn] = events
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return events

    def _hear(self, arn: str) -> None:
        # Under the host's lock: it must be short. A redriven execution's history grows again.
        if arn in self._kept:
            with self._lock:
                self._kept.pop(arn, None)
        for listener in self._listeners:
            listener(arn)
