"""Code under trial finds this service and no account, and other machines only where an option names them."""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from step.durable.store_folder import hold
from step.local.boundary import Boundary
from step.served import ADDRESS, DEFAULT_STORE
from tests.serving import ACCOUNT, ServeProcess

# Every way out that a handler has without meaning to; what it answers says where that led.
CODE = """
import os, socket, urllib.request
import boto3
from botocore.config import Config

EARLY = boto3.client("dynamodb")
FAR = "https://dynamodb.us-east-1.amazonaws.com"


def bare(region=None, **more):
    return boto3.client("dynamodb", region_name=region, **more).list_tables()["TableNames"]


def sync():
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:none"
    boto3.client("stepfunctions").start_sync_execution(stateMachineArn=arn)


def key(credentials):
    return credentials.access_key if credentials else None


WAYS = {
    "made at import": lambda: EARLY.list_tables()["TableNames"],
    "client": bare,
    "resource": lambda: [table.name for table in boto3.resource("dynamodb").tables.all()],
    "session": lambda: boto3.Session().client("dynamodb").list_tables()["TableNames"],
    "another region": lambda: bare("eu-central-1"),
    "own keys": lambda: bare(aws_access_key_id="AKIAMINE", aws_secret_access_key="mine"),
    "bucket": lambda: boto3.client("s3").create_bucket(Bucket="mine") and "made",
    "host prefix": sync,
    "queues": lambda: boto3.client("sqs").list_queues().get("QueueUrls", []),
    "endpoint": lambda: bare(endpoint_url=FAR),
    "ignored": lambda: bare(config=Config(ignore_configured_endpoint_urls=True)),
    "profile": lambda: boto3.Session(profile_name="real").client("dynamodb").list_tables(),
    "web": lambda: urllib.request.urlopen("https://example.com").status,
    "address": lambda: socket.create_connection(("192.0.2.1", 80), 5),
    "name": lambda: socket.gethostbyname("example.com"),
    "datagram": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"", ("192.0.2.1", 53)),
    "metadata": lambda: urllib.request.urlopen("http://169.254.169.254/latest/meta-data/").status,
    "keys": lambda: key(boto3.Session().get_credentials()),
    "variables": lambda: sorted(name for name, text in os.environ.items() if "REAL" in text),
}


def tried(way):
    try:
        return WAYS[way]()
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def handler(event, context):
    return {way: tried(way) for way in WAYS}
"""
REAL = """
[profile real]
region = us-east-1
endpoint_url = https://dynamodb.us-east-1.amazonaws.com
aws_access_key_id = AKIAREAL
aws_secret_access_key = REAL
"""
FARAWAY = "api.execute-api.us-east-1.amazonaws.com"
ASK = {
    "apigateway": {
        "Type": "Task",
        "Resource": "arn:aws:states:::apigateway:invoke",
        "Parameters": {"ApiEndpoint": FARAWAY, "Method": "GET", "Stage": "prod", "AuthType": "IAM_ROLE"},
        "End": True,
    },
    "http": {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": f"https://{FARAWAY}/prod?secret=1",
            "Method": "GET",
            "Authentication": {"ConnectionArn": f"arn:aws:events:us-east-1:{ACCOUNT}:connection/c/1"},
        },
        "End": True,
    },
}


