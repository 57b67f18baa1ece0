"""What a definition looks at beside its data: the time, random values.

Pure: no clock, no IO.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from step.asl.model import Definition, Map, Parallel, State, Task, Wait
from step.asl.parse import every_state
from step.engine.key import is_endless

_TIME = re.compile(
    r"\$\$\.State\.EnteredTime|\$\$(\.State)?(?![.\w\[])|\$now\(|\$millis\(|\$states\.context\b(?!\.)"
    r"|\$states\.context\.State\b(?!\.(Name|RetryCount))|\$states(?![.\w])"
)
_DRAWS = re.compile(r"States\.(UUID|MathRandom)|\$(uuid|random|shuffle)\(")


def reads_time(definition: Definition) -> list[str]:
    """Name the states for which it matters what time it is."""
    return [state.name for state in every_state(definition) if _is_timely(state)]


def draws(definition: Definition) -> list[str]:
    """Name the states that draw random values."""
    return [
        state.name
        for state in every_state(definition)
        if any(_DRAWS.search(text) for text in _texts(_own(state)))
    ]


def endless_retries(definition: Definition) -> list[str]:
    """Say of the states that may be tried again without end what is taken for the same."""
    return [
        f"{state.name} may be tried again without end: attempts that wait equally long are taken as one"
        for state in every_state(definition)
        if isinstance(state, Task | Parallel | Map) and any(map(is_endless, state.retry))
    ]


def _is_timely(state: State) -> bool:
    if isinstance(state, Wait) and (state.timestamp is not None or state.timestamp_path is not None):
        return True
    return any(_TIME.search(text) for text in _texts(_own(state)))


def _own(state: State) -> dict[str, Any]:
    """What is written in a state itself; of a TaskFn's message only what its author gave."""
    own = {
        name: getattr(state, name)
        for name in _slots(type(state))
        if name not in ("branches", "item_processor")
    }
    own.pop("comment", None)
    if isinstance(state, Task):
        for field in ("parameters", "arguments"):
            given = own[field]
            if isinstance(given, Mapping) and "Task" in given and "Context" in given:
                own[field] = {key: value for key, value in given.items() if key != "Context"}
    return own


def _slots(cls: type) -> Iterator[str]:
    for base in cls.__mro__:
        yield from base.__dict__.get("__slots__", ())


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from _texts(getattr(value, name))
