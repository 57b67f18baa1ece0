"""What a request means for the ones before it, so that a log of requests needn't grow for ever.

Requests are about things, which have paths: a bucket's objects, a table's items, a role. What makes a thing
anew or ends it leaves what came before without a meaning. What isn't known here is kept for good. Pure.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple
from urllib.parse import parse_qs, unquote
from xml.etree import ElementTree

from step.jsonvalue import JSONObject
from step.local.cloud.addressing import Address
from step.local.http import Request, Response

Kind = Literal["changes", "makes", "ends", "reads", "notes", "lends", "streams"]
Path = tuple[str, ...]

_NOTES_KEPT = 10_000
_HOUR_MS = 3_600_000
# AWS: STS, the longest session; DynamoDB Streams, "Data retention limit".
_LENT_MS, _STREAMED_MS = 36 * _HOUR_MS, 24 * _HOUR_MS
_UPLOAD_ID = re.compile(rb"<UploadId>([^<]+)</UploadId>")
_NAMESPACE = re.compile(r"\{[^}]*\}")


class Effect(NamedTuple):
    """What a request does to a thing and to everything below its path.

    Attributes:
        kind: "changes" it as it is; "makes" it anew, whatever it was; "ends" it; "reads" it to change
            something else; "notes": one of many, of which the newest are kept; "lends" it for some hours;
            "streams": is told to readers for a day, whatever comes after.
    """

    path: Sequence[str]
    kind: Kind


# The parameters that say what a request is about, in the order in which they are looked for.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "dynamodb": {"TargetTableName": "table", "TableName": "table"},
    "events": {"Rule": "rule", "Name": "rule"},
    "iam": {
        "InstanceProfileName": "instance-profile",
        "RoleName": "role",
        "UserName": "user",
        "GroupName": "group",
        "PolicyArn": "policy",
        "PolicyName": "policy",
    },
    "logs": {"logGroupName": "group"},
    "sns": {"TopicArn": "topic", "Name": "topic"},
    "sqs": {"QueueUrl": "queue", "QueueName": "queue"},
    "ssm": {"Name": "parameter"},
}
_ENDS = frozenset(
    {
        *("DeleteTable", "DeleteRule", "DeleteInstanceProfile", "DeleteRole", "DeleteUser", "DeleteGroup"),
        *("DeletePolicy", "DeleteLogGroup", "DeleteTopic", "DeleteQueue", "DeleteParameter"),
    }
)
_MESSAGES = re.compile(r"(Send|Receive|DeleteMessage|ChangeMessageVisibility|Purge|Publish|PutEvents)")
_COPIES = frozenset(
    {"CreateBackup", "RestoreTableFromBackup", "RestoreTableToPointInTime", "ExportTableToPointInTime"}
)
_NOTED = frozenset({"PutLogEvents", "PutMetricData"})


class Things:
    """Which buckets have versions, and whether one tells of its objects: what S3's requests depend on."""

    def __init__(self) -> None:
        self._versioned: set[str] = set()
        self.have_notifications = False

    def note(self, request: Request, service: str) -> None:
        """Take notice of a request that was answered."""
        if service == "s3" and request.method == "PUT" and request.query:
            query = _query(request)
            if "versioning" in query:
                self._versioned.add(_bucket_and_key(request)[0])
            self.have_notifications |= "notification" in query

    def effects(
        self, request: Request, address: Address, account: str, response: Response
    ) -> tuple[Effect, ...]:
        """Say what a request that was answered with success means for older ones."""
        if address.service == "s3":
            return self._effects_on_s3(request, response)
        whose = (address.service, account, "" if address.service == "iam" else address.region)
        if address.service == "sts":
            return (Effect(whose, "lends"),)
        action = address.action
        thing = _thing(parameters(request), _NAMES.get(address.service, {}))
        if action in _NOTED:
            return (Effect((*whose, *thing, "events"), "notes"),)
        if _MESSAGES.match(action):
            return (Effect((*whose, *thing, "messages"), "changes"),)
        if action in _ENDS and thing:
            return (Effect((*whose, *thing), "ends"),)
        if action in _COPIES:
            # What it copies outlives the table; what it fills a table with are items like others.
            is_copy = action == "CreateBackup"
            return Effect((*whose, "copies") if is_copy else (*whose, *thing), "changes"), Effect(
                whose, "reads"
            )
        return (Effect((*whose, *thing, "settings") if thing else whose, "changes"),)

    def _effects_on_s3(self, request: Request, response: Response) -> tuple[Effect, ...]:
        bucket, key = _bucket_and_key(request)
        query = _query(request)
        query.pop("x-id", None)
        if not bucket:
            return (Effect(("s3",), "changes"),)
        if not key:
            if request.method == "DELETE" and not query:
                return (Effect(("s3", bucket), "ends"),)
            if request.method == "POST" and "delete" in query:
                return tuple(self._deletions(bucket, response))
            return (Effect(("s3", bucket, "settings"), "changes"),)
        answered = {name.lower(): value for name, value in response.headers.items()}
        upload = query.get("uploadId")
        reads = [Effect(path, "reads") for path in _sources(request)]
        if upload is not None or "uploads" in query:
            parts = _UPLOAD_ID.search(response.body) if isinstance(response.body, bytes) else None
            name = upload or (parts[1].decode("latin-1") if parts else "")
            whole = ("s3", bucket, "upload", key, name)
            if request.method == "DELETE":
                return (Effect(whole, "ends"),)
            if request.method == "POST" and upload is not None:
                made = self._version(bucket, key, answered.get("x-amz-version-id"), "makes")
                return made, Effect(whole, "ends"), Effect(whole, "reads")
            return Effect(whole, "changes"), *reads
        version = query.get("versionId") or answered.get("x-amz-version-id")
        if request.method == "DELETE" and query.keys() <= {"versionId"}:
            if "versionId" not in query and bucket in self._versioned:
                return tuple(self._marker(bucket, key, version))
            return (self._version(bucket, key, version, "ends"),)
        if request.method == "PUT" and not query:
            return self._version(bucket, key, version, "makes"), *reads
        return (self._version(bucket, key, version, "changes"),)

    def _version(self, bucket: str, key: str, version: str | None, kind: Kind) -> Effect:
        """Say what happens to a version of an object; to some version where nobody says to which."""
        if version is None and bucket in self._versioned:
            return Effect(("s3", bucket, "object", key), "changes")
        return Effect(("s3", bucket, "object", key, version or "null"), kind)

    def _deletions(self, bucket: str, response: Response) -> Iterator[Effect]:
        """Say what DeleteObjects did, by its answer."""
        body = response.body if isinstance(response.body, bytes) else b""
        for one in ElementTree.fromstring(body) if body else ():
            if _NAMESPACE.sub("", one.tag) == "Deleted":
                given = {_NAMESPACE.sub("", child.tag): child.text or "" for child in one}
                version, marker = given.get("VersionId"), given.get("DeleteMarkerVersionId")
                key = given.get("Key", "")
                if version is None and marker is not None:
                    yield from self._marker(bucket, key, marker)
                else:
                    yield self._version(bucket, key, version, "ends")

    def _marker(self, bucket: str, key: str, version: str | None) -> Iterator[Effect]:
        """Say that an object is marked as deleted, which moto does only where there is one."""
        yield self._version(bucket, key, version, "changes")
        yield Effect(("s3", bucket, "object", key), "reads")


