"""Queues, streams and buckets start functions: batches, partial failures, filters, tries, in virtual time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from step.clock import elapsed, pause
from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.serving import ACCOUNT, REGION, client_at

# Notes what it gets; says that items have failed whose text begins with "bad", until "good" is there.
CODE = """
import json, pathlib
here = pathlib.Path(__file__).parent
def handler(event, context):
    with open(here / "got.jsonl", "a") as file:
        file.write(json.dumps(event) + "\\n")
    texts = {}
    for record in event.get("Records", []):
        image = record.get("dynamodb", {})
        name = record.get("messageId") or image.get("SequenceNumber")
        texts[name] = record.get("body") or image.get("Keys", {}).get("id", {}).get("S", "")
    bad = [name for name, text in texts.items() if text.startswith("bad")]
    if (here / "good").exists():
        bad = []
    if bad and any(text == "bad all" for text in texts.values()):
        raise ValueError("all of it")
    return {"batchItemFailures": [{"itemIdentifier": name} for name in bad]}
"""
FUNCTION = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:baker"
PARTLY = {"FunctionResponseTypes": ["ReportBatchItemFailures"]}


class Bakery:
    """A service whose one function notes what it gets."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "handlers"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "baker.py").write_text(CODE)
        self.service = LocalService.start(
            Options(store=folder / "store", clock=VirtualClock(), handlers=self.folder)
        )

    def client(self, service: str) -> Any:
        return client_at(self.service.endpoint, service)

    def got(self) -> list[Any]:
        """What the function has got so far."""
        file = self.folder / "got.jsonl"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def wait(self, look: Callable[[list[Any]], Any]) -> Any:
        """Wait until there is something to see in what the function got."""
        end = elapsed() + 60
        while not (seen := look(self.got())):
            assert elapsed() < end, self.got()
            pause(0.02)
        return seen

    def map(self, source: str, **more: Any) -> str:
        made = self.client("lambda").create_event_source_mapping(
            EventSourceArn=source, FunctionName="baker", **more
        )
        return str(made["UUID"])

    def queue(self, name: str, **attributes: str) -> tuple[str, str]:
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"

    def table(self) -> str:
        made = self.client("dynamodb").create_table(
            TableName="loaves",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"},
        )
        return str(made["TableDescription"]["LatestStreamArn"])

    def put(self, *names: str) -> None:
        for name in names:
            self.client("dynamodb").put_item(TableName="loaves", Item={"id": {"S": name}, "n": {"N": "1"}})


@pytest.fixture
def bakery(tmp_path: Path) -> Iterator[Bakery]:
    made = Bakery(tmp_path)
    yield made
    made.service.close()


def bodies(events: list[Any]) -> list[list[str]]:
    return [[record["body"] for record in event["Records"]] for event in events]


def keys(events: list[Any]) -> list[list[str]]:
    return [[record["dynamodb"]["Keys"]["id"]["S"] for record in event["Records"]] for event in events]


def test_messages_start_a_function_and_are_deleted(bakery: Bakery) -> None:
    url, arn = bakery.queue("orders")
    bakery.map(arn)

    attributes = {"kind": {"DataType": "String", "StringValue": "rye"}}
    bakery.client("sqs").send_message(QueueUrl=url, MessageBody="loaf", MessageAttributes=attributes)

    [event] = bakery.wait(lambda got: got)
    [record] = event["Records"]
    assert (record["body"], record["eventSource"], record["eventSourceARN"]) == ("loaf", "aws:sqs", arn)
    assert record["messageAttributes"]["kind"]["stringValue"] == "rye"
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    bakery.wait(lambda _: counts(bakery, url) == [0, 0])


def counts(bakery: Bakery, url: str) -> list[int]:
    told = bakery.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return [int(told[f"ApproximateNumberOfMessages{what}"]) for what in ("", "NotVisible")]


