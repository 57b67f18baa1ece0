"""The least policy of a machine's role: with it a run succeeds, with any statement less it fails.

The definitions are data: each state goes on with the next one. Runs are in process; every call of a service
is judged by the evaluation of policies, and so is what AWS asks besides ("besides": the rules of ``.sync``,
the jobs that it looks at, logs, child executions).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from step import StateMachine
from step.errors import TaskError
from step.iam.evaluation import AccessRequest, Identity, evaluate
from step.iam.needs import ApiCall, Home, Need
from step.iam.policy import Policy
from step.iam.supplement import needs_of
from step.iam.table import prefix_of_integration
from step.jsonvalue import JSONObject
from step.machine.role_policy import RoleStatement, machine_needs, statements, to_json, to_terraform
from step.runtime.services import HttpAnswer, HttpRequest, Refusal, ServiceAnswer, ServiceCall, Unreachable

CASES = json.loads(Path(__file__).with_name("role_policies.json").read_text(encoding="utf-8"))
ACCOUNT = "123456789012"
HOME = Home("aws", "us-east-1", ACCOUNT)
NAME = "m"
SECRET = f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:events!connection/mill/5678"
# What a connection is used with.
HTTP = (
    f"events:RetrieveConnectionCredentials arn:aws:events:us-east-1:{ACCOUNT}:connection/mill/1234",
    f"secretsmanager:GetSecretValue {SECRET}",
    f"secretsmanager:DescribeSecret {SECRET}",
)


def chained(states: Mapping[str, Any]) -> JSONObject:
    """Let each state go on with the next one; states in states too."""
    names = list(states)
    done: dict[str, Any] = {}
    for number, (name, state) in enumerate(states.items()):
        state = dict(state)
        if "Branches" in state:
            state["Branches"] = [chained(branch) for branch in state["Branches"]]
        if "ItemProcessor" in state:
            inner = dict(state["ItemProcessor"])
            state["ItemProcessor"] = {**inner, **chained(inner.pop("states"))}
            del state["ItemProcessor"]["states"]
        is_last = number + 1 == len(names)
        done[name] = {**state, **({"End": True} if is_last else {"Next": names[number + 1]})}
    return {"StartAt": names[0], "States": done}


class Judge:
    """AWS's services, which do nothing but ask for permissions."""

    def __init__(self, policy: Policy) -> None:
        self.refused = ""
        self._identity = Identity(
            kind="role",
            arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s",
            account=ACCOUNT,
            role_arn=f"arn:aws:iam::{ACCOUNT}:role/r",
            policies=(policy,),
        )

    def refusal(self, need: Need) -> str:
        asked = AccessRequest(action=need.action, resource=need.resource, context=need.keys)
        words = evaluate(self._identity, asked)
        self.refused = self.refused or words
        return words

    def besides(self, text: str) -> str:
        """Judge "action resource", perhaps with the service that a role is handed to."""
        action, resource, *passed = text.split()
        keys = {"iam:passedtoservice": passed[0]} if passed else {}
        return self.refusal(Need(action=action, resource=resource, keys=keys))

    def call(self, call: ServiceCall) -> ServiceAnswer | Refusal:
        service, operation = prefix_of_integration(call.service), call.action[:1].upper() + call.action[1:]
        made = ApiCall(service=service, operation=operation, parameters=call.parameters, home=HOME)
        needs = needs_of(made)
        if call.role is not None:
            needs = [Need(action="sts:AssumeRole", resource=call.role)]
        refused = [words for need in needs if not need.falls_back and (words := self.refusal(need))]
        if refused:
            return Refusal("Any", "AccessDeniedException", refused[0])
        return ServiceAnswer(
            {"Payload": "{}", "FailedEntryCount": 0} if service in ("lambda", "events") else {}
        )

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        if request.auth == "IAM_ROLE":
            refused = self.besides(
                f"execute-api:Invoke arn:aws:execute-api:us-east-1:{ACCOUNT}:abc/live/{request.method}/loaves"
            )
        else:
            keys = {"states:httpmethod": request.method, "states:httpendpoint": request.url}
            invoke = Need(
                action="states:InvokeHTTPEndpoint",
                resource=f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}",
                keys=keys,
            )
            refused = self.refusal(invoke) or next(filter(None, map(self.besides, HTTP)), "")
        return Unreachable("", refused) if refused else HttpAnswer(200, "OK", {}, b"{}")


