"""moto's services on disk: what they hold is what the requests that changed something give again.

Keeps such a request before it is answered, and asks them all once more after a restart, at the same moments
(``repeatable``). What moto fails at half way, and what can't be kept, is undone in the same way.
"""

from __future__ import annotations

import json
import logging
import pathlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from threading import RLock
from typing import Any, NamedTuple

from step.clock import now_ms
from step.durable.copies import let_others
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.cloud.addressing import Address
from step.local.cloud.effects import Effect, Path, Things, item_path, parameters, table_path
from step.local.cloud.item_writes import WRITES, ItemWrite, put, single_writes
from step.local.cloud.moto_calls import FailedHalfWay, Moto
from step.local.cloud.notices import Notice, heard
from step.local.cloud.repeatable import moment
from step.local.cloud.request_log import Recorded, RequestLog
from step.local.cloud.rules import Delivery, deliveries
from step.local.cloud.sessions import RoleSessions
from step.local.cloud.timetables import ScheduleEntry, rules_on_schedule, schedules_of_scheduler
from step.local.entropy import new_uuid
from step.local.functions import Written
from step.local.http import Request, Response

_log = logging.getLogger("step.local.cloud")
# What waits until something happens must not keep it from happening.
_WAIT = frozenset({"ReceiveMessage"})
# What a request isn't kept with. Conditions held when they were looked at, and needn't again.
_NOT_KEPT = frozenset(
    {
        *("connection", "content-length", "user-agent", "x-amz-security-token", "x-amz-date", "expect"),
        *("accept-encoding", "amz-sdk-invocation-id", "amz-sdk-request", "x-amzn-trace-id"),
        *("if-match", "if-none-match", "x-amz-copy-source-if-match", "x-amz-copy-source-if-none-match"),
    }
)
# An item with so many changes is written as it is instead.
_MOST_CHANGES = 100


class _Table(NamedTuple):
    keys: tuple[str, ...]
    has_stream: bool


