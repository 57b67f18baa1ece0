"""The deployer itself, on the local service, through the command line: it deploys the bread, and itself.

Time is virtual there, as it is where somebody tries a deploy of a bread that bakes for half a day.
"""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from step.cli.main import main
from step.deployer.client import FunctionCode, Upload, draft_release
from step.deployer.names import Target
from step.deployer.release import Release
from tests.serving import ended, wait_for

ROOT = Path(__file__).resolve().parents[2]
ACCOUNT, OTHER, REGION = "123456789012", "222222222222", "us-east-1"
PLACES = {
    "STEP_DEPLOYER_ACCOUNTS": f"{ACCOUNT},{OTHER}",
    "STEP_DEPLOYER_BUCKET": "end-to-end",
    "STEP_DEPLOYER_EXTERNAL_ID": "end-to-end",
    "STEP_DEPLOYER_TABLE": "end-to-end",
    "STEP_DEPLOYER_REGION_BUCKETS": "eu-west-1=end-to-end-west",
}


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


Clients = Callable[[str], Any]
Step = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module", autouse=True)
def _environment(service: Running) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            patch.delenv(name)
        patch.setenv("AWS_ENDPOINT_URL", service.endpoint)
        patch.chdir(ROOT)
        yield


@pytest.fixture(scope="module")
def aws(service: Running) -> Clients:
    session = boto3.Session("local", "local", region_name=REGION)
    return lambda name: session.client(name, endpoint_url=service.endpoint)


@pytest.fixture(scope="module")
def away(service: Running, aws: Clients) -> Clients:
    """Clients of another account: whoever set it up made a role there that may do so."""
    role = f"arn:aws:iam::{OTHER}:role/admin"
    keys = aws("sts").assume_role(RoleArn=role, RoleSessionName="admin")["Credentials"]
    session = boto3.Session(
        keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], region_name=REGION
    )
    return lambda name: session.client(name, endpoint_url=service.endpoint)


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("package")
    command = [sys.executable, "-m", "step.cli.main", "package", "bread", "deployer"]
    subprocess.run(
        [*command, "--environment", "local", "--output", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_text())["functions"]
    return {name: {**one, "zip": folder / one["zip"]} for name, one in manifest.items()}


@pytest.fixture(scope="module")
def deployer(aws: Clients, packages: dict[str, Any]) -> str:
    aws("s3").create_bucket(Bucket="end-to-end")
    aws("s3").put_bucket_versioning(Bucket="end-to-end", VersioningConfiguration={"Status": "Enabled"})
    west = {"LocationConstraint": "eu-west-1"}
    aws("s3").create_bucket(Bucket="end-to-end-west", CreateBucketConfiguration=west)
    aws("s3").put_bucket_versioning(Bucket="end-to-end-west", VersioningConfiguration={"Status": "Enabled"})
    aws("dynamodb").create_table(
        TableName="end-to-end",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("key", "held")],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "held",
                "KeySchema": [{"AttributeName": "held", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["owner"]},
            }
        ],
    )
    return place(aws, packages, "step-deployer", "deployer")


@pytest.fixture
def step(capsys: pytest.CaptureFixture[str]) -> Step:
    def step(*words: str) -> tuple[int, str]:
        status = main(words)
        return status, capsys.readouterr().out

    return step


