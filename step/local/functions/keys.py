"""The access keys that functions get: by them the service knows its own functions, and their accounts, again.

In memory only: a function's process doesn't outlive the service.
"""

from __future__ import annotations

from threading import Lock

from step.local.entropy import new_uuid

# AWS's temporary keys begin so and are 20 characters long.
_PREFIX, _LENGTH = "ASIA", 20


class AccessKeys:
    """A key per account, unguessable. Threads may share it."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._by_account: dict[str, str] = {}
        self._accounts: dict[str, str] = {}

    def of(self, account: str) -> str:
        """Give an account's key."""
        with self._lock:
            key = self._by_account.get(account)
            if key is None:
                digits = new_uuid().replace("-", "").upper()
                key = self._by_account[account] = (_PREFIX + digits)[:_LENGTH]
                self._accounts[key] = account
            return key

    def account(self, key: str) -> str | None:
        """Say whose key it is; None: it isn't one of these."""
        return self._accounts.get(key)
