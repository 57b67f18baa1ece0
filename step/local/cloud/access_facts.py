"""What moto's services hold that permissions depend on: roles, users, policies of resources, tags, keys.

Reads moto's models, with the emulation's lock held, and changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from step.arn import Arn
from step.local.cloud.emulation import Emulation
from step.local.cloud.sessions import RoleSession
from step.local.functions.names import Owned, partition_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """A role or a user, with policies as JSON; ``trust`` is a role's only."""

    arn: str
    account: str
    name: str
    id: str
    policies: tuple[str, ...]
    boundary: str | None
    trust: str = ""
    tags: dict[str, str] = field(default_factory=dict)


class AccessFacts:
    """Tells what is there."""

    def __init__(self, emulation: Emulation) -> None:
        self._emulation = emulation

    def session(self, key: str) -> RoleSession | None:
        """Give the session that an access key was given out for."""
        self._emulation.load()
        with self._emulation.lock:
            return self._emulation.sessions.get(key)

    def role(self, arn: str) -> Holder | None:
        """Find a role."""
        named = Arn.from_text(arn)
        if named is None:
            return None
        with self._emulation.lock:
            backend = self._iam(named.account, named.partition)
            role = next((one for one in backend.roles.values() if one.arn == arn), None)
            if role is None:
                return None
            tags = role.tags.values() if isinstance(role.tags, dict) else role.tags or ()
            return Holder(
                arn=arn,
                account=named.account,
                name=role.name,
                id=role.id,
                policies=(*map(str, role.policies.values()), *map(_text, role.managed_policies.values())),
                boundary=self._managed(backend, role.permissions_boundary_arn),
                trust=str(role.assume_role_policy_document or ""),
                tags={tag["Key"]: tag["Value"] for tag in tags},
            )

    def user_of(self, key: str) -> Holder | None:
        """Find the user whose access key it is."""
        self._emulation.load()
        from moto.iam.models import iam_backends

        with self._emulation.lock:
            for account, partitions in iam_backends.items():
                for backend in partitions.values():
                    for user in backend.users.values():
                        if any(one.access_key_id == key for one in user.access_keys):
                            return self._user(backend, user, str(account))
        return None

    def _user(self, backend: Any, user: Any, account: str) -> Holder:
        groups = [group for group in backend.groups.values() if user in group.users]
        documents = [
            text
            for one in (user, *groups)
            for text in (*map(str, one.policies.values()), *map(_text, one.managed_policies.values()))
        ]
        tags = backend.tagger.list_tags_for_resource(user.arn).get("Tags", ())
        return Holder(
            arn=user.arn,
            account=account,
            name=user.name,
            id=user.id,
            policies=tuple(documents),
            boundary=None,
            tags={tag["Key"]: tag["Value"] for tag in tags},
        )

    def managed(self, arn: str, account: str) -> str | None:
        """Give the document of a managed policy, AWS's or an account's."""
        named = Arn.from_text(arn)
        if named is None:
            return None
        with self._emulation.lock:
            return self._managed(self._iam(account, named.partition), arn)

    def _managed(self, backend: Any, arn: str | None) -> str | None:
        found = backend.managed_policies.get(arn) if arn else None
        return None if found is None else _text(found)

    def _iam(self, account: str, partition: str) -> Any:
        self._emulation.load()
        from moto.iam.models import iam_backends

        return iam_backends[account][partition]

    # ------------------------------------------------------------ resources

    def resource(self, arn: str) -> Owned | None:
        """Find a resource that may have a policy or tags; None: it isn't there, or none is known of it."""
        named = Arn.from_text(arn)
        look = _LOOKS.get(named.service) if named is not None else None
        if named is None or look is None or not self._emulation.has(named.service):
            return None
        self._emulation.load()
        with self._emulation.lock:
            return look(named)

    def key_behind(self, arn: str) -> str | None:
        """Give the ARN of the customer's key that an object, queue, topic or secret is encrypted with."""
        named = Arn.from_text(arn)
        look = _KEYS.get(named.service) if named is not None else None
        if named is None or look is None or not self._emulation.has(named.service):
            return None
        self._emulation.load()
        with self._emulation.lock:
            key = look(named)
        return _key_arn(named, str(key)) if key else None

    def hash_key(self, table_arn: str) -> str | None:
        """Name the attribute that a table's items are spread by."""
        named = Arn.from_text(table_arn)
        if named is None or not self._emulation.has("dynamodb"):
            return None
        self._emulation.load()
        with self._emulation.lock:
            found = _table(named)
            return None if found is None else str(found.hash_key_attr)


def _text(policy: Any) -> str:
    document = next((one.document for one in policy.versions if one.is_default), "{}")
    return document if isinstance(document, str) else json.dumps(document)


