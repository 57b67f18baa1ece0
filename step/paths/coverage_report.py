"""Path coverage of several machines as tables for a terminal.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from step.asl.source import Source
from step.paths.coverage import Coverage
from step.paths.points import Coverable, Kind

GROUPS: dict[str, tuple[Kind, ...]] = {
    "states": ("state",),
    "transitions": ("next",),
    "choices": ("rule", "default"),
    "retries": ("retry", "exhausted"),
    "catches": ("catch",),
    "timeouts": ("timeout", "heartbeat", "deadline"),
    "branches": ("branch", "empty", "full"),
}


class CoveredLine(NamedTuple):
    """A point as reports tell it: ``hits`` executions took it; ``why_not`` if none can."""

    coverable: Coverable
    line: int
    hits: int
    why_not: str

    @property
    def is_missing(self) -> bool:
        """Whether it could be taken and wasn't."""
        return not self.hits and not self.why_not

    @property
    def text(self) -> str:
        """The point in words, with its state."""
        state = self.coverable.point.state
        return f"{state}: {self.coverable.text}" if state else self.coverable.text


@dataclass(frozen=True, slots=True, kw_only=True)
class CoveredMachine:
    """A machine's coverage with what it is called and where its text is.

    ``file`` is "" for a definition that isn't a file's; ``source`` knows the lines where it is.
    """

    name: str
    coverage: Coverage
    file: str = ""
    source: Source | None = None

    def lines(self) -> list[CoveredLine]:
        """List every point, in the order of the document."""
        coverage, hits, dead = self.coverage, self.coverage.hits, self.coverage.unreachable
        return [
            CoveredLine(
                coverable,
                self.source.line(coverable.pointer) if self.source else 0,
                hits[coverable.point],
                "" if hits[coverable.point] else dead.get(coverable.point, ""),
            )
            for coverable in coverage.coverables
        ]


def total_percent(machines: Sequence[CoveredMachine]) -> float:
    """What share of all points that can be taken was, over all machines."""
    counts = [machine.coverage.counts for machine in machines]
    possible = sum(of for _, of in counts)
    return 100 * sum(taken for taken, _ in counts) / possible if possible else 100.0


def floor_percent(percent: float) -> str:
    """Write a share so that only what is whole says 100."""
    return f"{int(percent + 1e-9)}%"


def table(machines: Sequence[CoveredMachine], *, has_missing: bool = False) -> list[str]:
    """Write a line for each machine, and perhaps one for each point that is missing."""
    heads = ["machine", "runs", *GROUPS, "cover"]
    rows = [_row(machine) for machine in machines]
    if len(rows) > 1:
        rows.append(_total(machines))
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    lines = [_columns(heads, widths), "-" * (sum(widths) + 2 * len(widths) - 2)]
    lines += [_columns(row, widths) for row in rows]
    dead = sum(1 for machine in machines for line in machine.lines() if line.why_not)
    if dead:
        lines.append(f"not counted, since no execution can take them: {dead} (the pages say why)")
    if has_missing:
        for machine in machines:
            lines += _missing(machine)
    return lines


def _columns(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = [f"{row[0]:<{widths[0]}}"]
    cells += [f"{text:>{width}}" for text, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join(cells).rstrip()


def _row(machine: CoveredMachine) -> list[str]:
    lines = machine.lines()
    groups = [
        _share(line for line in lines if line.coverable.point.kind in kinds) for kinds in GROUPS.values()
    ]
    share = floor_percent(machine.coverage.percent)
    return [machine.file or machine.name, str(machine.coverage.executions), *groups, share]


def _total(machines: Sequence[CoveredMachine]) -> list[str]:
    lines = [line for machine in machines for line in machine.lines()]
    groups = [
        _share(line for line in lines if line.coverable.point.kind in kinds) for kinds in GROUPS.values()
    ]
    runs = sum(machine.coverage.executions for machine in machines)
    return ["all", str(runs), *groups, floor_percent(total_percent(machines))]


def _share(lines: Iterable[CoveredLine]) -> str:
    possible = [line for line in lines if not line.why_not]
    return f"{sum(1 for line in possible if line.hits)}/{len(possible)}" if possible else "-"


def _missing(machine: CoveredMachine) -> Iterator[str]:
    missing = [line for line in machine.lines() if line.is_missing]
    if missing:
        yield ""
    for line in missing:
        place = machine.file or machine.name
        yield f"{place}:{line.line}: {line.text}" if line.line else f"{place}: {line.text}"
