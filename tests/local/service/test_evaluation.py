"""Others are answered while an expression is evaluated, however long that takes."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from step.durable.clocks import VirtualClock
from step.local.serving import LocalService, Options
from tests.hostile import CASES
from tests.serving import ACCOUNT, client_at

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
SOME = ("repeats of repeats", "tail calls that never end", "a text doubled", "nested doubles")


def test_machines_are_listed_while_the_host_is_busy(
    service: LocalService, sfn: Any, create: Callable[..., str]
) -> None:
    arn = create("bread", PASS)
    told: list[Any] = []

    def ask() -> None:
        told.append(sfn.list_state_machines()["stateMachines"])
        told.append(sfn.describe_state_machine(stateMachineArn=arn)["name"])

    with service.host.lock:
        asking = threading.Thread(target=ask, daemon=True)
        asking.start()
        asking.join(timeout=30)

    assert [machine["stateMachineArn"] for machine in told[0]] == [arn]
    assert told[1] == "bread"


def test_hostile_executions_end_and_the_store_opens_again(tmp_path: Path) -> None:
    cases = {case.name: case for case in CASES if case.name in SOME}
    options = Options(store=tmp_path / "store", clock=VirtualClock())
    arns: dict[str, str] = {}

    running = LocalService.start(options)
    sfn = client_at(running.endpoint, "stepfunctions")
    role = f"arn:aws:iam::{ACCOUNT}:role/baker"
    for number, case in enumerate(cases.values()):
        definition = json.dumps(case.definition)
        machine = sfn.create_state_machine(name=f"m{number}", roleArn=role, definition=definition)
        started = sfn.start_execution(
            stateMachineArn=machine["stateMachineArn"], input=json.dumps(case.input)
        )
        arns[case.name] = started["executionArn"]
    errors = {name: _ended(running, sfn, arn) for name, arn in arns.items()}
    running.close()
    reopened = LocalService.start(options)
    again = client_at(reopened.endpoint, "stepfunctions")
    kept = {name: _ended(reopened, again, arn) for name, arn in arns.items()}
    reopened.close()

    assert errors == kept == {name: case.error for name, case in cases.items()}


def _ended(service: LocalService, sfn: Any, arn: str) -> str:
    live = service.host.live(arn)
    assert live is None or live.ended.wait(120)
    return str(sfn.describe_execution(executionArn=arn)["error"])