def place(aws: Clients, packages: dict[str, Any], project: str, package: str) -> str:
    """Do what Terraform's module ``project`` does: role, function, machine, alias, tags."""
    name = f"{project}-e2e"
    tags = {"DeployWith": "step-deployer", "ProjectName": project, "ConfigName": "e2e"}
    role = f"step-deployer-{project}@e2e"
    iam = aws("iam")
    try:
        role_arn = iam.create_role(RoleName=role, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    except iam.exceptions.EntityAlreadyExistsException:
        role_arn = iam.get_role(RoleName=role)["Role"]["Arn"]
    function = aws("lambda").create_function(
        FunctionName=name,
        Runtime=f"python3.{sys.version_info.minor}",
        Role=role_arn,
        Handler=packages[package]["handler"],
        Timeout=120,
        Code={"ZipFile": packages[package]["zip"].read_bytes()},
        Environment={"Variables": PLACES if package == "deployer" else {}},
        Tags=tags,
        Publish=True,
    )
    machine = aws("stepfunctions").create_state_machine(
        name=name,
        definition=definition(package, function["FunctionArn"].removesuffix(":1") + ":1"),
        roleArn=role_arn,
        publish=True,
        tags=[{"key": key, "value": value} for key, value in tags.items()],
    )
    aws("stepfunctions").create_state_machine_alias(
        name="live",
        routingConfiguration=[{"stateMachineVersionArn": machine["stateMachineVersionArn"], "weight": 100}],
    )
    return name


def definition(package: str, function: str) -> str:
    command = [sys.executable, "-m", "step.cli.main", "json", package, "--function", function]
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def words(name: str, package: str, file: Path) -> list[str]:
    """Say what is to be deployed."""
    return ["-lambda", name, "-step", name, "-states", package, "-zip", str(file)]


def started_of(aws: Clients, version: str) -> list[Any]:
    return list(aws("stepfunctions").list_executions(stateMachineArn=version)["executions"])


def live(aws: Clients, name: str, account: str = ACCOUNT) -> int:
    arn = f"arn:aws:states:{REGION}:{account}:stateMachine:{name}:live"
    alias = aws("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=arn)
    [route] = alias["routingConfiguration"]
    return int(route["stateMachineVersionArn"].rpartition(":")[2])


def test_the_deployer_deploys_the_bread_and_itself_and_goes_back(
    aws: Clients, packages: dict[str, Any], deployer: str, step: Step
) -> None:
    bread, before = place(aws, packages, "bread", "bread"), live(aws, deployer)

    def deploy(name: str, package: str) -> tuple[int, str]:
        return step("deploy", *words(name, package, packages[package]["zip"]), "--quiet")

    machine = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{bread}"
    role = f"arn:aws:iam::{ACCOUNT}:role/step-deployer-bread@e2e"
    aws("events").put_rule(Name="ordered", EventPattern=json.dumps({"source": ["shop"]}))
    target = {"Id": "1", "Arn": f"{machine}:live", "RoleArn": role, "InputPath": "$.detail"}
    aws("events").put_targets(Rule="ordered", Targets=[target])

    assert deploy(bread, "bread")[0] == 0
    event = {"Source": "shop", "DetailType": "ordered", "Detail": "{}"}
    aws("events").put_events(Entries=[event])
    # What an event starts goes with the alias.
    assert wait_for(aws("stepfunctions"), lambda: started_of(aws, f"{machine}:2"))
    assert started_of(aws, f"{machine}:1") == []
    assert deploy(deployer, "deployer")[0] == 0
    assert live(aws, bread) == 2
    assert live(aws, deployer) > before
    # By the deployer that it has deployed.
    status, said = step("rollback", "-step", bread, "--quiet")
    assert (status, live(aws, bread)) == (0, 1)
    assert said.startswith("Success: version 1 is live in bread/e2e, the lock is free.")
    assert step("lock", "-step", bread, "--reason", "closed")[0] == 0
    assert deploy(bread, "bread")[0] == 11
    assert step("unlock", "-step", bread, "--reason", "open")[0] == 0
    status, listed = step("releases", "-step", bread, "--output", "json")
    outcomes = [row["outcome"] for row in json.loads(listed)]
    assert sorted(outcomes) == ["FailureClean", "Success", "Success"]
    status, baked = step("start", f"{bread}:live", "--wait", "--quiet", "--output", "json")
    assert (status, json.loads(baked)["output"]["is_ready"]) == (0, True)


def with_deployer(zip_file: Path, text: str, to: Path) -> Path:
    """Copy a package of the deployer with other code for its handlers."""
    with zipfile.ZipFile(zip_file) as given, zipfile.ZipFile(to, "w") as stored:
        for entry in given.infolist():
            stored.writestr(entry, text if entry.filename == "deployer.py" else given.read(entry))
    return to


BROKEN = {
    "import": "import nothing_of_that_name\n",
    "handler": (ROOT / "lambda" / "deployer.py").read_text() + "\nhandlers._tasks.pop('ReleaseLock')\n",
}


def make_live(aws: Clients, name: str, code: Path) -> None:
    """Lead the deployer's alias to this code with nothing but AWS's own calls."""
    zip_bytes = code.read_bytes()
    function = aws("lambda").update_function_code(FunctionName=name, ZipFile=zip_bytes, Publish=True)
    plain, version = function["FunctionArn"].removesuffix(f":{function['Version']}"), function["Version"]
    machine = aws("stepfunctions").update_state_machine(
        stateMachineArn=plain.replace(":lambda:", ":states:").replace(":function:", ":stateMachine:"),
        # Another text, so that it is another version.
        definition=definition("deployer", f"{plain}:{version}").rstrip() + " " * (1 + live(aws, name)),
        publish=True,
    )["stateMachineVersionArn"]
    aws("stepfunctions").update_state_machine_alias(
        stateMachineAliasArn=f"{machine.rpartition(':')[0]}:live",
        routingConfiguration=[{"stateMachineVersionArn": machine, "weight": 100}],
    )


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_deployer_does_not_go_live_and_the_printed_words_lead_back_one_that_is(
    aws: Clients, packages: dict[str, Any], deployer: str, step: Step, tmp_path: Path, what: str
) -> None:
    bread = place(aws, packages, f"crumb-{what}", "bread")
    broken = with_deployer(packages["deployer"]["zip"], BROKEN[what], tmp_path / "broken.zip")
    before = live(aws, deployer)

    status, said = step("deploy", *words(deployer, "deployer", broken), "--quiet")
    by_hand = step("bootstrap", "-deployer", deployer, "-zip", str(broken))[0]

    assert (status, by_hand, live(aws, deployer)) == (10, 10, before), said
    assert "SmokeTestFailed" in said

    # Somebody makes it live all the same, twice: the version before it doesn't work either.
    make_live(aws, deployer, broken)
    make_live(aws, deployer, broken)
    status, said = step("deploy", *words(bread, "bread", packages["bread"]["zip"]), "--quiet")
    assert status == (10 if what == "import" else 20), said
    for command in re.findall(r"step ((?:bootstrap|recover) [^`\n.;]*)", said):
        done, told = step(*command.split(), *(["--quiet"] if "recover" in command else []))
        assert done == 0, (command, told)

    assert step("deploy", *words(bread, "bread", packages["bread"]["zip"]), "--quiet")[0] == 0
    lock = aws("dynamodb").get_item(
        TableName="end-to-end",
        Key={"key": {"S": f"lock#{ACCOUNT}#{REGION}#step-deployer#e2e"}},
    )["Item"]
    assert lock["owner"]["S"] == ""


def test_a_smoke_test_takes_its_time_from_the_machine(
    aws: Clients, packages: dict[str, Any], deployer: str, step: Step
) -> None:
    name = place(aws, packages, "rye", "bread")
    what = [*words(name, "bread", packages["bread"]["zip"]), "--quiet", "--smoke", "{}"]

    short, said = step("deploy", *what, "--smoke-timeout", "20")
    long, _ = step("deploy", *what, "--smoke-timeout", "86400")

    assert (short, long, live(aws, name)) == (10, 0, 2), said
    assert "still running after 20 s" in said


def test_the_same_files_in_another_zip_change_nothing(
    aws: Clients, packages: dict[str, Any], deployer: str, step: Step, tmp_path: Path
) -> None:
    name, packed = place(aws, packages, "bun", "bread"), packages["bread"]["zip"]
    assert step("deploy", *words(name, "bread", packed), "--quiet")[0] == 0
    other = tmp_path / "other.zip"
    with zipfile.ZipFile(packed) as given, zipfile.ZipFile(other, "w") as stored:
        for entry in given.infolist():
            stored.writestr(entry.filename, given.read(entry))
    assert other.read_bytes() != packed.read_bytes()

    same = step("plan", *words(name, "bread", other))
    aws("lambda").update_function_configuration(FunctionName=name, MemorySize=512)
    configured = step("plan", *words(name, "bread", other))

    assert same == (0, "Nothing would change.\n")
    assert configured[1].splitlines()[0] == f"~ function {name}/MemorySize: 128 -> 512"


def test_a_project_of_another_account_is_deployed_and_led_back(
    aws: Clients, away: Clients, packages: dict[str, Any], deployer: str, step: Step
) -> None:
    name = place(away, packages, "tart", "bread")
    place_words = ["-account", OTHER, "-project", "tart", "-config", "e2e", "--quiet"]

    status, said = step("deploy", *words(name, "bread", packages["bread"]["zip"]), *place_words)
    deployed = live(away, name, OTHER)
    back, _ = step("rollback", "-step", name, *place_words, "--to", "1")

    assert (status, deployed, back, live(away, name, OTHER)) == (0, 2, 0, 1), said


CHECKS = """
def handle(event, context):
    healthy = ":eu-west-1:" not in event["machine"]
    return {"healthy": healthy, "reason": f"{event['percent']} % are too many"}
"""


def place_twice(service: Running, aws: Clients, packages: dict[str, Any], project: str) -> list[Clients]:
    """Make a project in two regions, each with a function that analyses canaries."""
    second = boto3.Session("local", "local", region_name="eu-west-1")
    clients: list[Clients] = [aws, lambda name: second.client(name, endpoint_url=service.endpoint)]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("checks.py", CHECKS)
    for of_region in clients:
        place(of_region, packages, project, "bread")
        of_region("lambda").create_function(
            FunctionName=f"{project}-checks",
            Runtime=f"python3.{sys.version_info.minor}",
            Role=f"arn:aws:iam::{ACCOUNT}:role/step-deployer-{project}@e2e",
            Handler="checks.handle",
            Code={"ZipFile": content.getvalue()},
            Publish=True,
        )
    return clients


def live_version(of_region: Clients, region: str, name: str) -> int:
    arn = f"arn:aws:states:{region}:{ACCOUNT}:stateMachine:{name}:live"
    alias = of_region("stepfunctions").describe_state_machine_alias(stateMachineAliasArn=arn)
    [route] = alias["routingConfiguration"]
    return int(route["stateMachineVersionArn"].rpartition(":")[2])


def test_two_regions_are_deployed_one_after_the_other_and_the_first_goes_back(
    service: Running, aws: Clients, packages: dict[str, Any], deployer: str, step: Step, tmp_path: Path
) -> None:
    regions = ["us-east-1", "eu-west-1"]
    clients = place_twice(service, aws, packages, "pie")
    # Other code than what is there, which would be taken as it is.
    code = Path(shutil.copy(packages["bread"]["zip"], tmp_path))
    with zipfile.ZipFile(code, "a") as archive:
        archive.writestr("VERSION", "2")
    what = [*words("pie-e2e", "bread", code), "-region", ",".join(regions), "--quiet"]
    checked = ["-canary", "5,50", "-bake", "2m"]
    checked += ["-analysis", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:pie-checks:1"]

    def versions() -> list[int]:
        return [live_version(of, region, "pie-e2e") for of, region in zip(clients, regions, strict=True)]

    taken_back, told_clean = step("deploy", *what, *checked, "--take-back")
    after_taking_back = versions()
    stopped, told_partial = step("deploy", *what, *checked)
    after_stopping = versions()
    done, told = step("deploy", *what)

    assert (taken_back, after_taking_back) == (10, [1, 1]), told_clean
    assert "us-east-1: it was taken back, what was live is live." in told_clean
    assert (stopped, after_stopping) == (12, [2, 1]), told_partial
    assert "says no: 5 % are too many (with 5 % on " in told_partial
    assert "us-east-1: the release " in told_partial
    assert "eu-west-1: what was live is live." in told_partial
    assert (done, told) == (0, "Success: the release is live in us-east-1, eu-west-1, the locks are free.\n")
    assert versions() == [2, 2]
    copied = aws("s3").list_objects_v2(Bucket="end-to-end-west")["Contents"]
    assert "pie-e2e.zip" in {entry["Key"].rpartition("/")[2] for entry in copied}


@pytest.mark.skipif(os.environ.get("SOAK") != "1", reason="200 MB twice; SOAK=1 runs it")
def test_a_zip_of_200_mb_is_released_to_two_regions(
    service: Running, aws: Clients, packages: dict[str, Any], deployer: str, step: Step, tmp_path: Path
) -> None:
    clients = place_twice(service, aws, packages, "stollen")
    large = tmp_path / "large.zip"
    with zipfile.ZipFile(packages["bread"]["zip"]) as given, zipfile.ZipFile(large, "w") as stored:
        for entry in given.infolist():
            stored.writestr(entry, given.read(entry))
        stored.writestr("model.bin", os.urandom(200_000_000))

    status, said = step(
        "deploy", *words("stollen-e2e", "bread", large), "-region", "us-east-1,eu-west-1", "--quiet"
    )

    assert status == 0, said
    for of_region in clients:
        about = of_region("lambda").get_function_configuration(FunctionName="stollen-e2e", Qualifier="2")
        assert about["CodeSize"] == large.stat().st_size > 200_000_000


@dataclass(frozen=True)
class Client:
    """Somebody who may upload and start, and heeds none of the client's own checks."""

    aws: Clients
    target: Target
    zip_bytes: bytes

    def make(self, release_id: str, age: timedelta = timedelta()) -> Release:
        draft = draft_release(
            self.target,
            release_id=release_id,
            created_at_ms=int((datetime.now(UTC) - age).timestamp() * 1000),
            definition=definition("bread", "${function_arn}"),
            code=[FunctionCode(function=self.target.machine, zip=Upload.of(self.zip_bytes))],
        )
        release = draft.finish({key: self.put(key, one.content) for key, one in draft.objects.items()})
        self.put(release.key, release.to_bytes())
        return release

    def put(self, key: str, body: bytes | Path) -> str:
        return str(self.aws("s3").put_object(Bucket="end-to-end", Key=key, Body=body)["VersionId"])

    def deploy(self, release: Release, name: str = "") -> str:
        machines = self.aws("stepfunctions")
        arn = machines.start_execution(
            stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:step-deployer-e2e:live",
            name=name or release.execution_name,
            input=json.dumps({"release": release.to_json()}),
        )["executionArn"]
        about = ended(machines, arn)
        return f"{about.get('error', about['status'])}: {about.get('cause', '')}"


def test_a_release_that_is_replayed_changed_aged_or_from_the_future_changes_nothing(
    aws: Clients, packages: dict[str, Any], deployer: str
) -> None:
    name = place(aws, packages, "roll", "bread")
    target = Target(project="roll", config="e2e", account=ACCOUNT, region=REGION, machine=name)
    client = Client(aws, target, packages["bread"]["zip"].read_bytes())
    good, changed = client.make("good"), client.make("changed")
    client.put(changed.key, replace(changed, expect_live=f"{target.machine_arn}:7").to_bytes())
    good_end = client.deploy(good)

    with pytest.raises(aws("stepfunctions").exceptions.ExecutionAlreadyExists):
        aws("stepfunctions").start_execution(
            stateMachineArn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{deployer}:live",
            name=good.execution_name,
        )
    ends = [
        client.deploy(good, "good-again"),
        client.deploy(changed),
        client.deploy(client.make("aged", timedelta(days=11))),
        client.deploy(client.make("ahead", timedelta(hours=-1))),
    ]
    aws("stepfunctions").delete_state_machine_alias(stateMachineAliasArn=target.alias_arn)
    unaliased = client.deploy(client.make("unaliased"))

    assert good_end == "SUCCEEDED: "
    refused = "FailureClean: InvalidRelease: the release is refused:\n- "
    assert [end.removeprefix(refused).splitlines() for end in ends] == [
        ["input: the execution has to be called roll__e2e__good, as what it is started with is done once"],
        [f"{changed.key}: what was uploaded is not what this execution was started with"],
        [line for line in ends[2].removeprefix(refused).splitlines() if "11.0 days ago" in line],
        [line for line in ends[3].removeprefix(refused).splitlines() if "is in the future" in line],
    ]
    assert unaliased.startswith(
        "FailureClean: ResourceProblem: the release can't be deployed:\n- the alias 'live'"
    )
