"""What AWS's table of actions doesn't say of calls: other names, other resources, what is needed besides.

Pure. Each rule names where AWS says it. ``needs_of`` is what others ask.
"""

from __future__ import annotations

from collections.abc import Callable

from step.iam.needs import (
    UNKNOWN,
    ApiCall,
    Need,
    generic_needs,
    is_placeholder_arn,
    passed_roles,
    request_tags,
)
from step.iam.object_needs import object_needs
from step.iam.table import service_actions
from step.jsonvalue import JSONObject, JSONValue

# Calls that nobody needs a permission for. STS API reference, "GetCallerIdentity", "GetSessionToken".
_FREE = frozenset({"sts:GetCallerIdentity", "sts:GetSessionToken"})


def needs_of(call: ApiCall) -> list[Need]:
    """Say everything that a call has to be allowed."""
    name = f"{call.service}:{call.operation}"
    if name in _FREE:
        return []
    rule = _RULES.get(name) or _SERVICES.get(call.service, generic_needs)
    tags = request_tags(call)
    needs = [need if not tags else _with(need, tags) for need in rule(call)]
    return list({(one.action, one.resource): one for one in needs + passed_roles(call)}.values())


def _with(need: Need, keys: dict[str, str | tuple[str, ...]]) -> Need:
    return Need(
        action=need.action, resource=need.resource, keys={**keys, **need.keys}, falls_back=need.falls_back
    )


def _objects(value: JSONValue) -> list[JSONObject]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


# ---------------------------------------------------------------- Step Functions


def _states(call: ApiCall) -> list[Need]:
    """Authorize calls to versions and aliases by their machine's ARN, with its qualifier as a condition key.

    AWS: Step Functions developer guide, "Authorization for versions and aliases".
    """
    qualifiers: set[str] = set()
    plain: JSONObject = {name: _unqualified(value, qualifiers) for name, value in call.parameters.items()}
    keys = {"states:statemachinequalifier": tuple(sorted(qualifiers))} if qualifiers else {}
    found = generic_needs(
        ApiCall(service="states", operation=call.operation, parameters=plain, home=call.home)
    )
    needs = [Need(action=need.action, resource=need.resource, keys=keys) for need in found]
    if call.get("publish") is True:
        # Service authorization reference, dependent actions of CreateStateMachine and UpdateStateMachine.
        needs.append(Need(action="states:PublishStateMachineVersion", resource=needs[0].resource))
    if call.operation in ("CreateStateMachine", "CreateActivity") and call.get("tags"):
        needs.append(Need(action="states:TagResource", resource=needs[0].resource))
    return needs


def _unqualified(value: JSONValue, qualifiers: set[str]) -> JSONValue:
    """Take the version or alias off a machine's ARN, and note it."""
    parts = value.split(":") if isinstance(value, str) else []
    if len(parts) != 8 or parts[5] != "stateMachine":
        return value
    qualifiers.add(parts[7])
    return ":".join(parts[:7])


# ---------------------------------------------------------------- Lambda


def function_arn(call: ApiCall, name: str, qualifier: str) -> str:
    """Name a function by what a request calls it: by name, by part of an ARN or all of it."""
    if is_placeholder_arn(name):
        return name
    if name == UNKNOWN or not name:
        return call.arn(f"function:{UNKNOWN}")
    parts = name.split(":")
    if name.startswith("arn:"):
        return name if len(parts) > 7 or not qualifier else f"{name}:{qualifier}"
    if len(parts) > 2 and parts[1] == "function":
        own = call.arn("").rsplit(":", 2)[0]
        return function_arn(call, f"{own}:{name}", qualifier)
    if len(parts) == 2:
        name, qualifier = parts
    return call.arn(f"function:{name}{':' if qualifier else ''}{qualifier}")


