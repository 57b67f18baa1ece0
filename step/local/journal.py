"""The durable record of executions: a kernel's inputs in SQLite, written before they take effect.

Knows SQLite and the vocabulary; runs nothing. SQLite 3.40's features only. With ``sync="normal"`` what was
written survives the death of the process at any moment; ``"full"`` extends that to the loss of power.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple

from step.engine import vocabulary
from step.engine.vocabulary import Input
from step.errors import StepError
from step.jsonvalue import JSONValue, to_text

Sync = Literal["normal", "full"]
_INPUTS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        vocabulary.Start,
        vocabulary.TaskStarted,
        vocabulary.TaskSubmitted,
        vocabulary.TaskSucceeded,
        vocabulary.TaskFailed,
        vocabulary.Heartbeat,
        vocabulary.TimePassed,
        vocabulary.Continue,
        vocabulary.ItemsRead,
        vocabulary.Stop,
        vocabulary.Redrive,
    )
}
_SCHEMA = """
CREATE TABLE IF NOT EXISTS executions (
    id INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE,
    machine_arn TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    start_ms INTEGER NOT NULL,
    stop_ms INTEGER,
    redrive_ms INTEGER,
    redrive_count INTEGER NOT NULL DEFAULT 0,
    seed TEXT NOT NULL,
    definition TEXT NOT NULL,
    info TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT
);
CREATE INDEX IF NOT EXISTS executions_by_machine ON executions (machine_arn, start_ms);
CREATE INDEX IF NOT EXISTS executions_by_status ON executions (status);
CREATE TABLE IF NOT EXISTS inputs (
    execution INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (execution, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""


class ExecutionRow(NamedTuple):
    """An execution as it is kept. ``info`` is a JSON object of what else its owner wants to know of it."""

    id: int
    arn: str
    machine_arn: str
    name: str
    status: str
    start_ms: int
    stop_ms: int | None
    redrive_ms: int | None
    redrive_count: int
    seed: str
    definition: str
    info: str
    input: str
    output: str | None
    error: str | None
    cause: str | None


class Entry(NamedTuple):
    """A journalled input; ``digest`` is the kernel's before it was taken."""

    at_ms: int
    digest: int
    item: Input


class Journal:
    """A store folder. One process at a time may hold it; calls must not overlap (the host has the lock)."""

    def __init__(self, folder: Path, sync: Sync = "normal") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = _lock(folder / "lock")
        self._db = sqlite3.connect(folder / "step.sqlite3", check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute(f"PRAGMA synchronous = {sync.upper()}")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        """Let another process have the store."""
        self._db.close()
        self._lock.close()

    # ------------------------------------------------------------ executions

    def begin(self, row: ExecutionRow, item: Input) -> int:
        """Write an execution with its first input; return its id (``row.id`` is ignored).

        Raises:
            KeyError: its ARN is taken.
        """
        columns = ExecutionRow._fields[1:]
        with _Transaction(self._db):
            try:
                cursor = self._db.execute(
                    f"INSERT INTO executions ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",
                    row[1:],
                )
            except sqlite3.IntegrityError:
                raise KeyError(row.arn) from None
            key = cursor.lastrowid
            assert key is not None
            self._db.execute("INSERT INTO inputs VALUES (?, 0, ?, 0, ?)", (key, row.start_ms, _to_text(item)))
        return key

    def append(self, key: int, number: int, at_ms: int, digest: int, item: Input) -> None:
        """Write an input, before it takes effect."""
        self._db.execute(
            "INSERT INTO inputs VALUES (?, ?, ?, ?, ?)", (key, number, at_ms, digest, _to_text(item))
        )

    def finish(
        self, key: int, status: str, stop_ms: int, output: JSONValue, error: str | None, cause: str | None
    ) -> None:
        """Write how an execution ended. Derived from its inputs: a crash before this loses nothing."""
        self._db.execute(
            "UPDATE executions SET status = ?, stop_ms = ?, output = ?, error = ?, cause = ? WHERE id = ?",
            (status, stop_ms, to_text(output) if status == "SUCCEEDED" else None, error, cause, key),
        )

    def redriven(self, key: int, at_ms: int, count: int) -> None:
        """Write that an execution runs again."""
        self._db.execute(
            "UPDATE executions SET status = 'RUNNING', stop_ms = NULL, output = NULL, error = NULL,"
            " cause = NULL, redrive_ms = ?, redrive_count = ? WHERE id = ?",
            (at_ms, count, key),
        )

    def forget(self, keys: Iterable[int]) -> None:
        """Delete executions with their inputs."""
        with _Transaction(self._db):
            for key in keys:
                self._db.execute("DELETE FROM inputs WHERE execution = ?", (key,))
                self._db.execute("DELETE FROM executions WHERE id = ?", (key,))

    def entries(self, key: int) -> Iterator[Entry]:
        """Read an execution's inputs in order."""
        rows = self._db.execute(
            "SELECT at_ms, digest, item FROM inputs WHERE execution = ? ORDER BY number", (key,)
        )
        for at_ms, digest, text in rows.fetchall():
            yield Entry(at_ms, digest, _from_text(text))

    def execution(self, arn: str) -> ExecutionRow | None:
        """Find an execution by its ARN."""
        found = self._db.execute("SELECT * FROM executions WHERE arn = ?", (arn,)).fetchone()
        return None if found is None else ExecutionRow(*found)

    def executions(
        self, machine_arn: str | None = None, status: str | None = None, *, offset: int = 0, limit: int = -1
    ) -> list[ExecutionRow]:
        """List executions, the newest first."""
        where = [("machine_arn = ?", machine_arn), ("status = ?", status)]
        wanted = [(clause, value) for clause, value in where if value is not None]
        clauses = "".join(f" {'AND' if n else 'WHERE'} {clause}" for n, (clause, _) in enumerate(wanted))
        query = f"SELECT * FROM executions{clauses} ORDER BY start_ms DESC, id DESC LIMIT ? OFFSET ?"
        rows = self._db.execute(query, (*(value for _, value in wanted), limit, offset))
        return [ExecutionRow(*row) for row in rows.fetchall()]

    # ------------------------------------------------------------ documents

    def put(self, kind: str, key: str, body: JSONValue) -> None:
        """Keep a JSON document: a state machine, an alias, an activity."""
        self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, to_text(body)))

    def get(self, kind: str, key: str) -> JSONValue:
        """Read a document; None where there is none."""
        found = self._db.execute(
            "SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if found is None else json.loads(found[0])

    def delete(self, kind: str, key: str) -> None:
        """Drop a document."""
        self._db.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key))

    def documents(self, kind: str, prefix: str = "") -> list[tuple[str, Any]]:
        """List the documents of a kind whose keys begin so, by key."""
        end = prefix + "\U0010ffff"
        rows = self._db.execute(
            "SELECT key, body FROM documents WHERE kind = ? AND key >= ? AND key < ? ORDER BY key",
            (kind, prefix, end),
        )
        return [(key, json.loads(body)) for key, body in rows.fetchall()]


class _Transaction:
    """All or nothing, also where Python's own ``with connection`` would leave one open."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def __enter__(self) -> None:
        self._db.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: object, *_: object) -> None:
        self._db.execute("COMMIT" if kind is None else "ROLLBACK")


def _lock(file: Path) -> Any:
    """Hold a store for this process.

    Raises:
        StepError: another process holds it.
    """
    handle = file.open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        raise StepError(f"{file.parent}: another service holds this store") from None
    return handle


def _to_text(item: Input) -> str:
    return to_text([type(item).__name__, *item])


def _from_text(text: str) -> Input:
    kind, *fields = json.loads(text)
    return _INPUTS[kind](*fields)  # type: ignore[no-any-return]  # one of the inputs