def _backend(service: str, named: Arn) -> Any:
    from moto.backends import get_backend

    backends: Any = get_backend(service)  # type: ignore[call-overload]  # any of its names
    return backends[named.account][named.region]


def _bucket(named: Arn) -> Any:
    from moto.s3.models import s3_backends

    name = named.resource.partition("/")[0]
    for partitions in s3_backends.values():
        for backend in partitions.values():
            if name in backend.buckets:
                return backend.buckets[name]
    return None


def _of_bucket(named: Arn) -> Owned | None:
    bucket = _bucket(named)
    if bucket is None:
        return None
    policy = bucket.policy.decode() if isinstance(bucket.policy, bytes) else bucket.policy
    return Owned(account=str(bucket.account_id), policy=policy or None)


def _key_of_object(named: Arn) -> str | None:
    bucket = _bucket(named)
    if bucket is None:
        return None
    path = named.resource.partition("/")[2]
    found = bucket.keys.get(path) if path else None
    if found is not None and found.encryption == "aws:kms":
        return str(found.kms_key_id or "")
    for rule in (bucket.encryption or {}).values() if isinstance(bucket.encryption, dict) else ():
        default = rule.get("ApplyServerSideEncryptionByDefault", {}) if isinstance(rule, dict) else {}
        if default.get("SSEAlgorithm") == "aws:kms":
            return str(default.get("KMSMasterKeyID") or "")
    return None


def _queue(named: Arn) -> Any:
    return _backend("sqs", named).queues.get(named.resource)


def _of_queue(named: Arn) -> Owned | None:
    queue = _queue(named)
    return (
        None
        if queue is None
        else Owned(account=named.account, policy=queue.policy, tags={**(queue.tags or {})})
    )


def _topic(named: Arn) -> Any:
    return _backend("sns", named).topics.get(named.to_text())


def _of_topic(named: Arn) -> Owned | None:
    topic = _topic(named)
    return (
        None
        if topic is None
        else Owned(account=named.account, policy=topic.policy, tags={**(topic._tags or {})})
    )


def _of_key(named: Arn) -> Owned | None:
    backend = _backend("kms", named)
    key = backend.keys.get(named.resource.removeprefix("key/"))
    if key is None:
        return None
    tags = {tag["TagKey"]: tag["TagValue"] for tag in backend.list_resource_tags(key.id).get("Tags", ())}
    return Owned(account=named.account, policy=key.policy, tags=tags)


def _secret(named: Arn) -> Any:
    secrets = _backend("secretsmanager", named).secrets
    name = named.resource.removeprefix("secret:")
    return next(
        (one for one in secrets.values() if one.arn == named.to_text() or name == f"{one.name}-??????"), None
    )


def _of_secret(named: Arn) -> Owned | None:
    secret = _secret(named)
    if secret is None:
        return None
    tags = {tag["Key"]: tag["Value"] for tag in secret.tags or ()}
    return Owned(account=named.account, policy=secret.policy, tags=tags)


def _table(named: Arn) -> Any:
    name = named.resource.removeprefix("table/").partition("/")[0]
    return _backend("dynamodb", named).tables.get(name)


def _of_table(named: Arn) -> Owned | None:
    table = _table(named)
    if table is None:
        return None
    return Owned(account=named.account, tags={tag["Key"]: tag["Value"] for tag in table.tags or ()})


def _of_bus(named: Arn) -> Owned | None:
    kind, _, name = named.resource.partition("/")
    bus = _backend("events", named).event_buses.get(name) if kind == "event-bus" else None
    return None if bus is None else Owned(account=named.account, policy=bus.policy)


def _key_arn(named: Arn, key: str) -> str:
    if key.startswith("arn:"):
        return key
    region = named.region or "us-east-1"
    return f"arn:{partition_of(region)}:kms:{region}:{named.account}:key/{key}"


def _master_key(found: Any) -> str | None:
    key = getattr(found, "kms_master_key_id", None) or getattr(found, "kms_key_id", None)
    # The service's own key is everybody's.
    return None if key is None or str(key).startswith("alias/aws/") else str(key)


_LOOKS: Mapping[str, Callable[[Arn], Owned | None]] = {
    "dynamodb": _of_table,
    "events": _of_bus,
    "kms": _of_key,
    "s3": _of_bucket,
    "secretsmanager": _of_secret,
    "sns": _of_topic,
    "sqs": _of_queue,
}
_KEYS: Mapping[str, Callable[[Arn], str | None]] = {
    "s3": _key_of_object,
    "secretsmanager": lambda named: _master_key(_secret(named)),
    "sns": lambda named: _master_key(_topic(named)),
    "sqs": lambda named: _master_key(_queue(named)),
}
