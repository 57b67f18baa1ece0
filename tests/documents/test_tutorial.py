"""The tutorial, done as a reader does it: every block, in an empty folder."""

from __future__ import annotations

from pathlib import Path

from tests.documents.blocks import ROOT, Reader


def test_the_tutorial_ends_with_a_deployed_loaf(tmp_path: Path) -> None:
    reader = Reader(tmp_path, ROOT / "docs" / "tutorial.md")
    try:
        assert reader.follow() > 10
    finally:
        reader.close()
