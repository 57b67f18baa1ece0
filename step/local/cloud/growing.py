"""moto's dictionaries and lists that grow with every write, such that one costs as much as it changes.

Knows moto's models by name. What isn't named here is written with its backend: slower, but as right.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from step.local.cloud.entries import Entries, EntryList, kind_of, undone_if_it_fails

_GROWING = {
    "moto.s3.models.FakeBucket": ("keys", "multiparts"),
    "moto.dynamodb.models.table.Table": ("items",),
    "moto.dynamodb.models.table.StreamShard": ("items",),
    "moto.logs.models.LogStream": ("events",),
    "moto.utilities.tagging_service.TaggingService": ("tags",),
}


def adopt(value: Any) -> None:
    """Have an object of moto's know which entries of its growing dictionaries and lists change."""
    for name in _growing(value.__class__):
        old = vars(value)[name]
        if type(old) is list:
            vars(value)[name] = EntryList(old)
        elif not isinstance(old, (Entries, EntryList)):
            entries = kind_of(old.__class__)()
            entries.adopt(old)
            vars(value)[name] = entries


def undo_transactions() -> None:
    """Let DynamoDB's transactions undo what they did, where moto copies every table before each."""
    from moto.dynamodb.models import DynamoDBBackend

    its_own: Any = DynamoDBBackend.transact_write_items
    original = getattr(its_own, "original", its_own)

    def transact_write_items(backend: Any, transact_items: Any) -> None:
        growing = []
        for table in backend.tables.values():
            adopt(table)
            growing.append(table.items)
            if table.stream_shard is not None:
                adopt(table.stream_shard)
                growing.append(table.stream_shard.items.entries)
        with undone_if_it_fails(growing):
            original(_Uncopied(backend), transact_items)

    transact_write_items.original = original  # type: ignore[attr-defined]  # a function takes any attribute
    patched: Any = DynamoDBBackend
    patched.transact_write_items = transact_write_items


class _Uncopied:
    """A backend of DynamoDB whose tables a transaction can't copy, as it finds none."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.tables: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)


@cache
def _growing(kind: Any) -> tuple[str, ...]:
    names = (f"{base.__module__}.{base.__qualname__}" for base in kind.__mro__)
    return tuple(attribute for name in names for attribute in _GROWING.get(name, ()))