def _lambda(call: ApiCall) -> list[Need]:
    """AWS: Lambda developer guide, "Fine-tuning the resources and conditions of policies"."""
    needs = generic_needs(call)
    name = call.text("FunctionName")
    if name and any(":function:" in need.resource for need in needs):
        arn = function_arn(call, name, call.text("Qualifier"))
        needs = [Need(action=needs[0].action, resource=arn, keys=needs[0].keys)]
    if call.operation in ("CreateFunction", "UpdateFunctionConfiguration"):
        for layer in call.get("Layers") if isinstance(call.get("Layers"), list) else ():  # type: ignore[union-attr]
            needs.append(Need(action="lambda:GetLayerVersion", resource=str(layer)))
    if call.operation == "CreateFunction" and call.get("Tags"):
        needs.append(Need(action="lambda:TagResource", resource=needs[0].resource))
    return needs + _code_needs(call)


def _code_needs(call: ApiCall) -> list[Need]:
    """Lambda fetches a zip as who asks it to; of a version by the version's own action."""
    code = call.get("Code") or call.get("Content") or call.parameters
    if not isinstance(code, dict) or "S3Bucket" not in code:
        return []
    parameters: JSONObject = {"Bucket": code["S3Bucket"], "Key": code.get("S3Key", UNKNOWN)}
    if "S3ObjectVersion" in code:
        parameters["VersionId"] = code["S3ObjectVersion"]
    read = ApiCall(service="s3", operation="GetObject", parameters=parameters, home=call.home)
    return [need for need in object_needs(read) if not need.falls_back]


def _invoke(call: ApiCall) -> list[Need]:
    arn = function_arn(call, call.text("FunctionName"), call.text("Qualifier"))
    return [Need(action="lambda:InvokeFunction", resource=arn)]


def _get_function(call: ApiCall) -> list[Need]:
    """Lambda API reference, GetFunction, Tags: told only to who may list them."""
    (need,) = _lambda(call)[:1]
    plain = ":".join(need.resource.split(":")[:7])
    return [need, Need(action="lambda:ListTags", resource=plain, falls_back=True)]


# ---------------------------------------------------------------- DynamoDB

# What a transaction's items do.
TRANSACTED = {
    "Put": "PutItem",
    "Update": "UpdateItem",
    "Delete": "DeleteItem",
    "ConditionCheck": "ConditionCheckItem",
}


def _transaction(call: ApiCall) -> list[Need]:
    """DynamoDB developer guide, "IAM permissions for transactions": those of the single operations."""
    needs = []
    items = _objects(call.get("TransactItems"))
    if not items:
        kinds = ("GetItem",) if call.operation == "TransactGetItems" else tuple(TRANSACTED.values())
        return [Need(action=f"dynamodb:{kind}", resource=_table(call, UNKNOWN)) for kind in kinds]
    for item in items:
        for kind, given in item.items():
            operation = TRANSACTED.get(kind, "GetItem")
            single = given if isinstance(given, dict) else {}
            needs += _dynamodb(
                ApiCall(service="dynamodb", operation=operation, parameters=single, home=call.home)
            )
    return needs


def _dynamodb(call: ApiCall) -> list[Need]:
    tables = call.get("RequestItems")
    if isinstance(tables, dict):
        return [
            Need(action=f"dynamodb:{call.operation}", resource=_table(call, name)) for name in tables
        ] or generic_needs(call)
    index = call.text("IndexName")
    table = call.text("TableName")
    if not table:
        return generic_needs(call)
    arn = _table(call, table) + (f"/index/{index}" if index else "")
    return [Need(action=f"dynamodb:{call.operation}", resource=arn)]


def _table(call: ApiCall, name: str) -> str:
    return name if name.startswith("arn:") or is_placeholder_arn(name) else call.arn(f"table/{name}")


def _partiql(call: ApiCall) -> list[Need]:
    """DynamoDB developer guide, "IAM security policies with PartiQL": an action for each kind."""
    kinds = ("Select", "Insert", "Update", "Delete")
    texts = [call.text("Statement")]
    for name in ("Statements", "TransactStatements"):
        texts += [str(one.get("Statement", "")) for one in _objects(call.get(name))]
    known = {kind for kind in kinds for text in texts if text.strip().lower().startswith(kind.lower())}
    return [Need(action=f"dynamodb:PartiQL{kind}", resource=call.arn("table/*")) for kind in known or kinds]


# ---------------------------------------------------------------- SQS, SNS, EventBridge