def test_what_failed_of_a_batch_comes_again_after_the_visibility_timeout_and_then_to_the_dead(
    bakery: Bakery,
) -> None:
    dead, dead_arn = bakery.queue("dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": "2"})
    url, arn = bakery.queue("orders", VisibilityTimeout="600", RedrivePolicy=redrive)
    entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(("a", "bad", "b"))]
    bakery.client("sqs").send_message_batch(QueueUrl=url, Entries=entries)
    begun = bakery.service.host.clock.now_ms()

    bakery.map(arn, **PARTLY)

    bakery.wait(lambda got: len(got) >= 2)
    assert [sorted(batch) for batch in bodies(bakery.got())][:2] == [["a", "b", "bad"], ["bad"]]
    assert bakery.service.host.clock.now_ms() - begun >= 600_000
    bakery.wait(lambda _: counts(bakery, dead)[0] == 1)
    assert len(bakery.got()) == 2


def test_only_what_passes_a_filter_comes_and_the_rest_is_gone(bakery: Bakery) -> None:
    url, arn = bakery.queue("orders")
    pattern = json.dumps({"body": {"kind": ["rye"], "loaves": [{"numeric": [">", 2]}]}})
    bakery.map(arn, FilterCriteria={"Filters": [{"Pattern": pattern}]})

    for body in ('{"kind": "rye", "loaves": 1}', '{"kind": "rye", "loaves": 3}', "no JSON"):
        bakery.client("sqs").send_message(QueueUrl=url, MessageBody=body)

    bakery.wait(lambda _: counts(bakery, url) == [0, 0])
    assert bodies(bakery.wait(lambda got: got)) == [['{"kind": "rye", "loaves": 3}']]


def test_a_batch_is_waited_for_in_the_services_time(bakery: Bakery) -> None:
    url, arn = bakery.queue("orders")
    begun = bakery.service.host.clock.now_ms()
    bakery.map(arn, BatchSize=100, MaximumBatchingWindowInSeconds=300)

    bakery.client("sqs").send_message(QueueUrl=url, MessageBody="one")

    assert bodies(bakery.wait(lambda got: got)) == [["one"]]
    assert bakery.service.host.clock.now_ms() - begun >= 300_000


def test_records_of_a_table_come_in_order_from_where_the_mapping_says(bakery: Bakery) -> None:
    stream = bakery.table()
    bakery.put("before")
    bakery.map(stream, StartingPosition="LATEST", BatchSize=10)

    bakery.put("one", "two")

    bakery.wait(lambda got: [*chain(*keys(got))] == ["one", "two"])
    record = bakery.got()[0]["Records"][0]
    assert (record["eventName"], record["eventSource"], record["eventSourceARN"]) == (
        "INSERT",
        "aws:dynamodb",
        stream,
    )
    assert record["dynamodb"]["NewImage"]["n"] == {"N": "1"}
    assert isinstance(record["dynamodb"]["ApproximateCreationDateTime"], int | float)


def test_a_bad_record_is_found_by_halves_tried_again_and_given_to_its_destination(bakery: Bakery) -> None:
    dead, dead_arn = bakery.queue("dead")
    stream = bakery.table()
    bakery.put("a", "b", "bad all", "c")

    bakery.map(
        stream,
        StartingPosition="TRIM_HORIZON",
        BisectBatchOnFunctionError=True,
        MaximumRetryAttempts=1,
        DestinationConfig={"OnFailure": {"Destination": dead_arn}},
    )

    bakery.wait(lambda got: keys(got)[-1:] == [["c"]])
    assert keys(bakery.got()) == [
        ["a", "b", "bad all", "c"],
        ["a", "b"],
        ["bad all", "c"],
        ["bad all"],
        ["bad all"],
        ["c"],
    ]
    [message] = bakery.client("sqs").receive_message(QueueUrl=dead)["Messages"]
    told = json.loads(message["Body"])
    assert told["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert told["DDBStreamBatchInfo"]["batchSize"] == 1


def test_from_the_first_record_that_failed_on_a_batch_comes_again(bakery: Bakery) -> None:
    stream = bakery.table()
    bakery.put("a", "bad", "b")
    bakery.map(stream, StartingPosition="TRIM_HORIZON", **PARTLY)
    bakery.wait(lambda got: len(got) >= 3)

    (bakery.folder / "good").touch()

    bakery.put("last")
    bakery.wait(lambda got: keys(got)[-1] == ["last"])
    batches = keys(bakery.got())
    assert batches[0] == ["a", "bad", "b"]
    assert all(batch == ["bad", "b"] for batch in batches[1:-1])


def test_an_objects_arrival_starts_a_function_and_is_an_event(bakery: Bakery) -> None:
    s3, events = bakery.client("s3"), bakery.client("events")
    s3.create_bucket(Bucket="loaves")
    only = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".loaf"}]}}
    s3.put_bucket_notification_configuration(
        Bucket="loaves",
        NotificationConfiguration={
            "LambdaFunctionConfigurations": [
                {"LambdaFunctionArn": FUNCTION, "Events": ["s3:ObjectCreated:*"], "Filter": only}
            ],
            "EventBridgeConfiguration": {},
        },
    )
    pattern = json.dumps({"source": ["aws.s3"], "detail-type": ["Object Created"]})
    events.put_rule(Name="arrivals", EventPattern=pattern)
    events.put_targets(Rule="arrivals", Targets=[{"Id": "1", "Arn": FUNCTION}])

    s3.put_object(Bucket="loaves", Key="rye.loaf", Body=b"rye")
    s3.put_object(Bucket="loaves", Key="note.txt", Body=b"note")

    got = bakery.wait(lambda got: got if len(got) >= 3 else None)
    direct = [event["Records"][0] for event in got if "Records" in event]
    by_rule = sorted(event["detail"]["object"]["key"] for event in got if "detail" in event)
    assert [(one["eventName"], one["s3"]["object"]["key"]) for one in direct] == [
        ("ObjectCreated:Put", "rye.loaf")
    ]
    assert by_rule == ["note.txt", "rye.loaf"]


