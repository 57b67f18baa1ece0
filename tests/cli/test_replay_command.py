"""step replay: recorded executions on a changed definition, and tests made of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.cli.main import main
from step.machine.files import load_handlers
from step.machine.report import plain_event

ROOT = Path(__file__).resolve().parents[2]
BREAD = ROOT / "states" / "bread.asl.json"
HANDLERS = ROOT / "lambda" / "bread.py"


@pytest.fixture
def histories(tmp_path: Path) -> Path:
    machine = StateMachine.from_file(BREAD).attach(load_handlers(HANDLERS))
    folder = tmp_path / "histories"
    folder.mkdir()
    for number, value in enumerate(({}, {}, {"oven": {"minutes_to_golden": 12}})):
        events = [plain_event(event) for event in machine.execute(value).history]
        (folder / f"{number}.json").write_text(json.dumps({"events": events}), encoding="utf-8")
    return folder


def _changed(folder: Path, was: str, becomes: str) -> Path:
    text = BREAD.read_text(encoding="utf-8")
    assert was in text
    file = folder / "bread.asl.json"
    file.write_text(text.replace(was, becomes), encoding="utf-8")
    return file


def test_the_same_definition_and_handlers_are_status_0(
    histories: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", str(BREAD), str(histories), "--handlers", str(HANDLERS)]) == 0

    assert capsys.readouterr().out == "3 executions: 3 the same, 0 part\n"


def test_what_parts_is_told_once_with_an_event(
    histories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = _changed(tmp_path, '"NumericLessThanEquals": 5', '"NumericLessThanEquals": 15')

    assert main(["replay", str(changed), str(histories)]) == 1

    told = capsys.readouterr().out.splitlines()
    assert told[0] == "3 executions: 2 the same, 1 part"
    assert " ".join(told[1].split()) == "1 Golden?: it went to CheckGolden, and goes to RemoveCoolEat"
    assert told[2].strip().startswith(str(histories / "2.json"))


def test_json_tells_each_that_parts(
    histories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    changed = _changed(tmp_path, '"Seconds": 7200', '"Seconds": 3600')

    assert main(["replay", str(changed), str(histories), "--output", "json"]) == 1

    told = json.loads(capsys.readouterr().out)
    assert (told["executions"], told["same"], len(told["parts"])) == (3, 0, 3)
    assert told["findings"][0]["kind"] == "time"


def test_tests_and_mocks_are_made_of_each_way(
    histories: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "made"

    assert main(["replay", str(BREAD), str(histories), "--to-tests", str(folder)]) == 0

    assert sorted(file.name for file in folder.iterdir()) == [
        "mocks.json",
        "test_bread_way_1.py",
        "test_bread_way_2.py",
    ]
    assert "wrote 2 tests" in capsys.readouterr().err
    machine = StateMachine.from_file(BREAD).mock(folder / "mocks.json", "way_2")
    path = machine.execute({"oven": {"minutes_to_golden": 12}}).path
    assert path.count("CheckGolden") == 2


@pytest.mark.parametrize("number", [1, 2])
def test_made_tests_pass(histories: Path, tmp_path: Path, number: int) -> None:
    folder = tmp_path / "made"
    main(["replay", str(BREAD), str(histories), "--to-tests", str(folder)])
    module: dict[str, Any] = {}

    exec((folder / f"test_bread_way_{number}.py").read_text(encoding="utf-8"), module)

    from step.testing import assert_path

    (test,) = (value for name, value in module.items() if name.startswith("test_"))
    test(assert_path)
