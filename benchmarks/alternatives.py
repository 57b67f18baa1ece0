"""What emulators of Step Functions answer to the same questions: python -m benchmarks.alternatives.

Prints the table of docs/comparison.md. Each is asked through boto3 at its endpoint, as its users ask it.
"""

from __future__ import annotations

import json
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from benchmarks.service_processes import PEERS, ministack, peer_output, process, step_serve

ROLE = "arn:aws:iam::123456789012:role/any"
SECONDS = 12.0
Question = Callable[[Any], object]


def ended(client: Any, definition: dict[str, Any], given: object = None) -> Any:
    """Run a definition to its end; give its description.

    Raises:
        TimeoutError: it hasn't ended in time.
    """
    name = f"m{monotonic():.6f}".replace(".", "")
    made = client.create_state_machine(name=name, definition=json.dumps(definition), roleArn=ROLE)
    started = client.start_execution(stateMachineArn=made["stateMachineArn"], input=json.dumps(given or {}))
    return at_its_end(client, started["executionArn"])


def at_its_end(client: Any, arn: str) -> Any:
    until = monotonic() + SECONDS
    while monotonic() < until:
        found = client.describe_execution(executionArn=arn)
        if found["status"] != "RUNNING":
            return found
        sleep(0.05)
    raise TimeoutError(f"still running after {SECONDS:.0f} s")


def output(client: Any, definition: dict[str, Any], given: object = None) -> Any:
    found = ended(client, definition, given)
    return json.loads(found.get("output") or "null")


def jsonata(client: Any) -> bool:
    state = {"Type": "Pass", "Output": "{% $sum($states.input.prices) %}", "End": True}
    machine = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
    return bool(output(client, machine, {"prices": [1, 2, 39]}) == 42)


def variables(client: Any) -> bool:
    first = {"Type": "Pass", "Assign": {"x.$": "$.n"}, "Next": "B"}
    second = {"Type": "Pass", "Parameters": {"n.$": "$x"}, "End": True}
    return bool(output(client, {"StartAt": "A", "States": {"A": first, "B": second}}, {"n": 7}) == {"n": 7})


def an_hour(client: Any) -> bool:
    machine = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    found = ended(client, machine)
    return bool((found["stopDate"] - found["startDate"]).total_seconds() >= 3600)


def distributed_map(client: Any) -> bool:
    inner = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I",
        "States": {"I": {"Type": "Pass", "End": True}},
    }
    state = {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": True}
    found = ended(client, {"StartAt": "M", "States": {"M": state}}, {"items": [1, 2, 3]})
    runs = client.list_map_runs(executionArn=found["executionArn"])["mapRuns"]
    children = client.list_executions(mapRunArn=runs[0]["mapRunArn"])["executions"]
    return len(children) == 3


def redrive(client: Any) -> bool:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": {"FunctionName": "none"},
    }
    found = ended(client, {"StartAt": "T", "States": {"T": {**task, "End": True}}})
    client.redrive_execution(executionArn=found["executionArn"])
    at_its_end(client, found["executionArn"])
    events = client.get_execution_history(executionArn=found["executionArn"])["events"]
    return "ExecutionRedriven" in {event["type"] for event in events}


def test_state(client: Any) -> bool:
    state = {"Type": "Pass", "Parameters": {"n.$": "$.n"}, "End": True}
    answer = client.test_state(definition=json.dumps(state), roleArn=ROLE, input='{"n": 7}')
    return bool(json.loads(answer["output"]) == {"n": 7})


def validation(client: Any) -> bool:
    wrong = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}})
    answer = client.validate_state_machine_definition(definition=wrong)
    codes = {told["code"] for told in answer["diagnostics"]}
    return "MISSING_TRANSITION_TARGET" in codes


def refusal(client: Any) -> bool:
    wrong = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "Nowhere"}}})
    try:
        client.create_state_machine(name="wrong", definition=wrong, roleArn=ROLE)
    except client.exceptions.InvalidDefinition:
        return True
    return False


def alias(client: Any) -> bool:
    machine = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    made = client.create_state_machine(name="aliased", definition=machine, roleArn=ROLE, publish=True)
    route = [{"stateMachineVersionArn": made["stateMachineVersionArn"], "weight": 100}]
    live = client.create_state_machine_alias(name="live", routingConfiguration=route)["stateMachineAliasArn"]
    started = client.start_execution(stateMachineArn=live)["executionArn"]
    return bool(at_its_end(client, started).get("stateMachineAliasArn") == live)


def nested_intrinsics(client: Any) -> bool:
    formula = "States.Format('{}', States.MathAdd(States.ArrayLength($.items), 1))"
    state = {"Type": "Pass", "Parameters": {"x.$": formula}, "End": True}
    return bool(output(client, {"StartAt": "A", "States": {"A": state}}, {"items": [1, 2]}) == {"x": "3"})


def one_of_an_array(client: Any) -> bool:
    state = {"Type": "Pass", "Parameters": {"x.$": "$.books[0].title"}, "End": True}
    machine = {"StartAt": "A", "States": {"A": state}}
    return bool(output(client, machine, {"books": [{"title": "Bread"}]}) == {"x": "Bread"})


QUESTIONS: dict[str, Question] = {
    "JSONata is evaluated": jsonata,
    "variables (`Assign`)": variables,
    "intrinsic functions in each other": nested_intrinsics,
    "`$.books[0].title` is one value": one_of_an_array,
    "a Wait of an hour is jumped over": an_hour,
    "a distributed Map has a Map Run and children": distributed_map,
    "RedriveExecution": redrive,
    "TestState": test_state,
    "ValidateStateMachineDefinition, with AWS's code": validation,
    "a transition to nowhere is refused": refusal,
    "versions and aliases; a start by alias": alias,
}


def ask(endpoint: str) -> list[str]:
    """Put every question to an endpoint."""
    client = boto3.client(
        "stepfunctions",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=30),
    )
    return [answer(question, client) for question in QUESTIONS.values()]


def answer(question: Question, client: Any) -> str:
    try:
        return "yes" if question(client) else "no"
    except ClientError as error:
        return f"no: {error.response['Error']['Code']}"
    except (BotoCoreError, TimeoutError, KeyError, IndexError, ValueError) as error:
        return f"no: {type(error).__name__}"


@contextmanager
def moto_server() -> Iterator[str]:
    """Run moto's server, with its interpreter on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    with process([sys.executable, "-m", "moto.server", "-p", str(port)]):
        until = monotonic() + 60
        config = Request(
            f"{endpoint}/moto-api/config",
            data=b'{"stepfunctions": {"execute_state_machine": true}}',
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        while True:
            try:
                urlopen(config, timeout=10).close()
                break
            except OSError:
                if monotonic() > until:
                    raise
                sleep(0.1)
        yield endpoint


def main() -> int:
    columns: dict[str, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder, step_serve(Path(folder), "--clock", "virtual") as service:
        columns["step"] = ask(service.endpoint)
    with moto_server() as endpoint:
        columns[f"moto {version('moto')}"] = ask(endpoint)
    if (PEERS / "bin" / "ministack").exists():
        program = "from importlib.metadata import version; print(version('ministack'))"
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(program)
            file.flush()
            told = peer_output(Path(file.name)).strip()
        with ministack() as peer:
            columns[f"MiniStack {told}"] = ask(peer.endpoint)
    print("| asked | " + " | ".join(columns) + " |")
    print("| --- |" + " --- |" * len(columns))
    for title, row in zip(QUESTIONS, zip(*columns.values(), strict=True), strict=True):
        print(f"| {title} | " + " | ".join(row) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
