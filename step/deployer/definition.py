"""A release's definition: which functions it calls, by which versions, and what else.

Pure: no clock, no IO. It is uploaded with placeholders or plain ARNs; what is deployed calls versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Literal

from step.asl.source import join, read_source
from step.asl.validate import validate
from step.jsonvalue import JSONObject, JSONValue

MachineType = Literal["STANDARD", "EXPRESS"]
_PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_.-]*\}")
_FUNCTION_ARN = re.compile(
    r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_$-]+)?"
)
_INVOKE = re.compile(r"arn:[a-z-]+:states:[a-z0-9-]*:[0-9]*:(lambda:invoke|aws-sdk:lambda:invoke).*")
_NAMED = ("FunctionName", "FunctionName.$")


def bind_functions(text: str, versions: Mapping[str, str], placeholders: Mapping[str, str]) -> str:
    """Write a definition that calls versions of functions.

    Args:
        text: The definition.
        versions: ARNs of versions, by the functions' plain ARNs.
        placeholders: The functions' plain ARNs, by placeholder.

    Returns:
        The definition with each placeholder, plain ARN or name of such a function replaced. A qualified ARN
        stays as it is. A text that is no JSON is returned unchanged.
    """
    try:
        document: JSONValue = json.loads(text)
    except ValueError:
        return text
    by_name = {arn.rpartition(":")[2]: version for arn, version in versions.items()}

    def bound(value: JSONValue, key: str = "") -> JSONValue:
        match value:
            case str():
                if key == "FunctionName" and value in by_name:
                    return by_name[value]
                for placeholder, arn in placeholders.items():
                    value = value.replace(f"${{{placeholder}}}", versions.get(arn, arn))
                return versions.get(value, value)
            case dict():
                return {name: bound(inner, name) for name, inner in value.items()}
            case list():
                return [bound(inner) for inner in value]
            case _:
                return value

    return json.dumps(bound(document), indent=2, ensure_ascii=False)


def check_definition(
    text: str, *, machine_type: MachineType, own: Mapping[str, str], allowed: Sequence[str]
) -> list[str]:
    """List what speaks against deploying a definition whose functions are bound.

    Args:
        text: The definition, as ``bind_functions`` wrote it.
        machine_type: "STANDARD" or "EXPRESS".
        own: Versions by plain ARN: what it may call.
        allowed: Patterns of other resources that it may use.
    """
    source = read_source(text)
    problems = [
        f"definition{'' if not one.location else one.location}: {one.code}: {one.text}"
        for one in validate(source, type=machine_type)
        if one.severity == "ERROR"
    ]
    if not isinstance(source.value, dict):
        return problems
    left = sorted(set(_PLACEHOLDER.findall(text)))
    problems += [f"definition: nothing stands for {placeholder}" for placeholder in left]
    versions = frozenset(own.values())
    for pointer, state in _states(source.value, ""):
        problem = _check_resource(state, versions, allowed)
        if problem is not None:
            problems.append(f"definition{pointer}: {problem}")
    return problems


def called_versions(text: str) -> frozenset[str]:
    """Name the versions of functions that a definition mentions, by their ARNs."""
    return frozenset(found[0] for found in _FUNCTION_ARN.finditer(text) if found[1])


def _check_resource(state: JSONObject, versions: frozenset[str], allowed: Sequence[str]) -> str | None:
    resource = state.get("Resource")
    if not isinstance(resource, str) or resource in versions:
        return None
    if _FUNCTION_ARN.fullmatch(resource):
        return None if _is_allowed(resource, allowed) else _foreign(resource)
    if not _is_allowed(resource, allowed):
        return f"the resource {resource} is not on the deployer's list"
    if not _INVOKE.fullmatch(resource):
        return None
    payload = state.get("Arguments", state.get("Parameters"))
    named = [payload[key] for key in _NAMED if key in payload] if isinstance(payload, dict) else [None]
    for function in named:
        if function not in versions and not _is_allowed(f"{function}", allowed):
            return _foreign(f"{function}")
    return None


def _foreign(resource: str) -> str:
    return (
        f"it calls {resource}, which is no function of the release; "
        "only functions of the release, and those on the deployer's list, may be called"
    )


def _is_allowed(resource: str, allowed: Sequence[str]) -> bool:
    return any(fnmatchcase(resource, pattern) for pattern in allowed)


def _states(branch: JSONObject, pointer: str) -> Iterator[tuple[str, JSONObject]]:
    """Yield the states, and the readers and writers of distributed Maps, with their places."""
    states = branch.get("States")
    for name, state in states.items() if isinstance(states, dict) else ():
        if not isinstance(state, dict):
            continue
        place = join(pointer, "States", name)
        yield place, state
        for key in ("ItemReader", "ResultWriter"):
            inner = state.get(key)
            if isinstance(inner, dict):
                yield join(place, key), inner
        for key in ("ItemProcessor", "Iterator"):
            inner = state.get(key)
            if isinstance(inner, dict):
                yield from _states(inner, join(place, key))
        branches = state.get("Branches")
        for index, inner in enumerate(branches if isinstance(branches, list) else ()):
            if isinstance(inner, dict):
                yield from _states(inner, join(place, "Branches", index))
