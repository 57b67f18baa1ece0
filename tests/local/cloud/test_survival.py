"""Whatever was asked for, and whenever it ends: what was acknowledged is there again, and nothing else."""

from __future__ import annotations

import json
import os
import random
import threading
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.serving import ServeProcess

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.local.cloud.conftest import Place

IS_SOAK = os.environ.get("SOAK") == "1"
KEYS = tuple(f"k{number}" for number in range(6))
BUCKETS, TABLES = ("plain", "versioned"), ("hashed", "ranged")
FIVE_MIB = b"m" * 5 * 1024 * 1024
PUBLIC = {"ACL": "public-read"}


class Store:
    """S3 and DynamoDB under random operations."""

    def __init__(self, place: Place, seed: int) -> None:
        self.place = place
        self.draw = random.Random(seed)
        self.connect()

    def connect(self) -> None:
        self.s3, self.dynamodb = self.place.client("s3"), self.place.client("dynamodb")

    def begin(self) -> None:
        for bucket in BUCKETS:
            self.create_bucket(bucket)
        for table in TABLES:
            self.create_table(table)

    def restart(self) -> None:
        self.place.restart()
        self.connect()

    def act(self, *, is_single: bool = False) -> str:
        """Do something, by a single request or several, and say how it ended: a refusal is fine."""
        actions = [action for action in ACTIONS if not is_single or action not in SEVERAL_WRITES]
        try:
            self.draw.choice(actions)(self)
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return ""

    def fill_disk(self) -> None:
        self._leave_pages(0)

    def clear_disk(self) -> None:
        self._leave_pages(1_000_000)

    def _leave_pages(self, count: int) -> None:
        database = self.place.cloud._emulation._kept._open()
        # It never gets less than there are.
        database.execute(f"PRAGMA max_page_count = {max(count, 1)}")

    # ------------------------------------------------------------ S3

    def place_of(self) -> dict[str, str]:
        return {"Bucket": self.draw.choice(BUCKETS), "Key": self.draw.choice(KEYS)}

    def create_bucket(self, bucket: str = "") -> None:
        bucket = bucket or self.draw.choice(BUCKETS)
        self.s3.create_bucket(Bucket=bucket)
        if bucket == "versioned":
            self.s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration={"Status": self.draw.choice(("Enabled", "Suspended"))}
            )

    def put_object(self) -> None:
        body = self.draw.randbytes(self.draw.choice((0, 10, 5_000, 40_000)))
        more = self.draw.choice(({}, {"Tagging": "a=b"}, {"Metadata": {"flour": "rye"}}, PUBLIC))
        self.s3.put_object(**self.place_of(), Body=body, **more)

    def copy_object(self) -> None:
        self.s3.copy_object(**self.place_of(), CopySource=self.place_of())

    def delete_object(self) -> None:
        self.s3.delete_object(**self.place_of())

    def delete_version(self) -> None:
        found = self.s3.list_object_versions(Bucket="versioned")
        versions = [*found.get("Versions", []), *found.get("DeleteMarkers", [])]
        if versions:
            version = self.draw.choice(versions)
            self.s3.delete_object(Bucket="versioned", Key=version["Key"], VersionId=version["VersionId"])

    def delete_objects(self) -> None:
        keys = [{"Key": key} for key in self.draw.sample(KEYS, 3)]
        self.s3.delete_objects(Bucket=self.draw.choice(BUCKETS), Delete={"Objects": keys})

    def tag_object(self) -> None:
        tags = [{"Key": "oven", "Value": str(self.draw.random())}]
        self.s3.put_object_tagging(**self.place_of(), Tagging={"TagSet": tags})

    def set_acl(self) -> None:
        self.s3.put_object_acl(**self.place_of(), **PUBLIC)

    def upload(self) -> None:
        where = self.place_of()
        given = {**where, "UploadId": self.s3.create_multipart_upload(**where)["UploadId"]}
        bodies = (FIVE_MIB, b"end") if self.draw.random() < 0.2 else (b"only",)
        parts = [
            {"PartNumber": n, "ETag": self.s3.upload_part(**given, PartNumber=n, Body=body)["ETag"]}
            for n, body in enumerate(bodies, 1)
        ]
        match self.draw.randrange(3):
            case 0:
                self.s3.complete_multipart_upload(**given, MultipartUpload={"Parts": parts})
            case 1:
                self.s3.abort_multipart_upload(**given)

    def empty_bucket(self) -> None:
        bucket = self.draw.choice(BUCKETS)
        found = self.s3.list_object_versions(Bucket=bucket)
        for version in (*found.get("Versions", []), *found.get("DeleteMarkers", [])):
            self.s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        self.s3.delete_bucket(Bucket=bucket)

    # ------------------------------------------------------------ DynamoDB

    def key(self, table: str) -> dict[str, Any]:
        key = {"key": {"S": self.draw.choice(KEYS[:3])}}
        return {**key, "range": {"N": str(self.draw.randrange(3))}} if table == "ranged" else key

    def item(self, table: str) -> dict[str, Any]:
        value = self.draw.choice(({"N": "1"}, {"B": self.draw.randbytes(3000)}, {"L": [{"S": "x"}]}))
        return {**self.key(table), "fence": {"N": "1"}, "value": value}

    def create_table(self, table: str = "") -> None:
        table = table or self.draw.choice(TABLES)
        keys = (("key", "S", "HASH"), ("range", "N", "RANGE"))[: 1 + (table == "ranged")]
        self.dynamodb.create_table(
            TableName=table,
            KeySchema=[{"AttributeName": name, "KeyType": kind} for name, _, kind in keys],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": is_a} for name, is_a, _ in keys],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=self.draw.choice(
                ({"StreamEnabled": False}, {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"})
            ),
        )

    def put_item(self) -> None:
        table = self.draw.choice(TABLES)
        self.dynamodb.put_item(TableName=table, Item=self.item(table))

    def update_item(self) -> None:
        table = self.draw.choice(TABLES)
        self.dynamodb.update_item(TableName=table, Key=self.key(table), **ADD)

    def delete_item(self) -> None:
        table = self.draw.choice(TABLES)
        self.dynamodb.delete_item(TableName=table, Key=self.key(table), ReturnValues="ALL_OLD")

    def batch_write(self) -> None:
        table = self.draw.choice(TABLES)
        items = {json.dumps(self.key(table)): self.item(table) for _ in range(3)}
        requests: list[Any] = [
            {"PutRequest": {"Item": {**item, **json.loads(key)}}} for key, item in items.items()
        ]
        self.dynamodb.batch_write_item(RequestItems={table: requests})

    def transact(self) -> None:
        """Put, update, delete; sometimes under a condition that doesn't hold."""
        table = self.draw.choice(TABLES)
        is_refused = self.draw.random() < 0.5
        condition = {"ConditionExpression": "attribute_exists(nothing)"} if is_refused else {}
        other = self.draw.choice(TABLES)
        self.dynamodb.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": table, "Item": self.item(table)}},
                {"Update": {"TableName": other, "Key": self.key(other), **ADD}},
                {"Delete": {"TableName": table, "Key": self.key(table), **condition}},
            ]
        )

    def delete_table(self) -> None:
        self.dynamodb.delete_table(TableName=self.draw.choice(TABLES))

    def back_up(self) -> None:
        table = self.draw.choice(TABLES)
        backup = self.dynamodb.create_backup(TableName=table, BackupName="daily")["BackupDetails"]
        self.dynamodb.restore_table_from_backup(TargetTableName="restored", BackupArn=backup["BackupArn"])

    def change_backup(self) -> None:
        self.dynamodb.put_item(TableName="restored", Item=self.item("ranged"))
        if self.draw.random() < 0.5:
            self.dynamodb.delete_table(TableName="restored")

    # ------------------------------------------------------------ all that there is

    def everything(self) -> dict[str, Any]:
        names = [bucket["Name"] for bucket in self.s3.list_buckets()["Buckets"]]
        return {
            **{f"s3:{name}": self.bucket(name) for name in names},
            **{f"table:{name}": self.table(name) for name in self.dynamodb.list_tables()["TableNames"]},
            "backups": self.dynamodb.list_backups()["BackupSummaries"],
        }

    def bucket(self, name: str) -> list[Any]:
        found = self.s3.list_object_versions(Bucket=name)
        versions = [self.version(name, one) for one in found.get("Versions", [])]
        uploads = self.s3.list_multipart_uploads(Bucket=name).get("Uploads", [])
        parts = [
            self.s3.list_parts(Bucket=name, Key=one["Key"], UploadId=one["UploadId"]).get("Parts")
            for one in uploads
        ]
        listed = self.s3.list_objects_v2(Bucket=name).get("Contents", [])
        return [versions, found.get("DeleteMarkers", []), uploads, parts, listed]

    def version(self, bucket: str, version: dict[str, Any]) -> list[Any]:
        where = {"Bucket": bucket, "Key": version["Key"], "VersionId": version["VersionId"]}
        answer = self.s3.get_object(**where)
        tags = self.s3.get_object_tagging(**where)["TagSet"]
        grants = told(self.s3.get_object_acl, **where).get("Grants")
        return [version, answer["Body"].read(), answer["Metadata"], answer["LastModified"], tags, grants]

    def table(self, name: str) -> list[Any]:
        table = self.dynamodb.describe_table(TableName=name)["Table"]
        return [table, self.dynamodb.scan(TableName=name)["Items"], self.records(table)]

    def records(self, table: dict[str, Any]) -> Any:
        if "LatestStreamArn" not in table:
            return None
        streams = self.place.client("dynamodbstreams")
        where = {"StreamArn": table["LatestStreamArn"]}
        (shard,) = streams.describe_stream(**where)["StreamDescription"]["Shards"]
        given = {**where, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
        iterator = streams.get_shard_iterator(**given)["ShardIterator"]
        return streams.get_records(ShardIterator=iterator)["Records"]


def told(call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Ask what moto can't answer of every object: that of a multipart upload may have no ACL."""
    try:
        return dict(call(**parameters))
    except ClientError as error:
        return dict(error.response["Error"])


ADD = {"UpdateExpression": "ADD fence :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
_OFTEN = (Store.put_object, Store.put_item, Store.update_item, Store.transact)
ACTIONS: tuple[Callable[[Store], None], ...] = (
    *_OFTEN * 3,
    *(Store.create_bucket, Store.create_table) * 2,
    *(Store.copy_object, Store.delete_object, Store.delete_version, Store.delete_objects) * 2,
    *(Store.tag_object, Store.set_acl, Store.upload, Store.empty_bucket),
    *(Store.delete_item, Store.batch_write) * 2,
    *(Store.delete_table, Store.back_up, Store.change_backup),
)

SEVERAL_WRITES = (Store.create_bucket, Store.upload, Store.empty_bucket, Store.back_up, Store.change_backup)


@pytest.mark.parametrize("seed", range(40 if IS_SOAK else 2))
def test_everything_is_there_again_after_any_sequence_of_operations(
    place: Place, seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(place, seed)
    store.begin()
    refusals = set()

    for number in range(120 if IS_SOAK else 60):
        refusals.add(store.act())
        if number % 30 == 29:
            before = store.everything()
            store.restart()
            assert store.everything() == before, number

    assert "StoreFull" not in refusals
    assert "can't be made again" not in caplog.text


@pytest.mark.parametrize("seed", range(20 if IS_SOAK else 1))
def test_what_a_full_disk_refuses_has_no_effect(place: Place, seed: int) -> None:
    store = Store(place, seed)
    store.begin()
    full = 0

    for _ in range(60 if IS_SOAK else 24):
        store.act()
        before = store.everything()
        store.fill_disk()
        outcome = store.act(is_single=True)
        if outcome == "StoreFull":
            full += 1
            assert store.everything() == before
        store.clear_disk()

    assert full > 0
    before = store.everything()
    store.restart()
    assert store.everything() == before


def test_a_transaction_that_is_cancelled_leaves_no_trace(place: Place) -> None:
    store = Store(place, 1)
    store.begin()
    table = "ranged"
    store.dynamodb.put_item(TableName=table, Item={**store.key(table), "value": {"S": "kept"}})
    before = store.everything()
    writes: list[Any] = [{"Put": {"TableName": table, "Item": store.item(table)}}]
    writes.append(
        {"Delete": {"TableName": table, "Key": store.key("hashed"), "ConditionExpression": "a = b"}}
    )

    with pytest.raises(ClientError):
        store.dynamodb.transact_write_items(TransactItems=writes)

    assert store.everything() == before


def test_reading_writes_nothing(place: Place) -> None:
    store = Store(place, 2)
    store.begin()
    written: list[str] = []
    place.cloud._emulation._kept._open().set_trace_callback(written.append)

    store.everything()

    assert written == []


def test_what_was_acknowledged_before_a_kill_is_there(tmp_path: Path) -> None:
    serve = ServeProcess(tmp_path, "--store", str(tmp_path / "store"))
    s3, dynamodb = serve.client("s3"), serve.client("dynamodb")
    s3.create_bucket(Bucket="bread")
    schema = [{"AttributeName": "key", "KeyType": "HASH"}]
    types = [{"AttributeName": "key", "AttributeType": "S"}]
    dynamodb.create_table(
        TableName="t", KeySchema=schema, AttributeDefinitions=types, BillingMode="PAY_PER_REQUEST"
    )
    acknowledged: dict[str, list[str]] = {"s3": [], "dynamodb": []}
    enough = threading.Event()

    def write(kind: str, put: Callable[[str], Any]) -> None:
        for number in range(10_000):
            try:
                put(str(number))
            except (BotoCoreError, ClientError):
                return
            acknowledged[kind].append(str(number))
            if number == 60:
                enough.set()

    def put_object(name: str) -> None:
        s3.put_object(Bucket="bread", Key=name, Body=name.encode() * 9000)

    def put_item(name: str) -> None:
        dynamodb.put_item(TableName="t", Item={"key": {"S": name}})

    threads = [
        threading.Thread(target=write, args=given) for given in (("s3", put_object), ("dynamodb", put_item))
    ]
    for thread in threads:
        thread.start()
    assert enough.wait(30)
    serve.kill()
    for thread in threads:
        thread.join()

    serve = ServeProcess(tmp_path, "--store", str(tmp_path / "store"))
    try:
        s3, dynamodb = serve.client("s3"), serve.client("dynamodb")
        items = {item["key"]["S"] for item in dynamodb.scan(TableName="t")["Items"]}
        assert items >= set(acknowledged["dynamodb"])
        for name in acknowledged["s3"]:
            assert s3.get_object(Bucket="bread", Key=name)["Body"].read() == name.encode() * 9000
    finally:
        serve.stop()
