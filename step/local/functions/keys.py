"""The access keys that functions and executions get: by them the service knows its own again.

In memory only: a function's process doesn't outlive the service.
"""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

from step.local.entropy import new_uuid

# AWS's temporary keys begin so and are 20 characters long.
_PREFIX, _LENGTH = "ASIA", 20


class KeyHolder(NamedTuple):
    """Whom a key was given to: an account's function or execution, by its role and its session's name.

    ``function_arn``: of a function.
    """

    account: str
    role_arn: str = ""
    session: str = ""
    function_arn: str = ""


class AccessKeys:
    """A key for each holder, unguessable. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._keys: dict[KeyHolder, str] = {}
        self._holders: dict[str, KeyHolder] = {}

    def of(self, holder: KeyHolder) -> str:
        """Give a holder's key."""
        with self._lock:
            key = self._keys.get(holder)
            if key is None:
                digits = new_uuid().replace("-", "").upper()
                key = self._keys[holder] = (_PREFIX + digits)[:_LENGTH]
                self._holders[key] = holder
            return key

    def holder(self, key: str) -> KeyHolder | None:
        """Say whose key it is; None: it isn't one of these."""
        return self._holders.get(key)