class Emulation:
    """moto's services. One request at a time holds ``lock``, unless it is known to wait.

    Attributes:
        sessions: What STS gave out.
    """

    def __init__(self, log: RequestLog) -> None:
        self.lock = RLock()
        self.sessions = RoleSessions()
        # Who hears of what S3 tells of its objects.
        self.hear: Callable[[Notice], None] = lambda notice: None
        self._moto = Moto()
        self._kept = log
        self._things = Things()
        self._tables: dict[tuple[str, str, str], _Table] = {}
        self._changes: Counter[Path] = Counter()

    def load(self) -> None:
        """Import moto, and have it hold what it held."""
        with self.lock:
            if not self._moto.is_loaded:
                self._moto.load()
                self._kept.drop(now_ms(), lambda effect: False)
                self._begin_anew()

    def close(self) -> None:
        """Let go of the files."""
        with self.lock:
            self._kept.close()

    def copy_to(self, folder: pathlib.Path) -> None:
        """Copy what is kept into another folder, while others are answered.

        Raises:
            OSError: it can't be written.
        """
        with self.lock:
            self._kept.copy_to(folder, let_others(self.lock))
        self._kept.copy_contents(folder)

    def account_of_key(self, key: str) -> str | None:
        """Say whose access key it is; None: IAM and STS gave none like it."""
        if not self._moto.is_loaded and self._kept.is_empty:
            return None
        self.load()
        from moto.iam.models import iam_backends

        with self.lock:
            for account, backends in iam_backends.items():
                if any(key in backend.access_keys for backend in backends.values()):
                    return str(account)
        return None

    def write_logs(self, written: Iterable[Written]) -> None:
        """Put what functions wrote into CloudWatch Logs; it is lost where the disk is full."""
        for one in written:
            group: JSONObject = {"logGroupName": one.group}
            stream: JSONObject = {**group, "logStreamName": one.stream}
            lines = [line for line in one.text.splitlines() if line]
            events: list[JSONValue] = [{"timestamp": one.time_ms, "message": line} for line in lines]
            try:
                for action, given in (
                    ("CreateLogGroup", group),
                    ("CreateLogStream", stream),
                    ("PutLogEvents", {**stream, "logEvents": events}),
                ):
                    request = _json_request("logs", one.region, f"Logs_20140328.{action}", to_text(given))
                    self.answer(request, Address.from_request(request), one.account)
            except OSError as error:
                _log.warning("lines of %s are lost: %s", one.group, error)

    def has(self, service: str) -> bool:
        """Say whether anything of a service was ever changed, without loading it."""
        with self.lock:
            return self._kept.has(service)

    def deliveries(self, event: JSONObject, bus: str = "default") -> list[Delivery]:
        """Say whom the rules of one of EventBridge's buses tell of an event that happened here."""
        self.load()
        from moto.events.models import events_backends

        with self.lock:
            backend = events_backends[str(event["account"])][str(event["region"])]
            found = backend.event_buses.get(bus)
            return [] if found is None else list(deliveries(found.rules, event))

    def schedules(self) -> list[ScheduleEntry]:
        """List the schedules that are on: of EventBridge's rules and of its Scheduler."""
        kept = [service for service in ("events", "scheduler") if self.has(service)]
        if kept:
            self.load()
        with self.lock:
            return [
                *(rules_on_schedule() if "events" in kept else ()),
                *(schedules_of_scheduler() if "scheduler" in kept else ()),
            ]

    def answer(self, request: Request, address: Address, account: str) -> Response:
        """Answer a request of an account; what it changed is kept first.

        Raises:
            Unsupported: moto has no such service or operation, or failed; nothing is changed.
            OSError: what it changed couldn't be kept; nothing is changed.
        """
        self.load()
        if address.is_read(request):
            with self.lock:
                return self._moto.ask(request, address, account)
        with heard() as notices:
            response = self._changed(request, address, account)
        for notice in notices:
            self.hear(notice)
        return response

    def _changed(self, request: Request, address: Address, account: str) -> Response:
        waits = address.action in _WAIT
        at_ms, seed = None if waits else now_ms(), new_uuid()
        try:
            with nullcontext() if waits else self.lock:
                with moment(at_ms, seed) as made:
                    response = self._moto.ask(request, address, account)
                if response.status < 400:
                    with self.lock:
                        if address.service == "sts":
                            self.sessions.note(request, response, address.key, at_ms or now_ms())
                        whole = Recorded(at_ms or now_ms(), seed, made, account, address.service, request, ())
                        self._keep(whole, address, response)
        except (FailedHalfWay, OSError):
            with self.lock, heard():
                self._begin_anew()
            raise
        return response

    # ------------------------------------------------------------ what it holds

    def _begin_anew(self) -> None:
        """Have moto hold what the kept requests give, and nothing that was there before."""
        self._moto.reset()
        self._tables.clear()
        self._changes.clear()
        self.sessions.clear()
        refused: Counter[str] = Counter()
        for recorded in self._kept.read():
            self._note(recorded)
            with moment(recorded.at_ms, recorded.seed, recorded.made):
                try:
                    address = Address.from_request(recorded.request)
                    response = self._moto.ask(recorded.request, address, recorded.account)
                    is_done = response.status < 400
                    if is_done and address.service == "sts":
                        self.sessions.note(recorded.request, response, address.key, recorded.at_ms)
                except Exception:  # another version of moto may do anything
                    is_done = False
            refused[recorded.service] += not is_done
        for service, count in (+refused).items():
            _log.warning(
                "%s: %d changes can't be made again; kept with another version of moto?", service, count
            )

    def _note(self, recorded: Recorded) -> None:
        self._things.note(recorded.request, recorded.service)
        for effect in recorded.effects:
            if "items" in effect.path:
                path = tuple(effect.path)
                self._changes[path] = self._changes[path] + 1 if effect.kind == "changes" else 0

    def _keep(self, done: Recorded, address: Address, response: Response) -> None:
        """Keep a request that has succeeded, or others that come to the same."""
        if address.action in _WAIT and b"ReceiptHandle" not in bytes(response.body):  # type: ignore[arg-type]
            return
        writes = None
        if address.service == "dynamodb":
            if address.action in WRITES:
                writes = self._single_writes(done, address)
            else:
                self._tables.clear()
        if writes is None:
            effects = self._things.effects(done.request, address, done.account, response)
            writes = [done._replace(request=_kept_form(done.request, address), effects=effects)]
        self._kept.append(writes)
        for recorded in writes:
            self._note(recorded)
        self._fold(writes, address.region)
        if self._kept.is_grown:
            self._drop(now_ms())

    # ------------------------------------------------------------ items

    def _single_writes(self, done: Recorded, address: Address) -> list[Recorded] | None:
        """Take a write to DynamoDB apart, or only say which items it changed where a stream tells of them."""
        given = parameters(done.request)
        tables: list[_Table] = []

        def keys_of(name: str) -> Sequence[str] | None:
            tables.append(self._table(done.account, address.region, name))
            return tables[-1].keys or None

        writes = single_writes(address.action, given, keys_of)
        if writes is None:
            return None
        if any(table.has_stream for table in tables):
            is_sure = "Condition" not in to_text(given) and "Transact" not in address.action
            names = {write.table for write in writes}
            effects = [Effect(table_path(done.account, address.region, name), "streams") for name in names]
            for write in writes:
                path = item_path(done.account, address.region, write.table, write.key)
                effects.append(Effect(path, write.kind if is_sure else "changes"))
            return [done._replace(request=_kept_form(done.request, address), effects=effects)]
        return [self._written(write, done, address.region) for write in writes]

    def _written(self, write: ItemWrite, done: Recorded, region: str) -> Recorded:
        request = _json_request("dynamodb", region, f"DynamoDB_20120810.{write.action}", write.text)
        effect = Effect(item_path(done.account, region, write.table, write.key), write.kind)
        return done._replace(request=request, seed=new_uuid(), made=(), effects=[effect])

    def _table(self, account: str, region: str, name: str) -> _Table:
        where = (account, region, name)
        if where not in self._tables:
            found = self._asked(
                "dynamodb", account, region, "DynamoDB_20120810.DescribeTable", {"TableName": name}
            )
            table: Any = found.get("Table") or {}
            keys = tuple(key["AttributeName"] for key in table.get("KeySchema", ()))
            has_stream = bool((table.get("StreamSpecification") or {}).get("StreamEnabled"))
            self._tables[where] = _Table(keys, has_stream)
        return self._tables[where]

    def _fold(self, writes: Iterable[Recorded], region: str) -> None:
        """Write items as they are now, of which many changes were kept."""
        for recorded in writes:
            for effect in recorded.effects:
                path = tuple(effect.path)
                if self._changes.get(path, 0) < _MOST_CHANGES:
                    continue
                *_, table, _, key = path
                keys = self._table(recorded.account, region, table).keys
                given: JSONObject = {"TableName": table, "Key": dict(zip(keys, json.loads(key), strict=True))}
                target = "DynamoDB_20120810.GetItem"
                item: Any = self._asked("dynamodb", recorded.account, region, target, given).get("Item")
                if item is not None and not self._table(recorded.account, region, table).has_stream:
                    self._kept.append([self._written(put(table, key, item), recorded, region)])
                self._changes[path] = 0

    # ------------------------------------------------------------ messages

    def _drop(self, at_ms: int) -> None:
        """Take away what doesn't matter any more at a moment."""
        empty: dict[tuple[str, str], bool] = {}

        def is_settled(effect: Effect) -> bool:
            if effect.path[-1] != "messages" or self._things.have_notifications:
                return False
            account, region = effect.path[1:3]
            # Asked once: there may be as many requests about messages as there are others.
            if (account, region) not in empty:
                empty[account, region] = self._has_no_messages(account, region)
            return empty[account, region]

        self._kept.drop(at_ms, is_settled)

    def _has_no_messages(self, account: str, region: str) -> bool:
        """Say whether messages of an account and region have all been received and deleted."""
        queues: Any = self._asked("sqs", account, region, "AmazonSQS.ListQueues", {}).get("QueueUrls") or []
        for queue in queues:
            given: JSONObject = {"QueueUrl": queue, "AttributeNames": ["All"]}
            found: Any = self._asked("sqs", account, region, "AmazonSQS.GetQueueAttributes", given)
            attributes = found.get("Attributes") or {}
            if any(
                value != "0" for name, value in attributes.items() if name.startswith("ApproximateNumber")
            ):
                return False
        return True

    def _asked(self, service: str, account: str, region: str, target: str, given: JSONObject) -> JSONObject:
        request = _json_request(service, region, target, to_text(given))
        response = self._moto.ask(request, Address.from_request(request), account)
        body = response.body if isinstance(response.body, bytes) else b""
        answer = json.loads(body or b"{}")
        return answer if response.status == 200 and isinstance(answer, dict) else {}


