"""The pictures of the documentation are what `make pictures` draws."""

from __future__ import annotations

from pathlib import Path

import pytest
from pictures import SIZE, bread_picture

from step import StateMachine
from step.view import draw

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_picture_of_the_bread_is_current() -> None:
    assert (DOCS / "bread.svg").read_text(encoding="utf-8") == bread_picture()


@pytest.mark.parametrize("name", ["approval", "backup", "nightly", "saga"])
def test_the_picture_of_an_example_is_current(name: str) -> None:
    folder = ROOT / "examples" / name
    machine = StateMachine.from_file(folder / "states" / f"{name}.asl.json")

    assert (folder / f"{name}.svg").read_text(encoding="utf-8") == draw(machine.definition)


def test_pictures_of_the_viewer_have_their_size() -> None:
    sizes = {}
    for file in DOCS.glob("viewer*.png"):
        header = file.read_bytes()[16:24]
        sizes[file.name] = (int.from_bytes(header[:4]), int.from_bytes(header[4:]))

    assert sizes == {"viewer.png": SIZE, "viewer-map.png": SIZE}
