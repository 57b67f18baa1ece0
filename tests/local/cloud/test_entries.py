"""What is written of a dictionary, entry by entry, is always the dictionary."""

from __future__ import annotations

from collections import defaultdict
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.local.cloud.entries import EntryList, kind_of, reading, undone_if_it_fails

KEYS = st.sampled_from("abc")
OPERATIONS = st.tuples(
    st.sampled_from(
        ("set", "delete", "pop", "change", "change all", "setdefault", "update", "clear", "undo")
    ),
    KEYS,
    KEYS,
)


class Disk:
    """Rows by place, as storage keeps them."""

    def __init__(self) -> None:
        self.rows: dict[int, Any] = {}
        self.places = count(1)

    def write(self, entries: Any) -> int:
        changes = entries.take()
        for place in changes.gone:
            del self.rows[place]
        found = {path: entries.find(path) for path in changes.paths}
        present = {path: value for path, value in found.items() if isinstance(value, list)}
        for path, value in present.items():
            self.rows[entries.place(path, lambda: next(self.places))] = (path, list(value))
        return len(present)

    def read(self, plain: Any) -> Any:
        entries = kind_of(plain)()
        for place, (path, value) in sorted(self.rows.items(), key=lambda row: row[0]):
            entries.fill(place, path, list(value))
        return entries


def do(mapping: Any, operation: str, key: str) -> None:
    match operation:
        case "set":
            mapping[key] = ["new"]
        case "delete" if key in mapping:
            del mapping[key]
        case "pop":
            mapping.pop(key, None)
        case "change" if key in mapping:
            mapping[key].append(1)
        case "change all":
            for value in mapping.values():
                value.append(2)
        case "setdefault":
            mapping.setdefault(key, []).append(3)
        case "update":
            mapping.update({key: ["updated"], "z": []})
        case "clear":
            mapping.clear()


class Changed(Exception):  # noqa: N818 - reads as the sentence it is
    """Ends a block that changed something."""


def fail_midway(entries: Any, key: str) -> None:
    with undone_if_it_fails([entries]):
        for operation in ("change all", "clear", "set"):
            do(entries, operation, key)
        raise Changed


def plain_of(mapping: Any) -> list[Any]:
    """Give all that is in a dictionary or in those inside of it, in order."""
    items = list(dict.items(mapping))
    return [(key, plain_of(value) if isinstance(value, dict) else value) for key, value in items]


@given(st.lists(OPERATIONS, max_size=30))
def test_a_dictionary_and_what_is_written_of_it_are_the_same(operations: list[tuple[str, str, str]]) -> None:
    entries, model, disk = kind_of(dict)(), dict[str, Any](), Disk()

    for operation, key, _ in operations:
        if operation == "undo":
            with pytest.raises(Changed):
                fail_midway(entries, key)
        else:
            do(entries, operation, key)
            do(model, operation, key)
        disk.write(entries)
        assert dict(entries) == model
        assert dict(disk.read(dict)) == model
        if all(operation != "undo" for operation, _, _ in operations):
            assert plain_of(disk.read(dict)) == plain_of(entries) == plain_of(model)


@given(st.lists(OPERATIONS, max_size=30))
def test_dictionaries_in_a_dictionary_are_the_same_too(operations: list[tuple[str, str, str]]) -> None:
    model: dict[str, Any] = defaultdict(dict)
    entries, disk = kind_of(defaultdict)(), Disk()

    for operation, outer, inner in operations:
        do(entries[outer], operation, inner)
        do(model[outer], operation, inner)
        if operation == "delete":
            assert entries.pop(outer, None) == model.pop(outer, None)
        disk.write(entries)
        assert {key: value for key, value in entries.items() if value} == {
            k: v for k, v in model.items() if v
        }
        assert {key: dict(value) for key, value in disk.read(defaultdict).items()} == {
            key: value for key, value in model.items() if value
        }


def test_only_what_was_reached_for_is_written() -> None:
    entries, disk = kind_of(dict)(), Disk()
    entries.update({str(number): [] for number in range(1000)})
    disk.write(entries)

    with reading():
        list(entries.values())
    assert disk.write(entries) == 0

    entries["7"].append(1)
    del entries["8"]
    assert disk.write(entries) == 1
    assert len(disk.rows) == 999


@given(
    st.lists(
        st.tuples(st.sampled_from(("append", "extend", "insert", "delete", "cut", "set")), st.integers(0, 4))
    )
)
def test_a_list_is_the_same_as_a_list(operations: list[tuple[str, int]]) -> None:
    kept: Any = EntryList()
    model: list[Any] = []

    for operation, at in operations:
        for one in (kept, model):
            match operation:
                case "append":
                    one.append([at])
                case "extend":
                    one += [[1], [2]]
                case "insert":
                    one.insert(at, [3])
                case "delete" if at < len(one):
                    del one[at]
                case "cut":
                    del one[at:]
                case "set" if at < len(one):
                    one[at] = [4]
        assert list(kept) == model
        assert kept[1:3] == model[1:3]
        assert [dict.get(kept.entries, at) for at in range(len(kept))] == model
