from __future__ import annotations

from pathlib import Path

from step.asl.rules.codes import to_markdown

DOCS = Path(__file__).parents[2] / "docs" / "lint.md"


def test_docs_have_the_table_of_the_codes() -> None:
    # python scripts/lint_table.py writes it anew
    assert to_markdown() in DOCS.read_text(encoding="utf-8")
