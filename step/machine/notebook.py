"""How a notebook shows a machine and an execution: the picture, and the facts beside it.

Pure: no clock, no IO, no script: a page that isn't trusted shows it too.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from step.asl.model import Definition
from step.jsonvalue import JSONValue, to_text
from step.view import draw
from step.view.summary import Summary
from step.view.text import human_duration

_LONGEST = 2000
_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0"


def machine_html(definition: Definition, name: str, type: str) -> str:
    """Draw a machine."""
    title = f"<p><b>{escape(name)}</b>, {type.lower()} machine</p>"
    return f'<div class="step-notebook">{title}{_scrolling(draw(definition))}</div>'


def execution_html(definition: Definition, events: Sequence[Any], given: JSONValue) -> str:
    """Draw the path that an execution took, with what went in and what came out."""
    summary = Summary.from_events(events)
    rows = [
        ("status", f"{summary.status} after {human_duration(summary.elapsed)}"),
        ("error", " ".join(filter(None, (summary.error, summary.cause)))),
        ("input", to_text(given)),
        ("output", to_text(summary.output) if summary.status == "SUCCEEDED" else ""),
        ("path", " > ".join(summary.path)),
    ]
    table = "".join(_row(name, text) for name, text in rows if text)
    picture = _scrolling(draw(definition, events))
    return f'<div class="step-notebook"><table>{table}</table>{picture}</div>'


def _row(name: str, text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ... ({len(text):,} characters)"
    return f'<tr><th style="{_CELL}">{name}</th><td style="{_CELL}">{escape(shown)}</td></tr>'


def _scrolling(picture: str) -> str:
    return f'<div style="max-height:640px;overflow:auto">{picture}</div>'
