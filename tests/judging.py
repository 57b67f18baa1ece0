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


def complaints(page: Page) -> list[str]:
    """Say what is wrong with a page as it stands, light or grave: the rule and the first place."""
    page.evaluate(_axe())
    found: list[Any] = page.evaluate(
        "axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations)"
    )
    return [f"{one['impact']}: {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]
