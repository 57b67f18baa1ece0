"""The ledgers of recordings that can't pass are strict both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.__main__ import main, summary
from tests.conformance.ledger import LEDGERS, LEVELS, compare, problems


def case(name: str, **verdict: bool) -> dict[str, Any]:
    return {"id": name, "applies": dict.fromkeys(verdict, True), "verdict": verdict}


@pytest.mark.parametrize(
    ("verdict", "ledger", "told"),
    [
        ({"L1": True, "L3": True}, {}, None),
        ({"L1": True, "L3": False}, {"bread": "L3"}, None),
        ({"L1": True, "L3": False}, {}, "fails at L3 and has no entry"),
        ({"L1": True, "L3": True}, {"bread": "L3"}, "passes: remove its entry"),
        ({"L1": False, "L3": False}, {"bread": "L3"}, "fails at L1, its entry says L3"),
        ({"L1": True, "L3": True}, {"another": "L1"}, None),
    ],
)
def test_report_and_ledger_must_agree(
    verdict: dict[str, bool], ledger: dict[str, str], told: str | None
) -> None:
    found = problems([case("bread", **verdict)], ledger)

    assert [told in problem for problem in found if told] == ([True] if told else [])
    assert bool(found) == bool(told)


def test_case_that_crashed_fails_at_its_first_level() -> None:
    crashed = {"id": "bread", "applies": {"L1": True, "L3": True}, "verdict": {}}

    assert problems([crashed], {"bread": "L1"}) == []


def test_problem_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert not compare([case("bread", L1=False)], [])
    assert "bread fails at L1" in capsys.readouterr().err


RUNNER = """
import json, sys
report = sys.argv[sys.argv.index("--report") + 1]
corpus = sys.argv[sys.argv.index("--corpus") + 1]
row = {"id": "bread", "tier": 1, "applies": {"L1": True}, "verdict": {"L1": not corpus.endswith("wrong")}}
with open(report, "w") as file:
    json.dump({"cases": [row]}, file)
"""


@pytest.mark.parametrize(("names", "status"), [(["right"], 0), (["right", "wrong"], 1)])
def test_every_folder_is_scored_and_one_that_disagrees_is_the_exit_code(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], names: list[str], status: int
) -> None:
    folder = tmp_path / "recordings"
    for name in names:
        (folder / name / "group").mkdir(parents=True)
        (folder / name / "group" / "bread.json").write_text('{"kind": "execution", "id": "bread"}')
    (folder / "run_conformance.py").write_text(RUNNER)

    assert main([str(folder)], tmp_path / "reports") == status

    told = capfd.readouterr().out.splitlines()
    assert [line.split()[:4] for line in told if " tier " in line] == [
        [name, "tier", "1", "1/1" if name == "right" else "0/1"] for name in names
    ]


def test_summary_counts_only_what_a_case_says_something_about() -> None:
    rows = [case("bread", L1=True, L3=False), case("cake", L1=True)]

    assert summary({"facts": rows})[1].split() == ["facts", "2/2", "-", "0/1", "-", "-"]


@pytest.mark.parametrize("ledger", sorted(LEDGERS.glob("*.json")), ids=lambda file: file.stem)
def test_every_entry_has_a_level_and_a_reason(ledger: Path) -> None:
    entries = json.loads(ledger.read_text(encoding="utf-8"))

    assert len({entry["case"] for entry in entries}) == len(entries)
    assert all(entry["level"] in LEVELS and entry["reason"] for entry in entries)
