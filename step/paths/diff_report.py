"""What changed between two definitions, as text and as Markdown for a pull request.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from step.paths.diff import ChangedState, DefinitionDiff
from step.paths.ways import StateTransition

_SIGNS = {"added": "+", "removed": "-", "renamed": "~", "changed": "~", "words": "~"}
_MOST = 20
Section = tuple[str, list[str]]


def text_lines(found: DefinitionDiff) -> Iterator[str]:
    """Write a line for each change, by kind."""
    sections = list(_sections(found, lambda text: text))
    if not sections:
        yield "nothing changed in what the machine does"
    for title, lines in sections:
        yield title
        yield from (f"  {line}" for line in lines)


def markdown(found: DefinitionDiff, title: str) -> str:
    """Write a comment for a pull request."""
    lines = [f"### {title}", ""]
    sections = list(_sections(found, _code))
    if not sections:
        lines.append("Nothing changed in what the machine does.")
    for heading, told in sections:
        lines += [f"**{heading[0].upper()}{heading[1:]}**", "", *(f"- {_marked(line)}" for line in told), ""]
    return "\n".join(lines).rstrip() + "\n"


def _marked(line: str) -> str:
    # A sign at the beginning would be a list within the list.
    return f"`{line[0]}` {line[2:]}" if line[:2] in ("+ ", "- ", "~ ") else line


def _code(text: str) -> str:
    """Quote a name or a piece of a definition, whatever backticks it holds."""
    fence = "`" * (max((len(run) for run in text.split() if set(run) == {"`"}), default=0) + 1)
    while fence in text:
        fence += "`"
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _sections(found: DefinitionDiff, quote: Callable[[str], str]) -> Iterator[Section]:
    if found.machine:
        yield "machine", [quote(field) for field in found.machine]
    if found.states:
        yield "states", [line for state in found.states for line in _state(state, quote)]
    moves = [f"+ {_move(one, quote)}" for one in found.gained] + [
        f"- {_move(one, quote)}" for one in found.lost
    ]
    if moves:
        yield "transitions", moves
    yield from _ways(found, quote)
    ends = [f"+ {quote(end)}" for end in found.ends_gained]
    ends += [f"- {quote(end)}, which can't be reached any more" for end in found.ends_lost]
    if ends:
        yield "ends", ends
    if found.running:
        yield "executions that run", list(found.running)


def _state(state: ChangedState, quote: Callable[[str], str]) -> Iterator[str]:
    sign = _SIGNS[state.change]
    match state.change:
        case "renamed":
            yield f"{sign} {quote(state.was)} is called {quote(state.name)}"
        case "words":
            yield f"{sign} {quote(state.name)}: only its comment"
        case "added" | "removed":
            yield f"{sign} {quote(state.name)}: {state.fields[0]}"
        case _:
            for field in state.fields:
                yield f"{sign} {quote(state.name)}: {quote(field)}"
            if state.reads_more:
                yield f"{sign} {quote(state.name)} now reads {', '.join(map(quote, state.reads_more))}"
            if state.reads_less:
                yield f"{sign} {quote(state.name)} no longer reads {', '.join(map(quote, state.reads_less))}"


def _move(one: StateTransition, quote: Callable[[str], str]) -> str:
    why = f" ({'caught ' if one.how == 'catch' else ''}{one.label})" if one.label else ""
    return f"{quote(one.source)} → {quote(one.target)}{why}"


def _ways(found: DefinitionDiff, quote: Callable[[str], str]) -> Iterator[Section]:
    was, is_now = found.ways
    if found.ways_gained is None or found.ways_lost is None:
        if was != is_now:
            yield f"ways, loops folded: {was:,}, now {is_now:,}", ["too many to name them"]
        return
    lines = [*_some("+", found.ways_gained, quote), *_some("-", found.ways_lost, quote)]
    if lines:
        yield f"ways, loops folded: {was:,}, now {is_now:,}", lines


def _some(sign: str, ways: Sequence[str], quote: Callable[[str], str]) -> Iterator[str]:
    yield from (f"{sign} {quote(way)}" for way in ways[:_MOST])
    if len(ways) > _MOST:
        yield f"{sign} and {len(ways) - _MOST:,} more"
