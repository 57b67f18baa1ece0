"""The page of what is known of AWS is made of its data, and says what step answers today."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_page_is_what_its_data_and_step_say() -> None:
    # make fidelity writes it anew
    code = "from scripts.fidelity import page; print(page(), end='')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8") == done.stdout
