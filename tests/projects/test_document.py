"""YAML as SAM and CloudFormation read it: values, tags, lines, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from step.projects.document import Document, read_document, read_yaml


def read(text: str | bytes) -> Document:
    return read_yaml(text, Path("file.yaml"))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", True),
        ("Off", False),
        ("~", None),
        ("0x1F", 31),
        ("017", 15),
        ("089", "089"),
        ("1_000", 1000),
        ("1e3", 1000.0),
        (".5", 0.5),
        (".inf", ".inf"),
        ("2012-10-17", "2012-10-17"),
        ("12:30:00", "12:30:00"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("arn:aws:states:::lambda:invoke", "arn:aws:states:::lambda:invoke"),
    ],
)
def test_a_plain_text_is_what_yaml_takes_it_for(text: str, value: object) -> None:
    found = read(f"a: {text}").value["a"]

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!Ref Table", {"Ref": "Table"}),
        ("!GetAtt Table.Arn.Part", {"Fn::GetAtt": ["Table", "Arn.Part"]}),
        ("!Sub '${A}-b'", {"Fn::Sub": "${A}-b"}),
        ("!If [Is, !Ref A, b]", {"Fn::If": ["Is", {"Ref": "A"}, "b"]}),
        ("!Condition Is", {"Condition": "Is"}),
    ],
)
def test_a_short_tag_is_the_function_it_stands_for(text: str, value: dict[str, Any]) -> None:
    assert read(f"a: {text}").value["a"] == value


def test_anchors_and_merges_are_filled_in() -> None:
    document = read("base: &base {a: 1, b: 2}\nmade:\n  <<: *base\n  b: 3\nsame: *base\n")

    assert document.value["made"] == {"a": 1, "b": 3}
    assert document.value["same"] == {"a": 1, "b": 2}


def test_every_place_has_the_line_of_its_key() -> None:
    document = read("a:\n  b: !Sub |\n    first\n    second\n  c:\n    - x\n    - y: 1\n")

    lines = document.source.lines
    assert [lines[at] for at in ("/a", "/a/b", "/a/c", "/a/c/0", "/a/c/1/y")] == [1, 2, 5, 6, 7]
    assert document.blocks["/a/b/Fn::Sub"] == 3


def test_a_part_of_a_document_counts_its_places_from_itself() -> None:
    document = read("a:\n  b:\n    c: 1\n    c: 2\nab: 1\n")

    part = document.part("/a", document.value["a"])

    assert dict(part.lines) == {"": 1, "/b": 2, "/b/c": 4}
    assert [(one.pointer, one.line) for one in part.duplicates] == [("/b/c", 4)]


@pytest.mark.parametrize(
    ("text", "told", "line"),
    [
        ("a: 1\nb: c: d", "mapping values are not allowed", 2),
        ("a:\n\t- b", "cannot start any token", 2),
        ("[" * 100_000, "Nested deeper than 200 levels", 1),
        ("- " * 5_000 + "a", "Nested deeper than 200 levels", 1),
        ("a: &a [*a]", "*a: nothing before it", 1),
        ("a: *b", "*b: nothing before it", 1),
        ("? [a]\n: b", "A key is a list", 1),
        ("a: 1\n---\nb: 2", "A second document begins", 2),
        ("a: \x00", "control characters", 1),
        (b"a: \xff", "Not UTF-8 text, at byte 3", 1),
        (
            "a0: &a0 [1]\n"
            + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)),
            "Too many values",
            7,
        ),
    ],
)
def test_what_is_no_yaml_is_a_problem_with_a_line(text: str | bytes, told: str, line: int) -> None:
    error = read(text).source.error

    assert error is not None
    assert told in error.message
    assert "\n" not in error.message
    assert error.line == line


def test_a_file_that_isn_t_yaml_by_its_name_is_json(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": yes}')

    assert read_document(tmp_path / "a.json").source.error is not None
