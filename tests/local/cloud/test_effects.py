"""Which requests are needed: without the others, what is held is the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.local.cloud.effects import Effect, Kind, Path, is_needed

if TYPE_CHECKING:
    from collections.abc import Sequence

HOUR_MS = 3_600_000
NOW_MS = 100 * HOUR_MS


def needed(*requests: Sequence[tuple[Path, Kind]], at_ms: int = NOW_MS, settled: Path = ()) -> list[int]:
    rows = [(number, at_ms, [Effect(*effect) for effect in one]) for number, one in enumerate(requests)]
    found = is_needed(rows[::-1], NOW_MS, lambda effect: tuple(effect.path) == settled)
    return sorted(number for number, is_so in found if is_so)


A, B = ("s3", "bucket", "object", "a"), ("s3", "bucket", "object", "b")


Did = list[tuple[Path, Kind]]
MADE_A: Did = [(A, "makes")]
CHANGED_A: Did = [(A, "changes")]
ENDED_A: Did = [(A, "ends")]
ENDED_B: Did = [(B, "ends")]
MADE_BOTH: Did = [(A, "makes"), (B, "makes")]
COPIED_TO_B: Did = [(B, "makes"), (A, "reads")]
ENDED_ALL: Did = [(("s3", "bucket"), "ends")]
UNKNOWN: Did = [(("s3",), "changes")]


def case(name: str, left: list[int], *requests: Did) -> Any:
    return pytest.param(requests, left, id=name)


@pytest.mark.parametrize(
    ("requests", "left"),
    [
        case("made anew", [1], MADE_A, MADE_A),
        case("changed", [0, 1], MADE_A, CHANGED_A),
        case("ended", [], MADE_A, ENDED_A),
        case("ended with what it is in", [], MADE_A, ENDED_ALL),
        case("another one ended", [0], MADE_A, ENDED_B),
        case("perhaps made by something unknown", [0, 1], UNKNOWN, ENDED_A),
        case("copied and ended", [0, 1, 2], MADE_A, COPIED_TO_B, ENDED_A),
        case("copied and both ended", [], MADE_A, COPIED_TO_B, ENDED_A, ENDED_B),
        case("copied, and all ended at once", [], MADE_A, COPIED_TO_B, ENDED_A, ENDED_ALL),
        case("one of two ended", [0, 1], MADE_BOTH, ENDED_A),
        case("ended and made", [2], MADE_A, ENDED_A, MADE_A),
        case("nothing is known", [0, 1], [], MADE_A),
    ],
)
def test_what_was_made_anew_or_ended_needs_no_older_request(
    requests: tuple[Did, ...], left: list[int]
) -> None:
    assert needed(*requests) == left


def test_of_notes_the_newest_are_kept() -> None:
    note: Did = [(("logs", "a", "r", "group", "g", "events"), "notes")]

    kept = needed(*[note for _ in range(10_005)])

    assert kept == list(range(5, 10_005))


@pytest.mark.parametrize(("kind", "hours"), [("lends", 36), ("streams", 24)])
def test_what_holds_for_some_hours_is_kept_for_them(kind: Kind, hours: int) -> None:
    request: Did = [(("sts", "a", "r"), kind)]

    assert needed(request, at_ms=NOW_MS - hours * HOUR_MS + 1) == [0]
    assert needed(request, at_ms=NOW_MS - hours * HOUR_MS) == []


def test_messages_that_nobody_holds_any_more_are_dropped() -> None:
    path = ("sqs", "a", "r", "queue", "q", "messages")

    assert needed([(path, "changes")], [(path[:-1], "changes")], settled=path) == [1]


class Model:
    """Objects as counts of what was done to them; a copy takes its source's."""

    def __init__(self) -> None:
        self.objects: dict[str, list[int]] = {}

    def do(self, number: int, operation: tuple[str, str, str]) -> None:
        kind, name, source = operation
        if kind == "put":
            self.objects[name] = [number]
        elif kind == "delete":
            self.objects.pop(name, None)
        elif kind == "change" and name in self.objects:
            self.objects[name] = [*self.objects[name], number]
        elif kind == "copy" and source in self.objects:
            self.objects[name] = [*self.objects[source], number]


def effects_of(operation: tuple[str, str, str], is_done: bool) -> Did | None:
    kind, name, source = operation
    path: Path = (*A[:3], name)
    if kind == "put":
        return [(path, "makes")]
    if kind == "delete":
        return [(path, "ends")]
    if not is_done:
        return None
    return [(path, "changes")] if kind == "change" else [(path, "makes"), ((*A[:3], source), "reads")]


NAMES = st.sampled_from("abc")


@given(st.lists(st.tuples(st.sampled_from(["put", "change", "copy", "delete"]), NAMES, NAMES), max_size=30))
def test_the_requests_that_are_left_give_the_same(operations: list[tuple[str, str, str]]) -> None:
    whole, kept = Model(), []
    for number, operation in enumerate(operations):
        before = {name: list(done) for name, done in whole.objects.items()}
        whole.do(number, operation)
        effects = effects_of(operation, is_done=before != whole.objects)
        if effects is not None:
            kept.append((number, effects))

    left = needed(*(effects for _, effects in kept))

    again = Model()
    for place in left:
        number = kept[place][0]
        again.do(number, operations[number])
    assert again.objects == whole.objects
