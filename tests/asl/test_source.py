from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from step.asl.source import MAX_SIZE, join, read_source, source_of
from tests.counting import calls_in

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_lines_are_those_of_keys_and_of_where_items_begin() -> None:
    source = read_source('{\n "a": [\n  1, {"b":\n   "x\\n{,"},\n  []\n ],\n "c~/d": 2}')

    assert source.lines == {"": 1, "/a": 2, "/a/0": 3, "/a/1": 3, "/a/1/b": 3, "/a/2": 5, "/c~0~1d": 7}


def test_line_of_a_missing_place_is_that_of_what_is_around_it() -> None:
    source = read_source('{"a":\n {"b":\n 1}}')

    assert [source.line(place) for place in ("/a/x/y", "/a/b/0", "/z")] == [1, 2, 1]


def test_decoded_document_has_no_lines_and_is_a_copy() -> None:
    document = {"a": [1]}

    source = source_of(document)
    document["a"].append(2)

    assert (source.value, source.line("/a")) == ({"a": [1]}, 0)


@given(JSON, st.sampled_from([None, 0, 2]))
def test_every_place_of_a_document_has_the_line_where_it_stands(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)

    source = read_source(text)

    assert source.value == value
    lines = text.split("\n")
    places = list(_places("", value))
    assert set(source.lines) == {pointer for pointer, _key in places}
    for pointer, key in places:
        assert json.dumps(key)[1:-1] in lines[source.lines[pointer] - 1]


def _places(pointer: str, value: object, key: str = "") -> list[tuple[str, str]]:
    inner: list[tuple[str, str]] = []
    if isinstance(value, dict):
        for name, item in value.items():
            inner += _places(join(pointer, name), item, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            inner += _places(join(pointer, index), item)
    return [(pointer, key), *inner]


@given(st.text() | st.text('[]{}:,"0 \n\\truefalsn-+.eE', max_size=30))
def test_any_text_is_a_value_or_one_error_with_a_line_of_the_text(text: str) -> None:
    source = read_source(text)

    if source.error is not None:
        assert 1 <= source.error.line <= max(1, text.count("\n") + 1)
    assert isinstance(source.lines, dict)


def test_integers_stay_exact() -> None:
    assert read_source("[123456789012345678901234567890]").value == [123456789012345678901234567890]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("\n" + "[" * 201 + "]" * 201, 2, "Nested deeper"),
        ("[" * 200 + "\n[]" + "]" * 200, 2, "Nested deeper"),
        ('{"a":\n' * 100_000, 201, "Nested deeper"),
        ("[" + "9" * 5000 + "]", 1, "digits"),
        ('["-Infinity",\n -Infinity]', 2, "-Infinity is not a JSON number"),
        ('"' + "x" * MAX_SIZE + '"', 1, "more than"),
    ],
)
def test_hostile_text_is_refused_at_its_line(text: str, line: int, words: str) -> None:
    error = read_source(text).error

    assert error is not None
    assert error.line == line
    assert words in error.message


def test_bytes_must_be_utf_8() -> None:
    assert read_source('{"ß": 1}'.encode()).value == {"ß": 1}
    error = read_source(b'{"a":\n"\xff"}').error
    assert error is not None
    assert (error.code, error.line) == ("INVALID_JSON_DESCRIPTION", 2)


def test_values_that_are_no_json_are_refused_with_their_place() -> None:
    error = source_of({"StartAt": "A", "States": {"A": {"Result": {1, 2}}}}).error

    assert error is not None
    assert "$.States.A.Result: set is not a JSON value" in error.message


def test_cost_of_reading_grows_with_a_documents_size() -> None:
    def cost(size: int) -> int:
        text = json.dumps({f"k{index}": {"a": [1, "two"]} for index in range(size)}, indent=1)
        lines = read_source(text).lines
        assert len(lines) > size
        return calls_in(lambda: (read_source(text[:-2]), read_source(text).lines))

    assert cost(4_000) < 2.2 * cost(2_000)


def test_document_of_the_largest_size_is_read() -> None:
    text = json.dumps({f"k{index}": {"a": [1, "two"]} for index in range(30_000)}, indent=1)
    assert len(text) > MAX_SIZE * 0.9

    assert read_source(text[:MAX_SIZE]) is not None
