"""The public interface is the one that was promised: names and signatures, by docs/reference/versions.md."""

from __future__ import annotations

import json
from pathlib import Path

from public_interface import FILE, PUBLIC, interface

LIBRARY = Path(__file__).resolve().parents[2] / "docs" / "reference" / "library.md"


def test_names_and_signatures_are_those_that_were_promised() -> None:
    promised = json.loads(FILE.read_text(encoding="utf-8"))
    found = interface()

    changed = {name: (promised[name], found[name]) for name in promised.keys() & found.keys()}
    told = {
        "gone: they need a deprecation first": sorted(promised.keys() - found.keys()),
        "changed: was, is": {name: pair for name, pair in changed.items() if pair[0] != pair[1]},
        "new: scripts/public_interface.py writes them down": sorted(found.keys() - promised.keys()),
    }

    assert {what: names for what, names in told.items() if names} == {}


def test_every_public_name_is_in_the_reference() -> None:
    page = LIBRARY.read_text(encoding="utf-8")
    names = {name.rpartition(".")[2] for name in interface() if name.rpartition(".")[0] in PUBLIC}

    assert sorted(name for name in names if f"`{name}`" not in page) == []