def _sqs(call: ApiCall) -> list[Need]:
    """A queue is named by its URL; a batch needs what a single message does. SQS developer guide,
    "Amazon SQS API permissions"."""
    action = call.operation.removesuffix("Batch")
    url = call.text("QueueUrl")
    if not url:
        return generic_needs(call, action)
    parts = (UNKNOWN if url.startswith("${") else url).rstrip("/").split("/")
    account = parts[-2] if len(parts) > 1 and parts[-2].isdigit() else call.home.account
    host = parts[2].split(".") if len(parts) > 3 else []
    region = host[1] if len(host) > 3 and host[0] == "sqs" else call.home.region
    home = call.home._replace(account=account, region=region)
    named = ApiCall(service="sqs", operation=action, parameters={"QueueName": parts[-1]}, home=home)
    return generic_needs(named)


def _sns_batch(call: ApiCall) -> list[Need]:
    return generic_needs(call, "Publish")


def _put_events(call: ApiCall) -> list[Need]:
    """EventBridge user guide, "Permissions for the default event bus": PutEvents is about a bus."""
    entries = _objects(call.get("Entries")) or [{"EventBusName": UNKNOWN}]
    buses = {str(entry.get("EventBusName", "default")) for entry in entries}
    arns = (bus if bus.startswith("arn:") else call.arn(f"event-bus/{bus}") for bus in sorted(buses))
    return [Need(action="events:PutEvents", resource=arn) for arn in arns]


def _events(call: ApiCall) -> list[Need]:
    """A rule of another bus has the bus in its ARN. Service authorization reference, "Amazon EventBridge"."""
    entry = service_actions("events").actions.get(call.operation)
    if entry is None or not any(name.startswith("rule") for name in entry.types):
        return generic_needs(call)
    rule, bus = call.text("Rule") or call.text("Name") or UNKNOWN, call.text("EventBusName")
    where = "" if bus in ("", "default") else f"{bus.rpartition('/')[2]}/"
    arn = call.text("ResourceARN") or call.arn(f"rule/{where}{rule}")
    return [Need(action=f"events:{call.operation}", resource=arn)]


# ---------------------------------------------------------------- STS, KMS, Secrets Manager, others


def _assume_role(call: ApiCall) -> list[Need]:
    """IAM user guide, "Passing session tags in AWS STS": tags want an action of their own."""
    keys: dict[str, str | tuple[str, ...]] = {}
    for name, key in (("ExternalId", "sts:externalid"), ("RoleSessionName", "sts:rolesessionname")):
        if text := call.text(name):
            keys[key] = text
    actions = ["AssumeRole"]
    if call.get("Tags"):
        actions.append("TagSession")
    if call.get("SourceIdentity"):
        actions.append("SetSourceIdentity")
        keys["sts:sourceidentity"] = call.text("SourceIdentity")
    transitive = call.get("TransitiveTagKeys")
    if isinstance(transitive, list):
        keys["sts:transitivetagkeys"] = tuple(str(key) for key in transitive)
    return [
        Need(action=f"sts:{action}", resource=call.text("RoleArn") or UNKNOWN, keys=keys)
        for action in actions
    ]


def _kms(call: ApiCall) -> list[Need]:
    needs = generic_needs(call)
    context = call.get("EncryptionContext")
    if not isinstance(context, dict):
        return needs
    keys = {f"kms:encryptioncontext:{name.lower()}": str(value) for name, value in context.items()}
    return [Need(action=need.action, resource=need.resource, keys=keys) for need in needs]


def _secret(call: ApiCall) -> list[Need]:
    """A secret's ARN ends with six characters that nobody chose. Secrets Manager user guide, "Determine who
    has permissions"."""
    name = call.text("SecretId")
    if not name or name == UNKNOWN or name.startswith("arn:"):
        return generic_needs(call)
    return [Need(action=f"secretsmanager:{call.operation}", resource=call.arn(f"secret:{name}-??????"))]


def _logs(call: ApiCall) -> list[Need]:
    """CloudWatch Logs authorizes by a stream's ARN, its group's too: ``log-group:NAME:log-stream:``."""
    group = call.text("logGroupName")
    if not group:
        return generic_needs(call)
    stream = call.text("logStreamName")
    arn = call.arn(f"log-group:{group}:log-stream:{stream}")
    return [Need(action=f"logs:{call.operation}", resource=arn)]


