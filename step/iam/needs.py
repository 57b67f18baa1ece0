"""What a call of an API has to be allowed: actions on resources, with what conditions are asked about.

Pure: no clock, no IO but the table of actions. A call's parameters are JSON; what isn't known of them is
``UNKNOWN``, which makes the resource a pattern. What AWS's table doesn't say is in ``supplement``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from step.iam.table import ActionEntry, ResourceType, ServiceActions, service_actions
from step.jsonvalue import JSONObject, JSONValue

UNKNOWN = "*"
# A placeholder of a definition that stands for an ARN: "${QueueArn}".
_PLACEHOLDER_ARN = re.compile(r"\$\{\w*arn\}", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_ROLE = re.compile(r"arn:[^:]+:iam::[^:]*:role/.+")
# The services that take roles under another name than the one that they are called by.
_PRINCIPALS = {"ecs": "ecs-tasks", "batch": "ecs-tasks"}
_ROLE_NAME = re.compile(r"[Rr]ole(Arn)?$")
# Who reads by a role's ARN hands on none; who takes a role doesn't either.
_PASSING_LEVELS = frozenset({"W", "P", ""})


class Home(NamedTuple):
    """Where a call is made: what stands in the ARNs of its resources."""

    partition: str
    region: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A call: IAM's prefix of the service, the operation's name in PascalCase, its parameters."""

    service: str
    operation: str
    parameters: JSONObject
    home: Home

    def get(self, name: str) -> JSONValue:
        """Give a parameter, whatever its capitals."""
        return self.parameters.get(name) if name in self.parameters else self._lower().get(name.lower())

    def text(self, name: str) -> str:
        """Give a parameter that is a text, "" where it isn't there."""
        value = self.get(name)
        return value if isinstance(value, str) else ""

    def arn(self, resource: str, service: str | None = None) -> str:
        """Make an ARN of this call's place."""
        where = ":".join((self.home.partition, service or self.service, self.home.region, self.home.account))
        return f"arn:{where}:{resource}"

    def _lower(self) -> dict[str, JSONValue]:
        return {name.lower(): value for name, value in self.parameters.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """An action on a resource that has to be allowed, and the condition keys that the call itself gives.

    ``falls_back``: without it the call is answered otherwise instead of refused.
    """

    action: str
    resource: str
    keys: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    falls_back: bool = False


def generic_needs(call: ApiCall, action: str | None = None) -> list[Need]:
    """Say what the action of an operation's name is about, by AWS's table."""
    known = service_actions(call.service)
    name = action or _known_name(known, call.operation)
    entry = known.actions.get(name)
    resources = ["*"] if entry is None else resources_of(call, known, entry)
    return [Need(action=f"{call.service}:{name}", resource=resource) for resource in resources]


def _known_name(known: ServiceActions, operation: str) -> str:
    if operation in known.actions:
        return operation
    lower = operation.lower()
    return next((name for name in known.actions if name.lower() == lower), operation)


def resources_of(call: ApiCall, known: ServiceActions, entry: ActionEntry) -> list[str]:
    """Name the resources of a call: ARNs among its parameters, else those that its parameters make."""
    types = [known.resources[name] for name in entry.types if name in known.resources]
    if not types:
        return ["*"]
    given = [
        arn
        for arn in dict.fromkeys(_arns(call.parameters))
        if is_placeholder_arn(arn) or any(kind.is_like(arn) for kind in types)
    ]
    if given:
        return given
    made = [_made(call, kind, name) for kind, name in zip(types, entry.types, strict=False)]
    whole = [arns for arns, is_whole in made if is_whole]
    if whole:
        return whole[0]
    required = [arns for (arns, _), name in zip(made, entry.types, strict=False) if name in entry.required]
    return (required or [arns for arns, _ in made])[0]


def is_placeholder_arn(text: str) -> bool:
    """Say whether a text is a placeholder for an ARN, by its name."""
    return _PLACEHOLDER_ARN.fullmatch(text) is not None


def _arns(value: JSONValue, depth: int = 0) -> Iterator[str]:
    """Find the ARNs among parameters; not those in documents that are texts."""
    if isinstance(value, str):
        if (value.startswith("arn:") and value.count(":") >= 5) or is_placeholder_arn(value):
            yield value
    elif depth < 3 and isinstance(value, list | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _arns(item, depth + 1)


def _made(call: ApiCall, kind: ResourceType, name: str) -> tuple[list[str], bool]:
    """Fill a type's ARN with parameters; what is missing is ``UNKNOWN``, and said."""
    arns, is_whole = [kind.arn], True
    for variable in _VARIABLE.findall(kind.arn):
        values = _values(call, variable, name)
        is_whole = is_whole and values != [UNKNOWN]
        arns = [arn.replace("${" + variable + "}", value) for arn in arns for value in values]
    return arns, is_whole


def _values(call: ApiCall, variable: str, kind: str) -> list[str]:
    home = {"Partition": call.home.partition, "Region": call.home.region, "Account": call.home.account}
    if variable in home:
        return [home[variable]]
    for name in _names(variable, kind):
        value = call.get(name)
        found = [value] if isinstance(value, str) else value if isinstance(value, list) else []
        texts = [item for item in found if isinstance(item, str) and item and not _is_arn(item)]
        if texts:
            return texts
    return [UNKNOWN]


def _is_arn(text: str) -> bool:
    return text.startswith("arn:") or is_placeholder_arn(text)


def _names(variable: str, kind: str) -> Iterable[str]:
    """Say how a parameter may be called that stands for an ARN's variable."""
    variable = variable.removesuffix("WithPath")
    stem = re.sub(r"(Name|Id|Identifier)$", "", variable)
    yield from (
        variable,
        stem,
        f"{stem}Name",
        f"{stem}Id",
        f"{stem}Identifier",
        f"{variable}s",
        f"{stem}Names",
    )
    if stem.lower() == re.sub(r"[^a-z]", "", kind.lower()):
        yield from ("Name", "Id")


def passed_roles(call: ApiCall) -> list[Need]:
    """Say which roles a call hands on: whoever gives a service a role has to be allowed to.

    AWS: IAM user guide, "Grant a user permissions to pass a role to an AWS service".
    """
    entry = service_actions(call.service).actions.get(call.operation)
    level = entry.level if entry is not None else ""
    if call.service in ("iam", "sts") or level not in _PASSING_LEVELS:
        return []
    roles = dict.fromkeys(_roles(call.parameters))
    service = f"{_PRINCIPALS.get(call.service, call.service)}.amazonaws.com"
    return [Need(action="iam:PassRole", resource=arn, keys={"iam:passedtoservice": service}) for arn in roles]


def _roles(value: JSONValue, name: str = "", depth: int = 0) -> Iterator[str]:
    """Find the roles among parameters: by their ARNs, or by a member's name where that isn't known."""
    if isinstance(value, str):
        is_unknown = value == UNKNOWN or is_placeholder_arn(value)
        if _ROLE.fullmatch(value) or (is_unknown and _ROLE_NAME.search(name)):
            yield value
    elif depth < 5 and isinstance(value, dict):
        for key, item in value.items():
            yield from _roles(item, key, depth + 1)
    elif depth < 5 and isinstance(value, list):
        for item in value:
            yield from _roles(item, name, depth + 1)


def request_tags(call: ApiCall) -> dict[str, str | tuple[str, ...]]:
    """Give the condition keys of the tags that a call puts on or takes away."""
    tags = _tags(call.get("Tags")) or _tags(call.get("TagSet"))
    keys = call.get("TagKeys")
    named = [*tags, *(key for key in keys if isinstance(key, str))] if isinstance(keys, list) else [*tags]
    found: dict[str, str | tuple[str, ...]] = {f"aws:requesttag/{key.lower()}": tags[key] for key in tags}
    return found | ({"aws:tagkeys": tuple(named)} if named else {})


def _tags(value: JSONValue) -> dict[str, str]:
    if isinstance(value, dict):
        return {name: str(item) for name, item in value.items()}
    pairs = {}
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            lower = {name.lower(): one for name, one in item.items()}
            pairs[str(lower.get("key", lower.get("tagkey", "")))] = str(lower.get("value", ""))
    return pairs
