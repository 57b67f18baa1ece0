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
from step.view.bundle import bundle
from step.view.page import render_page
from step.view.pytest_text import pytest_text


def asset(name: str) -> str:
    """Read a style sheet or a script module of the pages."""
    return (files("step.view") / "assets" / name).read_text(encoding="utf-8")


def script(entry: str) -> str:
    """Join a page's script from its modules."""
    return bundle(entry, lambda name: asset(f"{name}.js"))


def report(definition: Definition, facts: Mapping[str, Any], history: Iterable[Mapping[str, Any]]) -> str:
    """Write a self-contained page of one execution; ``facts`` are name, machine, status, error and cause."""
    events = [plain_event(event) for event in history]
    test = pytest_text(definition, str(facts.get("machine") or "machine"), events)
    execution = {**facts, "history": events, "pytest": test}
    return render_page(definition, execution, css=asset("page.css"), js=script("page"))


def plain_event(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write an event of GetExecutionHistory as JSON, its time as text."""
    return {key: _plain(value) for key, value in event.items()}


def _plain(value: Any) -> Any:
    return format_timestamp(round(value.timestamp() * 1000)) if isinstance(value, datetime) else value
