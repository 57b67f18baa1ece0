"""What moto holds, on disk: in SQLite, all that a request changed in one transaction.

A backend is a row, but for the entries of its large dictionaries, which are a row each. Large contents are
files under their SHA-256, written once. Knows files and backends; no request.
"""

from __future__ import annotations

import errno
import hashlib
import logging
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from step.local.cloud.backends import BackendKey, backend_of, begin_anew
from step.local.cloud.entries import ABSENT, Changes, Entries
from step.local.cloud.pickling import read_backend, write_backend, write_entry
from step.local.functions.archives import write_whole

_ATTEMPTS = 10
_SCHEMA = """
CREATE TABLE IF NOT EXISTS backends (
    module TEXT NOT NULL,
    account TEXT NOT NULL,
    region TEXT NOT NULL,
    state BLOB NOT NULL,
    PRIMARY KEY (module, account, region)
);
CREATE TABLE IF NOT EXISTS entries (
    place INTEGER PRIMARY KEY,
    dictionary INTEGER NOT NULL,
    entry BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS entries_by_dictionary ON entries (dictionary, place);
"""
_log = logging.getLogger("step.local.cloud")


class _Row(NamedTuple):
    place: int
    dictionary: int
    entry: bytes


class _Change(NamedTuple):
    """What a backend holds that isn't on disk. ``state`` is None where only entries changed."""

    key: BackendKey
    state: bytes | None
    digest: bytes
    dictionaries: frozenset[int]
    dropped: frozenset[int]
    gone: list[int]
    rows: list[_Row]

    def is_none(self) -> bool:
        """Whether all of it is on disk."""
        return self.state is None and not self.gone and not self.rows


