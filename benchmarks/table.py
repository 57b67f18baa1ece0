"""Write rows as one table."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.row import Figure, Row

_HEAD = ("", "step", "plain", "moto", "states/s", "figure", "to reach", "red line", "")


def table(rows: Sequence[Row]) -> str:
    """Write rows, one line for each figure, and the notes below."""
    notes = list(dict.fromkeys(row.note for row in rows if row.note))
    lines = [_HEAD, *(line for row in rows for line in _lines(row, notes))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEAD))]
    written = [
        "  ".join(
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    written.insert(1, "-" * max(map(len, written)))
    return "\n".join([*written, *(f"[{number}] {note}" for number, note in enumerate(notes, 1))])


def _lines(row: Row, notes: list[str]) -> list[tuple[str, ...]]:
    mark = f" [{notes.index(row.note) + 1}]" if row.note else ""
    speed = "" if row.transitions_per_second is None else f"{row.transitions_per_second:,.0f}"
    sides = [_measured(side, row.unit) for side in (row.step, row.plain, row.moto)]
    figures = [_figure(figure) for figure in row.figures] or [("",) * 4]
    first = (f"{row.name}{mark}", *sides, speed, *figures[0])
    return [first, *(("",) * 5 + figure for figure in figures[1:])]


def _figure(figure: Figure) -> tuple[str, str, str, str]:
    return (
        f"{_number(figure.value)} {figure.unit}",
        _number(figure.to_reach),
        _number(figure.red_line),
        figure.verdict,
    )


def _measured(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{_number(value)} {unit}"


def _number(value: float | None) -> str:
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
