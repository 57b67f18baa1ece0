"""``step deploy`` and its relatives against the local service, with machines that end as a deployer may end.

What the deployer itself does is proved elsewhere; here it is what a person types, reads and exits with.
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import boto3
import pytest

from step.cli.main import main

REGION = "us-east-1"
DEFINITION = {
    "StartAt": "Greet",
    "States": {"Greet": {"Type": "Task", "Resource": "${function_arn}", "End": True}},
}
TAGS = {"DeployWith": "step-deployer", "ProjectName": "greeter", "ConfigName": "test"}
NOBODY = f"arn:aws:states:{REGION}:123456789012:activity:nobody"
CAUSE = json.dumps({"errorMessage": "somebody holds the lock", "errorType": "LockHeld"})
ENDS: dict[str, dict[str, Any]] = {
    "step-deployer-test": {"Type": "Succeed"},
    "clean": {
        "Type": "Fail",
        "Error": "FailureClean",
        "Cause": "InvalidRelease: the zip isn't what was told",
    },
    "locked": {"Type": "Fail", "Error": "FailureClean", "Cause": f"LockHeld: {CAUSE}"},
    "dirty": {"Type": "Fail", "Error": "FailureDirty", "Cause": "the alias leads nowhere: step rollback"},
    "slow": {
        "Type": "Task",
        "Resource": NOBODY,
        "End": True,
    },
    "broken": {"Type": "Fail", "Error": "States.Runtime", "Cause": "of the deployer"},
}
PLACES = {"STEP_DEPLOYER_BUCKET": "releases", "STEP_DEPLOYER_TABLE": "locks"}
Step = Callable[..., tuple[int, str, str]]


class Running(Protocol):
    @property
    def endpoint(self) -> str: ...


def zipped(text: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(zipfile.ZipInfo("handler.py"), text)
    return content.getvalue()


@pytest.fixture(scope="module")
def aws(service: Running) -> Callable[[str], Any]:
    session = boto3.Session("local", "local", region_name=REGION)
    return lambda name: session.client(name, endpoint_url=service.endpoint)


@pytest.fixture(scope="module", autouse=True)
def _project(aws: Callable[[str], Any]) -> None:
    """A project that has been deployed once, and deployers that end each in its way."""
    role = aws("iam").create_role(RoleName="any", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    s3, functions, machines = aws("s3"), aws("lambda"), aws("stepfunctions")
    for bucket in ("releases", "unversioned"):
        s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket="releases", VersioningConfiguration={"Status": "Enabled"})

    aws("dynamodb").create_table(
        TableName="locks",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
    )

    machines.create_activity(name="nobody")

    def function(name: str, **more: Any) -> str:
        made = functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="handler.handle",
            Code={"ZipFile": zipped("old")},
            Publish=True,
            **more,
        )
        return str(made["FunctionArn"])

    arn = function("greeter-test", Tags=TAGS)
    function("untagged")
    definition = json.dumps(DEFINITION).replace("${function_arn}", f"{arn.removesuffix(':1')}:1")
    for name in ("greeter-test", "unaliased"):
        made = machines.create_state_machine(
            name=name,
            definition=definition,
            roleArn=role,
            publish=True,
            tags=[{"key": key, "value": value} for key, value in TAGS.items() if name != "unaliased"],
        )
        if name != "unaliased":
            alias(machines, made["stateMachineVersionArn"])
    for name, end in ENDS.items():
        function(name, Environment={"Variables": PLACES})
        definition = json.dumps({"StartAt": "Deploy", "States": {"Deploy": end}})
        made = machines.create_state_machine(name=name, definition=definition, roleArn=role, publish=True)
        alias(machines, made["stateMachineVersionArn"])


def alias(machines: Any, version: str) -> None:
    machines.create_state_machine_alias(
        name="live", routingConfiguration=[{"stateMachineVersionArn": version, "weight": 100}]
    )


@pytest.fixture
def step(
    service: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Step:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ENDPOINT_URL", service.endpoint)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lambda.zip").write_bytes(zipped("new"))

    def step(*words: str) -> tuple[int, str, str]:
        status = main(words)
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return step


RELEASE = ["-lambda", "greeter-test", "-step", "greeter-test", "-states", json.dumps(DEFINITION)]


def releases(aws: Callable[[str], Any]) -> set[str]:
    listed = aws("s3").list_object_versions(Bucket="releases").get("Versions", [])
    return {row["Key"] for row in listed}


def test_a_deploy_uploads_a_pinned_release_and_starts_the_deployer_with_it(
    step: Step, aws: Callable[[str], Any]
) -> None:
    before = releases(aws)

    status, out, err = step("deploy", *RELEASE)

    [release_key] = [key for key in releases(aws) - before if key.endswith("release.json")]
    s3 = aws("s3")
    release = json.loads(s3.get_object(Bucket="releases", Key=release_key)["Body"].read())
    pin = release["functions"][0]["code"]
    code = s3.get_object(Bucket="releases", Key=pin["key"], VersionId=pin["version_id"])["Body"].read()
    started = aws("stepfunctions").describe_execution(
        executionArn=f"arn:aws:states:{REGION}:123456789012:execution:step-deployer-test:greeter__test__{release['release_id']}"
    )
    assert status == 0
    assert json.loads(started["input"]) == {"release": release}
    assert (release["project"], release["config"], release["account"]) == ("greeter", "test", "123456789012")
    assert code == zipped("new")
    assert f"deploying greeter/test to 123456789012 us-east-1 as {release['release_id']}" in err
    assert "  Deploy" in err
    assert out == "Success: this release is live in greeter/test, the lock is free. Nothing is left to do.\n"


def test_ctrl_c_detaches_and_the_deploy_runs_on(
    step: Step, service: Running, aws: Callable[[str], Any], tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "step.cli.main", "deploy", *RELEASE, "-deployer", "slow"]
    client = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert client.stderr is not None
    next(line for line in client.stderr if line.endswith("  Deploy\n"))
    client.send_signal(signal.SIGINT)
    out, _ = client.communicate(timeout=20)

    machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:slow"
    [running] = aws("stepfunctions").list_executions(stateMachineArn=machine)["executions"]
    assert client.returncode == 130
    assert out.startswith(f"Detached: the deploy {running['name'].rpartition('__')[2]} runs on.")
    assert running["status"] == "RUNNING"
    assert step("stop", running["executionArn"])[0] == 0


@pytest.mark.parametrize(
    ("deployer", "status", "said"),
    [
        ("clean", 10, "FailureClean: greeter/test runs what it ran before"),
        ("clean", 10, "the zip isn't what was told"),
        ("locked", 11, "Locked: greeter/test runs what it ran before. somebody holds the lock"),
        ("dirty", 20, "FailureDirty: greeter/test: the alias leads nowhere: step rollback"),
        ("broken", 20, "States.Runtime: the deploy of greeter/test broke off (of the deployer)"),
    ],
)
def test_the_exit_status_is_the_outcome_and_the_last_line_says_it(
    step: Step, deployer: str, status: int, said: str
) -> None:
    ended, out, _ = step("deploy", *RELEASE, "-deployer", deployer)

    assert ended == status
    assert said in out.splitlines()[-1]


def test_json_is_one_document_for_scripts(step: Step) -> None:
    status, out, err = step("deploy", *RELEASE, "--deployer", "clean", "--output", "json", "--quiet")

    document = json.loads(out)
    assert err == ""
    assert (status, document["exit_status"], document["outcome"]) == (10, 10, "CLEAN")
    assert document["execution"].endswith(document["release_id"])


def test_a_definition_is_a_text_a_file_or_stdin_and_words_have_one_dash_or_two(
    step: Step, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d.asl.json").write_text(json.dumps(DEFINITION))
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(DEFINITION)))

    for states in ("d.asl.json", "-"):
        words = ["--lambda", "greeter-test", "--step", "greeter-test", "--states", states]
        assert step("deploy", *words)[0] == 0


def test_a_plan_tells_code_and_states_and_uploads_nothing(step: Step, aws: Callable[[str], Any]) -> None:
    before = releases(aws)
    changed = json.loads(json.dumps(DEFINITION))
    changed["States"]["Greet"]["TimeoutSeconds"] = 5

    status, out, _ = step("plan", *RELEASE[:-1], json.dumps(changed))

    assert status == 0
    assert "+ /States/Greet/TimeoutSeconds: 5" in out
    assert re.search(r"~ function greeter-test/code: .{12} -> .{12}", out)
    assert "--expect-live arn:aws:states:us-east-1:123456789012:stateMachine:greeter-test:1" in out
    assert releases(aws) == before


def test_a_plan_of_what_is_live_is_empty(step: Step, tmp_path: Path) -> None:
    (tmp_path / "lambda.zip").write_bytes(zipped("old"))

    status, out, _ = step("plan", *RELEASE)

    assert (status, out) == (0, "Nothing would change.\n")


def test_bootstrap_deploys_without_a_deployer_and_goes_back(step: Step, aws: Callable[[str], Any]) -> None:
    words = ["-deployer", "clean", "-zip", "lambda.zip"]
    definition = json.dumps(DEFINITION)
    machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:clean"

    status, out, err = step("bootstrap", *words, "-states", definition)
    live = aws("stepfunctions").describe_state_machine(stateMachineArn=f"{machine}:2")
    back, returned, _ = step("bootstrap", *words, "--back")

    assert (status, out) == (0, f"live: {machine}:2\n")
    assert "published clean:2" in err
    assert ":function:clean:2" in live["definition"]
    assert (back, returned) == (0, f"live: {machine}:1\n")


def test_plan_says_what_starts_the_machine_and_what_releases_do_not_move(
    step: Step, aws: Callable[[str], Any]
) -> None:
    machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:greeter-test"
    role = "arn:aws:iam::123456789012:role/any"
    for name, target in (("nightly", f"{machine}:live"), ("on-upload", machine), ("pinned", f"{machine}:1")):
        aws("events").put_rule(Name=name, ScheduleExpression="rate(1 day)", State="DISABLED")
        aws("events").put_targets(Rule=name, Targets=[{"Id": "1", "Arn": target, "RoleArn": role}])

    status, out, _ = step("plan", *RELEASE)
    told = step("plan", *RELEASE, "-linear", "50", "-alarm", "a", "--output", "markdown")[1]

    assert status == 0
    assert f"! the rule on-upload starts {machine}, which releases don't move" in out
    assert f"! the rule pinned starts {machine}:1, which releases don't move" in out
    assert "nightly" not in out
    assert "| rule `nightly` | `greeter-test:live` | gets each release |" in told
    assert "| rule `on-upload` | `greeter-test` | **isn't moved by releases** |" in told
    assert "| 1 | 50 % | 5 min |" in told
    for name in ("nightly", "on-upload", "pinned"):
        aws("events").remove_targets(Rule=name, Ids=["1"])
        aws("events").delete_rule(Name=name)


BAD: list[tuple[list[str], str]] = [
    (["-lambda", "nobody"], "no function 'nobody' at http://127.0.0.1"),
    (["-lambda", "untagged"], "the function 'untagged' isn't tagged DeployWith=step-deployer"),
    (["-lambda", "../greeter"], "-lambda ../greeter: expected a name, no path and no ARN"),
    (["-lambda", "arn:aws:lambda:us-east-1:1:function:x"], "expected a name, no path and no ARN"),
    (["-step", "a/b"], "-step a/b: expected a name, no path and no ARN"),
    (["-step", "nobody"], "no state machine 'nobody'"),
    (["-step", "unaliased"], "the machine 'unaliased' has no alias 'live'"),
    (["-project", "../x"], "-project ../x: expected a name"),
    (["-config", "a b"], "-config a b: expected a name"),
    (["-account", "12"], "-account 12: expected a name, no path and no ARN: an account's id: twelve digits"),
    (["-region", "moon"], "-region moon: expected a name"),
    (["-deployer", "nobody"], "no deployer 'nobody' at http://127.0.0.1"),
    (["-bucket", "nowhere-at-all"], "no bucket 'nowhere-at-all'"),
    (["-bucket", "unversioned"], "the bucket 'unversioned' keeps no versions"),
    (["-zip", "none.zip"], "none.zip: No such file or directory"),
    (["-zip", "text.zip"], "text.zip: not a zip; `step package` makes one"),
    (["-zip", "big.zip"], "big.zip: 262,144,001 bytes; Lambda takes no more than 262,144,000"),
    (["-zip", "a.zip", "-zip", "b.zip"], "1 functions and 2 zips: give -zip for each -lambda"),
    (["-states", "none.json"], "none.json: No such file or directory"),
    (["-states", "big.json"], "the definition has 1,048,577 bytes; AWS takes no more than 1,048,576"),
    (["-states", "{}"], "definition:1: error: /: These fields are required: [States, StartAt]"),
    (["--canary", "10"], "-canary, -linear: name at least one -alarm or an -analysis"),
    (["--canary", "5,200"], "-canary 5,200: expected shares from 1 to 99, as 5,20,50"),
    (["--canary", "20,5", "-alarm", "a"], "[20, 5]: each share has to be larger than the one before"),
    (["-canary", "5", "-linear", "10"], "-canary and -linear: only one of them"),
    (["-linear", "0", "-alarm", "a"], "-linear 0: expected 1 to 99"),
    (["-linear", "10", "-every", "soon", "-alarm", "a"], "-every soon: expected a duration"),
    (["-linear", "1", "-every", "1h", "-alarm", "a"], "356,400 s are more than 129,600"),
    (["-alarm", "a"], "-alarm: only together with -canary or -linear"),
    (["-canary", "5", "-analysis", "check"], "expected the ARN of a function's version or alias"),
    (["--smoke", "{"], "--smoke: not JSON"),
    (["--expect-live", "1"], "release/expect_live: expected the ARN of a state machine's version"),
]


@pytest.mark.parametrize(("words", "said"), BAD, ids=[" ".join(words)[:40] for words, _ in BAD])
def test_bad_input_answers_2_and_starts_nothing(
    step: Step, aws: Callable[[str], Any], tmp_path: Path, words: list[str], said: str
) -> None:
    (tmp_path / "text.zip").write_text("text")
    (tmp_path / "big.json").write_text(" " * 1_048_577)
    with (tmp_path / "big.zip").open("wb") as big:
        big.truncate(262_144_001)
    given = dict(zip(RELEASE[::2], RELEASE[1::2], strict=True))
    for name in set(words[::2]) & set(given):
        del given[name]
    executions = aws("stepfunctions").list_executions
    machine = f"arn:aws:states:{REGION}:123456789012:stateMachine:step-deployer-test"
    before = len(executions(stateMachineArn=machine)["executions"])

    status, out, err = step("deploy", *[text for pair in given.items() for text in pair], *words)

    assert (status, out) == (2, "")
    assert said in err
    assert "Traceback" not in err
    assert len(executions(stateMachineArn=machine)["executions"]) == before


def test_without_tags_a_deploy_wants_to_know_whose_it_is(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    status, _, err = step("rollback", "-step", "unaliased")

    assert status == 2
    assert "give -project and -config" in err


TARGET = ["-step", "greeter-test"]


def test_a_lock_by_hand_keeps_its_reason_and_is_given_back(step: Step) -> None:
    locked, out, _ = step("lock", *TARGET, "--reason", "closed", "--hours", "2")
    again, told, _ = step("lock", *TARGET, "--reason", "still closed", "--output", "json")
    free, said, _ = step("unlock", *TARGET, "--reason", "open", "--output", "json")

    assert (locked, again, free) == (0, 0, 0)
    assert re.fullmatch(r"locked by \S+ until 20.*Z: closed\n", out)
    held, given = json.loads(told), json.loads(said)
    assert (held["owner"].partition(":")[0], held["reason"], held["until_ms"]) == (
        "human",
        "still closed",
        None,
    )
    assert (given["owner"], given["phase"], given["reason"]) == ("", "FREE", "")
    assert (held["fence"], given["fence"]) == (2, 2)


def test_a_deploy_s_lock_is_no_person_s_to_give_back(step: Step, aws: Callable[[str], Any]) -> None:
    key = "lock#123456789012#us-east-1#greeter#other"
    owner = "arn:aws:states:us-east-1:123456789012:execution:step-deployer-test:r"
    words = [
        "-step",
        "greeter-test",
        "-project",
        "greeter",
        "-config",
        "other",
        "-deployer",
        "step-deployer-test",
    ]
    item = {"key": {"S": key}, "owner": {"S": owner}, "fence": {"N": "7"}, "phase": {"S": "STAGING"}}
    aws("dynamodb").put_item(TableName="locks", Item=item)

    taken = step("lock", *words, "--reason", "mine")
    given = step("unlock", *words, "--reason", "mine")

    assert [status for status, _, _ in (taken, given)] == [11, 11]
    assert f"{owner} holds the lock" in taken[2]
    assert "the next deploy takes it over" in given[2]
    assert aws("dynamodb").get_item(TableName="locks", Key={"key": {"S": key}})["Item"] == item


def test_deploys_are_halted_with_a_reason_and_resumed(step: Step) -> None:
    halted, out, _ = step("halt", *TARGET, "--reason", "pale bread", "--output", "json")
    resumed, said, _ = step("halt", *TARGET, "--resume")

    assert (halted, resumed) == (0, 0)
    assert json.loads(out)["halt"]["why"] == "pale bread"
    assert said == "deploys may go on\n"
    assert step("halt", *TARGET)[0] == 2


def test_releases_are_listed_with_what_became_of_them(step: Step, aws: Callable[[str], Any]) -> None:
    _, out, _ = step("deploy", *RELEASE, "--output", "json", "--quiet")
    release_id = json.loads(out)["release_id"]
    record = {"key": f"release#123456789012#us-east-1#greeter#test#{release_id}", "outcome": "Success"}
    aws("dynamodb").put_item(
        TableName="locks", Item={name: {"S": text} for name, text in {**record, "version": "m:2"}.items()}
    )

    status, listed, _ = step("releases", *TARGET, "--limit", "1", "--output", "json")
    _, table, _ = step("releases", *TARGET)

    assert status == 0
    [newest] = json.loads(listed)
    # Two releases of one second have no order.
    assert newest["release_id"].partition("-")[0] >= release_id.partition("-")[0]
    _, listed, _ = step("releases", *TARGET, "--output", "json")
    [row] = [row for row in json.loads(listed) if row["release_id"] == release_id]
    assert (row["outcome"], row["version"]) == ("Success", "m:2")
    assert table.splitlines()[0].split() == ["release", "outcome", "version", "cause"]


def test_pruning_and_recovering_are_executions_of_the_deployer(step: Step, aws: Callable[[str], Any]) -> None:
    pruned, out, _ = step("prune", *TARGET, "--keep", "5", "--output", "json", "--quiet")
    step("start", "dirty", "--name", "r-1")
    recovered, _, err = step("recover", "r-1")

    execution = json.loads(out)["execution"]
    started = aws("stepfunctions").describe_execution(executionArn=execution)
    assert (pruned, recovered) == (0, 20)
    assert json.loads(started["input"])["prune"]["keep"] == 5
    assert "Deploy" in err
