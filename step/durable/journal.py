"""The durable record of executions: a kernel's inputs in SQLite, written before they take effect.

Knows SQLite and the vocabulary; runs nothing. SQLite 3.40's features only. With ``sync="normal"`` what was
written survives the death of the process at any moment; ``"full"`` extends that to the loss of power.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from step.clock import elapsed
from step.durable.copies import copy_database
from step.durable.inputs import read_input, write_input
from step.durable.schema import LATEST, Sync, open_database
from step.durable.store_folder import DATABASE, hold
from step.engine.vocabulary import Input
from step.errors import StepError
from step.jsonvalue import JSONValue, to_text

# The sum of an entry that nothing is compared with: it was written together with the one before it, or
# follows a fault of step's, after which a mended step has other events.
UNCHECKED = -1
# The documents of executions that were redriven, by their ARNs: the request's token.
REDRIVE = "redrive"
# So many executions are looked for at once that are to be forgotten.
_MOST_FORGOTTEN = 200
# So many free pages are kept at least: what comes next needs them.
_SPARE_PAGES = 256
# So many executions are looked through at a time, by these columns.
_MOST_SEARCHED = 2000
_SEARCHED = ("name", "input", "output", "error", "cause")


class StoreFull(StepError):  # noqa: N818 - reads as the sentence it is
    """Nothing can be written: the disk is full, or fails. What was asked for has had no effect."""


class ExecutionRow(NamedTuple):
    """An execution as it is kept. ``info`` is a JSON object of what else its owner wants to know of it.

    A child execution of a distributed Map has no ``definition`` but a ``parent``, the state of its parent
    that runs it, and the ARN of its Map Run. ``rules``: see ``engine.switches``.
    """

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
    parent: int | None = None
    map_state: str | None = None
    map_run: str | None = None
    rules: int = 0

    @property
    def latest_ms(self) -> int:
        """What it is listed by: its end, else its redrive or its start."""
        return next(at for at in (self.stop_ms, self.redrive_ms, self.start_ms) if at is not None)


_COLUMNS = ", ".join(ExecutionRow._fields)
_BEGIN = (
    f"INSERT INTO executions ({', '.join(ExecutionRow._fields[1:])})"
    f" VALUES ({', '.join('?' * (len(ExecutionRow._fields) - 1))})"
)


class Entry(NamedTuple):
    """A journalled input; ``sum`` is that of the events when it was written, or UNCHECKED."""

    at_ms: int
    sum: int
    item: Input


class Journal:
    """A store folder. One process at a time may hold it; calls must not overlap (the host has the lock).

    What writes raises StoreFull where nothing can be written.
    """

    def __init__(self, folder: Path, sync: Sync = "normal") -> None:
        self.folder = folder
        self._lock = hold(folder)
        self._definitions: dict[int, str] = {}
        self._keys: dict[str, int] = {}
        self._fresh: list[tuple[str, int]] = []
        self._depth = 0
        try:
            self._db = open_database(folder, sync)
        except BaseException as error:
            self._lock.close()
            if isinstance(error, sqlite3.Error):
                raise StepError(f"{folder}: the store can't be opened: {error}") from error
            raise

    def close(self) -> None:
        """Let another process have the store."""
        self._db.close()
        self._lock.close()

    def together(self) -> _Transaction:
        """Write all that is written in a ``with`` block, or nothing; blocks may be nested."""
        return _Transaction(self)

    # ------------------------------------------------------------ executions

    def begin(self, row: ExecutionRow, sum_: int, item: Input) -> int:
        """Write an execution with its first input; return its id (``row.id`` is ignored).

        ``sum_`` is that of the events that came of the input: an execution starts before it is written.

        Raises:
            KeyError: its ARN is taken.
        """
        with self.together():
            definition = self._key_of(row.definition) if row.definition else None
            try:
                cursor = self._db.execute(_BEGIN, row._replace(definition=definition)[1:])  # type: ignore[arg-type]  # a key for a text
            except sqlite3.IntegrityError:
                raise KeyError(row.arn) from None
            key = cursor.lastrowid
            assert key is not None
            self._db.execute(
                "INSERT INTO inputs VALUES (?, 0, ?, ?, ?)", (key, row.start_ms, sum_, write_input(item))
            )
        return key

    def append(self, key: int, number: int, at_ms: int, sum_: int, item: Input) -> None:
        """Write an input, before it takes effect."""
        with self.together():
            self._db.execute(
                "INSERT INTO inputs VALUES (?, ?, ?, ?, ?)", (key, number, at_ms, sum_, write_input(item))
            )

    def finish(
        self, key: int, status: str, stop_ms: int, output: JSONValue, error: str | None, cause: str | None
    ) -> None:
        """Write how an execution ended. Derived from its inputs: a crash before this loses nothing."""
        with self.together():
            self._db.execute(
                "UPDATE executions SET status = ?, stop_ms = ?, output = ?, error = ?, cause = ?"
                " WHERE id = ?",
                (status, stop_ms, to_text(output) if status == "SUCCEEDED" else None, error, cause, key),
            )

    def redriven(self, key: int, at_ms: int, count: int) -> None:
        """Write that an execution runs again."""
        with self.together():
            self._db.execute(
                "UPDATE executions SET status = 'RUNNING', stop_ms = NULL, output = NULL, error = NULL,"
                " cause = NULL, redrive_ms = ?, redrive_count = ? WHERE id = ?",
                (at_ms, count, key),
            )

    def forget(self, keys: Iterable[int]) -> None:
        """Delete executions with all that belongs to them; child executions as well."""
        with self.together():
            for key in keys:
                self.forget(self._children(key, -1))
                self._forget(key)

    def _forget(self, key: int) -> None:
        database = self._db
        found = database.execute("SELECT arn, definition FROM executions WHERE id = ?", (key,)).fetchone()
        if found is None:
            return
        arn, definition = found
        for table in ("inputs", "held", "map_runs"):
            database.execute(f"DELETE FROM {table} WHERE execution = ?", (key,))
        database.execute("DELETE FROM executions WHERE id = ?", (key,))
        database.execute("DELETE FROM documents WHERE kind = ? AND key = ?", (REDRIVE, arn))
        if definition is not None:
            self._forget_definition(definition)

    def _forget_definition(self, key: int) -> None:
        """Delete a definition that no execution has any more."""
        used = "SELECT 1 FROM executions WHERE definition = ? LIMIT 1"
        if self._db.execute(used, (key,)).fetchone() is None:
            self._db.execute("DELETE FROM definitions WHERE id = ?", (key,))
            # Another one may get its number.
            self._keys.clear()
            self._fresh.clear()
            self._definitions.pop(key, None)

    def _children(self, key: int, most: int) -> list[int]:
        rows = self._db.execute("SELECT id FROM executions WHERE parent = ? LIMIT ?", (key, most))
        return [child for (child,) in rows.fetchall()]

    # ------------------------------------------------------------ retention

    def ended_before(self, at_ms: int) -> Counter[str]:
        """Count the executions that ended before a moment, by their machines; no child executions."""
        rows = self._db.execute(
            "SELECT machine_arn, COUNT(*) FROM executions WHERE parent IS NULL AND stop_ms < ?"
            " GROUP BY machine_arn",
            (at_ms,),
        )
        return Counter(dict(rows.fetchall()))

    def forget_ended(self, before_ms: int, seconds: float) -> bool:
        """Delete executions that ended before a moment, the first ones first, until so much time has passed.

        A child execution goes before its parent, which is there until the last of them is gone.

        Returns:
            Whether there may be more of them.
        """
        begun = elapsed()
        with self.together():
            rows = self._db.execute(
                "SELECT id FROM executions WHERE parent IS NULL AND stop_ms < ? ORDER BY stop_ms LIMIT ?",
                (before_ms, _MOST_FORGOTTEN),
            ).fetchall()
            for (key,) in rows:
                while True:
                    for leaf in (leaves := self._leaves(key, _MOST_FORGOTTEN)):
                        self._forget(leaf)
                        if elapsed() - begun > seconds:
                            return True
                    if leaves == [key]:
                        break
        return len(rows) == _MOST_FORGOTTEN

    def _leaves(self, key: int, most: int) -> list[int]:
        """Find executions below one that have no children, or give itself."""
        found: list[int] = []
        for child in self._children(key, most):
            found += self._leaves(child, most - len(found))
            if len(found) >= most:
                break
        return found or [key]

    def shrink(self, pages: int) -> bool:
        """Give some free pages back to the disk, if a good part is free; say whether there are more."""
        (free,) = self._db.execute("PRAGMA freelist_count").fetchone()
        (all_,) = self._db.execute("PRAGMA page_count").fetchone()
        if free <= max(_SPARE_PAGES, all_ // 5):
            return False
        with self.together():
            # Each row that it gives is a page less.
            self._db.execute(f"PRAGMA incremental_vacuum({pages})").fetchall()
        return True

    def compact(self) -> None:
        """Write the store anew, without what is free; nothing else can be done meanwhile."""
        try:
            self._db.execute("VACUUM")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except sqlite3.OperationalError as failure:
            raise _full(self, failure) from failure

    def copy_to(self, folder: Path, let_others: Callable[[], None] = lambda: None) -> None:
        """Copy the database into another folder; see ``copy_database``.

        Raises:
            OSError: it can't be written.
        """
        copy_database(self._db, folder / DATABASE, let_others)

    def entries(self, key: int) -> Iterator[Entry]:
        """Read an execution's inputs in order."""
        rows = self._db.execute(
            "SELECT at_ms, digest, item FROM inputs WHERE execution = ? ORDER BY number", (key,)
        )
        for at_ms, sum_, text in rows.fetchall():
            yield Entry(at_ms, sum_, read_input(text))

    def last_ms(self) -> int:
        """Say when the last input of a running execution was taken; 0: none runs."""
        running = "SELECT id FROM executions WHERE status = 'RUNNING'"
        found = self._db.execute(f"SELECT MAX(at_ms) FROM inputs WHERE execution IN ({running})").fetchone()
        return found[0] or 0

    def execution(self, arn: str) -> ExecutionRow | None:
        """Find an execution by its ARN."""
        return next(self._rows("WHERE arn = ?", (arn,)), None)

    def execution_by_id(self, key: int) -> ExecutionRow:
        """Read an execution that is there."""
        return next(self._rows("WHERE id = ?", (key,)))

    def executions(
        self,
        machine_arn: str | None = None,
        status: str | None = None,
        *,
        map_run: str | None = None,
        before: tuple[int, int] | None = None,
        offset: int = 0,
        limit: int = -1,
    ) -> list[ExecutionRow]:
        """List executions, the latest first: a Map Run's, or those that are no child executions.

        Of one that has ended its end counts, else its redrive or its start. ``before`` is that moment and the
        id of an execution that those listed come after.
        AWS: Step Functions API reference, "ListExecutions".
        """
        where = {"machine_arn = ?": machine_arn, "status = ?": status, "map_run = ?": map_run}
        wanted = {clause: value for clause, value in where.items() if value is not None}
        clauses = [*wanted, *([] if map_run else ["parent IS NULL"])]
        if before is not None:
            clauses.append(f"({LATEST}, id) < (?, ?)")
        rows = self._rows(
            f"WHERE {' AND '.join(clauses)} ORDER BY {LATEST} DESC, id DESC LIMIT ? OFFSET ?",
            (*wanted.values(), *(before or ()), limit, offset),
        )
        return list(rows)

    def search(
        self, text: str, machine_arn: str | None, status: str | None, *, before: int | None, limit: int
    ) -> tuple[list[ExecutionRow], int]:
        """Look through some executions, the last begun first, for a text in name, input or end.

        Args:
            before: The id that they come before; None: all.

        Returns:
            Those that have it, whatever the case of ASCII's letters, and the id to go on before; 0: that was
            all. Child executions aren't looked through.
        """
        if before is None:
            before = int(self._db.execute("SELECT COALESCE(MAX(id), 0) + 1 FROM executions").fetchone()[0])
        first = max(0, before - _MOST_SEARCHED)
        wanted = {"machine_arn = ?": machine_arn, "status = ?": status}
        given = {clause: value for clause, value in wanted.items() if value is not None}
        like = " OR ".join(f"{column} LIKE ? ESCAPE '!'" for column in _SEARCHED)
        clauses = ["id < ?", "id >= ?", "parent IS NULL", *given, f"({like})"]
        pattern = "%" + re.sub("[!%_]", r"!\g<0>", text) + "%"
        rows = self._rows(
            f"WHERE {' AND '.join(clauses)} ORDER BY id DESC LIMIT ?",
            (before, first, *given.values(), *(pattern,) * len(_SEARCHED), limit),
        )
        found = list(rows)
        return found, found[-1].id if len(found) == limit else first

    def running(self, *, children: bool) -> list[ExecutionRow]:
        """List what has not ended, in the order in which it began."""
        no = "NOT " if children else ""
        return list(self._rows(f"WHERE status = 'RUNNING' AND parent IS {no}NULL ORDER BY id", ()))

    def _rows(self, clauses: str, values: tuple[Any, ...]) -> Iterator[ExecutionRow]:
        found = self._db.execute(f"SELECT {_COLUMNS} FROM executions {clauses}", values).fetchall()
        for row in map(ExecutionRow._make, found):
            yield row._replace(definition=self._definition(row.definition))  # type: ignore[arg-type]  # a key

    # ------------------------------------------------------------ definitions

    def _key_of(self, definition: str) -> int:
        """Keep a definition once, however many executions have it."""
        key = self._keys.get(definition)
        if key is None:
            digest = sha256(definition.encode("utf-8", "surrogatepass")).digest()
            self._db.execute(
                "INSERT OR IGNORE INTO definitions (digest, body) VALUES (?, ?)", (digest, definition)
            )
            found = self._db.execute("SELECT id FROM definitions WHERE digest = ?", (digest,)).fetchone()
            key = int(found[0])
            # Remembered once it is committed, not in a transaction that may be rolled back.
            self._fresh.append((definition, key))
        return key

    def _remember(self) -> None:
        self._keys.update(self._fresh)
        self._fresh.clear()

    def _definition(self, key: int | None) -> str:
        if key is None:
            return ""
        text = self._definitions.get(key)
        if text is None:
            found = self._db.execute("SELECT body FROM definitions WHERE id = ?", (key,)).fetchone()
            text = self._definitions[key] = str(found[0])
        return text

    # ------------------------------------------------------------ held answers and Map Runs

    def hold(self, key: int, op: int, item: Input) -> None:
        """Keep an answer that came while the work's own call goes on."""
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO held VALUES (?, ?, ?)", (key, op, write_input(item)))

    def release(self, key: int, op: int) -> None:
        """Drop a held answer: it is an input now."""
        with self.together():
            self._db.execute("DELETE FROM held WHERE execution = ? AND op = ?", (key, op))

    def held(self) -> dict[int, dict[int, Input]]:
        """Read all held answers: execution -> op -> answer."""
        found: dict[int, dict[int, Input]] = {}
        for key, op, text in self._db.execute("SELECT execution, op, item FROM held").fetchall():
            found.setdefault(key, {})[op] = read_input(text)
        return found

    def note_map_run(self, arn: str, key: int) -> None:
        """Write whose a Map Run is. Derived from inputs: a crash before this loses nothing."""
        with self.together():
            self._db.execute("INSERT OR IGNORE INTO map_runs VALUES (?, ?)", (arn, key))

    def execution_of_map_run(self, arn: str) -> ExecutionRow | None:
        """Find the execution that a Map Run belongs to."""
        clauses = "WHERE id = (SELECT execution FROM map_runs WHERE arn = ?)"
        return next(self._rows(clauses, (arn,)), None)

    # ------------------------------------------------------------ documents

    def put(self, kind: str, key: str, body: JSONValue) -> None:
        """Keep a JSON document: a state machine, an alias, an activity."""
        with self.together():
            self._db.execute("INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, to_text(body)))

    def get(self, kind: str, key: str) -> JSONValue:
        """Read a document; None where there is none."""
        found = self._db.execute(
            "SELECT body FROM documents WHERE kind = ? AND key = ?", (kind, key)
        ).fetchone()
        return None if found is None else json.loads(found[0])

    def delete(self, kind: str, key: str) -> None:
        """Drop a document."""
        with self.together():
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

    __slots__ = ("_journal",)

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __enter__(self) -> None:
        journal = self._journal
        if not journal._depth:
            try:
                journal._db.execute("BEGIN")
            except sqlite3.OperationalError as failure:
                raise _full(journal, failure) from failure
        journal._depth += 1

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        journal = self._journal
        journal._depth -= 1
        if journal._depth:
            return
        if kind is None:
            try:
                journal._db.execute("COMMIT")
            except sqlite3.Error as failure:
                self._roll_back()
                raise _full(journal, failure) from failure
            journal._remember()
            return
        self._roll_back()
        if isinstance(error, sqlite3.OperationalError):
            raise _full(journal, error) from error

    def _roll_back(self) -> None:
        self._journal._fresh.clear()
        # SQLite itself has rolled back after some failures.
        if self._journal._db.in_transaction:
            self._journal._db.execute("ROLLBACK")


def _full(journal: Journal, failure: sqlite3.Error) -> StoreFull:
    return StoreFull(f"{journal.folder}: nothing can be written ({failure}); make room on the disk")
