"""One door for all of AWS but Step Functions: Lambda here, everything else moto's.

Routes, says whose a request is, and turns every failure into an error of the client's protocol: no request
ends in a 500.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from step.durable.store_folder import CLOUD, FUNCTIONS
from step.errors import Refused
from step.jsonvalue import JSONObject, to_text
from step.local.cloud.access_facts import AccessFacts
from step.local.cloud.addressing import Address
from step.local.cloud.corrections import correct
from step.local.cloud.emulation import Emulation
from step.local.cloud.moto_calls import Unsupported
from step.local.cloud.notices import Notice
from step.local.cloud.objects import EmulatedObjects
from step.local.cloud.refusals import refusal
from step.local.cloud.request_log import RequestLog
from step.local.cloud.rules import Delivery, put_events
from step.local.cloud.timetables import ScheduleEntry
from step.local.entropy import new_uuid
from step.local.functions import CODE_PATH, Functions, Owner
from step.local.http import Request, Response

_log = logging.getLogger("step.local.cloud")
_REQUEST_IDS = frozenset({"x-amz-request-id", "x-amzn-requestid"})
_EVENTS = ("events", "scheduler")
# What brings nothing to anybody, though it changes something.
_TAKES = frozenset({"ReceiveMessage", "DeleteMessage", "DeleteMessageBatch"})
_IS_KEY = re.compile(r"A[A-Z0-9]{19}").fullmatch


class Cloud:
    """AWS's services on one machine, without Step Functions.

    Attributes:
        functions: Lambda.
        facts: What permissions depend on.
        refresh_schedules: What is called when a schedule may have changed.
        hear_change: What is called when something has changed in a service.
        listeners: Who hears of events that are put onto EventBridge's buses: the event, and the bus's name.

    Args:
        store: The folder that everything lives in.
        account: Whose requests are that no access key says more of.
        region: Where they are, if nothing says.
        endpoint: Says where the service is, once it listens.
        handlers: A folder of handler files that stand for Lambda functions of their names.
        hosts: Other machines that functions may call, by patterns of their names.
        is_synced: Whether what is acknowledged survives the loss of power.
        is_strict: Whether updates of functions take a while.
    """

    def __init__(
        self,
        store: Path,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
        endpoint: Callable[[], str],
        handlers: Path | None = None,
        hosts: Sequence[str] = (),
        is_synced: bool = False,
        is_strict: bool = False,
    ) -> None:
        self._owner = Owner(account, region)
        self.listeners: list[Callable[[JSONObject, str], None]] = []
        self.refresh_schedules: Callable[[], None] = lambda: None
        self.hear_change: Callable[[str], None] = lambda service: None
        self._emulation = Emulation(RequestLog(store / CLOUD, is_synced=is_synced))
        self._emulation.hear = self._tell
        self.facts = AccessFacts(self._emulation)
        self.functions = Functions(
            store / FUNCTIONS,
            owner=self._owner,
            objects=EmulatedObjects(self._emulation),
            endpoint=endpoint,
            handlers=handlers,
            hosts=hosts,
            is_synced=is_synced,
            is_strict=is_strict,
        )

    def answer(self, request: Request) -> Response:
        """Answer a request to any service but Step Functions; as AWS does, with an id of the request."""
        response = self._answer(request)
        if {name.lower() for name in response.headers} & _REQUEST_IDS:
            return response
        return response._replace(headers={**response.headers, "x-amzn-RequestId": new_uuid()})

    def _answer(self, request: Request) -> Response:
        address = Address.from_request(request)
        try:
            if request.path.startswith(CODE_PATH):
                return self._code(request)
            owner = Owner(self._account(address), address.region or self._owner.region)
            if address.service == "lambda":
                return self.functions.answer(request, owner)
            return self._emulated(request, address, owner)
        except Unsupported as unsupported:
            message = f"The local service can't do this: {unsupported}"
            return refusal(request, address, 501, "NotImplemented", message)
        except Refused as refused:
            return refusal(request, address, 400, refused.code, refused.message)
        except OSError as error:
            _log.error("%s %s: %s", request.method, request.path, error)
            return refusal(
                request, address, 507, "StoreFull", f"the store can't be written: {error.strerror}"
            )
        except Exception as error:  # whatever a client sends, it gets an answer that it doesn't send again
            _log.exception("%s %s", request.method, request.path)
            message = f"The local service can't read this request: {type(error).__name__}"
            return refusal(request, address, 400, "InvalidRequest", message)

    def close(self) -> None:
        """End the functions' processes, let go of the files."""
        self.functions.close()
        self._emulation.close()

    def _emulated(self, request: Request, address: Address, owner: Owner) -> Response:
        correct(request, address)
        if address.service == "logs" and self.functions.has_logs:
            self._emulation.write_logs(self.functions.take_logs())
        response = self._emulation.answer(request, address, owner.account)
        if response.status < 300 and not address.is_read(request) and address.action not in _TAKES:
            self.hear_change(address.service)
        if address.service not in _EVENTS or response.status >= 300 or address.is_read(request):
            return response
        if address.action != "PutEvents":
            self.refresh_schedules()
        else:
            for bus, event in put_events(request, response, owner.account, owner.region):
                for hear in self.listeners:
                    hear(event, bus)
        return response

    def copy_to(self, store: Path) -> None:
        """Copy what is kept of moto's services into another store, while requests are answered.

        Raises:
            OSError: it can't be written.
        """
        self._emulation.copy_to(store / CLOUD)

    def _tell(self, notice: Notice) -> None:
        """Tell a function or EventBridge what S3 tells of an object."""
        if not notice.function:
            for hear in self.listeners:
                hear(notice.event, "default")
            return
        try:
            self.functions.invoke(notice.function, to_text(notice.event).encode(), kind="Event")
        except (Refused, OSError) as problem:
            _log.warning("%s wasn't told of an object: %s", notice.function, problem)

    def account_of(self, request: Request) -> str:
        """Say whose request it is, by its access key."""
        return self._account(Address.from_request(request))

    def has_rules(self) -> bool:
        """Say whether EventBridge may have rules."""
        return self._emulation.has("events")

    def deliveries(self, event: JSONObject, bus: str = "default") -> list[Delivery]:
        """Say whom the rules of EventBridge's bus tell of an event, in its shape."""
        return self._emulation.deliveries(event, bus)

    def schedules(self) -> list[ScheduleEntry]:
        """List the schedules that are on."""
        return self._emulation.schedules()

    def is_issued(self, key: str) -> bool:
        """Whether an access key was given to a function, or by STS or IAM here."""
        if self.functions.keys.holder(key) is not None:
            return True
        return _IS_KEY(key) is not None and self._emulation.account_of_key(key) is not None

    def _account(self, address: Address) -> str:
        known = self.functions.keys.holder(address.key)
        if known is not None:
            return known.account
        if _IS_KEY(address.key):
            return self._emulation.account_of_key(address.key) or self._owner.account
        return self._owner.account

    def _code(self, request: Request) -> Response:
        data = self.functions.code(request.path, request.query)
        return Response(404, {}) if data is None else Response(200, {"Content-Type": "application/zip"}, data)
