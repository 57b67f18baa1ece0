"""The least policy of a machine's role, from its definition.

Pure. What only the input decides is a pattern: a table named by a path is any table.
AWS: Step Functions developer guide, "How Step Functions generates IAM policies for integrated services".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from step.asl import model
from step.asl.model import ABSENT, Definition, Field
from step.asl.parse import every_state
from step.engine.resources import Resource
from step.iam.needs import UNKNOWN, ApiCall, Home, Need
from step.iam.patterns import is_resource
from step.iam.supplement import needs_of
from step.jsonvalue import JSONObject, JSONValue
from step.runtime.integrations.permissions import MachinePlace, task_needs

_EXPRESSION = re.compile(r"\{%.*%\}", re.DOTALL)
# AWS: developer guide, "Using CloudWatch Logs to log execution history": for all resources.
_LOG_ACTIONS = (
    *("CreateLogDelivery", "GetLogDelivery", "UpdateLogDelivery", "DeleteLogDelivery", "ListLogDeliveries"),
    *("PutResourcePolicy", "DescribeResourcePolicies", "DescribeLogGroups"),
)
# AWS: developer guide, "Trace Step Functions requests and events in AWS X-Ray".
_TRACE_ACTIONS = (*("PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"),)
# Which condition keys of a need become a statement's condition, and by which operator.
_CONDITIONS = {
    "iam:passedtoservice": ("StringEquals", "iam:PassedToService"),
    "states:httpendpoint": ("StringLike", "states:HTTPEndpoint"),
    "states:httpmethod": ("StringEquals", "states:HTTPMethod"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleStatement:
    """A statement of a role's policy; ``conditions``: (operator, key, value)."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineNeeds:
    """What a role needs: when its machine is made or changed, and while it runs, is stopped or redriven."""

    setup: tuple[Need, ...]
    work: tuple[Need, ...]


def machine_needs(
    definition: Definition, home: Home, name: str, *, has_logging: bool = False, has_tracing: bool = False
) -> MachineNeeds:
    """Say what the role of a machine of this name needs."""
    prefix = f"arn:{home.partition}:states:{home.region}:{home.account}"
    place = MachinePlace(home, f"{prefix}:stateMachine:{name}")
    setup, work = [], []
    for state in every_state(definition):
        match state:
            case model.Task():
                resource = Resource.from_text(state.resource)
                payload, credentials = _payload(state), _known(_of(state.credentials))
                needs = task_needs(resource, payload, credentials, place)
                setup += needs.rules
                work += needs.work
            case model.Map() if state.item_processor.is_distributed:
                work += _map_needs(state, place, f"{prefix}:execution:{name}")
    setup += [Need(action=f"logs:{action}", resource="*") for action in _LOG_ACTIONS if has_logging]
    setup += [Need(action=f"xray:{action}", resource="*") for action in _TRACE_ACTIONS if has_tracing]
    return MachineNeeds(setup=tuple(setup), work=tuple(work))


def _payload(state: model.Task) -> JSONValue:
    given = state.arguments if state.query_language == "JSONata" else state.parameters
    return _known(_of(given)) if given is not ABSENT else {}


def _of(field: Field) -> JSONValue:
    return None if field is ABSENT else field


def _known(value: JSONValue) -> JSONValue:
    """Give what a template says by itself: what a path or an expression gives is unknown."""
    match value:
        case str() if _EXPRESSION.fullmatch(value):
            return UNKNOWN
        case dict():
            return {
                name.removesuffix(".$"): UNKNOWN if name.endswith(".$") else _known(item)
                for name, item in value.items()
            }
        case list():
            return [_known(item) for item in value]
        case _:
            return value


# ---------------------------------------------------------------- distributed Maps


def _map_needs(state: model.Map, place: MachinePlace, executions: str) -> list[Need]:
    """AWS: Step Functions developer guide, "IAM policies for using Distributed Map states"."""
    children = f"{executions}/{state.label or UNKNOWN}:{UNKNOWN}"
    own = f"{executions}:{UNKNOWN}"
    needs = [
        Need(action="states:StartExecution", resource=place.machine_arn),
        # The guide names the machine's executions, the service authorization reference those with a label.
        *(Need(action=f"states:{action}Execution", resource=own) for action in ("Describe", "Stop")),
        *(Need(action=f"states:{action}Execution", resource=children) for action in ("Describe", "Stop")),
        Need(action="states:RedriveExecution", resource=children),
    ]
    reader, writer = state.item_reader, state.result_writer
    return (
        needs
        + (_reader_needs(reader, place.home) if reader else [])
        + (_writer_needs(writer, place.home) if writer else [])
    )


def _reader_needs(reader: Mapping[str, JSONValue], home: Home) -> list[Need]:
    given, config = _parameters(reader), _known(reader.get("ReaderConfig"))
    config = config if isinstance(config, dict) else {}
    if str(reader.get("Resource", "")).endswith(":listObjectsV2"):
        needs = _objects(home, "ListObjectsV2", given)
        if config.get("Transformation") == "LOAD_AND_FLATTEN":
            needs += _objects(
                home, "GetObject", {"Bucket": given.get("Bucket", UNKNOWN), "Key": _below(given)}
            )
        return needs
    needs = _objects(home, "GetObject", given)
    if config.get("InputType") == "MANIFEST" or "ManifestType" in config:
        # What a manifest names is beside it.
        needs += _objects(home, "GetObject", {"Bucket": given.get("Bucket", UNKNOWN), "Key": UNKNOWN})
    return needs


