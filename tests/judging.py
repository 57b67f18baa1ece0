"""Axe, a judge of pages: what shuts out people who use a screen reader, a keyboard or little contrast."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

_FOLDER = Path(__file__).parent.parent / "build" / "axe" / "node_modules" / "axe-core"


@cache
def _axe() -> str:
    return (_FOLDER / "axe.min.js").read_text(encoding="utf-8")


def complaints(page: Page, *, only: str = "") -> list[str]:
    """Say what is wrong with a page as it stands, light or grave: the rule and the first place."""
    page.evaluate(_axe())
    options = {"resultTypes": ["violations"], **({"runOnly": [only]} if only else {})}
    found: list[Any] = page.evaluate(
        "(options) => axe.run(document, options).then((told) => told.violations)", options
    )
    return [f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def complaints_in_both_schemes(page: Page) -> list[str]:
    """Judge a page in dark, and its colours in light too."""
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found = complaints(page)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    return found + complaints(page, only="color-contrast")
