"""The places that the deployer's ports lead to: memory, and the local service through boto3."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pytest

from step.aws.deployer import ACCOUNTS, BUCKET, EXTERNAL_ID, TABLE, make_ports
from step.deployer.names import Target
from step.deployer.ports import Ports
from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.deployer.memory_aws import DEPLOYER_ACCOUNT, DEPLOYER_REGION, MemoryAws, MemorySignatures

KEY = f"arn:aws:kms:{DEPLOYER_REGION}:{DEPLOYER_ACCOUNT}:key/"
HOME = Target(
    project="bread",
    config="test",
    account=DEPLOYER_ACCOUNT,
    region=DEPLOYER_REGION,
    machine="bread-test",
)


@dataclass
class Place:
    """Somewhere the ports lead to.

    Attributes:
        ports: The ports.
        upload: Puts an object into the release bucket; gives its version.
        make_project: Makes what Terraform makes: functions with a version each, by name and zip; a machine
            with a definition, a version and an alias.
        ring: Sets the state of an alarm.
        keys: The ARNs of two keys of KMS.
        sign: Signs a SHA-256 with one of them.
    """

    ports: Ports
    upload: Callable[[str, bytes], str]
    make_project: Callable[[Target, Mapping[str, bytes], str], None]
    ring: Callable[[str, str], None]
    keys: tuple[str, str]
    sign: Callable[[str, bytes], bytes]


@pytest.fixture(params=["memory", "service"], scope="module")
def place(request: pytest.FixtureRequest) -> Place:
    """Give each place in turn."""
    if request.param == "memory":
        aws = MemoryAws()

        def ring(alarm: str, state: str) -> None:
            aws.alarm_states[alarm] = state

        keys = (f"{KEY}1", f"{KEY}2")
        return Place(aws.ports(), aws.upload, aws.make_project, ring, keys, MemorySignatures.sign)
    made: Place = request.getfixturevalue("service_place")
    return made


@pytest.fixture(scope="session")
def deployer_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalService]:
    """Run a local service for the whole session."""
    store = tmp_path_factory.mktemp("deployer") / "store"
    service = LocalService.start(Options(store=store, clock=VirtualClock()))
    yield service
    service.close()


@pytest.fixture(scope="module")
def service_place(deployer_service: LocalService, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Make a bucket and a table in the local service; the environment leads there meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_ENDPOINT_URL", deployer_service.endpoint)
        yield service_place_at(request.path.stem.replace("_", "-"))


def service_place_at(name: str) -> Place:
    """Make a bucket and a table of this name where the environment leads."""
    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name=DEPLOYER_REGION
    )
    s3, dynamodb = session.client("s3"), session.client("dynamodb")
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("key", "held")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "held",
                "KeySchema": [{"AttributeName": "held", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["owner"]},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    ports = make_ports(
        session, {ACCOUNTS: DEPLOYER_ACCOUNT, BUCKET: name, TABLE: name, EXTERNAL_ID: "between us"}
    )

    def upload(key: str, content: bytes) -> str:
        return str(s3.put_object(Bucket=name, Key=key, Body=content)["VersionId"])

    def ring(alarm: str, state: str) -> None:
        cloudwatch = session.client("cloudwatch")
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            MetricName="ExecutionsFailed",
            Namespace="AWS/States",
            Period=60,
            EvaluationPeriods=1,
            Threshold=1,
            ComparisonOperator="GreaterThanThreshold",
            Statistic="Sum",
        )
        cloudwatch.set_alarm_state(AlarmName=alarm, StateValue=state, StateReason="the test says so")

    kms = session.client("kms")
    made = [kms.create_key(KeyUsage="SIGN_VERIFY", KeySpec="ECC_NIST_P256")["KeyMetadata"] for _ in range(2)]

    def sign(key: str, digest: bytes) -> bytes:
        signed = kms.sign(KeyId=key, Message=digest, MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256")
        return bytes(signed["Signature"])

    return Place(
        ports,
        upload,
        lambda *what: _make_project(session, *what),
        ring,
        (made[0]["Arn"], made[1]["Arn"]),
        sign,
    )


def _make_project(session: Any, target: Target, code: Mapping[str, bytes], definition: str) -> None:
    functions, machines = session.client("lambda"), session.client("stepfunctions")
    for name, content in code.items():
        functions.create_function(
            FunctionName=name,
            Runtime="python3.11",
            Handler="handler.handle",
            Role=f"arn:aws:iam::{target.account}:role/{name}",
            Code={"ZipFile": content},
            Tags=target.tags,
            Publish=True,
        )
    made = machines.create_state_machine(
        name=target.machine,
        definition=definition,
        roleArn=f"arn:aws:iam::{target.account}:role/{target.machine}",
        publish=True,
        tags=[{"key": key, "value": value} for key, value in target.tags.items()],
    )
    machines.create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}],
    )


def make_zip(text: str) -> bytes:
    """Make a zip with a handler that returns a text."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), f"def handle(event, context):\n    return {text!r}\n")
    return written.getvalue()


def make_definition(arn: str, comment: str = "the first") -> str:
    """Write a definition with one task."""
    task = {"Type": "Task", "Resource": arn, "TimeoutSeconds": 9, "End": True}
    return json.dumps({"Comment": comment, "StartAt": "Bake", "States": {"Bake": task}})
