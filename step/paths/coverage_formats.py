"""Path coverage for those who collect coverage: LCOV's and Cobertura's forms.

Pure: no clock, no IO. Both know files, lines, functions and branches: a state is a function, every point is
a branch of its line. Only machines whose definitions are files can be told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from step.paths.coverage_report import CoveredLine, CoveredMachine


def lcov(machines: Sequence[CoveredMachine]) -> str:
    """Write an LCOV trace file. LCOV: geninfo(1), "FILES"."""
    return "".join(f"{line}\n" for machine in machines if machine.file for line in _record(machine))


def _record(machine: CoveredMachine) -> Iterator[str]:
    lines = _possible(machine)
    states = [line for line in lines if line.coverable.point.kind == "state"]
    others = [line for line in lines if line.coverable.point.kind != "state"]
    yield "TN:step"
    yield f"SF:{machine.file}"
    yield from (f"FN:{line.line},{line.coverable.point.state}" for line in states)
    yield from (f"FNDA:{line.hits},{line.coverable.point.state}" for line in states)
    yield from (f"FNF:{len(states)}", f"FNH:{sum(1 for line in states if line.hits)}")
    entered = {line.coverable.point.state: line.hits for line in states}
    for number, line in enumerate(others):
        # A branch whose state was never entered has never been come to.
        was_met = entered.get(line.coverable.point.state, machine.coverage.executions)
        yield f"BRDA:{line.line},0,{number},{line.hits if was_met else '-'}"
    yield from (f"BRF:{len(others)}", f"BRH:{sum(1 for line in others if line.hits)}")
    by_line = _by_line(lines)
    yield from (f"DA:{number},{max(line.hits for line in at)}" for number, at in by_line.items())
    yield from (f"LF:{len(by_line)}", f"LH:{sum(1 for at in by_line.values() if any(x.hits for x in at))}")
    yield "end_of_record"


def cobertura(machines: Sequence[CoveredMachine], *, timestamp: int = 0) -> str:
    """Write a Cobertura report; ``timestamp`` counts milliseconds from 1970."""
    files = [machine for machine in machines if machine.file]
    whole = [line for machine in files for line in _possible(machine)]
    valid = sum(len(_by_line(_possible(machine))) for machine in files)
    hit = sum(_lines_hit(_possible(machine)) for machine in files)
    taken = sum(1 for line in whole if line.hits)
    head = (
        f'<coverage line-rate="{_rate(hit, valid)}" branch-rate="{_rate(taken, len(whole))}" '
        f'lines-covered="{hit}" lines-valid="{valid}" branches-covered="{taken}" '
        f'branches-valid="{len(whole)}" complexity="0" version="step" timestamp="{timestamp}">'
    )
    return "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            '<!DOCTYPE coverage SYSTEM "http://cobertura.sourceforge.net/xml/coverage-04.dtd">',
            head,
            "<sources><source>.</source></sources>",
            f'<packages><package name="machines" line-rate="{_rate(hit, valid)}" '
            f'branch-rate="{_rate(taken, len(whole))}" complexity="0"><classes>',
            *(line for machine in files for line in _class(machine)),
            "</classes></package></packages>",
            "</coverage>",
            "",
        ]
    )


def _class(machine: CoveredMachine) -> Iterator[str]:
    lines = _possible(machine)
    by_line = _by_line(lines)
    taken = sum(1 for line in lines if line.hits)
    yield (
        f"<class name={quoteattr(machine.name)} filename={quoteattr(machine.file)} "
        f'line-rate="{_rate(_lines_hit(lines), len(by_line))}" branch-rate="{_rate(taken, len(lines))}" '
        'complexity="0"><methods/><lines>'
    )
    for number, at in by_line.items():
        hits, hit = max(line.hits for line in at), sum(1 for line in at if line.hits)
        if len(at) == 1:
            yield f'<line number="{number}" hits="{hits}" branch="false"/>'
        else:
            share = f"{100 * hit // len(at)}% ({hit}/{len(at)})"
            yield f'<line number="{number}" hits="{hits}" branch="true" condition-coverage="{share}"/>'
    yield "</lines></class>"


def _possible(machine: CoveredMachine) -> list[CoveredLine]:
    return [line for line in machine.lines() if not line.why_not]


def _by_line(lines: Sequence[CoveredLine]) -> dict[int, list[CoveredLine]]:
    found: dict[int, list[CoveredLine]] = {}
    for line in sorted(lines, key=lambda line: line.line):
        found.setdefault(line.line, []).append(line)
    return found


def _lines_hit(lines: Sequence[CoveredLine]) -> int:
    return sum(1 for at in _by_line(lines).values() if any(line.hits for line in at))


def _rate(part: int, whole: int) -> str:
    return f"{part / whole:.4f}" if whole else "1.0"