def _describe_alarms(call: ApiCall) -> list[Need]:
    """CloudWatch API reference, DescribeAlarms: composite alarms are told of where it is allowed on ``*``."""
    names, types = call.get("AlarmNames"), call.get("AlarmTypes")
    if types == UNKNOWN or (isinstance(types, list) and "CompositeAlarm" in types):
        return [Need(action="cloudwatch:DescribeAlarms", resource="*")]
    listed = names if isinstance(names, list) and names else [UNKNOWN]
    return [Need(action="cloudwatch:DescribeAlarms", resource=call.arn(f"alarm:{name}")) for name in listed]


def _parameter(call: ApiCall) -> list[Need]:
    """Systems Manager: a parameter's ARN has one slash, whether its name begins with one or not."""
    given: JSONObject = {}
    for name, value in call.parameters.items():
        texts = [str(one).lstrip("/") for one in value] if isinstance(value, list) else None
        given[name] = (
            list(texts) if texts is not None else value.lstrip("/") if isinstance(value, str) else value
        )
    named = given | {
        "ParameterNameWithoutLeadingSlash": given.get("Name") or given.get("Names") or given.get("Path")
    }
    return generic_needs(ApiCall(service="ssm", operation=call.operation, parameters=named, home=call.home))


def _run_task(call: ApiCall) -> list[Need]:
    """ECS: a task definition without a revision is any of its family's."""
    name = call.text("TaskDefinition")
    if not name or name.startswith("arn:") or name == UNKNOWN:
        return generic_needs(call)
    arn = call.arn(f"task-definition/{name}{'' if ':' in name else ':*'}")
    return [Need(action=f"ecs:{call.operation}", resource=arn)]


def _submit_job(call: ApiCall) -> list[Need]:
    """Batch: definition and queue. Batch user guide, "Supported resource-level permissions"."""
    found = []
    for name, kind in (("JobDefinition", "job-definition"), ("JobQueue", "job-queue")):
        given = call.text(name) or UNKNOWN
        if kind == "job-definition" and ":" not in given:
            given = f"{given}:*" if given != UNKNOWN else given
        arn = given if given.startswith("arn:") else call.arn(f"{kind}/{given}")
        found.append(Need(action="batch:SubmitJob", resource=arn))
    return found


def _named(action: str) -> Callable[[ApiCall], list[Need]]:
    return lambda call: generic_needs(call, action)


_SERVICES: dict[str, Callable[[ApiCall], list[Need]]] = {
    "dynamodb": _dynamodb,
    "events": _events,
    "kms": _kms,
    "lambda": _lambda,
    "logs": _logs,
    "s3": object_needs,
    "secretsmanager": _secret,
    "sqs": _sqs,
    "ssm": _parameter,
    "states": _states,
}
_RULES: dict[str, Callable[[ApiCall], list[Need]]] = {
    "batch:SubmitJob": _submit_job,
    "bedrock:Converse": _named("InvokeModel"),
    "bedrock:ConverseStream": _named("InvokeModelWithResponseStream"),
    "cloudwatch:DescribeAlarms": _describe_alarms,
    "dynamodb:BatchExecuteStatement": _partiql,
    "dynamodb:ExecuteStatement": _partiql,
    "dynamodb:ExecuteTransaction": _partiql,
    "dynamodb:TransactGetItems": _transaction,
    "dynamodb:TransactWriteItems": _transaction,
    "ecs:RunTask": _run_task,
    "events:PutEvents": _put_events,
    "lambda:GetFunction": _get_function,
    "lambda:GetLayerVersionByArn": _named("GetLayerVersion"),
    "lambda:Invoke": _invoke,
    "lambda:InvokeAsync": _invoke,
    "lambda:InvokeWithResponseStream": _invoke,
    "secretsmanager:CreateSecret": generic_needs,
    "secretsmanager:ListSecrets": generic_needs,
    "sns:PublishBatch": _sns_batch,
    "sts:AssumeRole": _assume_role,
}