class Storage:
    """A folder of what moto's backends hold. Calls must not overlap."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        self._file = folder / "moto.sqlite"
        self._contents = folder / "contents"
        self._is_synced = is_synced
        self._database: sqlite3.Connection | None = None
        self._is_closed = False
        self._digests: dict[BackendKey, bytes] = {}
        self._dictionaries: dict[BackendKey, frozenset[int]] = {}
        self._numbers = count(1)
        self._places = count(1)
        self._never: set[str] = set()
        self._used: set[str] = set()
        self._modules: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept."""
        return not self._file.exists()

    def has(self, module: str) -> bool:
        """Whether anything of a module of moto's was ever kept."""
        if self._database is None and not self.is_empty:
            rows = self._open().execute("SELECT DISTINCT module FROM backends")
            self._modules.update(name for (name,) in rows)
        return module in self._modules

    def load(self) -> None:
        """Give moto's backends what is kept of them; drop contents that nothing uses."""
        if self.is_empty:
            return
        database = self._open()
        (place, number) = database.execute("SELECT max(place), max(dictionary) FROM entries").fetchone()
        self._places = count((place or 0) + 1)
        is_whole = True
        rows = database.execute("SELECT module, account, region, state FROM backends ORDER BY 1, 2, 3")
        for *names, state in rows.fetchall():
            key = BackendKey(*names)
            try:
                self._read(key, state)
            except Exception:  # what another version of moto wrote may do anything
                is_whole = False
                _log.exception("%s can't be read: written with another version of moto?", "/".join(key))
        known = [max(numbers, default=0) for numbers in self._dictionaries.values()]
        self._numbers = count(max([number or 0, *known]) + 1)
        if is_whole and self._contents.exists():
            for file in self._contents.iterdir():
                if file.name not in self._used:
                    file.unlink()

    def save(self, keys: Iterable[BackendKey]) -> None:
        """Write what changed in some backends, all of it or nothing.

        Raises:
            OSError: it couldn't be written; the backends are as they were kept last.
        """
        touched = sorted(keys)
        try:
            changes = [change for key in touched if (change := self._change(key)) and not change.is_none()]
            if changes:
                self._write(changes)
        except OSError:
            self.restore(touched)
            raise

    def restore(self, keys: Iterable[BackendKey]) -> None:
        """Make some backends what they were when they were kept last."""
        query = "SELECT state FROM backends WHERE module = ? AND account = ? AND region = ?"
        for key in keys:
            if key.module in self._never:
                continue
            row = None if self.is_empty else self._open().execute(query, key).fetchone()
            begin_anew(backend_of(key))
            if row is not None:
                self._read(key, row[0])

    def close(self) -> None:
        """Let go of the files."""
        self._is_closed = True
        if self._database is not None:
            self._database.close()
            self._database = None

    def contents(self, name: str) -> bytes:
        """Give a large content."""
        self._used.add(name)
        return (self._contents / name).read_bytes()

    def entries(self, number: int) -> Iterator[tuple[int, bytes]]:
        """Give the entries of a dictionary with their places, in order."""
        query = "SELECT place, entry FROM entries WHERE dictionary = ? ORDER BY place"
        yield from self._open().execute(query, (number,))

    def _change(self, key: BackendKey) -> _Change | None:
        """Say what of a backend isn't on disk; None: it can't be written."""
        if key.module in self._never:
            return None
        error: Exception
        for _ in range(_ATTEMPTS):
            try:
                return self._changed(key, backend_of(key))
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

    def _changed(self, key: BackendKey, backend: Any) -> _Change:
        written = write_backend(backend, self._write_contents, lambda: next(self._numbers))
        digest = hashlib.sha256(written.state).digest()
        taken: list[tuple[Entries, Changes]] = []
        rows: list[_Row] = []
        try:
            for entries in written.entries:
                changes = entries.take()
                taken.append((entries, changes))
                rows += self._rows(backend, entries, changes)
        except BaseException:
            for entries, changes in taken:
                entries.give_back(changes)
            raise
        numbers = _numbers(written.entries)
        return _Change(
            key=key,
            state=None if self._digests.get(key) == digest else written.state,
            digest=digest,
            dictionaries=numbers,
            dropped=self._dictionaries.get(key, frozenset()) - numbers,
            gone=[place for _, changes in taken for place in changes.gone],
            rows=rows,
        )

    def _rows(self, backend: Any, entries: Entries, changes: Changes) -> Iterator[_Row]:
        assert entries.number is not None
        for path in changes.paths:
            value = entries.find(path)
            if value is not ABSENT:
                data = write_entry(backend, path, value, self._write_contents)
                yield _Row(entries.place(path, lambda: next(self._places)), entries.number, data)

    def _write(self, changes: list[_Change]) -> None:
        with self._transaction() as database:
            for change in changes:
                dropped = ((number,) for number in change.dropped)
                database.executemany("DELETE FROM entries WHERE dictionary = ?", dropped)
                database.executemany("DELETE FROM entries WHERE place = ?", ((at,) for at in change.gone))
                database.executemany("REPLACE INTO entries VALUES (?, ?, ?)", change.rows)
                if change.state is not None:
                    database.execute("REPLACE INTO backends VALUES (?, ?, ?, ?)", (*change.key, change.state))
        for change in changes:
            self._modules.add(change.key.module)
            self._digests[change.key] = change.digest
            self._dictionaries[change.key] = change.dictionaries

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        try:
            database = self._open()
            database.execute("BEGIN")
            try:
                yield database
                database.execute("COMMIT")
            finally:
                # SQLite itself has rolled back after some failures.
                if database.in_transaction:
                    database.execute("ROLLBACK")
        except sqlite3.Error as failure:
            raise OSError(errno.ENOSPC, str(failure)) from failure

    def _read(self, key: BackendKey, state: bytes) -> None:
        entries = read_backend(backend_of(key), state, self)
        self._digests[key] = hashlib.sha256(state).digest()
        self._dictionaries[key] = _numbers(entries)

    def _write_contents(self, name: str, data: bytes) -> None:
        file = self._contents / name
        if not file.exists():
            self._contents.mkdir(parents=True, exist_ok=True)
            write_whole(file, data, is_synced=self._is_synced)

    def _open(self) -> sqlite3.Connection:
        if self._is_closed:
            raise OSError(errno.EBADF, "the service is closing")
        if self._database is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            try:
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(f"PRAGMA synchronous = {'FULL' if self._is_synced else 'NORMAL'}")
                database.executescript(_SCHEMA)
            except sqlite3.Error as failure:
                database.close()
                raise OSError(errno.EIO, f"{self._file}: {failure}") from failure
            self._database = database
        return self._database


def _numbers(dictionaries: Iterable[Entries]) -> frozenset[int]:
    return frozenset(entries.number for entries in dictionaries if entries.number is not None)
