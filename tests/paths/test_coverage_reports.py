"""What reports of coverage say: tables, pages, LCOV, Cobertura."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from step import StateMachine
from step.errors import StepError, TaskError
from step.machine.coverage_files import covered_machine, write_report
from step.paths.coverage import Coverage
from step.paths.coverage_formats import cobertura, lcov
from step.paths.coverage_report import CoveredMachine, floor_percent, table, total_percent

TEXT = """{
  "StartAt": "Work",
  "States": {
    "Work": {
      "Type": "Task",
      "Resource": "arn:aws:lambda:us-east-1:123456789012:function:work",
      "Catch": [
        { "ErrorEquals": ["States.TaskFailed"], "Next": "<Sorry>" },
        { "ErrorEquals": ["Odd"], "Next": "<Sorry>" }
      ],
      "End": true
    },
    "<Sorry>": { "Type": "Fail", "Error": "Sorry" }
  }
}
"""


@pytest.fixture
def covered(tmp_path: Path) -> CoveredMachine:
    file = tmp_path / "work.asl.json"
    file.write_text(TEXT, encoding="utf-8")
    machine = StateMachine.from_file(file).set_resource_function("Work", {})
    coverage = Coverage(machine.definition)
    coverage.add(machine.execute().history)
    coverage.add(machine.execute().history)
    return covered_machine("work.asl.json", coverage, tmp_path)


def test_the_table_counts_by_kind_and_lists_what_is_missing_by_line(covered: CoveredMachine) -> None:
    lines = table([covered], has_missing=True)

    heads = "machine runs states transitions choices retries catches timeouts branches cover"
    assert lines[0].split() == heads.split()
    assert lines[2].split() == ["work.asl.json", "2", "1/2", "1/1", "-", "-", "0/1", "-", "-", "50%"]
    assert lines[3].startswith("not counted, since no execution can take them: 1")
    assert lines[5:] == [
        "work.asl.json:8: Work: caught States.TaskFailed → <Sorry>",
        "work.asl.json:13: <Sorry>: entered",
    ]


def test_a_share_says_100_only_of_the_whole() -> None:
    assert [floor_percent(percent) for percent in (0, 99.99, 100)] == ["0%", "99%", "100%"]
    assert total_percent([]) == 100


def test_lcov_tells_lines_functions_and_branches(covered: CoveredMachine) -> None:
    assert lcov([covered]).splitlines() == [
        "TN:step",
        "SF:work.asl.json",
        "FN:4,Work",
        "FN:13,<Sorry>",
        "FNDA:2,Work",
        "FNDA:0,<Sorry>",
        "FNF:2",
        "FNH:1",
        "BRDA:11,0,0,2",
        "BRDA:8,0,1,0",
        "BRF:2",
        "BRH:1",
        "DA:4,2",
        "DA:8,0",
        "DA:11,2",
        "DA:13,0",
        "LF:4",
        "LH:2",
        "end_of_record",
    ]


def test_cobertura_tells_lines_and_rates(covered: CoveredMachine) -> None:
    root = ElementTree.fromstring(cobertura([covered], timestamp=7))

    assert (root.get("line-rate"), root.get("branch-rate"), root.get("timestamp")) == (
        "0.5000",
        "0.5000",
        "7",
    )
    lines = [(line.get("number"), line.get("hits")) for line in root.iter("line")]
    assert lines == [("4", "2"), ("8", "0"), ("11", "2"), ("13", "0")]
    assert [found.get("filename") for found in root.iter("class")] == ["work.asl.json"]


def test_pages_show_graph_and_points_and_hold_no_markup_of_names(
    covered: CoveredMachine, tmp_path: Path
) -> None:
    index = write_report("html", "pages", [covered], tmp_path, 0)

    assert index == tmp_path / "pages" / "index.html"
    page = (tmp_path / "pages" / "1-work.html").read_text(encoding="utf-8")
    assert "1-work.html" in index.read_text(encoding="utf-8")
    assert "<Sorry>" not in page
    assert 'class="box entered"' in page
    assert "earlier catchers take all its errors" in page
    assert page.count(">missing<") == 1 + 2


def test_what_failed_is_drawn_as_caught(tmp_path: Path) -> None:
    file = tmp_path / "work.asl.json"
    file.write_text(TEXT, encoding="utf-8")
    machine = StateMachine.from_file(file).set_resource_function("Work", TaskError("Odd"))
    coverage = Coverage(machine.definition)
    coverage.add(machine.execute().history)

    write_report("html", "pages", [covered_machine("work.asl.json", coverage, tmp_path)], tmp_path, 0)

    assert "line catch taken" in (tmp_path / "pages" / "1-work.html").read_text(encoding="utf-8")


def test_json_tells_every_point(covered: CoveredMachine, tmp_path: Path) -> None:
    file = write_report("json", "", [covered], tmp_path, 0)

    (machine,) = json.loads(file.read_text(encoding="utf-8"))["machines"]
    assert machine["percent"] == 50.0
    assert [point["key"] for point in machine["points"] if "not_possible" in point] == ["catch/1/Work"]


def test_an_unknown_form_is_refused(covered: CoveredMachine, tmp_path: Path) -> None:
    with pytest.raises(StepError, match="no form of coverage 'clover'"):
        write_report("clover", "", [covered], tmp_path, 0)
