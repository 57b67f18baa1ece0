"""Reads a table's stream for a function, in order: again, in halves, or given up, as its mapping says.

AWS: Lambda developer guide, "Using Lambda with Amazon DynamoDB", "Error handling".
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from step.arn import Arn
from step.clock import format_timestamp
from step.jsonvalue import JSONObject
from step.local.entropy import new_uuid
from step.local.service.event_batches import BatchReader, plain

_LONGEST_MS = 60_000
# AWS: DynamoDB Streams keeps records for a day.
_DAY_SECONDS = 86_400


class StreamReader(BatchReader):
    """The records of a stream; what is being tried again is a batch that is kept, with its tries."""

    _batch: tuple[dict[str, Any], ...] = ()
    _rest: tuple[tuple[dict[str, Any], ...], ...] = ()
    _tries = 0
    _not_before_ms = 0

    def begin(self) -> None:
        if self.mapping.read_to or self.mapping.configuration.get("StartingPosition") != "LATEST":
            return
        records = self._records()
        last = records[-1]["dynamodb"]["SequenceNumber"] if records else "0"
        self.sources.note(self.owner, self.uuid, "No records processed", last)

    def read(self) -> float | None:
        while self.now_ms() >= self._not_before_ms and (self._batch or self._next()):
            self._do(self._batch)
        return None

    def _next(self) -> bool:
        """Take the next batch; say whether there is one."""
        if not self._rest:
            # The stream is read from its beginning: once for all that is there, not for each batch.
            records, size = self._records(), self.number("BatchSize")
            self._rest = tuple(tuple(records[at : at + size]) for at in range(0, len(records), size))
        if not self._rest:
            return False
        self._batch, self._rest = self._rest[0], self._rest[1:]
        return True

    def _records(self) -> list[dict[str, Any]]:
        """Read the records behind the last that was done."""
        streams, arn = self.client("dynamodbstreams"), self.mapping.source
        found: list[dict[str, Any]] = []
        read_to = int(self.mapping.read_to or 0)
        for shard in streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]:
            iterator = streams.get_shard_iterator(
                StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
            )["ShardIterator"]
            while some := (page := streams.get_records(ShardIterator=iterator, Limit=1000))["Records"]:
                found += [one for one in some if int(one["dynamodb"]["SequenceNumber"]) > read_to]
                iterator = page["NextShardIterator"]
        return found

    def _do(self, batch: tuple[dict[str, Any], ...]) -> None:
        young = tuple(one for one in batch if not self._is_too_old(one))
        if len(young) < len(batch):
            self._give_up(tuple(one for one in batch if one not in young), "RecordAgeExceeded")
        wanted = [one for one in young if self.is_wanted(json.loads(json.dumps(one, default=plain)))]
        ids = [str(one["dynamodb"]["SequenceNumber"]) for one in wanted]
        records: list[JSONObject] = [{**one, "eventSourceARN": self.mapping.source} for one in wanted]
        failed = self.failed(records, ids) if wanted else []
        if not failed:
            self._advance(batch, "OK")
            return
        first = min(map(int, failed))
        done = tuple(one for one in batch if int(one["dynamodb"]["SequenceNumber"]) < first)
        if done:
            # What comes before the first that failed is done; the rest is a batch of its own.
            self._note(done, "OK")
            self._tries = 0
        self._again(batch[len(done) :])

    def _again(self, batch: tuple[dict[str, Any], ...]) -> None:
        configuration = self.mapping.configuration
        self._batch = batch
        if configuration.get("BisectBatchOnFunctionError") and len(batch) > 1:
            half = (len(batch) + 1) // 2
            self._batch, self._rest = batch[:half], (batch[half:], *self._rest)
            return
        self._tries += 1
        most = self.number("MaximumRetryAttempts")
        if 0 <= most < self._tries:
            self._give_up(batch, "RetryAttemptsExhausted")
            self._advance(batch, "PROBLEM: Function call failed")
            return
        self._not_before_ms = self.now_ms() + min(1000 << min(self._tries - 1, 6), _LONGEST_MS)
        self.ring_at(self._not_before_ms)

    def _advance(self, batch: tuple[dict[str, Any], ...], result: str) -> None:
        self._note(batch, result)
        self._batch, self._tries = (), 0

    def _note(self, batch: tuple[dict[str, Any], ...], result: str) -> None:
        self.sources.note(self.owner, self.uuid, result, str(batch[-1]["dynamodb"]["SequenceNumber"]))

    def _is_too_old(self, record: dict[str, Any]) -> bool:
        age = self.number("MaximumRecordAgeInSeconds")
        most = _DAY_SECONDS if age < 0 else age
        came: Any = record["dynamodb"].get("ApproximateCreationDateTime")
        seconds = came.timestamp() if isinstance(came, datetime) else float(came or 0)
        return bool(self._tries) and self.now_ms() / 1000 - seconds > most

    def _give_up(self, batch: tuple[dict[str, Any], ...], why: str) -> None:
        """Tell the destination of failures, if there is one, where the records are."""
        destinations: Any = self.mapping.configuration.get("DestinationConfig") or {}
        target = str((destinations.get("OnFailure") or {}).get("Destination") or "")
        named = Arn.from_text(target)
        if named is None:
            return
        numbers = [str(one["dynamodb"]["SequenceNumber"]) for one in batch]
        told = {
            "requestContext": {
                "requestId": new_uuid(),
                "functionArn": self.mapping.configuration["FunctionArn"],
                "condition": why,
                "approximateInvokeCount": self._tries,
            },
            "version": "1.0",
            "timestamp": format_timestamp(self.now_ms()),
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000000000000000000-00000000",
                "startSequenceNumber": numbers[0],
                "endSequenceNumber": numbers[-1],
                "batchSize": len(batch),
                "streamArn": self.mapping.source,
            },
        }
        if named.service == "sns":
            self.client("sns").publish(TopicArn=target, Message=json.dumps(told))
            return
        sqs = self.client("sqs")
        url = sqs.get_queue_url(QueueName=named.resource, QueueOwnerAWSAccountId=named.account)["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(told))
