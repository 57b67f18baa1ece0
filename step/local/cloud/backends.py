"""moto's backends: the objects that hold a service's state, per account and region.

Knows which of them a request touched, and what a service's backends share.
"""

from __future__ import annotations

import importlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, NamedTuple

# Every request looks at these; they change by their own requests only.
_LOOKED_AT = {"iam": frozenset({"iam", "sts"})}
# What all accounts of a service share: whose each name is, as the account and the region (or "aws").
_SHARED = {"s3": "bucket_accounts", "organizations": "master_accounts"}


class BackendKey(NamedTuple):
    """A backend: moto's module, an account, a region (or "aws")."""

    module: str
    account: str
    region: str


class Touched:
    """Notes which backends a request reaches for."""

    def __init__(self) -> None:
        self._local = threading.local()

    def install(self) -> None:
        """Have moto say so; loads its core."""
        from moto.core.base_backend import AccountSpecificBackend

        original = getattr(AccountSpecificBackend.__getitem__, "original", AccountSpecificBackend.__getitem__)
        local = self._local

        def noted(self: Any, region: str) -> Any:
            backend = original(self, region)
            found = getattr(local, "found", None)
            if found is not None:
                found.add(key_of(backend))
            return backend

        noted.original = original  # type: ignore[attr-defined]  # a function takes any attribute
        patched: Any = AccountSpecificBackend
        patched.__getitem__ = noted

    @contextmanager
    def noting(self, service: str) -> Iterator[set[BackendKey]]:
        """Collect what the requests of this thread touch."""
        found: set[BackendKey] = set()
        self._local.found = found
        try:
            yield found
        finally:
            self._local.found = None
            for module, changing in _LOOKED_AT.items():
                if service not in changing:
                    found -= {key for key in found if key.module == module}


def backend_of(key: BackendKey) -> Any:
    """Give a backend, new where there was none.

    Raises:
        LookupError: this moto has none of that name.
    """
    return _backends_of(key.module)[key.account][key.region]


def begin_anew(backend: Any) -> None:
    """Take everything from a backend."""
    region, account = backend.region_name, backend.account_id
    vars(backend).clear()
    # Not its reset(): S3's takes the contents of all accounts' objects.
    type(backend).__init__(backend, region, account)
    share(key_of(backend), {})


def shared(key: BackendKey) -> dict[str, Any]:
    """Give what a backend has in what all accounts of its service share."""
    return {name: owner for name, owner in _shared_of(key).items() if _is_of(owner, key)}


def share(key: BackendKey, names: dict[str, Any]) -> None:
    """Set what a backend has in what all accounts of its service share."""
    everyones = _shared_of(key)
    for name in shared(key):
        del everyones[name]
    everyones.update(names)


def key_of(backend: Any) -> BackendKey:
    """Name a backend."""
    return BackendKey(type(backend).__module__.split(".")[1], backend.account_id, backend.region_name)


def _is_of(owner: tuple[str, str], key: BackendKey) -> bool:
    return set(owner) == {key.account, key.region}


def _shared_of(key: BackendKey) -> dict[str, Any]:
    name = _SHARED.get(key.module)
    return getattr(_backends_of(key.module), name) if name else {}


@cache
def _backends_of(name: str) -> Any:
    try:
        module = importlib.import_module(f"moto.{name}.models")
    except ImportError:
        raise LookupError(f"moto has no service {name}") from None
    from moto.core.base_backend import BackendDict

    for value in vars(module).values():
        if isinstance(value, BackendDict) and value.backend.__module__.startswith(module.__name__):
            return value
    raise LookupError(f"moto has no backends in {module.__name__}")
