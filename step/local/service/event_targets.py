"""EventBridge's side of the service: events, and their targets that are state machines and functions.

What happens here is done by one thread, in order, and the clock doesn't jump until it is done. As on AWS it
is done as well as can be, and not at all where the service dies before. Knows rules by ``RuleTargets``.
AWS: EventBridge user guide, "Targets", "Using dead-letter queues".
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable
from typing import Any, Protocol
from uuid import NAMESPACE_URL, uuid5

from step.arn import Arn
from step.durable.host import Host
from step.durable.journal import StoreFull
from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.arns import MACHINE, Caller

_log = logging.getLogger("step.local.service")


class TargetDelivery(Protocol):
    """A rule's target, and its input for an event; ``dead_letters`` is the ARN of a queue, or ""."""

    @property
    def rule(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def input(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def dead_letters(self) -> str: ...


class RuleTargets(Protocol):
    """The rules of EventBridge."""

    def has_rules(self) -> bool:
        """Say whether there may be any; quick."""
        ...

    def deliveries(self, event: JSONObject, bus: str = "default") -> Iterable[TargetDelivery]:
        """Say whom an event is for."""
        ...


class EventTargets:
    """Starts the machines and calls the functions that events and schedules are for.

    Args:
        host: What runs executions.
        rules: Whom to tell of events.
        start: Does StartExecution, once for what is named as the starter.
        client: Gives a client of a service in a region.
        judge: Says what a target's role lacks to start it; None: nothing.
    """

    def __init__(
        self,
        host: Host,
        rules: RuleTargets,
        start: Callable[[Caller, JSONObject, str], JSONObject],
        client: Callable[[str, str], Any],
        judge: Callable[[Caller, str, str], str | None],
    ) -> None:
        self._host = host
        self._rules = rules
        self._start = start
        self._client = client
        self._judge = judge
        self._asked: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._do_all, name="step-events", daemon=True)

    @property
    def has_rules(self) -> bool:
        """Whether an event may be for anybody."""
        return self._rules.has_rules()

    def open(self) -> None:
        """Do what is asked from now on."""
        self._thread.start()

    def close(self) -> None:
        """Do what was asked, then stop."""
        self._asked.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def do(self, work: Callable[[], None]) -> None:
        """Have something done soon; until then nobody's time runs out in one jump."""
        self._host.hold_clock()
        self._asked.put(work)

    def hear(self, event: JSONObject, bus: str) -> None:
        """Take an event that somebody put onto a bus."""
        self.do(lambda: self.tell(event, bus))

    def tell(self, event: JSONObject, bus: str = "default") -> None:
        """Tell the targets of the rules that an event matches."""
        caller = Caller(str(event["account"]), str(event["region"]))
        for delivery in self._rules.deliveries(event, bus):
            self.deliver(delivery, caller, str(event["id"]))

    def deliver(self, delivery: TargetDelivery, caller: Caller, event_id: str) -> None:
        """Start a machine or call a function; what neither is gets nothing."""
        try:
            if f":{MACHINE}:" in delivery.target:
                self._start_machine(delivery, caller, event_id)
            elif ":function:" in delivery.target:
                payload, region = delivery.input.encode(), caller.region
                self._client(region, "lambda").invoke(
                    FunctionName=delivery.target, InvocationType="Event", Payload=payload
                )
        except (Refused, StoreFull) as refusal:
            self._bury(delivery, str(refusal))
        except Exception as failure:  # what a client says of a function
            self._bury(delivery, f"{type(failure).__name__}: {failure}")

    def _start_machine(self, delivery: TargetDelivery, caller: Caller, event_id: str) -> None:
        missing = self._judge(caller, delivery.role, delivery.target)
        if missing is not None:
            self._bury(delivery, missing)
            return
        name = str(uuid5(NAMESPACE_URL, f"{event_id}/{delivery.rule}/{delivery.target}"))
        params: JSONObject = {"stateMachineArn": delivery.target, "name": name, "input": delivery.input}
        self._start(caller, params, f"{delivery.rule}/{event_id}")

    def _bury(self, delivery: TargetDelivery, why: str) -> None:
        """Keep what couldn't be delivered in the target's queue for that, if it has one."""
        _log.warning("%s: %s wasn't told: %s", delivery.rule, delivery.target, why)
        named = Arn.from_text(delivery.dead_letters)
        if named is None:
            return
        told = {"RULE_ARN": delivery.rule, "TARGET_ARN": delivery.target, "ERROR_MESSAGE": why[:1024]}
        attributes = {name: {"DataType": "String", "StringValue": text} for name, text in told.items()}
        try:
            sqs = self._client(named.region, "sqs")
            url = sqs.get_queue_url(QueueName=named.resource, QueueOwnerAWSAccountId=named.account)[
                "QueueUrl"
            ]
            sqs.send_message(QueueUrl=url, MessageBody=delivery.input, MessageAttributes=attributes)
        except Exception as failure:  # a queue that isn't there
            _log.warning("%s: its dead letters have no queue: %s", delivery.rule, failure)

    def _do_all(self) -> None:
        while True:
            work = self._asked.get()
            if work is None:
                return
            try:
                work()
            except Exception as error:  # what a target has against it is no failure of an execution
                _log.warning("an event wasn't told: %s", error)
            finally:
                self._host.release_clock()
