"""Which field of the data grows without a bound.

Pure: no clock, no IO.
"""

from __future__ import annotations

from collections.abc import Iterator

from step.jsonvalue import JSONValue
from step.paths.graph import Graph
from step.paths.search import Model
from step.paths.situation import frames
from step.paths.work import world_key

# So often a state must have been come by with other values for a field to be named.
_TIMES = 4
# So many moves show it.
_FIRST = 1000


def growing(model: Model, graph: Graph) -> list[str]:
    """Name what is different each time that the longest way known comes by a state again."""
    seen: dict[tuple[str, str], set[str]] = {}
    times: dict[str, int] = {}
    for at in model.along(graph.way_to(len(graph) - 1)[:_FIRST]):
        if not at.is_running:
            continue
        for frame in frames(at.kernel.root):
            state = frame.state.name
            times[state] = times.get(state, 0) + 1
            fields = dict(_fields(frame.value, "$"))
            fields |= {
                f"${name}{place[1:]}": text
                for name, value in frame.variables.items()
                for place, text in _fields(value, "$")
            }
            if at.held is not None:
                fields |= dict(_fields(world_key(at.held.world), "world"))
            for place, text in fields.items():
                seen.setdefault((state, place), set()).add(text)
    found = [
        f"{place} grows without a bound: it has another value at each visit of {state}"
        for (state, place), values in seen.items()
        if len(values) >= _TIMES and len(values) >= times[state] - 1
    ]
    return found[:3]


def _fields(value: JSONValue, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _fields(item, f"{place}.{key}")
    elif isinstance(value, list):
        yield f"{place}.length", str(len(value))
        for index, item in enumerate(value[:3]):
            yield from _fields(item, f"{place}[{index}]")
    else:
        yield place, repr(value)
