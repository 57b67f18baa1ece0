"""The guides, done as a reader does them: every block of each, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.documents.blocks import ROOT, Reader, blocks, commands

GUIDES = sorted((ROOT / "docs" / "how-to").glob("*.md"))


def has_commands(page: Path) -> bool:
    return any(
        block.reason is None and block.language == "console" for block in blocks(page.read_text("utf-8"))
    )


@pytest.mark.parametrize("page", [page for page in GUIDES if has_commands(page)], ids=lambda page: page.stem)
def test_what_a_guide_says_comes_out(page: Path, tmp_path: Path) -> None:
    reader = Reader(tmp_path, page)
    try:
        assert reader.follow() > 0
    finally:
        reader.close()


def test_a_page_that_shows_what_does_not_come_is_found_out(tmp_path: Path) -> None:
    page = ROOT / "docs" / "how-to" / "explore.md"
    reader = Reader(tmp_path, page)
    (command, *_) = commands(next(blocks("```console\n$ echo one\ntwo\n```\n")))

    with pytest.raises(AssertionError, match=r"the page shows: two\s+the output is:\s+one"):
        reader.run("somewhere", command)
