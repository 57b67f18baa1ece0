"""The sessions that STS gave out here: whose role, under which policies, with which tags.

Told of requests and their answers, the kept ones again after a start. moto keeps neither tags nor the ARNs of
policies. Pure. AWS: STS API reference, "AssumeRole"; IAM user guide, "Passing session tags in AWS STS".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from step.jsonvalue import JSONObject
from step.local.cloud.effects import parameters
from step.local.http import Request, Response

_KEY = re.compile(rb"<AccessKeyId>(\w+)</AccessKeyId>")
_HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSession:
    """An assumed role.

    Attributes:
        policies: Session policies, JSON.
        policy_arns: Managed policies that limit the session too.
        transitive: The keys of tags that a session keeps which this one assumes.
        ends_ms: When its credentials expire.
    """

    role_arn: str
    name: str
    policies: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict)
    transitive: tuple[str, ...] = ()
    source_identity: str = ""
    ends_ms: int = 0


class RoleSessions:
    """Sessions by access key."""

    def __init__(self) -> None:
        self._by_key: dict[str, RoleSession] = {}

    def get(self, key: str) -> RoleSession | None:
        """Give the session of an access key."""
        return self._by_key.get(key)

    def clear(self) -> None:
        """Forget all of them."""
        self._by_key.clear()

    def note(self, request: Request, response: Response, caller_key: str, at_ms: int) -> None:
        """Note what an answer of STS gave out; other answers give nothing."""
        given = parameters(request)
        body = response.body if isinstance(response.body, bytes) else b""
        key = _KEY.search(body)
        if key is None or not str(given.get("Action", "")).startswith("AssumeRole"):
            return
        before = self._by_key.get(caller_key)
        kept = {name: before.tags[name] for name in before.transitive} if before is not None else {}
        seconds = int(str(given.get("DurationSeconds", _HOUR_SECONDS)))
        self._by_key[key[1].decode()] = RoleSession(
            role_arn=str(given.get("RoleArn", "")),
            name=str(given.get("RoleSessionName", "")),
            policies=(str(given["Policy"]),) if given.get("Policy") else (),
            policy_arns=tuple(_members(given, "PolicyArns", ".arn")),
            tags={**_tags(given), **kept},
            transitive=(*kept, *_members(given, "TransitiveTagKeys", "")),
            source_identity=str(given.get("SourceIdentity", before.source_identity if before else "")),
            ends_ms=at_ms + seconds * 1000,
        )


def _members(given: JSONObject, name: str, tail: str) -> Iterator[str]:
    number = 1
    while (key := f"{name}.member.{number}{tail}") in given:
        yield str(given[key])
        number += 1


def _tags(given: JSONObject) -> dict[str, str]:
    keys, values = _members(given, "Tags", ".Key"), _members(given, "Tags", ".Value")
    return dict(zip(keys, values, strict=False))
