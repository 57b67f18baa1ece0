"""A stranger's Terraform, made for AWS, applies to the local service unchanged."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

from tests.serving import REGION, ServeProcess, ended

ROOT = Path(__file__).parents[2]
RUNTIME = f"python3.{sys.version_info.minor}"
CODE = {
    "reserve.zip": (
        "reserve.py",
        "import os, boto3, shared\n"
        "def handler(event, context):\n"
        "    orders = boto3.resource('dynamodb').Table(os.environ['TABLE'])\n"
        "    orders.put_item(Item={'id': event['id']})\n"
        "    return {**event, 'reserved': shared.WORD}\n",
    ),
    "charge.zip": ("charge.py", "def handler(event, context): return {**event, 'charged': True}\n"),
    "layer.zip": ("python/shared.py", "WORD = 'yes'\n"),
}


def terraform(folder: Path, service: ServeProcess, *arguments: str) -> int:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    ran = subprocess.run(
        [str(ROOT / "scripts" / "tf"), f"-chdir={folder}", *arguments, "-no-color", "-input=false"],
        env={
            **environment,
            "AWS_ENDPOINT_URL": service.endpoint,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_VAR_runtime": RUNTIME,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 2), ran.stdout[-3000:] + ran.stderr[-3000:]
    return ran.returncode


@pytest.mark.requires_component("terraform")
def test_it_applies_runs_and_needs_no_change_after_a_death(tmp_path: Path) -> None:
    folder, store = tmp_path / "stack", str(tmp_path / "store")
    shutil.copytree(Path(__file__).parent / "stranger", folder)
    for name, (file, code) in CODE.items():
        data = io.BytesIO()
        with zipfile.ZipFile(data, "w") as archive:
            archive.writestr(file, code)
        (folder / name).write_bytes(data.getvalue())
    service = ServeProcess(tmp_path / "first", "--store", store)

    terraform(folder, service, "init")
    terraform(folder, service, "apply", "-auto-approve")

    service.kill()
    service = ServeProcess(tmp_path / "second", "--store", store)
    assert ran(service, {"id": "7"}) == {"id": "7", "reserved": "yes", "charged": True}
    assert terraform(folder, service, "plan", "-detailed-exitcode") == 0
    if os.environ.get("SOAK") == "1":
        terraform(folder, service, "destroy", "-auto-approve")
    assert service.stop() == 0


def ran(service: ServeProcess, order: object) -> object:
    """Run the stack's machine on an order."""
    with closing(service.client("stepfunctions")) as client:
        (machine,) = client.list_state_machines()["stateMachines"]
        arn = machine["stateMachineArn"]
        execution = client.start_execution(stateMachineArn=arn, input=json.dumps(order))["executionArn"]
        told = ended(client, execution)
        return json.loads(told["output"]) if "output" in told else told
