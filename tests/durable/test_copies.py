"""Copies of what others write on meanwhile: whole, or not there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from step.durable.copies import copy_database, copy_files, filled
from step.errors import StepError


def test_what_the_same_connection_writes_meanwhile_is_in_the_copy(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "one", isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE t (n INTEGER PRIMARY KEY, much TEXT)")
        database.executemany("INSERT INTO t VALUES (?, ?)", ((n, "x" * 4000) for n in range(2000)))
        written: list[int] = []
        rows: list[Any] = []

        def write() -> None:
            # Called once more when the copy is whole.
            rows[:] = database.execute("SELECT * FROM t").fetchall()
            written.append(len(written))
            database.execute("UPDATE t SET much = 'new' WHERE n = ?", (written[-1],))
            database.execute("INSERT INTO t VALUES (NULL, 'last')")

        copy_database(database, tmp_path / "two", write)

    with closing(sqlite3.connect(tmp_path / "two")) as copy:
        assert len(written) > 2
        assert copy.execute("SELECT * FROM t").fetchall() == rows


def test_a_folder_that_was_not_filled_is_not_there(tmp_path: Path) -> None:
    def fill_half() -> None:
        with filled(tmp_path / "copy") as folder:
            (folder / "half").write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill_half()

    assert list(tmp_path.iterdir()) == []


def test_a_filled_folder_takes_the_place_of_an_empty_one_and_of_no_other(tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()

    with filled(tmp_path / "copy") as folder:
        (folder / "whole").write_text("whole")

    assert (tmp_path / "copy" / "whole").read_text() == "whole"
    with pytest.raises(StepError, match="something is there already"), filled(tmp_path / "copy"):
        pass


def test_files_are_copied_without_what_is_unfinished_or_made_again(tmp_path: Path) -> None:
    source = tmp_path / "one"
    for name in ("a/kept.json", "a/.unfinished", "made/again"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name)

    copy_files(source, tmp_path / "two", without=("made",))
    copy_files(tmp_path / "none", tmp_path / "three")

    assert [str(file.relative_to(tmp_path)) for file in (tmp_path / "two").rglob("*")] == [
        "two/a",
        "two/a/kept.json",
    ]
    assert not (tmp_path / "three").exists()
