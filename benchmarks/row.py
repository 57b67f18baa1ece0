"""What one line of the table says, and whether it is good enough.

Knows nothing of measuring.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Verdict = Literal["PASS", "over", "RED", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A measured figure beside what is to be reached and what is never to be crossed.

    ``unit`` is written behind the figure; ``more_is_better``: it must reach its limits from below.
    """

    value: float
    unit: str
    to_reach: float | None = None
    red_line: float | None = None
    more_is_better: bool = False

    @property
    def verdict(self) -> Verdict:
        if self.to_reach is None:
            return ""
        if self._keeps(self.to_reach):
            return "PASS"
        return "over" if self.red_line is None or self._keeps(self.red_line) else "RED"

    def _keeps(self, limit: float) -> bool:
        return self.value >= limit if self.more_is_better else self.value <= limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line; a side that can't do the job is None.

    ``step``, ``plain`` and ``moto`` are measured in ``unit``: ms or bytes. ``figures`` are judged.
    """

    name: str
    unit: Literal["ms", "bytes"] = "ms"
    step: float
    plain: float | None = None
    moto: float | None = None
    transitions_per_second: float | None = None
    figures: tuple[Figure, ...] = ()
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst of the figures' verdicts."""
        verdicts = {figure.verdict for figure in self.figures}
        order: tuple[Verdict, ...] = ("RED", "over", "PASS")
        return next((verdict for verdict in order if verdict in verdicts), "")

    def to_json(self) -> dict[str, Any]:
        figures = [{**asdict(figure), "verdict": figure.verdict} for figure in self.figures]
        return {**asdict(self), "figures": figures, "verdict": self.verdict}


def times_plain(value: float, to_reach: float | None = None, red_line: float | None = None) -> Figure:
    return Figure(value=value, unit="x plain", to_reach=to_reach, red_line=red_line)


def times_faster(value: float, to_reach: float | None = None, red_line: float | None = None) -> Figure:
    return Figure(
        value=value, unit="x faster than moto", to_reach=to_reach, red_line=red_line, more_is_better=True
    )
