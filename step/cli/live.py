"""The live view of an execution in a terminal: states, times, attempts, what is waited for.

Drawn by rich, the extra ``terminal``. Whoever has no terminal, or no rich, gets a line for each event.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from step.clock import now_ms
from step.view.progress import ProgressRow, progress_rows
from step.view.summary import Summary
from step.view.text import human_duration
from step.view.visits import Event, moment

if TYPE_CHECKING:
    from rich.console import RenderableType

_STYLES = {
    "running": "bold blue",
    "succeeded": "green",
    "caught": "yellow",
    "failed": "red",
    "aborted": "dim",
}
_MARKS = {"running": "…", "succeeded": "✓", "caught": "!", "failed": "✗", "aborted": "-"}
# Lines that stand around the table.
_AROUND = 6


def can_show() -> bool:
    """Say whether there is a terminal to draw on, and what draws."""
    if not sys.stderr.isatty() or find_spec("rich") is None:
        return False
    from rich.console import Console

    return not Console(stderr=True).is_dumb_terminal


def show(events: Iterable[Event], *, is_virtual: bool = False) -> list[Event]:
    """Draw an execution on stderr while its events come; return them all.

    Args:
        events: They may come late.
        is_virtual: Whether time passes with the events alone.
    """
    from rich.console import Console
    from rich.live import Live

    told: list[Event] = []
    console = Console(stderr=True)
    with Live(
        console=console,
        get_renderable=lambda: table(told, _now(told, is_virtual), console.height - _AROUND),
        refresh_per_second=4,
        redirect_stdout=False,
    ):
        for event in events:
            told.append(event)
    return told


def table(events: list[Event], now: datetime, height: int) -> RenderableType:
    """Draw the execution as it stands: the last states that fit, and how it is with the whole."""
    from rich.table import Table

    so_far = list(events)
    rows = progress_rows(so_far, now)
    shown = rows[-max(height, 3) :]
    drawn = Table(
        box=None, pad_edge=False, header_style="dim", title_justify="left", title=_title(so_far, now)
    )
    for name, justify in (("", "left"), ("start", "right"), ("took", "right"), ("state", "left")):
        drawn.add_column(name, justify=justify, no_wrap=True)  # type: ignore[arg-type]  # its words
    drawn.add_column("tries", justify="right")
    drawn.add_column("", overflow="ellipsis", no_wrap=True)
    if len(shown) < len(rows):
        drawn.add_row("", "", "", f"({len(rows) - len(shown):,} earlier)", "", "")
    for row in shown:
        drawn.add_row(*_cells(row))
    return drawn


def _cells(row: ProgressRow) -> list[Any]:
    from rich.text import Text

    style = _STYLES[row.status]
    return [
        Text(_MARKS[row.status], style=style),
        human_duration(row.start),
        human_duration(row.took),
        Text("  " * row.depth + row.name, style=style),
        str(row.attempts) if row.attempts > 1 else "",
        Text(row.told, style="dim"),
    ]


def _title(events: list[Event], now: datetime) -> str:
    if not events:
        return "waiting for the first event"
    summary = Summary.from_events(events)
    elapsed = (now - moment(events[0])).total_seconds() if summary.status == "RUNNING" else summary.elapsed
    return f"{summary.status} {human_duration(elapsed)}"


def _now(events: list[Event], is_virtual: bool) -> datetime:
    """Say when it is for the execution; the clock of a service may be ahead of this machine's."""
    wall = datetime.fromtimestamp(now_ms() / 1000, UTC)
    if not events:
        return wall
    last = moment(events[-1])
    return last if is_virtual else max(wall, last)
