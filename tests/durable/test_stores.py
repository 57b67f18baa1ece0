"""A store of every format that was ever released goes on to the same end, with the same history.

A store is never written anew: ``python -m tests.durable.stage FILE`` writes that of a new format.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.durable.stage import load, resume

STORES = sorted((Path(__file__).parent / "stores").glob("*.zip"))


@pytest.mark.parametrize("file", STORES, ids=lambda file: file.stem)
def test_a_store_goes_on_to_the_same_end_and_history(file: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        text = archive.read("store.sql").decode()
        expected: dict[str, Any] = json.loads(archive.read("expected.json"))
    load(text, tmp_path / "store")

    told = json.loads(json.dumps(resume(tmp_path / "store")))

    assert set(told) == set(expected)
    for arn in expected:
        assert told[arn] == expected[arn], arn