def run(case: Mapping[str, Any], policy: list[RoleStatement]) -> str:
    """Make the machine, run it to its end; "" or what was refused."""
    judge = Judge(Policy.from_json(to_json(policy)))
    refused = next(filter(None, map(judge.besides, case.get("besides", ()))), "")
    if refused:
        return refused
    machine = StateMachine.from_json(chained(case["states"])).set_services(judge)
    machine.set_objects({"bread/items.json": "[1]"})
    for state, resource in machine.tasks.items():
        if ".sync" in resource or ":activity:" in resource:
            machine.set_resource_function(state, {})
        if resource.endswith(".waitForTaskToken"):
            machine.set_callback(state, asked(judge))
    execution = machine.execute(case.get("input", {}))
    return "" if execution.status == "SUCCEEDED" else judge.refused


def asked(judge: Judge) -> Callable[[Any, Any], Any]:
    def send(parameters: Any, answers: Any) -> Any:
        told = judge.call(ServiceCall("sqs", "sendMessage", parameters))
        if isinstance(told, Refusal):
            raise TaskError("SQS.AccessDenied", told.message)
        answers.success({}, after=0)
        return {}

    return send


def least(case: Mapping[str, Any]) -> list[RoleStatement]:
    machine = StateMachine.from_json(chained(case["states"]))
    options = {name: case[name] for name in ("has_logging", "has_tracing") if name in case}
    needs = machine_needs(machine.definition, HOME, NAME, **options)
    return statements([*needs.setup, *needs.work])


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_policy_is_enough_and_no_statement_is_too_much(case: dict[str, Any]) -> None:
    policy = least(case)

    assert policy != []
    assert run(case, policy) == ""
    for number, statement in enumerate(policy):
        rest = [*policy[:number], *policy[number + 1 :]]
        assert "is not authorized to perform" in run(case, rest or [nothing(statement)]), statement.sid


def nothing(statement: RoleStatement) -> RoleStatement:
    """A statement that allows nothing that anybody asks for: a policy has one at least."""
    return replace(statement, actions=("none:None",))


def test_there_are_definitions_enough() -> None:
    assert len(CASES) >= 50


@pytest.mark.parametrize("case", CASES, ids=[case["about"] for case in CASES])
def test_no_action_and_no_resource_of_a_statement_is_too_much(case: dict[str, Any]) -> None:
    policy = least(case)

    for number, statement in enumerate(policy):
        for less in lessened(statement):
            changed = [*policy[:number], less, *policy[number + 1 :]]
            assert "is not authorized to perform" in run(case, changed), less


def lessened(statement: RoleStatement) -> list[RoleStatement]:
    fewer = []
    if len(statement.actions) > 1:
        fewer += [
            replace(statement, actions=tuple(a for a in statement.actions if a != one))
            for one in statement.actions
        ]
    if len(statement.resources) > 1:
        fewer += [
            replace(statement, resources=tuple(r for r in statement.resources if r != one))
            for one in statement.resources
        ]
    return fewer


def test_policy_for_terraform_names_placeholders_as_variables() -> None:
    states = {
        "A": {
            "Type": "Task",
            "Resource": "arn:aws:states:::dynamodb:putItem",
            "Parameters": {"TableName": "${TableName}", "Item": {}},
        },
        "B": {"Type": "Task", "Resource": "${FunctionArn}"},
    }
    machine = StateMachine.from_json(chained(states))
    needs = machine_needs(machine.definition, Home("aws", "*", "*"), "*")

    text = to_terraform(statements(needs.work), "order")

    assert text == (
        'data "aws_iam_policy_document" "order" {\n'
        "  statement {\n"
        '    sid       = "DynamodbPutItem"\n'
        '    actions   = ["dynamodb:PutItem"]\n'
        '    resources = ["arn:aws:dynamodb:*:*:table/${var.TableName}"]\n'
        "  }\n"
        "\n"
        "  statement {\n"
        '    sid       = "LambdaInvokeFunction"\n'
        '    actions   = ["lambda:InvokeFunction"]\n'
        "    resources = [var.FunctionArn]\n"
        "  }\n"
        "}\n"
    )
