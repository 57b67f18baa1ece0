"""What moto holds, on disk: a file per service, account and region, written before a change is acknowledged.

Large contents are files of their own under their SHA-256, written once. Knows files and backends; no request.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from pathlib import Path

from step.local.cloud.backends import BackendKey, backend_of, from_bytes, to_bytes
from step.local.functions.archives import write_whole

_ATTEMPTS = 10
_log = logging.getLogger("step.local.cloud")


class Snapshots:
    """A folder of snapshots. Calls must not overlap."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        self._states = folder / "states"
        self._contents = folder / "contents"
        self._is_synced = is_synced
        self._last: dict[BackendKey, bytes] = {}
        self._never: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept."""
        return not self._states.exists()

    def load(self) -> None:
        """Give moto's backends the state that is kept; drop contents that nothing uses."""
        used: set[str] = set()
        is_whole = True
        for file in sorted(self._states.glob("*/*/*.state")):
            key = BackendKey(file.parts[-3], file.parts[-2], file.stem)
            try:
                self._load(key, file.read_bytes(), used)
            except Exception:  # what another version of moto wrote may do anything
                is_whole = False
                _log.exception("%s can't be read: written with another version of moto?", file)
        if is_whole and self._contents.exists():
            for file in self._contents.iterdir():
                if file.name not in used:
                    file.unlink()

    def save(self, keys: Iterable[BackendKey]) -> None:
        """Write what changed of some backends.

        Raises:
            OSError: it couldn't be written; the backends are as they were kept last.
        """
        changed = sorted(keys)
        try:
            for key in changed:
                self._save(key)
        except OSError:
            self._restore(changed)
            raise

    def _save(self, key: BackendKey) -> None:
        if key.module in self._never:
            return
        data = self._bytes(key)
        if data is None:
            return
        digest = hashlib.sha256(data).digest()
        if self._last.get(key) == digest:
            return
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        write_whole(file, data, is_synced=self._is_synced)
        self._last[key] = digest

    def _bytes(self, key: BackendKey) -> bytes | None:
        """Write a backend as bytes; None: it can't be."""
        error: Exception
        for _ in range(_ATTEMPTS):
            try:
                return to_bytes(backend_of(key), self._write)
            except OSError:
                raise
            except RuntimeError as changed:  # by a request that waits, meanwhile
                error = changed
            except Exception as other:  # moto's objects may hold anything
                error = other
                break
        self._never.add(key.module)
        _log.warning("what %s holds won't survive a restart: %s", key.module, error)
        return None

    def _restore(self, keys: Iterable[BackendKey]) -> None:
        for key in keys:
            file = self._file(key)
            if file.exists():
                self._load(key, file.read_bytes(), set())
            elif key.module not in self._never:
                backend_of(key).reset()

    def _load(self, key: BackendKey, data: bytes, used: set[str]) -> None:
        def read(name: str) -> bytes:
            used.add(name)
            return (self._contents / name).read_bytes()

        from_bytes(backend_of(key), data, read)
        self._last[key] = hashlib.sha256(data).digest()

    def _write(self, name: str, data: bytes) -> None:
        file = self._contents / name
        if not file.exists():
            self._contents.mkdir(parents=True, exist_ok=True)
            write_whole(file, data, is_synced=self._is_synced)

    def _file(self, key: BackendKey) -> Path:
        return self._states / key.module / key.account / f"{key.region}.state"
