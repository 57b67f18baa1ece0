"""Texts that the service's Java would write."""

from __future__ import annotations

from typing import Any

import pytest

from step.asl.java_text import to_java_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as is", "as is"),
        (None, "null"),
        (True, "true"),
        (12, "12"),
        (1.1, "1.1"),
        (0.0, "0.0"),
        (-0.00012, "-1.2E-4"),
        (0.001, "0.001"),
        (1e7, "1.0E7"),
        (12345678.9, "1.23456789E7"),
        (-1e-7, "-1.0E-7"),
        (1.5e300, "1.5E300"),
        ({"Arg1": 1, "Arg2": []}, "{Arg1=1, Arg2=[]}"),
        ([1, "a", {"b": None}], "[1, a, {b=null}]"),
    ],
)
def test_value_is_written_as_java_writes_it(value: Any, text: str) -> None:
    assert to_java_text(value) == text
