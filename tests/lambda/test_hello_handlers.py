"""The hello world's handler."""

from __future__ import annotations

import runpy
from pathlib import Path

FILE = Path(__file__).parents[2] / "lambda" / "hello.py"


def test_greeting_names_the_person() -> None:
    handlers = runpy.run_path(str(FILE))["handlers"]

    assert handlers({"Task": "Hello", "Input": {"name": "Ada"}}, None) == {"text": "Hello, Ada!"}
    assert handlers({"Task": "Hello", "Input": {}}, None) == {"text": "Hello, world!"}
