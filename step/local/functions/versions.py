"""Versions and aliases: publishing ``$LATEST``, pointing at versions, weighing two of them.

Pure but for the time and ids of new revisions.
AWS: Lambda developer guide, "Manage Lambda function versions".
"""

from __future__ import annotations

import json
from collections.abc import Callable

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue
from step.local.entropy import new_uuid
from step.local.functions.configurations import is_same, revise
from step.local.functions.names import LATEST, FunctionName, Owner, named
from step.local.functions.store import Function, FunctionShelf, not_found, version_of


def publish(function: Function, name: FunctionName, description: JSONValue = None) -> JSONObject:
    """Publish ``$LATEST`` and give the version; where nothing changed, the last one."""
    last = function.versions.get(str(function.last_version))
    if last is not None and is_same(last, function.latest):
        return last
    function.last_version += 1
    version = str(function.last_version)
    made: JSONObject = json.loads(json.dumps(function.latest))
    made["Version"] = version
    made["FunctionArn"] = f"{name.function_arn}:{version}"
    if description is not None:
        made["Description"] = description
    snap_start = made.get("SnapStart")
    if isinstance(snap_start, dict) and snap_start.get("ApplyOn") == "PublishedVersions":
        made["SnapStart"] = {**snap_start, "OptimizationStatus": "On"}
    revise(made)
    function.versions[version] = made
    return made


def existing(functions: FunctionShelf, owner: Owner, asked: JSONObject) -> FunctionName:
    """Name the function, version or alias that a request means.

    Raises:
        Refused: it isn't there.
    """
    name = named(owner, asked)
    version_of(functions.find(name), name)
    return name


def versions(function: Function, name: FunctionName) -> list[JSONValue]:
    """Show ``$LATEST`` and every version, oldest first."""
    latest = {**function.latest, "FunctionArn": f"{name.function_arn}:{LATEST}"}
    numbers = sorted(function.versions, key=int)
    return [latest, *(function.versions[number] for number in numbers)]


def qualified(configuration: JSONObject, name: FunctionName) -> JSONObject:
    """Show a configuration under the ARN that it was asked for."""
    return {**configuration, "FunctionArn": name.arn}


def aliased(function: Function, name: FunctionName, old: JSONObject, asked: JSONObject) -> JSONObject:
    """Make what an alias becomes by a request.

    Raises:
        Refused: a version that isn't there, or weights that make no sense.
    """
    alias = {**old, "RevisionId": new_uuid()}
    if "FunctionVersion" in asked:
        version_of(function, name._replace(qualifier=str(asked["FunctionVersion"])))
        alias["FunctionVersion"] = asked["FunctionVersion"]
    if "Description" in asked:
        alias["Description"] = asked["Description"]
    if "RoutingConfig" in asked:
        weights = _weights(asked)
        for version in weights:
            if version not in function.versions:
                raise not_found(name._replace(qualifier=version))
        alias.pop("RoutingConfig", None)
        if weights:
            alias["RoutingConfig"] = {"AdditionalVersionWeights": {**weights}}
    _check_weights(alias)
    return alias


def _check_weights(alias: JSONObject) -> None:
    weights = _weights(alias)
    if not weights:
        return
    if len(weights) > 1:
        raise Refused(
            "InvalidParameterValueException", "Number of items in AdditionalVersionWeights: at most 1."
        )
    (version,) = weights
    if alias["FunctionVersion"] == LATEST:
        raise Refused("InvalidParameterValueException", "$LATEST is not supported for an alias with weights")
    if version == alias["FunctionVersion"]:
        raise Refused(
            "InvalidParameterValueException",
            f"Invalid function version {version}. Function version {version} is already included in"
            " routing configuration.",
        )


def _weights(alias: JSONObject) -> dict[str, float]:
    routing = alias.get("RoutingConfig")
    weights = routing.get("AdditionalVersionWeights") if isinstance(routing, dict) else None
    if not isinstance(weights, dict):
        return {}
    return {key: float(value) for key, value in weights.items() if isinstance(value, int | float)}


def routed(alias: JSONObject) -> set[str]:
    """Name every version that an alias sends requests to."""
    return {str(alias["FunctionVersion"]), *_weights(alias)}


def drawn_version(function: Function, name: FunctionName, draw: Callable[[], float]) -> str:
    """Say which version runs an invocation; an alias's weights are drawn from [0, 1).

    Raises:
        Refused: there is no such version or alias.
    """
    version = version_of(function, name)
    alias = function.aliases.get(name.qualifier or "")
    if alias is None:
        return version
    for other, weight in _weights(alias).items():
        if draw() < weight:
            return other if other in function.versions else version
    return version
