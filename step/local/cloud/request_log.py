"""Every request that changed something in the emulation, on disk: what it holds is what they give again.

In SQLite, a request in one transaction, with the time and the seed that it was answered with, and what it
means for older ones (``effects``). Large bodies are files under their SHA-256, written once. Nothing in it is
ever executed. Calls must not overlap.
"""

from __future__ import annotations

import errno
import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from step.durable.copies import copy_database, copy_files
from step.local.cloud.effects import Effect, is_needed
from step.local.functions.archives import write_whole
from step.local.http import Request

_VERSION = 1
# A body as long as this is kept apart, under its hash.
_APART_BYTES = 16_384
# So many more than were left the last time are looked through for those that don't matter any more.
_SPARE = 1_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS requests (
    number INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    seed TEXT NOT NULL,
    made BLOB NOT NULL,
    account TEXT NOT NULL,
    service TEXT NOT NULL,
    method TEXT NOT NULL,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    headers TEXT NOT NULL,
    body BLOB,
    contents TEXT,
    effects TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS requests_by_service ON requests (service);
"""


class Recorded(NamedTuple):
    """A request that changed something, and what it takes to have it answered in the same way again.

    Attributes:
        at_ms: When it was answered.
        seed: What ids were drawn from.
        made: Keys that were made for it, in PKCS 8.
        account: Whose it was.
        service: The name that it was signed with.
        effects: What it means for older requests.
    """

    at_ms: int
    seed: str
    made: Sequence[bytes]
    account: str
    service: str
    request: Request
    effects: Sequence[Effect]


class RequestLog:
    """A folder of requests."""

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        self._file = folder / "requests.sqlite"
        self._contents = folder / "contents"
        self._is_synced = is_synced
        self._database: sqlite3.Connection | None = None
        self._is_closed = False
        self._is_copied = False
        self._services: set[str] | None = None
        self._count = 0
        self._look_at = _SPARE

    @property
    def is_empty(self) -> bool:
        """Whether nothing was ever kept."""
        return not self._file.exists()

    @property
    def is_grown(self) -> bool:
        """Whether it is time to ``drop`` what doesn't matter any more."""
        return self._count > self._look_at

    def has(self, service: str) -> bool:
        """Whether a request to a service was kept."""
        if self._services is None:
            names = [] if self.is_empty else self._open().execute("SELECT DISTINCT service FROM requests")
            self._services = {name for (name,) in names}
        return service in self._services

    def append(self, requests: Sequence[Recorded]) -> None:
        """Keep some requests, all of them or none.

        Raises:
            OSError: they couldn't be written.
        """
        rows = [self._row(recorded) for recorded in requests]
        with self._transaction() as database:
            database.executemany(
                "INSERT INTO requests VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
            )
        self._count += len(rows)
        if self._services is not None:
            self._services.update(recorded.service for recorded in requests)

    def _row(self, recorded: Recorded) -> tuple[object, ...]:
        request = recorded.request
        body, contents = request.body, None
        if len(body) >= _APART_BYTES:
            body, contents = b"", self._write_contents(request.body)
        return (
            recorded.at_ms,
            recorded.seed,
            json.dumps([key.hex() for key in recorded.made]),
            recorded.account,
            recorded.service,
            request.method,
            request.path,
            request.query,
            json.dumps(dict(request.headers)),
            body,
            contents,
            json.dumps(recorded.effects),
        )

    def read(self) -> Iterator[Recorded]:
        """Give all requests, in their order."""
        if self.is_empty:
            return
        query = (
            "SELECT at_ms, seed, made, account, service, method, path, query, headers, body, contents,"
            " effects FROM requests ORDER BY number"
        )
        self._count = 0
        for row in self._open().execute(query):
            at_ms, seed, made, account, service, method, path, asked, headers, body, contents, effects = row
            if contents is not None:
                body = (self._contents / contents).read_bytes()
            self._count += 1
            yield Recorded(
                at_ms=at_ms,
                seed=seed,
                made=[bytes.fromhex(key) for key in json.loads(made)],
                account=account,
                service=service,
                request=Request(method, path, asked, json.loads(headers), body, "127.0.0.1"),
                effects=[Effect(*effect) for effect in json.loads(effects)],
            )

    def drop(self, now_ms: int, is_settled: Callable[[Effect], bool]) -> int:
        """Take away the requests without which what is held would be the same; say how many.

        Args:
            is_settled: Whether what an effect is about is known to hold nothing any more.

        Raises:
            OSError: it couldn't be written.
        """
        if self.is_empty:
            return 0
        query = "SELECT number, at_ms, effects FROM requests ORDER BY number DESC"
        rows = (
            (number, at_ms, [Effect(*effect) for effect in json.loads(effects)])
            for number, at_ms, effects in self._open().execute(query)
        )
        needless = [number for number, needed in is_needed(rows, now_ms, is_settled) if not needed]
        with self._transaction() as database:
            database.executemany("DELETE FROM requests WHERE number = ?", ((number,) for number in needless))
        self._count -= len(needless)
        self._look_at = 2 * self._count + _SPARE
        self._drop_contents()
        return len(needless)

    def copy_to(self, folder: Path, let_others: Callable[[], None] = lambda: None) -> None:
        """Copy the requests into another folder; from now on no large body is deleted; see ``copy_database``.

        Raises:
            OSError: it can't be written.
        """
        if not self.is_empty:
            self._is_copied = True
            folder.mkdir(mode=0o700)
            copy_database(self._open(), folder / self._file.name, let_others)

    def copy_contents(self, folder: Path) -> None:
        """Copy the large bodies too; other calls may overlap.

        Raises:
            OSError: they can't be written.
        """
        try:
            copy_files(self._contents, folder / self._contents.name)
        finally:
            self._is_copied = False

    def close(self) -> None:
        """Let go of the files."""
        self._is_closed = True
        if self._database is not None:
            self._database.close()
            self._database = None

    def _drop_contents(self) -> None:
        """Delete the large bodies that no request has."""
        if self._is_copied or not self._contents.exists():
            return
        used = self._open().execute("SELECT DISTINCT contents FROM requests WHERE contents IS NOT NULL")
        names = {name for (name,) in used}
        for file in self._contents.iterdir():
            if file.name not in names:
                file.unlink()

    def _write_contents(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        file = self._contents / name
        if not file.exists():
            self._contents.mkdir(parents=True, exist_ok=True)
            write_whole(file, data, is_synced=self._is_synced)
        return name

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

    def _open(self) -> sqlite3.Connection:
        if self._is_closed:
            raise OSError(errno.EBADF, "the service is closing")
        if self._database is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            database = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False)
            try:
                (version,) = database.execute("PRAGMA user_version").fetchone()
                if version > _VERSION:
                    raise sqlite3.DatabaseError(f"written by a later version of step (format {version})")
                database.execute("PRAGMA journal_mode = WAL")
                database.execute(f"PRAGMA synchronous = {'FULL' if self._is_synced else 'NORMAL'}")
                database.executescript(_SCHEMA)
                database.execute(f"PRAGMA user_version = {_VERSION}")
            except sqlite3.Error as failure:
                database.close()
                raise OSError(errno.EIO, f"{self._file}: {failure}") from failure
            self._database = database
        return self._database
