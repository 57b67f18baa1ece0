"""The ledger of recordings that can't pass is strict both ways."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.ledger import LEDGER, main, problems


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


def test_problem_is_the_exit_code(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"cases": [case("bread", L1=False)]}), encoding="utf-8")

    assert main(report) == 1
    assert "bread fails at L1" in capsys.readouterr().err


def test_every_entry_has_a_level_and_a_reason() -> None:
    entries = json.loads(LEDGER.read_text(encoding="utf-8"))

    assert len({entry["case"] for entry in entries}) == len(entries)
    assert all(entry["level"] in ("L1", "L2", "L3", "cause") and entry["reason"] for entry in entries)
