"""What `cdk synth` writes: stacks, their assets, and what they import from each other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from step import StepError
from step.projects.project import open_project

HERE = Path(__file__).parent / "applications" / "cdk"


def test_stacks_see_each_other_s_exports_and_their_assets() -> None:
    application = open_project(HERE)

    document: Any = application.machine("OrderMachine").source.value
    assert document["States"]["Save"]["Parameters"]["TableName"] == "Orders1F0A2B3C"
    assert application.machine("PackMachine").file.name == "asset.77aa.json"
    assert {one.key: one.missing for one in application.functions} == {
        "OrdersStack/ChargeFunction9A8B7C6D": "",
        "OrdersStack/PackFunction1B2C3D4E": "",
    }
    assert application.notes == ()


@pytest.mark.parametrize("name", ["OrdersStack/OrderMachine2D3E4F5A", "OrderMachine2D3E4F5A", "OrderMachine"])
def test_a_machine_is_called_as_the_app_calls_it(name: str) -> None:
    assert open_project(HERE / "cdk.out").machine(name).key == "OrdersStack/OrderMachine2D3E4F5A"


def test_an_app_that_wasn_t_synthesised_says_what_to_run(tmp_path: Path) -> None:
    (tmp_path / "cdk.json").write_text("{}")

    with pytest.raises(StepError, match="run `cdk synth` first"):
        open_project(tmp_path)


def test_stacks_of_stages_and_of_no_manifest_are_found(tmp_path: Path) -> None:
    template = {
        "Resources": {
            "M": {"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": "{}"}}
        }
    }
    stage = tmp_path / "cdk.out" / "assembly-Prod"
    stage.mkdir(parents=True)
    artifacts = {
        "assembly-Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    }
    (tmp_path / "cdk.out" / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    (stage / "ProdStack.template.json").write_text(json.dumps(template))

    assert [one.key for one in open_project(tmp_path).machines] == ["M"]
    assert [one.key for one in open_project(stage).machines] == ["M"]
