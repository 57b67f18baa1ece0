"""What the page on moving to AWS lists as different is held by tests that are there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "beyond-one-machine.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.partition("## What differs")[2].splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip())
def test_a_difference_is_held_by_a_test(row: str) -> None:
    [named] = re.findall(r"`(tests/[^`]+)`", row.split("|")[-2])
    file, _, function = named.partition("::")

    assert (ROOT / file).exists()
    if function:
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_the_list_is_read() -> None:
    assert len(ROWS) >= 10
