"""``kill -9`` at random moments: nothing is lost, nothing recorded is done again, histories are the same.

The short form kills about ten times; ``SOAK=1`` a thousand times, ``SOAK=10000`` so many times.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(__file__).parent / "killed_host.py"
SOAK = int(os.environ.get("SOAK") or 0)
KILLS = max(SOAK, 1000) if SOAK else 10


def killed(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    command = [sys.executable, str(PROGRAM), str(folder), str(kills), str(seed)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def in_one_order(execution: dict[str, Any]) -> Any:
    """Where branches run one at a time, events have one order; elsewhere it counts what happened."""
    events = execution["events"]
    if not execution["is_concurrent"]:
        return execution["status"], execution["output"], events
    bare = [{**event, "id": 0, "previousEventId": 0} for event in events]
    return execution["status"], execution["output"], Counter(json.dumps(event) for event in bare)


def compared(told: dict[str, Any]) -> dict[str, Any]:
    return {arn: in_one_order(execution) for arn, execution in told["histories"].items()}


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is a word of Unix")
def test_kills_at_random_moments_lose_nothing_and_repeat_nothing_recorded(tmp_path: Path) -> None:
    undisturbed = killed(tmp_path / "undisturbed", 0, 0)
    kills = again = seed = 0

    while kills < KILLS:
        seed += 1
        told = killed(tmp_path / str(seed), KILLS - kills, seed)
        assert told["repeated"] == []
        assert told["runs"] - told["again"] == undisturbed["runs"]
        assert compared(told) == compared(undisturbed)
        kills += told["kills"]
        again += told["again"]

    # What was running when the process died is run again: at most as many as there are threads.
    assert again <= kills * 6
    print(f"{kills} kills in {seed} stores; {again} handlers that had not answered ran again")
