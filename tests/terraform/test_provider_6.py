"""What the modules and examples ask of the AWS provider is in its version 6, too.

The provider on this machine is a 5.100: what runs with it is shown by the other tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hcl2
import pytest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "provider_6.json").read_text(encoding="utf-8"))
FILES = sorted([*ROOT.glob("modules/*/*.tf"), *ROOT.glob("examples/*/*.tf")])
META = {"count", "for_each", "provider", "depends_on", "lifecycle"}


def resources(text: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for entry in hcl2.loads(text).get("resource", []):
        for kind, named in entry.items():
            for block in named.values():
                if isinstance(block, dict):
                    yield kind.strip('"'), block


def problems(block: dict[str, Any], known: dict[str, Any], where: str) -> Iterator[str]:
    """Say which arguments aren't there, and which are required and not given."""
    given: dict[str, Any] = {
        name: value for name, value in block.items() if not name.startswith("__") and name not in META
    }
    for entry in given.pop("dynamic", []):
        for name, dynamic in entry.items():
            given[name.strip('"')] = dynamic["content"]
    for name, value in given.items():
        if name not in known:
            yield f"{where}: no {name}"
        elif "block" in known[name]:
            for inner in value if isinstance(value, list) else []:
                if isinstance(inner, dict):
                    yield from problems(inner, known[name]["block"], f"{where}.{name}")
    yield from (
        f"{where}: {name} is missing" for name in known if known[name]["required"] and name not in given
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_argument_is_one_of_provider_6(file: Path) -> None:
    found = [
        problem
        for kind, block in resources(file.read_text(encoding="utf-8"))
        for problem in problems(block, SCHEMA[kind], kind)
    ]

    assert found == []


def test_what_provider_6_does_not_have_is_found() -> None:
    text = """
    resource "aws_lambda_alias" "this" {
      name          = "live"
      function_name = "bread"
      colour        = "red"

      dynamic "routing_config" {
        for_each = [1]

        content {
          weights = {}
        }
      }
    }
    """

    ((kind, block),) = resources(text)

    assert list(problems(block, SCHEMA[kind], kind)) == [
        "aws_lambda_alias: no colour",
        "aws_lambda_alias.routing_config: no weights",
        "aws_lambda_alias: function_version is missing",
    ]
