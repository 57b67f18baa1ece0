"""One door to the pictures: a definition, perhaps a history, and the name of a format.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterable

from step.asl.model import Definition
from step.view.dot import render_dot
from step.view.mermaid import render_mermaid
from step.view.svg import render_svg
from step.view.taken import Taken
from step.view.visits import Event

FORMATS = ("svg", "dot", "mermaid")


def draw(
    definition: Definition,
    history: Iterable[Event] | None = None,
    format: str = "svg",
) -> str:
    """Draw a definition as "svg", "dot" or "mermaid"; with a history, the path it took lies over it.

    Raises:
        ValueError: there is no such format.
    """
    taken = None if history is None else Taken.from_events(history)
    if format == "svg":
        return render_svg(definition, taken=taken)
    if format == "dot":
        return render_dot(definition, taken=taken)
    if format == "mermaid":
        return render_mermaid(definition, taken=taken)
    raise ValueError(f"no picture format {format!r}: expected one of {', '.join(FORMATS)}")
