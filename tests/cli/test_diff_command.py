"""step diff: statuses and forms."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from step.cli.main import main

BREAD = Path(__file__).resolve().parents[2] / "states" / "bread.asl.json"


@pytest.fixture
def changed(tmp_path: Path) -> str:
    file = tmp_path / "loaf.asl.json"
    file.write_text(BREAD.read_text(encoding="utf-8").replace("7200", "3600"), encoding="utf-8")
    return str(file)


def test_a_change_is_status_1_and_none_is_0(changed: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(BREAD), changed]) == 1
    assert "WaitForRise: Seconds: 7200 → 3600" in capsys.readouterr().out
    assert main(["diff", changed, changed]) == 0


def test_forms_and_the_picture(changed: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "changes.svg"

    assert main(["diff", str(BREAD), changed, "--output", "markdown", "--picture", str(picture)]) == 1
    assert capsys.readouterr().out.startswith("### What changes in loaf\n")
    assert picture.read_text(encoding="utf-8").startswith("<svg")
    assert main(["diff", str(BREAD), changed, "--output", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert told["states"][0]["name"] == "WaitForRise"


def test_what_is_no_definition_is_status_2(changed: str, tmp_path: Path) -> None:
    assert main(["diff", changed, str(tmp_path / "nowhere.json")]) == 2
