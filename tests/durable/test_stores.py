"""A store of every format that was ever released goes on to the same end, with the same history.

A store is never written anew: ``python -m tests.durable.stage FILE`` writes that of a new format.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from step.engine.switches import CURRENT
from tests.durable.kinds import MACHINES
from tests.durable.stage import Stage, load, resume

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


def test_who_began_before_a_switch_keeps_the_old_behaviour_and_who_begins_after_it_does_not(
    tmp_path: Path,
) -> None:
    with zipfile.ZipFile(STORES[0]) as archive:
        load(archive.read("store.sql").decode(), tmp_path / "store")

    with Stage(tmp_path / "store", resumes=True) as stage:
        machine = f"{MACHINES}:no-choice"
        stage.call("StartExecution", stateMachineArn=machine, name="new", input='{"a": 1}')
        stage.finish()
        rows = {row.name: row for row in stage.host.journal.executions(machine)}

    assert (rows["no-choice-1"].rules, rows["no-choice-1"].error) == (0, "States.NoChoiceMatched")
    assert (rows["new"].rules, rows["new"].error) == (CURRENT, "States.Runtime")