def test_a_mapping_is_shown_changed_tagged_and_goes(bakery: Bakery, tmp_path: Path) -> None:
    _, arn = bakery.queue("orders")
    functions = bakery.client("lambda")
    uuid = bakery.map(arn, Tags={"team": "bread"})

    shown = functions.get_event_source_mapping(UUID=uuid)
    changed = functions.update_event_source_mapping(UUID=uuid, BatchSize=5, Enabled=False)
    functions.tag_resource(Resource=shown["EventSourceMappingArn"], Tags={"more": "x"})
    functions.untag_resource(Resource=shown["EventSourceMappingArn"], TagKeys=["team"])

    assert (shown["State"], shown["BatchSize"], shown["FunctionArn"]) == ("Enabled", 10, FUNCTION)
    assert (changed["State"], changed["BatchSize"]) == ("Disabled", 5)
    assert functions.list_tags(Resource=shown["EventSourceMappingArn"])["Tags"] == {"more": "x"}
    listed = functions.list_event_source_mappings(FunctionName="baker")["EventSourceMappings"]
    assert [one["UUID"] for one in listed] == [uuid]
    with pytest.raises(ClientError, match="ResourceConflictException"):
        bakery.map(arn)
    assert functions.delete_event_source_mapping(UUID=uuid)["State"] == "Deleting"
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        functions.get_event_source_mapping(UUID=uuid)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"EventSourceArn": f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/s"}, "step reads queues"),
        ({"FunctionName": "nobody"}, "Function not found"),
        ({"BatchSize": 100}, "batch window"),
        ({"FilterCriteria": {"Filters": [{"Pattern": "no"}]}}, "Invalid filter pattern"),
        ({"KMSKeyArn": "arn:aws:kms:us-east-1:123456789012:key/k"}, "doesn't honour KMSKeyArn"),
    ],
)
def test_what_is_no_mapping_is_refused(bakery: Bakery, more: dict[str, Any], message: str) -> None:
    _, arn = bakery.queue("orders")
    asked = {"EventSourceArn": arn, "FunctionName": "baker", **more}

    with pytest.raises(ClientError, match=message):
        bakery.client("lambda").create_event_source_mapping(**asked)


def test_a_mapping_goes_on_after_a_restart(bakery: Bakery, tmp_path: Path) -> None:
    url, arn = bakery.queue("orders")
    bakery.map(arn)
    bakery.service.close()

    again = Bakery(tmp_path)
    try:
        again.client("sqs").send_message(QueueUrl=url, MessageBody="later")
        assert bodies(again.wait(lambda got: got)) == [["later"]]
    finally:
        again.service.close()
