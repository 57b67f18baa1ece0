"""Read histories of executions from files: what AWS answered, what step printed, a folder of thousands.

Knows the forms they come in, and nothing of what they tell.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from step.errors import StepError
from step.view.visits import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedExecution:
    """A history with the file that it is in, its events in the order of their ids."""

    file: str
    events: Sequence[Event]


def read_histories(places: Iterable[Path]) -> Iterator[RecordedExecution]:
    """Read histories: each place is a JSON file, or a folder with such in it, at any depth.

    A file holds GetExecutionHistory's answer (``events``), what ``step run --output json`` printed
    (``history``), a conformance case (``expected``), or the list of events alone.

    Raises:
        StepError: a place isn't there, or a file holds no history.
    """
    for place in places:
        if place.is_dir():
            files = sorted(place.rglob("*.json"))
            if not files:
                raise StepError(f"{place}: no *.json in it")
        elif place.exists():
            files = [place]
        else:
            raise StepError(f"{place}: no such file or folder")
        for file in files:
            yield RecordedExecution(file=str(file), events=_events(file))


def _events(file: Path) -> Sequence[Event]:
    try:
        document = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as fault:
        raise StepError(f"{file}: not JSON: {fault}") from None
    events = events_in(document)
    if events is None:
        raise StepError(
            f"{file}: no history: expected an object with events, as `aws stepfunctions "
            "get-execution-history` prints it, or with a history, as `step run --output json` does"
        )
    return events


def events_in(document: Any) -> Sequence[Event] | None:
    """Find the events in a decoded document; None: it is no history."""
    found = document
    if isinstance(document, Mapping):
        expected = document.get("expected")
        inner = expected if isinstance(expected, Mapping) else document
        found = inner.get("events", inner.get("history"))
    if not isinstance(found, list) or not found:
        return None
    if not all(
        isinstance(event, dict) and "type" in event and isinstance(event.get("id"), int) for event in found
    ):
        return None
    # The newest may come first (--reverse-order).
    return sorted(found, key=lambda event: event["id"]) if found[0]["id"] > found[-1]["id"] else found
