"""What a Task's role has to be allowed: by its resource and its payload, known or as far as it is known.

Pure. What isn't known of a payload is ``needs.UNKNOWN``; the needs are then patterns.
AWS: Step Functions developer guide, "How Step Functions generates IAM policies for integrated services".
"""

from __future__ import annotations

from typing import NamedTuple

from step.engine.resources import Resource
from step.iam.needs import UNKNOWN, ApiCall, Home, Need
from step.iam.supplement import function_arn, needs_of
from step.iam.table import prefix_of_integration
from step.iam.waits import job_needs, renamed_needs, rule_needs
from step.jsonvalue import JSONObject, JSONValue
from step.runtime.integrations.calls import SDK, role_of

# Kubernetes decides for itself.
_NO_PERMISSIONS = frozenset({"eks:call", "eks:runJob"})


class MachinePlace(NamedTuple):
    """The machine whose role it is, and where."""

    home: Home
    machine_arn: str


class TaskNeeds(NamedTuple):
    """``work``: what is asked while a task is done; ``rules``: what is asked when its machine is made."""

    work: list[Need]
    rules: list[Need]


def task_needs(
    resource: Resource, payload: JSONValue, credentials: JSONValue, place: MachinePlace
) -> TaskNeeds:
    """Say what a task needs of its machine's role."""
    role = role_of(credentials)
    if role is not None:
        # The rest is the other role's.
        return TaskNeeds([Need(action="sts:AssumeRole", resource=role)], [])
    given: JSONObject = payload if isinstance(payload, dict) else {}
    given = {name: value for name, value in given.items() if value is not None}
    action, _, _ = resource.action.partition(".")
    if resource.kind == "activity" or f"{resource.service}:{action}" in _NO_PERMISSIONS:
        return TaskNeeds([], [])
    call = ApiCall(
        service=prefix_of_integration(resource.service.removeprefix(SDK)),
        operation=action[:1].upper() + action[1:],
        parameters=given,
        home=place.home,
    )
    if resource.kind == "lambda":
        named = call if resource.arn.startswith("arn:") else _lambda_call(call)
        return TaskNeeds(
            [Need(action="lambda:InvokeFunction", resource=function_arn(named, resource.arn, ""))], []
        )
    if resource.service == "http":
        return TaskNeeds(_http_needs(given, place), [])
    if resource.service == "apigateway":
        return TaskNeeds(_gateway_needs(given, place.home), [])
    needs = renamed_needs(call) or [need for need in needs_of(call) if not need.falls_back]
    if not resource.pattern.startswith("sync"):
        return TaskNeeds(needs, [])
    return TaskNeeds(needs + job_needs(call), rule_needs(call))


def _lambda_call(call: ApiCall) -> ApiCall:
    return ApiCall(service="lambda", operation="Invoke", parameters={}, home=call.home)


def _http_needs(given: JSONObject, place: MachinePlace) -> list[Need]:
    """AWS: Step Functions developer guide, "IAM permissions to run an HTTP Task"."""
    keys = {
        "states:httpmethod": str(given.get("Method", UNKNOWN)),
        "states:httpendpoint": str(given.get("ApiEndpoint", UNKNOWN)),
    }
    authentication = given.get("Authentication") or given.get("InvocationConfig")
    connection = authentication.get("ConnectionArn") if isinstance(authentication, dict) else None
    invoke = Need(action="states:InvokeHTTPEndpoint", resource=place.machine_arn, keys=keys)
    if connection is None and authentication != UNKNOWN:
        return [invoke]
    home = place.home
    arn = str(connection or UNKNOWN)
    if arn == UNKNOWN:
        arn = f"arn:{home.partition}:events:{home.region}:{home.account}:connection/{UNKNOWN}"
    secret = (
        f"arn:{home.partition}:secretsmanager:{home.region}:{home.account}:secret:events!connection/{UNKNOWN}"
    )
    return [
        invoke,
        Need(action="events:RetrieveConnectionCredentials", resource=arn),
        Need(action="secretsmanager:GetSecretValue", resource=secret),
        Need(action="secretsmanager:DescribeSecret", resource=secret),
    ]


def _gateway_needs(given: JSONObject, home: Home) -> list[Need]:
    """AWS: API Gateway developer guide, "Control access for invoking an API": only where it is signed."""
    if given.get("AuthType") not in ("IAM_ROLE", UNKNOWN):
        return []
    host = str(given.get("ApiEndpoint", UNKNOWN))
    api = host.partition(".")[0]
    parts = [api, *(str(given.get(name) or UNKNOWN).strip("/") for name in ("Stage", "Method", "Path"))]
    where = f"arn:{home.partition}:execute-api:{home.region}:{home.account}"
    return [Need(action="execute-api:Invoke", resource=f"{where}:{'/'.join(parts)}")]
