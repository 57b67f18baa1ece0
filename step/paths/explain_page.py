"""An explanation as a page: the graph beside the words.

Pure: no clock, no IO; the style sheet is given. The page holds no script.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator

from step.paths.explain import MOST_EVENTS, Explanation
from step.paths.explain_report import Taken, cost_lines, error_line, measured_words, number, overview, span
from step.paths.sentences import in_order, sentences
from step.view.page import render_document
from step.view.svg import render_svg
from step.view.text import human_duration


def explain_page(explanation: Explanation, title: str, *, css: str, measured: Taken | None = None) -> str:
    """Write the page."""
    definition = explanation.definition
    body = [
        '<main class="document explained">',
        f"<h1>{html.escape(title)}</h1>",
        f"<p>{html.escape(definition.comment or '')}</p>",
        f"<p>{html.escape(overview(explanation))}</p>",
        '<div class="columns"><div class="drawing">',
        render_svg(definition, has_style=False),
        "</div><div>",
        "<h2>How it ends</h2>",
        *_ends(explanation, measured or {}),
        "<h2>What it takes and costs</h2>",
        *_list(cost_lines(explanation)),
        "<h2>What it does</h2>",
        *_states(explanation),
        *_section("Which errors end where", map(error_line, explanation.caught)),
        *_section("What is never caught", map(error_line, explanation.uncaught)),
        *_section("What is added to the data on the way", (" ".join(pair) for pair in explanation.grows)),
        "</div></div></main>",
    ]
    return render_document(title, "\n".join(body), css=css)


def _ends(explanation: Explanation, measured: Taken) -> Iterator[str]:
    heads = "".join(f"<th>{head}</th>" for head in ("end", "ways", "time", "transitions", "events"))
    yield f"<table><thead><tr>{heads}</tr></thead>"
    for end in explanation.ends:
        kind = "good" if end.status == "SUCCEEDED" else "bad"
        typical = measured.get(end.state)
        told = f"; {measured_words(typical)}" if typical else ""
        yield (
            f'<tr class="end {kind}"><th>{html.escape(end.title)}</th><td class="number">{end.count:,}</td>'
            f"<td>{span(*end.seconds, human_duration)}{told}</td>"
            f"<td>{span(*end.transitions, number)}</td><td>{span(*end.events, number)}</td></tr>"
        )
        for way in end.ways:
            yield f'<tr><td colspan="5" class="way">{html.escape(way.told)}</td></tr>'
        if end.count > len(end.ways):
            yield f'<tr><td colspan="5" class="soft">and {end.count - len(end.ways):,} more</td></tr>'
    yield "</table>"
    for loop, turns in explanation.loops:
        names = html.escape(", ".join(loop))
        yield f"<p>↻ {names} may turn; {MOST_EVENTS:,} events have room for {turns:,} turns.</p>"


def _states(explanation: Explanation) -> Iterator[str]:
    for depth, state in in_order(explanation.definition):
        first, *rest = sentences(state)
        name = html.escape(state.name)
        yield f'<p class="state-said depth-{min(depth, 4)}"><b>{name}</b> {html.escape(first)}'
        yield from (f"<br>It {html.escape(sentence)}" for sentence in rest)
        yield "</p>"


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    told = list(lines)
    if told:
        yield f"<h2>{title}</h2>"
        yield from _list(told)


def _list(lines: Iterable[str]) -> Iterator[str]:
    yield "<ul>"
    yield from (f"<li>{html.escape(line)}</li>" for line in lines)
    yield "</ul>"
