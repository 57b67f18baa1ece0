"""Path coverage as pages: the graph with what was taken and what is missing, and every point in a table.

Pure: no clock, no IO; the style sheet is given. The pages hold no script.
"""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping, Sequence

from step.asl.model import Choice, Map, Parallel, Succeed, Task
from step.asl.parse import every_state
from step.paths.coverage import Coverage
from step.paths.coverage_report import CoveredLine, CoveredMachine, floor_percent, total_percent
from step.paths.points import Point
from step.view.page import render_document
from step.view.style import css_text
from step.view.svg import render_svg
from step.view.taken import Taken


def coverage_page(machine: CoveredMachine, *, css: str) -> str:
    """Write the page of one machine."""
    coverage, lines = machine.coverage, machine.lines()
    taken, possible = coverage.counts
    title = machine.file or machine.name
    runs = f"{coverage.executions} execution{'' if coverage.executions == 1 else 's'}"
    style = css + _dead_style(coverage)
    body = [
        '<main class="document coverage">',
        f"<h1>{html.escape(title)}</h1>",
        f'<p class="sum"><b>{floor_percent(coverage.percent)}</b> {taken} of {possible} points, {runs}</p>',
        '<p class="legend"><span class="key was">taken</span><span class="key not">missing</span>'
        '<span class="key dead">not possible</span> a number on a state: so many executions entered it</p>',
        '<div class="columns"><div class="drawing">',
        render_svg(coverage.definition, taken=taken_of(coverage), has_style=False),
        "</div><div>",
        *_points(lines),
        "</div></div></main>",
    ]
    return render_document(f"Coverage: {title}", "\n".join(body), css=style)


def coverage_index(machines: Sequence[CoveredMachine], files: Sequence[str], *, css: str) -> str:
    """Write the page that leads to those of the machines; ``files`` are their names."""
    rows = []
    for machine, file in zip(machines, files, strict=True):
        taken, possible = machine.coverage.counts
        rows.append(
            f'<tr><td><a href="{html.escape(file)}">{html.escape(machine.file or machine.name)}</a></td>'
            f'<td class="number">{machine.coverage.executions}</td>'
            f'<td class="number">{taken} of {possible}</td><td>{_bar(machine.coverage.percent)}</td></tr>'
        )
    body = [
        '<main class="document coverage"><h1>Path coverage</h1>',
        f'<p class="sum"><b>{floor_percent(total_percent(machines))}</b> of all points</p>',
        "<table><thead><tr><th>machine</th><th>executions</th><th>points</th><th>covered</th></tr></thead>",
        *rows,
        "</table></main>",
    ]
    return render_document("Path coverage", "\n".join(body), css=css)


def _bar(percent: float) -> str:
    share = floor_percent(percent)
    return f'<meter min="0" max="100" value="{percent:.1f}">{share}</meter> {share}'


def taken_of(coverage: Coverage) -> Taken:
    """Give what was taken in the form that lies over pictures."""
    hits = coverage.hits
    entered = {point.state: count for point, count in hits.items() if point.kind == "state" and count}
    edges: set[tuple[str, str | None]] = set()
    caught: dict[tuple[str, str], tuple[str, ...]] = {}
    for state in every_state(coverage.definition):
        if isinstance(state, Choice):
            edges |= {(state.name, to) for point, to in _ways(state) if hits.get(point)}
        elif isinstance(state, Succeed) and state.name in entered:
            edges.add((state.name, None))
        elif hits.get(Point("next", state.name)):
            edges.add((state.name, getattr(state, "next", None)))
        if isinstance(state, Task | Map | Parallel):
            for at, catcher in enumerate(state.catch):
                if hits.get(Point("catch", state.name, at)):
                    caught[(state.name, catcher.next)] = catcher.error_equals
    return Taken(entered=entered, edges=frozenset(edges), caught=caught)


def _ways(state: Choice) -> Iterator[tuple[Point, str]]:
    for at, rule in enumerate(state.choices):
        yield Point("rule", state.name, at), rule.next
    if state.default is not None:
        yield Point("default", state.name), state.default


def _points(lines: Sequence[CoveredLine]) -> Iterator[str]:
    by_state: dict[str, list[CoveredLine]] = {}
    for line in lines:
        by_state.setdefault(line.coverable.point.state, []).append(line)
    yield "<table><thead><tr><th>point</th><th>line</th><th>executions</th></tr></thead>"
    for state, at in by_state.items():
        yield f'<tr class="of"><th colspan="3">{html.escape(state or "the machine")}</th></tr>'
        yield from map(_point, at)
    yield "</table>"


def _point(line: CoveredLine) -> str:
    kind = "dead" if line.why_not else "was" if line.hits else "not"
    told = html.escape(line.coverable.text)
    if line.why_not:
        told += f' <span class="soft">not possible: {html.escape(line.why_not)}</span>'
    hits = str(line.hits) if line.hits else "-" if line.why_not else "missing"
    place = line.line or ""
    return (
        f'<tr class="{kind}"><td>{told}</td><td class="number">{place}</td>'
        f'<td class="number">{hits}</td></tr>'
    )


def _dead_style(coverage: Coverage) -> str:
    dead: Mapping[Point, str] = coverage.unreachable
    names = [point.state for point in dead if point.kind == "state"]
    rules = (f'.coverage [data-state="{css_text(name)}"]>.box{{stroke:var(--faint)}}' for name in names)
    return "".join(f"\n{rule}" for rule in rules)
