"""The documentation's table of operations is what the service answers."""

from __future__ import annotations

import runpy
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_documentation_lists_every_operation() -> None:
    # python scripts/operations_table.py writes it anew
    table = runpy.run_path(str(ROOT / "scripts" / "operations_table.py"))["table"]()

    assert table in (ROOT / "docs" / "serve.md").read_text(encoding="utf-8")
    assert "501" not in table
    assert "|  |" not in "".join(line.rsplit("|", 2)[0] + "|" for line in table.splitlines(keepends=True))
