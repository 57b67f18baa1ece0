"""A way told state by state, and printed as a test that fails.

Pure: no clock, no IO.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import timedelta

from step.jsonvalue import to_text
from step.paths.moves import Move
from step.paths.walk import Walk, WayStep
from step.tasks import encode

_WIDTH = 100


def story(walk: Walk) -> str:
    """Tell what happened on a way, a line a step: when, what, and where it went on."""
    lines = []
    before = None
    for moment, (state, move) in zip(walk.moments, walk.moves, strict=True):
        text = _happened(state, move)
        way = " > ".join(name for name, _ in moment.entered)
        if way:
            text += f" > {way}" if text else way
        if moment.has_ended:
            error = f" with {moment.error}" if moment.error else ""
            text += f": {moment.status}{error}"
        lines.append(f"{_time(moment.elapsed):>10}  {text}")
        world = _world(moment.world)
        if world is not None and world != before:
            lines.append(f"{'':10}    world: {world}")
        before = world
    return "\n".join(lines)


def _happened(state: str, move: Move) -> str:
    if not state:
        return "start"
    match move.what:
        case "time":
            return f"{state}: time passes"
        case "answers":
            text = f"{state} answers"
        case "fails":
            text = f"{state} fails with {move.error}" if move.is_fault else f"{state} takes {move.error}"
        case "hangs":
            text = f"{state} doesn't answer"
        case "lasts":
            text = f"{state} beats and doesn't answer"
    return (
        text
        + (", its effect is there" if move.is_after else "")
        + (", as late as it may" if move.is_late else "")
    )


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _world(world: object) -> str | None:
    if world is None:
        return None
    try:
        text = to_text(encode(world))
    except TypeError:
        text = repr(world)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 3] + "..."


def test_text(title: str, machine: str, checks: str, steps: Sequence[WayStep]) -> str:
    """Print a way as a test that fails as long as the machine can go it.

    Args:
        title: What doesn't hold.
        machine: Python that gives the machine.
        checks: Python that gives the keyword arguments of ``follow``: invariants, world, effects.
        steps: The way.
    """
    name = re.sub(r"\W+", "_", title, flags=re.ASCII).strip("_").lower() or "path"
    listed = "".join(f"            {json.dumps(step.to_text(), ensure_ascii=False)},\n" for step in steps)
    return (
        f"def test_{name}(load_machine):\n"
        f"    machine = {machine}\n\n"
        f"    machine.follow(\n        [\n{listed}        ],\n        {checks},\n    )\n"
    )