def parameters(request: Request) -> JSONObject:
    """Give an operation's parameters, of a JSON or a query protocol; none where they can't be read."""
    try:
        if "x-amz-target" in request.headers:
            found = json.loads(request.body)
            return found if isinstance(found, dict) else {}
        text = request.body.decode("latin-1") if request.body else request.query
        return {name: values[0] for name, values in parse_qs(text, max_num_fields=2000).items()}
    except ValueError:
        return {}


def table_path(account: str, region: str, table: str) -> Path:
    """Name a table of DynamoDB."""
    return ("dynamodb", account, region, "table", table)


def item_path(account: str, region: str, table: str, key: str) -> Path:
    """Name an item of DynamoDB."""
    return (*table_path(account, region, table), "items", key)


def is_needed(
    rows: Iterable[tuple[int, int, Sequence[Effect]]], now_ms: int, is_settled: Callable[[Effect], bool]
) -> Iterator[tuple[int, bool]]:
    """Say of each request whether what is held would be another without it.

    Args:
        rows: Number, time and effects of all requests, the newest first.
        is_settled: Whether the thing of an effect is known to hold nothing any more.
    """
    dead = _Paths()
    notes: Counter[str] = Counter()
    kept: list[tuple[int, Sequence[Effect], bool]] = []
    for number, at_ms, effects in rows:
        matters = _matters(effects, at_ms, now_ms, dead, notes, is_settled)
        if matters:
            for effect in effects:
                # It is asked as a whole: also what is gone of that must be there when it is.
                if effect.kind != "ends" and dead.covers(effect.path):
                    dead.remove(effect.path)
        for effect in effects:
            if effect.kind == "ends" or (matters and effect.kind == "makes"):
                dead.add(effect.path)
        if matters:
            for effect in effects:
                if effect.kind == "reads":
                    dead.remove(effect.path)
        kept.append((number, effects, matters))
    present = _Paths()
    for number, effects, matters in reversed(kept):
        ends = [effect.path for effect in effects if effect.kind == "ends"]
        # What ends a thing that nothing is left of may go.
        needed = matters or any(present.touches(path) for path in ends)
        if needed:
            for path in ends:
                present.remove_below(path)
            for effect in effects:
                if effect.kind not in ("ends", "reads"):
                    present.add(effect.path)
        yield number, needed


