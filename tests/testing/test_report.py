"""With --step-report a failed test leaves a page of each execution, and a passed one leaves none."""

from __future__ import annotations

import json

import pytest

pytest_plugins = ["pytester"]

MACHINE = {"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 60, "End": True}}}
TESTS = """
def test_fails(load_machine, assert_path):
    machine = load_machine("rest.asl.json")
    machine.execute()
    assert_path(machine.execute(), "Work")

def test_passes(load_machine, assert_path):
    assert_path(load_machine("rest.asl.json").execute(), "Rest")
"""


def test_a_failed_test_leaves_the_pages_of_its_executions(pytester: pytest.Pytester) -> None:
    pytester.makefile(".asl.json", rest=json.dumps(MACHINE))
    pytester.makepyfile(test_rest=TESTS)

    result = pytester.runpytest_subprocess("--step-report=pages")

    result.assert_outcomes(failed=1, passed=1)
    pages = sorted((pytester.path / "pages").iterdir())
    assert [page.name for page in pages] == [
        "test_rest.py-test_fails-1.html",
        "test_rest.py-test_fails-2.html",
    ]
    assert "SUCCEEDED" in pages[0].read_text(encoding="utf-8")
    result.stdout.fnmatch_lines(["*step report*", "pages/test_rest.py-test_fails-1.html"])
