"""The database of a store: its tables, and how one of an older format becomes one of today's.

SQLite 3.40's features only. Nothing here reads or writes a row of anybody's.
"""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path
from typing import Literal

from step.durable.store_folder import DATABASE
from step.errors import StepError

Sync = Literal["normal", "full"]
_log = logging.getLogger("step.durable")
# The format of new stores; older ones are brought to it when they are opened.
_FORMAT = 4
# What executions are listed by: their end, else their redrive or their start.
LATEST = "COALESCE(stop_ms, redrive_ms, start_ms)"
_LISTED = f"""
CREATE INDEX IF NOT EXISTS executions_of_machine ON executions (machine_arn, {LATEST});
CREATE INDEX IF NOT EXISTS executions_of_run ON executions (map_run, {LATEST}) WHERE map_run IS NOT NULL
"""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS definitions (
    id INTEGER PRIMARY KEY,
    digest BLOB NOT NULL UNIQUE,
    body TEXT NOT NULL
);
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
    definition INTEGER REFERENCES definitions,
    info TEXT NOT NULL,
    input TEXT NOT NULL,
    output TEXT,
    error TEXT,
    cause TEXT,
    parent INTEGER,
    map_state TEXT,
    map_run TEXT,
    rules INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS executions_by_status ON executions (status, start_ms);
CREATE TABLE IF NOT EXISTS inputs (
    execution INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    digest INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (execution, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS held (
    execution INTEGER NOT NULL,
    op INTEGER NOT NULL,
    item TEXT NOT NULL,
    PRIMARY KEY (execution, op)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS map_runs (
    arn TEXT PRIMARY KEY,
    execution INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS map_runs_by_execution ON map_runs (execution);
CREATE TABLE IF NOT EXISTS documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;
"""
# What makes the next format of one.
_UPGRADES = {
    1: "ALTER TABLE executions ADD COLUMN rules INTEGER NOT NULL DEFAULT 0",
    # Sums of rows as they were kept in memory, which say nothing of events.
    2: "UPDATE inputs SET digest = -1",
    3: f"DROP INDEX executions_by_machine; DROP INDEX executions_by_run; {_LISTED}",
}
# What only makes something faster needs no format of its own: an older step keeps it up too.
_FASTER = """
CREATE INDEX IF NOT EXISTS executions_by_end ON executions (stop_ms) WHERE parent IS NULL;
CREATE INDEX IF NOT EXISTS executions_by_parent ON executions (parent) WHERE parent IS NOT NULL;
CREATE INDEX IF NOT EXISTS executions_by_definition ON executions (definition) WHERE definition IS NOT NULL
"""
# SQLite's number of the way in which pages that are free can be given back a few at a time.
_INCREMENTAL = 2


def open_database(folder: Path, sync: Sync) -> sqlite3.Connection:
    """Open the database of a folder that is held; bring it to today's format.

    Raises:
        StepError: a later version of step made it.
        sqlite3.Error: it is damaged, or can't be written.
    """
    database = sqlite3.connect(
        folder / DATABASE, check_same_thread=False, isolation_level=None, cached_statements=64
    )
    try:
        _prepare(database, folder, sync)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, folder: Path, sync: Sync) -> None:
    (format_,) = database.execute("PRAGMA user_version").fetchone()
    if not 0 <= format_ <= _FORMAT:
        raise StepError(f"{folder}: a later version of step made this store (format {format_})")
    # Nobody else opens the database: no memory need be shared with other processes.
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    # Whoever made the store, nothing in its schema may do more than name tables.
    database.execute("PRAGMA trusted_schema = OFF")
    # Of a new database this has to be said before anything is written.
    database.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(f"PRAGMA synchronous = {sync.upper()}")
    if format_ < _FORMAT:
        steps = [_UPGRADES[number] for number in range(format_, _FORMAT)] if format_ else [_SCHEMA, _LISTED]
        database.executescript(f"BEGIN; {'; '.join(steps)}; PRAGMA user_version = {_FORMAT}; COMMIT")
    database.executescript(_FASTER)
    if database.execute("PRAGMA auto_vacuum").fetchone()[0] != _INCREMENTAL:
        _make_shrinkable(database, folder)


def _make_shrinkable(database: sqlite3.Connection, folder: Path) -> None:
    """Write an older store anew, once: only then can it give back a little at a time."""
    try:
        database.execute("VACUUM")
    except sqlite3.OperationalError as failure:
        # It needs as much room again as the store has; everything else works without it.
        _log.warning("%s: what is forgotten leaves its room in the store: %s", folder, failure)
