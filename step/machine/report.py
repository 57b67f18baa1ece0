"""Write an execution's page.

Reads the page's style sheet and script, which are files of the package.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib.resources import files
from typing import Any

from step.asl.model import Definition
from step.clock import format_timestamp
from step.view.page import render_page


def asset(name: str) -> str:
    """Read a style sheet or script of the pages."""
    return (files("step.view") / "assets" / name).read_text(encoding="utf-8")


def report(definition: Definition, facts: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> str:
    """Write a self-contained page of one execution; ``facts`` are name, machine, status, error and cause."""
    events = [{key: _plain(value) for key, value in event.items()} for event in history]
    execution = {**facts, "history": events}
    return render_page(definition, execution, css=asset("execution.css"), js=asset("execution.js"))


def _plain(value: Any) -> Any:
    return format_timestamp(round(value.timestamp() * 1000)) if isinstance(value, datetime) else value
