"""A sample of the proof over the local service: real requests, real zips, faults on the way there.

The deployer's machine runs in virtual time; its calls go through a door that loses requests or answers.
SOAK=1 takes every request.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from step import StateMachine
from step.clock import now_ms
from step.deployer.client import FunctionCode, Upload, draft_release, execution_input, make_release_id
from step.deployer.handlers import make_handlers
from step.deployer.names import Target
from step.errors import TaskError
from step.local.http import Request, Response
from step.local.http_server import Server
from step.local.serving import LocalService
from step.machine import Execution
from tests.deployer.conftest import HOME, Place, make_definition, make_zip, service_place_at
from tests.deployer.world import FILE, NAME, bytes_of

IS_SOAK = os.environ.get("SOAK") == "1"
ONE_IN = 1 if IS_SOAK else 37
TARGET = replace(HOME, project="cake", machine="cake-test")
FUNCTION = "cake-test"
ARN = TARGET.function_arn(FUNCTION)
# The SDK asks twice: a fault that lasts shorter isn't seen.
_LASTS = 2


@dataclass
class Door:
    """Passes requests on to the service; from the nth on, some are lost.

    Attributes:
        service: Where the service is.
        lost: "request": it never arrives; "answer": it is done, and nobody hears of it.
        at: The first request that goes wrong; 0: none.
    """

    service: str
    lost: str = "request"
    at: int = 0
    count: int = 0

    def answer(self, request: Request) -> Response:
        self.count += 1
        is_faulty = self.at <= self.count < self.at + _LASTS and self.at > 0
        if is_faulty and self.lost == "request":
            return Response(503, {}, b"")
        passed = self._pass_on(request)
        return Response(503, {}, b"") if is_faulty else passed

    def _pass_on(self, request: Request) -> Response:
        address = urlsplit(self.service)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=60)
        path = f"{request.path}?{request.query}" if request.query else request.path
        headers = {k: v for k, v in request.headers.items() if k not in ("transfer-encoding", "connection")}
        try:
            connection.request(request.method, path, request.body, headers)
            told = connection.getresponse()
            kept = {k: v for k, v in told.getheaders() if k.lower() not in ("connection", "content-length")}
            return Response(told.status, kept, told.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def door(deployer_service: LocalService) -> Iterator[Door]:
    """Open a door before the service."""
    made = Door(deployer_service.endpoint)
    server = Server(made.answer)
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.port}")
        yield made
    server.close()


@pytest.fixture(scope="module")
def shop(door: Door) -> Place:
    """Make a project in the service."""
    place = service_place_at("cake-releases")
    place.make_project(TARGET, {FUNCTION: make_zip("0")}, make_definition(f"{ARN}:1"))
    return place


def deploy(place: Place, number: int) -> Execution:
    """Upload a release and deploy it."""
    draft = draft_release(
        TARGET,
        release_id=make_release_id(now_ms(), str(number)),
        created_at_ms=now_ms(),
        definition=make_definition("${function_arn}", f"release {number}"),
        code=[FunctionCode(function=FUNCTION, zip=Upload.of(make_zip(str(number))))],
    )
    release = draft.finish({key: place.upload(key, bytes_of(one)) for key, one in draft.objects.items()})
    place.upload(release.key, release.to_bytes())
    handlers = make_handlers(lambda: place.ports)

    def invoke(event: object, context: object) -> object:
        try:
            return handlers(event, context)
        except Exception as error:
            message = {"errorMessage": str(error), "errorType": type(error).__name__}
            raise TaskError(type(error).__name__, json.dumps(message)) from error

    machine = StateMachine.from_file(FILE, name=NAME).set_resource_function("${function_arn}", invoke)
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=now_ms())
    return machine.execute(execution_input(release), name=release.execution_name, start=start)


def live(place: Place) -> tuple[str, str]:
    """Tell what is live: the definition's comment, and the hash of the code that it calls."""
    project = place.ports.accounts.deploy(TARGET)
    (route,) = project.machines.routes(TARGET.alias_arn)
    definition = json.loads(project.machines.describe(route.version_arn).definition)
    name, version = definition["States"]["Bake"]["Resource"].split(":")[-2:]
    return definition["Comment"], project.functions.describe(name, version).code_sha256


def _wanted(number: int) -> tuple[str, str]:
    return f"release {number}", hashlib.sha256(make_zip(str(number))).hexdigest()


def test_deploy_over_the_service_is_live(door: Door, shop: Place) -> None:
    door.at = 0
    execution = deploy(shop, 1)

    assert execution.path[-1] == "Success", execution.cause
    assert live(shop) == _wanted(1)


@pytest.mark.parametrize("lost", ["request", "answer"])
def test_what_is_lost_on_the_way_leaves_nothing_hidden_or_stuck(door: Door, shop: Place, lost: str) -> None:
    door.at, door.count = 0, 0
    deploy(shop, 2)
    problems = []
    for at in range(5, door.count, ONE_IN):
        before, number = live(shop), 1000 * (lost == "answer") + at
        door.count, door.at, door.lost = 0, at, lost
        execution = deploy(shop, number)
        door.at = 0
        item = shop.ports.table.get(TARGET.lock_key) or {}
        end = execution.path[-1]
        expected = _wanted(number) if end == "Success" else before
        if end not in ("Success", "FailureClean") or live(shop) != expected or item["owner"]:
            problems.append(f"request {at}: {end}: {execution.cause} {live(shop)} {item}")

    assert problems == []


def test_target_names_are_those_that_terraform_makes() -> None:
    target = Target(project="a", config="b", account="1" * 12, region="eu-central-1", machine="m")

    assert target.role_arn == "arn:aws:iam::111111111111:role/step-deployer-a@b"
    assert target.smoke_role_arn == f"{target.role_arn}@smoke"
    assert target.prune_role_arn == f"{target.role_arn}@prune"
    assert target.tags == {"DeployWith": "step-deployer", "ProjectName": "a", "ConfigName": "b"}