def _json_request(service: str, region: str, target: str, text: str) -> Request:
    headers = {
        "host": "localhost",
        "content-type": "application/x-amz-json-1.1" if service == "logs" else "application/x-amz-json-1.0",
        "x-amz-target": target,
        "authorization": _scope("local", region, service),
    }
    return Request("POST", "/", "", headers, text.encode("utf-8", "surrogatepass"), "127.0.0.1")


def _kept_form(request: Request, address: Address) -> Request:
    """Give a request as it is kept: no signature, no condition, no waiting."""
    headers = {name: value for name, value in request.headers.items() if name not in _NOT_KEPT}
    if "authorization" in headers:
        headers["authorization"] = _scope(address.key or "local", address.region, address.service)
    body = request.body
    if address.action in _WAIT:
        if "x-amz-target" in headers:
            body = to_text({**parameters(request), "WaitTimeSeconds": 0}).encode()
        else:
            body = b"&".join(
                [
                    *(part for part in body.split(b"&") if not part.startswith(b"WaitTime")),
                    b"WaitTimeSeconds=0",
                ]
            )
    return request._replace(headers=headers, body=body)


def _scope(key: str, region: str, service: str) -> str:
    return f"AWS4-HMAC-SHA256 Credential={key}/20200101/{region}/{service}/aws4_request"
