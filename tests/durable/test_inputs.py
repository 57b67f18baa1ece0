"""Inputs as text: what any version has written is read for ever."""

from __future__ import annotations

import json

import pytest

from step.durable.inputs import KINDS, VERSION, read_input, write_input
from step.engine.vocabulary import (
    Continue,
    Fault,
    Heartbeat,
    Input,
    ItemsRead,
    MapRunUpdated,
    Redrive,
    Start,
    Stop,
    TaskFailed,
    TaskStarted,
    TaskSubmitted,
    TaskSucceeded,
    TimePassed,
)
from step.errors import StepError

ALL: list[Input] = [
    Start({"a": [1, "ü\ud800"]}),
    TaskStarted(3, "baker"),
    TaskSubmitted(4, None),
    TaskSucceeded(5, {"op": 6, "version": 1, "input": "x"}),
    TaskFailed(6, "Bad", None),
    Heartbeat(7),
    TimePassed(),
    Continue(),
    ItemsRead(8, [1, {}], True, [[2, "s3://bucket/key"]]),
    MapRunUpdated("arn", 3, None, 0.5),
    Stop(None, "enough"),
    Redrive(),
    Fault("States.Runtime", "KeyError: 'a'"),
]
FIRST = [item for item in ALL if not isinstance(item, Fault)]
# A form that changes gets a new version; this table grows, and no line of it changes.
FIELDS = {
    2: {
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
        "Fault": ("error", "cause"),
    },
    3: {
        "Start": ("input",),
        "TaskStarted": ("op", "worker"),
        "TaskSubmitted": ("op", "output"),
        "TaskSucceeded": ("op", "output"),
        "TaskFailed": ("op", "error", "cause"),
        "Heartbeat": ("op",),
        "TimePassed": (),
        "Continue": (),
        "ItemsRead": ("op", "items", "is_last", "sources"),
        "MapRunUpdated": ("run", "max_concurrency", "tolerated_count", "tolerated_percentage"),
        "Stop": ("error", "cause"),
        "Redrive": (),
        "Fault": ("error", "cause"),
    },
}


def test_every_kind_of_input_is_known() -> None:
    assert {type(item) for item in ALL} == set(KINDS.values())


def test_a_changed_form_is_a_new_version() -> None:
    assert {name: set(kind._fields) for name, kind in KINDS.items()} == {
        name: set(fields) for name, fields in FIELDS[VERSION].items()
    }


@pytest.mark.parametrize("item", ALL, ids=lambda item: type(item).__name__)
def test_what_is_written_is_read_again_in_any_order(item: Input) -> None:
    text = write_input(item)
    turned = json.dumps(dict(reversed(json.loads(text).items())))

    assert (read_input(text), read_input(turned)) == (item, item)
    assert type(read_input(text)) is type(item)


@pytest.mark.parametrize("item", FIRST, ids=lambda item: type(item).__name__)
def test_the_first_version_is_read(item: Input) -> None:
    # Its items came from what the reader names.
    expected = item._replace(sources=None) if isinstance(item, ItemsRead) else item
    assert read_input(json.dumps([type(item).__name__, *expected])) == expected


@pytest.mark.parametrize("text", ['{"kind":"Start","version":99,"input":null}', '{"kind":"New","version":3}'])
def test_a_later_version_is_refused(text: str) -> None:
    with pytest.raises(StepError, match="a later version of step wrote this input"):
        read_input(text)
