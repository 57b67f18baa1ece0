"""An explanation as text for a terminal.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from step.paths.explain import MOST_EVENTS, EndExplained, ErrorExplained, Explanation
from step.paths.sentences import in_order, sentences
from step.view.text import human_duration

Taken = Mapping[str, Sequence[float]]


def explain_lines(explanation: Explanation, measured: Taken | None = None) -> Iterator[str]:
    """Tell a machine; ``measured`` are seconds that recorded executions took, by the state they ended in."""
    definition = explanation.definition
    yield definition.comment or "A machine without a comment."
    yield ""
    yield overview(explanation)
    yield ""
    yield "what it does"
    for depth, state in in_order(definition):
        first, *rest = sentences(state)
        pad = "  " * (depth + 1)
        yield f"{pad}{state.name} {first}"
        yield from (f"{pad}  It {sentence}" for sentence in rest)
    yield ""
    yield "how it ends"
    limit = definition.timeout_seconds
    if limit:
        yield f"  TIMED_OUT wherever it is, after {human_duration(limit)}"
    for end in explanation.ends:
        yield from _end(end, (measured or {}).get(end.state))
    yield from _loops(explanation)
    yield ""
    yield "what it takes and costs"
    yield from (f"  {line}" for line in cost_lines(explanation))
    yield from _errors(explanation)
    if explanation.grows:
        yield ""
        yield "what is added to the data on the way"
        yield from (f"  {state} {what}" for state, what in explanation.grows)


def overview(explanation: Explanation) -> str:
    """Say the whole in one or two sentences."""
    count = sum(1 for _ in in_order(explanation.definition))
    good = sum(1 for end in explanation.ends if end.status == "SUCCEEDED")
    bad = len(explanation.ends) - good
    limit = explanation.definition.timeout_seconds
    until = f"It is ended after {human_duration(limit)}." if limit else "No TimeoutSeconds ends it."
    ends = f"{_count(good, 'good end')} and {_count(bad, 'failure')}"
    return f"{_count(count, 'state')}, {ends}, {_count(explanation.ways, 'way')} with loops folded. {until}"


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _end(end: EndExplained, measured: Sequence[float] | None) -> Iterator[str]:
    fault = "" if end.without_faults is not None else ", only after a fault"
    yield f"  {end.title}: {_count(end.count, 'way')}{fault}"
    told = f"; {measured_words(measured)}" if measured else ""
    yield f"    time {span(*end.seconds, human_duration)}{told}"
    if end.is_looping:
        yield "    the most is what TimeoutSeconds, or AWS's year, and a history of 25,000 events allow"
    yield f"    transitions {span(*end.transitions, number)}, events {span(*end.events, number)}"
    yield from (f"    {way.told}" for way in end.ways)
    if end.count > len(end.ways):
        yield f"    and {end.count - len(end.ways):,} more"


def measured_words(measured: Sequence[float]) -> str:
    """Say what was typical."""
    return f"typically {human_duration(median(measured))}, in {_count(len(measured), 'execution')}"


def span(least: float, most: float, told: object) -> str:
    """Write the least and the most."""
    show = told if callable(told) else str
    return str(show(least)) if least == most else f"{show(least)} to {show(most)}"


def number(value: float) -> str:
    """Write a count."""
    return f"{value:,.0f}"


def _loops(explanation: Explanation) -> Iterator[str]:
    for loop, turns in explanation.loops:
        names = ", ".join(loop)
        yield f"  ↻ {names} may turn: {MOST_EVENTS:,} events have room for {turns:,} turns"


def cost_lines(explanation: Explanation) -> Iterator[str]:
    """Tell what the usual execution takes and costs."""
    usual, prices = explanation.usual, explanation.prices
    if usual is None:
        yield "no way without a fault leads to a good end"
        return
    transitions, seconds = int(usual.transitions[0]), usual.seconds[0]
    yield (
        f"without a fault, at least: {human_duration(seconds)}, {transitions:,} transitions, "
        f"{usual.events[0]:,.0f} of {MOST_EVENTS:,} events"
    )
    standard = prices.standard(transitions)
    yield f"Standard: ${standard:.6f} an execution, ${standard * 1e6:,.2f} a million"
    if explanation.not_express:
        yield f"Express: it can't be one: {explanation.not_express}"
    else:
        express = prices.express(seconds)
        yield (
            f"Express: ${express:.6f} an execution, ${express * 1e6:,.2f} a million, "
            "if its work takes no time and 64 MB are enough"
        )
    yield f"prices of {prices.region}, read {prices.read}: {prices.source}; what tasks call costs besides"


def _errors(explanation: Explanation) -> Iterator[str]:
    if explanation.caught:
        yield ""
        yield "which errors end where"
        yield from (f"  {error_line(error)}" for error in explanation.caught)
    if explanation.uncaught:
        yield ""
        yield "what is never caught: it ends the execution, or the branch around"
        yield from (f"  {error_line(error)}" for error in explanation.uncaught)


def error_line(error: ErrorExplained) -> str:
    """Tell where one error leads."""
    after = f" after {_count(error.retries, 'retry')}".replace("retrys", "retries") if error.retries else ""
    errors = ", ".join(error.errors)
    if error.target is None:
        return f"{error.state}: {errors}{after}"
    ends = f": {', '.join(error.ends)}" if error.ends else ""
    return f"{error.state}: {errors}{after} → {error.target}{ends}"