class Running:
    """A service in the environment of somebody who has an account, and a proxy that mustn't be asked."""

    def __init__(self, folder: Path, *options: str) -> None:
        (folder / "home" / ".aws").mkdir(parents=True)
        (folder / "home" / ".aws" / "config").write_text(REAL)
        (folder / "home" / ".aws" / "credentials").write_text(REAL.replace("profile ", ""))
        (folder / "lambda").mkdir()
        (folder / "lambda" / "served.py").write_text(CODE)
        self.proxy = socket.create_server(("127.0.0.1", 0))
        self.proxy.setblocking(False)
        proxy = f"http://127.0.0.1:{self.proxy.getsockname()[1]}"
        self.environment = {
            "HOME": str(folder / "home"),
            "AWS_PROFILE": "real",
            "AWS_ACCESS_KEY_ID": "AKIAREAL",
            "AWS_SECRET_ACCESS_KEY": "REAL",
            "AWS_SESSION_TOKEN": "REAL",
            "AWS_ENDPOINT_URL_DYNAMODB": "https://dynamodb.us-east-1.amazonaws.com/REAL",
            "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true",
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"{proxy}/REAL",
            "AWS_REGION": "us-east-1",
            "HTTPS_PROXY": proxy,
            "http_proxy": proxy,
        }
        self.service = ServeProcess(folder, "--handlers", "lambda", *options, environment=self.environment)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("out.py", CODE)
        self.client("lambda").create_function(
            FunctionName="deployed",
            Runtime=f"python3.{sys.version_info.minor}",
            Role=f"arn:aws:iam::{ACCOUNT}:role/r",
            Handler="out.handler",
            Timeout=60,
            Code={"ZipFile": packed.getvalue()},
            Environment={"Variables": {"AWS_ENDPOINT_URL_SQS": "https://sqs.us-east-1.amazonaws.com"}},
        )

    def client(self, name: str) -> Any:
        return self.service.client(name)

    def end(self) -> None:
        self.service.stop()
        self.proxy.close()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    started = Running(tmp_path_factory.mktemp("service"))
    started.client("dynamodb").create_table(
        TableName="near",
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    yield started
    started.end()


@pytest.mark.parametrize("function", ["served", "deployed"])
def test_every_way_out_leads_to_the_service_or_to_a_sentence(running: Running, function: str) -> None:
    answer = running.client("lambda").invoke(FunctionName=function)
    found = json.loads(answer["Payload"].read())

    def sentence(host: str) -> str:
        return f"{host} isn't this machine, and nothing else is called by accident"

    for way in ("made at import", "client", "resource", "session"):
        assert found[way] == ["near"], way
    assert found["another region"] == []
    assert found["own keys"] in (["near"], [])
    assert found["bucket"] == "made"
    assert "StateMachineDoesNotExist" in found["host prefix"]
    for way in ("endpoint", "ignored"):
        assert sentence("dynamodb.us-east-1.amazonaws.com") in found[way]
        assert "--allow-host dynamodb.us-east-1.amazonaws.com" in found[way]
    if function == "served":
        assert found["queues"] == []
    else:
        # What the function's own configuration says is heard, and leads nowhere.
        assert sentence("sqs.us-east-1.amazonaws.com") in found["queues"]
    assert "ProfileNotFound" in found["profile"]
    assert sentence("example.com") in found["web"]
    assert sentence("example.com") in found["name"]
    assert sentence("192.0.2.1") in found["address"]
    assert sentence("192.0.2.1") in found["datagram"]
    assert sentence("169.254.169.254") in found["metadata"]
    assert found["keys"] not in (None, "AKIAREAL")
    assert found["variables"] == []
    with pytest.raises(BlockingIOError):
        running.proxy.accept()


@pytest.mark.parametrize("is_served", [True, False])
def test_step_run_with_env_local_reaches_the_service_alone(
    running: Running, is_served: bool, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    states = {name: {"Type": "TaskFn", "End": True} for name in ("Try",)}
    (tmp_path / "m.asl.json").write_text(json.dumps({"StartAt": "Try", "States": states}))
    handlers = "from step import TaskHandlers\nhandlers = TaskHandlers()\n"
    task = "@handlers.task('Try')\ndef answer(event: object) -> object:\n    return handler(event, None)\n"
    (tmp_path / "m.py").write_text(CODE + handlers + task)
    if is_served:
        service = running.service
        about = {"endpoint": service.endpoint, "viewer": service.viewer, "pid": service.pid}
        request.addfinalizer(hold(tmp_path / DEFAULT_STORE).close)
        (tmp_path / DEFAULT_STORE / ADDRESS).write_text(json.dumps(about))
    environment = {**running.environment, "ENV": "local", "PATH": os.environ["PATH"]}
    words = ["run", "m.asl.json", "--handlers", "m.py", "--output", "json", "--quiet"]

    done = subprocess.run(
        [sys.executable, "-m", "step.cli.main", *words],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )

    found = json.loads(done.stdout)["output"]
    if is_served:
        assert found["made at import"] == found["client"] == ["near"]
    else:
        assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"' in found["client"]
    for way in ("endpoint", "ignored", "web"):
        assert "isn't this machine" in found[way]
    assert (found["keys"], found["variables"]) == ("local", [])
    with pytest.raises(BlockingIOError):
        running.proxy.accept()


@pytest.mark.parametrize("kind", ASK)
def test_a_task_of_another_host_fails_with_a_sentence(running: Running, kind: str) -> None:
    machines = running.client("stepfunctions")
    machine = machines.create_state_machine(
        name=kind,
        definition=json.dumps({"StartAt": "Ask", "States": {"Ask": ASK[kind]}}),
        roleArn=f"arn:aws:iam::{ACCOUNT}:role/r",
        type="EXPRESS",
    )

    ended = machines.start_sync_execution(stateMachineArn=machine["stateMachineArn"])

    assert ended["status"] == "FAILED"
    assert f"GET https://{FARAWAY}/prod wasn't sent: {FARAWAY} isn't this machine" in ended["cause"]
    assert f"--allow-host {FARAWAY}" in ended["cause"]
    with pytest.raises(BlockingIOError):
        running.proxy.accept()


def test_the_account_is_there_for_served_handlers_that_it_was_allowed_to(tmp_path: Path) -> None:
    code = "import os\ndef handler(event, context): return os.environ.get('AWS_ACCESS_KEY_ID')\n"
    running = Running(tmp_path, "--allow-aws", "--allow-host", "*.example.com")
    (tmp_path / "lambda" / "key.py").write_text(code)
    try:
        functions = running.client("lambda")
        key = json.loads(functions.invoke(FunctionName="key")["Payload"].read())
        deployed = json.loads(functions.invoke(FunctionName="deployed")["Payload"].read())
    finally:
        running.end()

    assert key == "AKIAREAL"
    assert deployed["variables"] == []
    assert "dynamodb.us-east-1.amazonaws.com isn't this machine" in deployed["endpoint"]


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.0.0.1",
        "127.8.9.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
    ],
)
def test_this_machine_is_called(host: str) -> None:
    assert Boundary([]).refusal(host) is None


@pytest.mark.parametrize(
    "host",
    ["example.com", "localhost.example.com", "127.0.0.1.nip.io", "10.0.0.1", "fe80::1", "::ffff:8.8.8.8"],
)
def test_another_machine_is_not(host: str) -> None:
    refusal = Boundary([]).refusal(host)

    assert refusal is not None
    assert refusal.endswith(f"step's option --allow-host {host} allows it")


def test_an_allowed_host_is_called_by_name_and_where_it_was_found() -> None:
    boundary = Boundary(["*.Example.com", "10.0.0.1"])

    boundary.found("api.example.com", iter(["192.0.2.7"]))
    boundary.found("example.org", iter(["192.0.2.8"]))

    for host in ("api.example.com", "API.EXAMPLE.COM.", "10.0.0.1", "192.0.2.7"):
        assert boundary.refusal(host) is None
    for host in ("example.com", "example.com.evil.org", "192.0.2.8", "10.0.0.2"):
        assert boundary.refusal(host) is not None
    assert Boundary(["*"]).refusal("192.0.2.1") is None