def _matters(
    effects: Sequence[Effect],
    at_ms: int,
    now_ms: int,
    dead: _Paths,
    notes: Counter[str],
    is_settled: Callable[[Effect], bool],
) -> bool:
    """Say whether a request does something that nothing later undoes, beside ending things."""
    does = [effect for effect in effects if effect.kind not in ("reads", "ends")]
    for effect in does:
        match effect.kind:
            case "streams":
                matters = at_ms > now_ms - _STREAMED_MS and not dead.covers(effect.path)
            case "lends":
                matters = at_ms > now_ms - _LENT_MS
            case "notes":
                notes[effect.path[0]] += 1
                matters = notes[effect.path[0]] <= _NOTES_KEPT and not dead.covers(effect.path)
            case _:
                matters = not dead.covers(effect.path) and not is_settled(effect)
        if matters:
            return True
    # One that does both is asked as a whole.
    is_mixed = bool(does) and len(does) < len(effects)
    return not effects or (is_mixed and any(e.kind == "ends" and not dead.covers(e.path) for e in effects))


class _Paths:
    """A set of paths, each of which stands for everything below it."""

    def __init__(self) -> None:
        self._paths: set[Path] = set()
        self._above: Counter[Path] = Counter()

    def add(self, path: Sequence[str]) -> None:
        whole = tuple(path)
        if whole not in self._paths:
            self._paths.add(whole)
            self._above.update(whole[:length] for length in range(len(whole)))

    def remove(self, path: Sequence[str]) -> None:
        """Take out what touches a path."""
        self.remove_below(path)
        for length in range(len(path)):
            if tuple(path[:length]) in self._paths:
                self._remove(tuple(path[:length]))

    def remove_below(self, path: Sequence[str]) -> None:
        """Take out a path and what is below it."""
        whole = tuple(path)
        found = [whole] if whole in self._paths else []
        if self._above[whole] > 0:
            found += [one for one in self._paths if len(one) > len(whole) and one[: len(whole)] == whole]
        for one in found:
            self._remove(one)

    def _remove(self, one: Path) -> None:
        self._paths.remove(one)
        self._above.subtract(one[:length] for length in range(len(one)))

    def covers(self, path: Sequence[str]) -> bool:
        """Whether a path, or one above it, is in the set."""
        whole = tuple(path)
        return any(whole[:length] in self._paths for length in range(1, len(whole) + 1))

    def touches(self, path: Sequence[str]) -> bool:
        """Whether a path, or one above or below it, is in the set."""
        return self.covers(path) or self._above[tuple(path)] > 0


def _thing(given: JSONObject, names: Mapping[str, str]) -> Path:
    for name, kind in names.items():
        value = given.get(name)
        if isinstance(value, str):
            return kind, re.split(r"[:/]", value)[-1]
    return ()


def _query(request: Request) -> dict[str, str]:
    if not request.query:
        return {}
    return {name: values[0] for name, values in parse_qs(request.query, keep_blank_values=True).items()}


def _bucket_and_key(request: Request) -> tuple[str, str]:
    """Read a path-style address; none of a bucket in the host's name."""
    if ".s3" in request.headers.get("host", ""):
        return "", ""
    bucket, _, key = request.path.removeprefix("/").partition("/")
    return unquote(bucket), unquote(key)


def _sources(request: Request) -> Iterator[Path]:
    """Say what a request copies from."""
    source = request.headers.get("x-amz-copy-source")
    if source is not None:
        bucket, _, key = unquote(source.partition("?versionId=")[0]).removeprefix("/").partition("/")
        yield ("s3", bucket, "object", key)
