"""Links between pages lead somewhere as they are read on GitHub: files and headings."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest
from build_site import ELSEWHERE, FENCE, PICTURES, ROOT, index_for_models, links, pages, target_of

PAGES = sorted(pages())
HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)


def anchors(page: str) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = FENCE.sub("", (ROOT / page).read_text(encoding="utf-8"))
    found = set()
    for heading in HEADING.findall(text):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        found.add("#" + re.sub(r"[^\w\- ]", "", plain).replace(" ", "-"))
    return found


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    dead = []
    for match in links(text):
        target = target_of(page, match)
        if not (ROOT / target).exists():
            dead.append(match["target"])
        elif match["anchor"] and target.endswith(".md") and match["anchor"] not in anchors(target):
            dead.append(match["target"] + match["anchor"])
    own = [
        anchor
        for anchor in re.findall(r"\]\((#[^)\s]+)\)", FENCE.sub("", text))
        if anchor not in anchors(page)
    ]

    assert dead + own == []


def test_every_picture_is_shown_by_a_page() -> None:
    shown = {
        target_of(page, match)
        for page in PAGES
        for match in links((ROOT / page).read_text(encoding="utf-8"))
        if PurePosixPath(match["target"]).suffix in PICTURES
    }
    there = {
        file.relative_to(ROOT).as_posix() for file in (ROOT / "docs").rglob("*") if file.suffix in PICTURES
    }

    assert there - shown == set()


def test_pages_outside_of_docs_are_on_the_site() -> None:
    written = {file.name for file in ROOT.glob("*.md")} - {"LICENSE.md"}

    assert written <= {*ELSEWHERE}


def test_the_index_for_language_models_has_a_sentence_for_each_page() -> None:
    nav = [{"Home": "README.md"}, {"How-to": [{"Operate": "docs/how-to/operate.md"}]}]
    project = {"site_name": "step", "site_description": "Slow code.", "nav": nav}

    written = index_for_models({"project": project}, ROOT)

    assert written.splitlines()[:4] == ["# step", "", "> Slow code.", ""]
    assert "- [Home](README.md): Slow code that can be trusted." in written
    assert "## How-to" in written
    assert "- [Operate](docs/how-to/operate.md): What to do when a deploy or an execution" in written
