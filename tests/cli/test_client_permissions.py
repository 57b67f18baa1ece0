"""Each command of a deployer's client needs no more than its role's policy, and together they need all of it.

The commands run against the local service through a door that writes down the actions they ask for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from step.cli.main import main
from step.local.http import Request, Response
from step.local.http_server import Server
from tests.deployer.conftest import HOME, make_zip, service_place_at
from tests.deployer.permissions import SUPPLEMENT
from tests.deployer.test_deploy_over_service import Door

CLIENTS = Path(__file__).parents[2] / "modules" / "deploy_policies" / "main.tf"
NAME, DEPLOYER = "bread-test", "step-deployer-test"
DEFINITION = {
    "StartAt": "Bake",
    "States": {"Bake": {"Type": "Task", "Resource": "${function_arn}", "End": True}},
}
RELEASE = ["-lambda", NAME, "-step", NAME, "-states", json.dumps(DEFINITION)]
TARGET = ["-step", NAME, "-project", "bread", "-config", "test"]
# What each role is for; {} is the execution of the deploy before.
COMMANDS = {
    "read": [["plan", *RELEASE], ["releases", "-step", NAME], ["history", "{}"]],
    "deploy": [["deploy", *RELEASE, "--quiet"], ["prune", *TARGET, "--quiet"], ["recover", "{}", "--quiet"]],
    "operate": [
        ["halt", *TARGET, "--reason", "fire"],
        ["halt", *TARGET, "--resume"],
        ["lock", *TARGET, "--reason", "mine"],
        ["unlock", *TARGET, "--reason", "done"],
        ["rollback", *TARGET, "--to", "1", "--quiet"],
        ["recover", "{}", "--quiet"],
        ["stop", "{}"],
    ],
    "administer": [
        ["bootstrap", "-deployer", DEPLOYER, "-zip", "lambda.zip"],
        ["bootstrap", "-deployer", DEPLOYER, "--back"],
    ],
}
_LAMBDA = {
    ("GET", ""): "GetFunction",
    ("GET", "configuration"): "GetFunctionConfiguration",
    ("PUT", "code"): "UpdateFunctionCode",
    ("POST", "versions"): "PublishVersion",
    ("POST", "invocations"): "InvokeFunction",
}
_TARGETS = {"AWSStepFunctions": "states", "DynamoDB_20120810": "dynamodb", "TrentService": "kms"}


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


@dataclass
class Recorder(Door):
    """Writes down which action each request wants."""

    seen: set[str] = field(default_factory=set)

    def answer(self, request: Request) -> Response:
        self.seen |= set(actions_of(request))
        return self._pass_on(request)


def actions_of(request: Request) -> list[str]:
    """Name the actions that a request needs; nobody needs a permission to ask who they are."""
    service, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if operation:
        action = f"{_TARGETS[service]}:{operation}"
        more = SUPPLEMENT.get(f"{action} with publish", ()) if b'"publish"' in bytes(request.body) else ()
        return [action, *(one["action"] for one in more)]
    if found := re.fullmatch(r"/2015-03-31/functions/[^/]+/?(.*)", request.path):
        action = f"lambda:{_LAMBDA[request.method, found[1]]}"
        # No command has Lambda fetch a zip: they send it along.
        more = SUPPLEMENT.get(action, ()) if action != "lambda:UpdateFunctionCode" else ()
        return [action, *(one["action"] for one in more)]
    if request.path == "/":
        assert b"GetCallerIdentity" in bytes(request.body)
        return []
    return ["s3:PutObject" if request.method == "PUT" else "s3:ListBucket"]


def allowed(role: str) -> set[str]:
    """Read what a role's policy allows, beside the use of keys."""
    text = CLIENTS.read_text(encoding="utf-8")
    made_of = re.search(rf"^    {role} += \[(.*?)\]$", text, re.MULTILINE | re.DOTALL)
    documents = ["read"] if made_of is None else re.findall(r"document\.(\w+)\.json", made_of[1])
    actions: set[str] = set()
    for name in documents:
        (block,) = re.findall(
            rf'^data "aws_iam_policy_document" "{name}" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL
        )
        for listed in re.findall(r"actions\s*= \[(.*?)\]", block, re.DOTALL):
            actions |= set(re.findall(r'"([\w:]+)"', listed))
    return {action for action in actions if not action.startswith("kms:")}


@pytest.fixture(scope="module")
def recorder(new_service: Callable[..., Running]) -> Iterator[Recorder]:
    """Make a project and a deployer that does nothing, on a service of their own, and open the door."""
    service = new_service("--clock", "virtual")
    recorder = Recorder(service.endpoint)
    server = Server(recorder.answer)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", service.endpoint)
        place = service_place_at("client-permissions")
        arn = HOME.function_arn(NAME)
        definition = json.dumps(DEFINITION).replace("${function_arn}", f"{arn}:1")
        place.make_project(HOME, {NAME: make_zip("old")}, definition)
        _make_deployer()
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        yield recorder
    server.close()


def _make_deployer() -> None:
    session = boto3.Session("local", "local", region_name="us-east-1")
    functions, machines = session.client("lambda"), session.client("stepfunctions")
    tags = {"DeployWith": "step-deployer", "ProjectName": "step-deployer", "ConfigName": "test"}
    places = {"STEP_DEPLOYER_BUCKET": "client-permissions", "STEP_DEPLOYER_TABLE": "client-permissions"}
    functions.create_function(
        FunctionName=DEPLOYER,
        Runtime="python3.11",
        Handler="handler.handle",
        Role="arn:aws:iam::123456789012:role/deployer",
        Code={"ZipFile": make_zip("deployer")},
        Environment={"Variables": places},
        Tags=tags,
        Publish=True,
    )
    made = machines.create_state_machine(
        name=DEPLOYER,
        definition=json.dumps({"StartAt": "Do", "States": {"Do": {"Type": "Pass", "End": True}}}),
        roleArn="arn:aws:iam::123456789012:role/deployer",
        publish=True,
    )
    machines.create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}],
    )


@pytest.fixture(scope="module")
def asked(recorder: Recorder, tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Run the commands of each role, and say what they asked for."""
    folder = tmp_path_factory.mktemp("client")
    (folder / "lambda.zip").write_bytes(make_zip("new"))
    found: dict[str, set[str]] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        execution = _deployed()
        for role, commands in COMMANDS.items():
            recorder.seen = set()
            for words in commands:
                assert main([word.replace("{}", execution) for word in words]) in (0, 1, 2), words
            found[role] = recorder.seen
    return found


def _deployed() -> str:
    import contextlib
    import io

    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        assert main(["deploy", *RELEASE, "--quiet", "--output", "json"]) == 0
    execution: Any = json.loads(told.getvalue())["execution"]
    return str(execution).rpartition(":")[2]


@pytest.mark.parametrize("role", COMMANDS)
def test_commands_of_a_role_need_no_more_than_its_policy(asked: dict[str, set[str]], role: str) -> None:
    assert asked[role] - allowed(role) == set()


def test_policies_allow_nothing_that_no_command_needs(asked: dict[str, set[str]]) -> None:
    used = set().union(*asked.values())

    # CreateStateMachineAlias: where Terraform's first version has no alias yet.
    assert allowed("administer") - used == {"states:CreateStateMachineAlias"}
