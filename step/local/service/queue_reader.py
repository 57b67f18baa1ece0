"""Reads a queue for a function: batches, those that failed again after the queue's visibility timeout.

AWS: Lambda developer guide, "Using Lambda with Amazon SQS".
"""

from __future__ import annotations

import json
from typing import Any

from step.jsonvalue import JSONObject
from step.local.service.event_batches import BatchReader

_MOST_AT_ONCE = 10
# A message that somebody else has taken, or that is delayed, comes by the wall clock.
_PATIENCE_SECONDS = 1.0
_COUNTS = "ApproximateNumberOfMessages"


class QueueReader(BatchReader):
    """The messages of a queue."""

    _window_ms: int | None = None
    _due: tuple[tuple[int, tuple[str, ...]], ...] = ()

    def read(self) -> float | None:
        sqs = self.client("sqs")
        _, _, _, _, account, name = self.mapping.source.split(":", 5)
        url = str(sqs.get_queue_url(QueueName=name, QueueOwnerAWSAccountId=account)["QueueUrl"])
        self._show_again(sqs, url)
        while True:
            counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            if not int(counts[_COUNTS]) or self._waits_for_more(int(counts[_COUNTS])):
                hidden = int(counts[f"{_COUNTS}NotVisible"]) + int(counts[f"{_COUNTS}Delayed"])
                return _PATIENCE_SECONDS if hidden else None
            messages = self._receive(sqs, url)
            self._window_ms = None
            if not messages:
                return _PATIENCE_SECONDS
            self._do(sqs, url, messages, int(counts["VisibilityTimeout"]))

    def _waits_for_more(self, count: int) -> bool:
        """Say whether a batch isn't full and may still become so."""
        window, now_ms = self.number("MaximumBatchingWindowInSeconds"), self.now_ms()
        if not window or count >= self.number("BatchSize"):
            return False
        if self._window_ms is None:
            self._window_ms = now_ms + window * 1000
            self.ring_at(self._window_ms)
        return now_ms < self._window_ms

    def _receive(self, sqs: Any, url: str) -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = []
        size = self.number("BatchSize")
        while len(messages) < size:
            some = sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=min(_MOST_AT_ONCE, size - len(messages)),
                WaitTimeSeconds=0,
                MessageSystemAttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages", [])
            if not some:
                break
            messages += some
        return messages

    def _do(self, sqs: Any, url: str, messages: list[dict[str, Any]], visibility: int) -> None:
        source = self.mapping.source
        records = [(one, _record(one, source)) for one in messages]
        # What no filter lets through is gone: nobody else reads the queue.
        wanted = [(one, record) for one, record in records if self.is_wanted(_seen(record))]
        ids = [one["MessageId"] for one, _ in wanted]
        failed = set(self.failed([record for _, record in wanted], ids) if wanted else ())
        done = [one["ReceiptHandle"] for one in messages if one["MessageId"] not in failed]
        for begin in range(0, len(done), _MOST_AT_ONCE):
            entries = [
                {"Id": str(number), "ReceiptHandle": handle}
                for number, handle in enumerate(done[begin : begin + _MOST_AT_ONCE])
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)
        left = tuple(one["ReceiptHandle"] for one in messages if one["MessageId"] in failed)
        if left:
            at_ms = self.now_ms() + visibility * 1000
            self._due = (*self._due, (at_ms, left))
            self.ring_at(at_ms)
        self.sources.note(self.owner, self.uuid, "PROBLEM: Function call failed" if left else "OK")

    def _show_again(self, sqs: Any, url: str) -> None:
        """Let messages be received again whose time is over in the service's clock."""
        now_ms = self.now_ms()
        due = [handle for at_ms, handles in self._due if at_ms <= now_ms for handle in handles]
        self._due = tuple(one for one in self._due if one[0] > now_ms)
        for handle in due:
            try:
                sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0)
            except Exception:
                continue


def _record(message: dict[str, Any], source: str) -> JSONObject:
    """Write a message as the function gets it."""
    attributes = {
        name: {
            _small(key): value
            for key, value in attribute.items()
            if key not in ("ListValues", "BinaryListValues")
        }
        | {"stringListValues": [], "binaryListValues": []}
        for name, attribute in message.get("MessageAttributes", {}).items()
    }
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": attributes,
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": source,
        "awsRegion": source.split(":")[3],
    }


def _seen(record: JSONObject) -> JSONObject:
    """Give a record as filters see it: a body of JSON by its members."""
    try:
        body = json.loads(str(record["body"]))
    except ValueError:
        return record
    return {**record, "body": body} if isinstance(body, dict) else record


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]
