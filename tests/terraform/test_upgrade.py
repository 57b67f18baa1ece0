"""A stack that was made with the first modules is upgraded: nothing of it is made anew, nothing goes away.

Planned by the oldest Terraform that the modules take.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.terraform.root import ROOT, Root

UPGRADE = Path(__file__).parent / "upgrade"
OLDEST = ROOT / "build" / "terraform-oldest" / "bin" / "terraform"

pytestmark = pytest.mark.requires_component("terraform-oldest")


@pytest.fixture(scope="module")
def changes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the modules of today would do to the stack of then."""
    root = Root.from_files(
        tmp_path_factory.mktemp("upgrade"),
        UPGRADE / "main.tf",
        UPGRADE / "definition.asl.json",
        environment={"TERRAFORM": str(OLDEST)},
    )
    assert root.run("version").startswith("Terraform v1.10.")
    shutil.copy(UPGRADE / "state.json", root.folder / "terraform.tfstate")
    return root.changes("-refresh=false")


def test_recorded_stack_has_every_kind_of_thing_that_the_first_modules_made() -> None:
    state = json.loads((UPGRADE / "state.json").read_text(encoding="utf-8"))
    kinds = {resource["type"] for resource in state["resources"] if resource["mode"] == "managed"}

    assert len(kinds) == 19
    assert kinds >= {"aws_lambda_function", "aws_sfn_state_machine", "aws_iam_role", "aws_s3_bucket"}


def test_nothing_is_replaced_and_nothing_destroyed(changes: dict[str, list[str]]) -> None:
    assert {address: actions for address, actions in changes.items() if "delete" in actions} == {}


def test_nothing_is_made_that_was_not_there(changes: dict[str, list[str]]) -> None:
    assert {address: actions for address, actions in changes.items() if actions == ["create"]} == {}