def _writer_needs(writer: Mapping[str, JSONValue], home: Home) -> list[Need]:
    given = _parameters(writer)
    if "Bucket" not in given:
        return []
    place = {"Bucket": given["Bucket"], "Key": _below(given)}
    operations = ("PutObject", "GetObject", "ListParts", "AbortMultipartUpload")
    return [need for operation in operations for need in _objects(home, operation, place)]


def _parameters(of: Mapping[str, JSONValue]) -> JSONObject:
    given = _known(of.get("Arguments", of.get("Parameters")))
    return given if isinstance(given, dict) else {"Bucket": UNKNOWN} if given == UNKNOWN else {}


def _below(given: JSONObject) -> str:
    prefix = str(given.get("Prefix", "")).rstrip("/")
    return UNKNOWN if prefix in ("", UNKNOWN) else f"{prefix}/{UNKNOWN}"


def _objects(home: Home, operation: str, given: JSONObject) -> list[Need]:
    call = ApiCall(service="s3", operation=operation, parameters=given, home=home)
    return [
        Need(action=need.action, resource=need.resource) for need in needs_of(call) if not need.falls_back
    ]


# ---------------------------------------------------------------- the policy


def statements(needs: Iterable[Need]) -> list[RoleStatement]:
    """Put needs together: the actions of the same resources are one statement."""
    by_resource: dict[tuple[str, tuple[tuple[str, str, str], ...]], dict[str, None]] = {}
    for need in _least(list(needs)):
        by_resource.setdefault((need.resource, _conditions(need)), {})[need.action] = None
    by_actions: dict[tuple[tuple[str, ...], tuple[tuple[str, str, str], ...]], dict[str, None]] = {}
    for (resource, conditions), actions in by_resource.items():
        for group in _by_service(actions):
            by_actions.setdefault((group, conditions), {})[resource] = None
    taken: dict[str, int] = {}
    return [
        RoleStatement(
            sid=_sid(actions, taken), actions=actions, resources=tuple(resources), conditions=conditions
        )
        for (actions, conditions), resources in by_actions.items()
    ]


def _least(needs: list[Need]) -> Iterator[Need]:
    """Leave out what another need has in it: the same action on a pattern that holds the resource."""
    for need in needs:
        others = (one for one in needs if one.action == need.action and one.resource != need.resource)
        if not any(
            is_resource(need.resource, one.resource) and _conditions(one) == _conditions(need)
            for one in others
        ):
            yield need


def _conditions(need: Need) -> tuple[tuple[str, str, str], ...]:
    return tuple(
        (*_CONDITIONS[key], value)
        for key, value in need.keys.items()
        if key in _CONDITIONS and isinstance(value, str) and value != UNKNOWN
    )


def _by_service(actions: Iterable[str]) -> Iterator[tuple[str, ...]]:
    services: dict[str, list[str]] = {}
    for action in actions:
        services.setdefault(action.partition(":")[0], []).append(action)
    return (tuple(sorted(group)) for group in services.values())


def _sid(actions: tuple[str, ...], taken: dict[str, int]) -> str:
    service, _, action = actions[0].partition(":")
    name = "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]", service)) + action
    taken[name] = taken.get(name, 0) + 1
    return name if taken[name] == 1 else f"{name}{taken[name]}"


def to_json(listed: Iterable[RoleStatement]) -> JSONObject:
    """Write a policy document."""
    return {"Version": "2012-10-17", "Statement": [_statement(statement) for statement in listed]}


def _statement(statement: RoleStatement) -> JSONObject:
    document: JSONObject = {
        "Sid": statement.sid,
        "Effect": "Allow",
        "Action": list(statement.actions),
        "Resource": list(statement.resources),
    }
    if statement.conditions:
        condition: dict[str, JSONValue] = {}
        for operator, key, value in statement.conditions:
            block = condition.setdefault(operator, {})
            assert isinstance(block, dict)
            block[key] = value
        document["Condition"] = condition
    return document


def to_terraform(listed: Iterable[RoleStatement], name: str) -> str:
    """Write a policy as Terraform's data source; a placeholder of the definition becomes a variable."""
    lines = [f'data "aws_iam_policy_document" "{name}" {{']
    for number, statement in enumerate(listed):
        lines += [""] * bool(number)
        lines += ["  statement {", f'    sid       = "{statement.sid}"']
        lines += [f"    actions   = {_hcl_list(statement.actions)}"]
        lines += [f"    resources = {_hcl_list(statement.resources)}"]
        for operator, key, value in statement.conditions:
            lines += ["", "    condition {", f'      test     = "{operator}"', f'      variable = "{key}"']
            lines += [f"      values   = {_hcl_list([value])}", "    }"]
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _hcl_list(texts: Iterable[str]) -> str:
    listed = [_hcl_text(text) for text in texts]
    return f"[{listed[0]}]" if len(listed) == 1 else "[\n      " + ",\n      ".join(listed) + ",\n    ]"


def _hcl_text(text: str) -> str:
    whole = re.fullmatch(r"\$\{(\w+)\}", text)
    return f"var.{whole[1]}" if whole else json.dumps(re.sub(r"\$\{(\w+)\}", r"${var.\1}", text))
