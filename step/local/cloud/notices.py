"""What S3 tells of its objects, taken from moto: for functions and EventBridge, which moto can't tell.

Queues and topics moto tells by itself. What is told while kept requests are asked again is dropped: it was
told when they were asked first. Knows moto's notifications.
AWS: S3 user guide, "Amazon S3 Event Notifications".
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from step.clock import format_timestamp, now_ms
from step.jsonvalue import JSONObject
from step.local.entropy import new_uuid

_REASONS = {"Copy": "CopyObject", "DeleteMarkerCreated": "DeleteObject"}
_TYPES = {"ObjectCreated": "Object Created", "ObjectRemoved": "Object Deleted"}


class Notice(NamedTuple):
    """What is to be told: an event for a function, or, where ``function`` is "", for EventBridge."""

    function: str
    event: JSONObject


class _Heard(threading.local):
    notices: list[Notice] | None = None


_heard = _Heard()


@contextmanager
def heard() -> Iterator[list[Notice]]:
    """Give what moto tells in this thread meanwhile."""
    notices: list[Notice] = []
    _heard.notices = notices
    try:
        yield notices
    finally:
        _heard.notices = None


def mend_notices() -> None:
    """Let moto tell us from now on."""
    from moto.s3 import notifications

    to_rules = notifications._send_event_bridge_message
    if to_rules.__module__ == __name__:
        return

    def to_function(account: str, event: Any, arn: str, region: str) -> None:
        if _heard.notices is not None:
            _heard.notices.append(Notice(arn, json.loads(json.dumps(event))))

    def to_event_bridge(account: str, bucket: Any, name: str, key: Any) -> None:
        to_rules(account, bucket, name, key)
        if _heard.notices is not None:
            _heard.notices.append(Notice("", _event(account, bucket, name, key)))

    notifications._invoke_awslambda = to_function  # type: ignore[assignment]  # called by place
    notifications._send_event_bridge_message = to_event_bridge  # type: ignore[assignment]  # called by place


def _event(account: str, bucket: Any, name: str, key: Any) -> JSONObject:
    """Write the event. AWS: S3 user guide, "EventBridge event message structure"."""
    _, kind, reason = name.split(":")
    about: JSONObject = {"key": key.name, "sequencer": f"{now_ms():018X}"}
    if kind != "ObjectRemoved":
        about |= {"size": key.size, "etag": key.etag.replace('"', "")}
    if key.version_id:
        about["version-id"] = key.version_id
    detail: JSONObject = {
        "version": "0",
        "bucket": {"name": bucket.name},
        "object": about,
        "request-id": new_uuid().replace("-", "")[:16].upper(),
        "requester": account,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS.get(reason, f"{reason}Object"),
    }
    if kind == "ObjectRemoved":
        detail["deletion-type"] = "Permanently Deleted" if reason == "Delete" else "Delete Marker Created"
    return {
        "version": "0",
        "id": new_uuid(),
        "detail-type": _TYPES.get(kind, kind),
        "source": "aws.s3",
        "account": account,
        "time": format_timestamp(now_ms() // 1000 * 1000).replace(".000Z", "Z"),
        "region": bucket.region_name,
        "resources": [bucket.arn],
        "detail": detail,
    }
