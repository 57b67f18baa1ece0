"""A kernel's inputs as text: each with its kind, the version of its form, and the names of its fields.

What was written by any version that was ever released is read for ever: a form that changes is a new version,
and the old one's reader stays. Pure: no clock, no IO.
"""

from __future__ import annotations

import json
from typing import Any

from step.engine import vocabulary
from step.engine.history import payload_text
from step.engine.vocabulary import Input
from step.errors import StepError
from step.jsonvalue import to_text

VERSION = 3
KINDS: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        vocabulary.Start,
        vocabulary.TaskStarted,
        vocabulary.TaskSubmitted,
        vocabulary.TaskSucceeded,
        vocabulary.TaskFailed,
        vocabulary.Heartbeat,
        vocabulary.TimePassed,
        vocabulary.Continue,
        vocabulary.ItemsRead,
        vocabulary.MapRunUpdated,
        vocabulary.Stop,
        vocabulary.Redrive,
        vocabulary.Fault,
    )
}
# What an input begins with; its fields follow.
_HEADS = {kind: f'{{"kind":"{name}","version":{VERSION}' for name, kind in KINDS.items()}
# Version 1 was a list: the kind, and the fields in this order.
_FIRST = {
    "Start": ("input",),
    "TaskStarted": ("op", "worker"),
    "TaskSubmitted": ("op", "output"),
    "TaskSucceeded": ("op", "output"),
    "TaskFailed": ("op", "error", "cause"),
    "Heartbeat": ("op",),
    "TimePassed": (),
    "Continue": (),
    "ItemsRead": ("op", "items", "is_last"),
    "MapRunUpdated": ("run", "max_concurrency", "tolerated_count", "tolerated_percentage"),
    "Stop": ("error", "cause"),
    "Redrive": (),
}


def write_input(item: Input) -> str:
    """Write an input."""
    kind = type(item)
    if isinstance(item, vocabulary.TaskSucceeded):
        # The same text stands in the events that follow.
        return f'{_HEADS[kind]},"op":{item.op},"output":{payload_text(item.output)}}}'
    if not item:
        return _HEADS[kind] + "}"
    return f"{_HEADS[kind]},{to_text(dict(zip(kind._fields, item, strict=True)))[1:]}"


def read_input(text: str) -> Input:
    """Read what any version has written.

    Raises:
        StepError: a later version wrote it.
    """
    found = json.loads(text)
    if isinstance(found, list):
        name, *values = found
        return KINDS[name](**dict(zip(_FIRST[name], values, strict=False)))  # type: ignore[no-any-return]  # one of them
    kind, version = KINDS.get(found.pop("kind")), found.pop("version")
    if kind is None or version > VERSION:
        raise StepError(f"a later version of step wrote this input: {text[:100]}")
    return kind(**found)  # type: ignore[no-any-return]  # one of the inputs
