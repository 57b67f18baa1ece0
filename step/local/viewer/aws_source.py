"""Step Functions on AWS, or at any endpoint, as what the viewer looks into.

Nothing there tells of changes: while somebody looks, what runs is asked for again and again.
"""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from step.aws.connection import Aws
from step.clock import now_ms
from step.errors import StepError
from step.local.viewer.source import Listener
from step.view.visits import Event

_SERVICE = "stepfunctions"
# AWS lets an account ask a few times a second.
_LOOK_SECONDS = 3.0
_MOST_KEPT = 4


class AwsSource:
    """The executions at one place.

    Args:
        aws: The place.
        can_act: Whether the pages may start, stop and redrive there.
        look_seconds: How often to look for changes.
    """

    def __init__(self, aws: Aws, *, can_act: bool = False, look_seconds: float = _LOOK_SECONDS) -> None:
        self.can_act = can_act
        self._aws = aws
        self._look_seconds = look_seconds
        self._histories: OrderedDict[str, _History] = OrderedDict()
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._wake = threading.Event()
        self._looker: threading.Thread | None = None

    @property
    def where(self) -> str:
        return self._aws.where

    def now_ms(self) -> int:
        return now_ms()

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Mapping[str, Any]:
        name = re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()
        return self._aws.call(_SERVICE, name, **parameters)

    def events(self, arn: str, after: int) -> Sequence[Event]:
        with self._lock:
            history = self._histories.setdefault(arn, _History(arn))
            self._histories.move_to_end(arn)
            while len(self._histories) > _MOST_KEPT:
                self._histories.popitem(last=False)
        return history.read(self.call, after)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        with self._lock:
            self._listeners = {*self._listeners, listener}
            if self._looker is None:
                self._looker = threading.Thread(target=self._look, name="step-look", daemon=True)
                self._looker.start()

        def end() -> None:
            with self._lock:
                self._listeners = self._listeners - {listener}
            self._wake.set()

        return end

    # ------------------------------------------------------------ looking for changes

    def _look(self) -> None:
        known: dict[str, tuple[Any, ...]] = {}
        while self._goes_on():
            try:
                now = self._standing()
            except StepError:
                # It may answer again; who looks is told by what the pages ask for.
                now = known
            changed = [arn for arn, standing in now.items() if known.get(arn) != standing]
            running = [arn for arn, standing in now.items() if standing[0] == "RUNNING"]
            for arn in {*changed, *running, *(known.keys() - now.keys())} if known else ():
                for listener in self._listeners:
                    listener(arn)
            known = now
            self._wake.wait(self._look_seconds)
            self._wake.clear()

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._listeners:
                self._looker = None
            return self._looker is not None

    def _standing(self) -> dict[str, tuple[Any, ...]]:
        """How the newest executions of every machine stand."""
        found: dict[str, tuple[Any, ...]] = {}
        for machine in self.call("ListStateMachines", {})["stateMachines"]:
            if machine.get("type") == "EXPRESS":
                continue
            wanted = {"stateMachineArn": machine["stateMachineArn"], "maxResults": 50}
            for row in self.call("ListExecutions", wanted)["executions"]:
                found[row["executionArn"]] = (row["status"], row.get("redriveCount", 0))
        return found


class _History:
    """A history that is read on: what was read stays."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._events: list[Event] = []
        # The page that was the last one: it may have grown, or have got a next one.
        self._page: dict[str, str] = {}
        self._lock = threading.Lock()

    def read(
        self, call: Callable[[str, Mapping[str, Any]], Mapping[str, Any]], after: int
    ) -> Sequence[Event]:
        with self._lock:
            while len(self._events) <= after and self._read_page(call):
                pass
            return self._events[after:]

    def _read_page(self, call: Callable[[str, Mapping[str, Any]], Mapping[str, Any]]) -> bool:
        wanted = {"executionArn": self._arn, "maxResults": 1000, **self._page}
        answer = call("GetExecutionHistory", wanted)
        last = self._events[-1]["id"] if self._events else 0
        self._events += [event for event in answer["events"] if event["id"] > last]
        if not answer.get("nextToken"):
            return False
        self._page = {"nextToken": answer["nextToken"]}
        return True
