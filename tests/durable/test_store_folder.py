"""A store is its owner's only."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from step.durable.journal import Journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="permissions are Unix's")


@pytest.fixture(autouse=True, params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def modes(folder: Path) -> set[tuple[bool, int]]:
    """(whether it is a folder, its permissions) of a folder and all that is in it."""
    return {(path.is_dir(), path.stat().st_mode & 0o777) for path in (folder, *folder.rglob("*"))}


def test_nobody_else_reads_a_new_store(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "a" / "store")
    journal.put("kind", "key", {"secret": 1})

    assert modes(tmp_path / "a" / "store") == {(True, 0o700), (False, 0o600)}

    journal.close()
    assert modes(tmp_path / "a" / "store") == {(True, 0o700), (False, 0o600)}


def test_a_store_that_was_open_to_others_is_closed_when_it_is_opened(tmp_path: Path) -> None:
    store = tmp_path / "store"
    Journal(store).close()
    (store / "cloud").mkdir()
    for path in (store, *store.iterdir()):
        path.chmod(0o755 if path.is_dir() else 0o644)

    Journal(store).close()

    assert modes(store) == {(True, 0o700), (False, 0o600)}


def test_a_folder_with_other_things_in_it_stays_as_it_was(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "notes.txt").chmod(0o644)

    Journal(tmp_path).close()

    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "notes.txt").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "step.sqlite3").stat().st_mode & 0o777 == 0o600
