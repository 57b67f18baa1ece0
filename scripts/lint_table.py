"""Write the table of codes in docs/lint.md anew, from the validator's own.

python scripts/lint_table.py
"""

from __future__ import annotations

import re
from pathlib import Path

from step.asl.rules.codes import to_markdown

FILE = Path(__file__).resolve().parent.parent / "docs" / "lint.md"
TABLE = re.compile(r"^\| code \|.*?(?=^[^|])", re.DOTALL | re.MULTILINE)

if __name__ == "__main__":
    text = FILE.read_text(encoding="utf-8")
    FILE.write_text(TABLE.sub(lambda _found: to_markdown(), text, count=1), encoding="utf-8")
