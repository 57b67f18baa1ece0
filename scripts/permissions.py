"""Compare what the deployer's roles may do with what they need.

    python -m tests.deployer.permissions | python scripts/permissions.py

reads "needed", {role: {action: [resources]}}: what the proof recorded, and the permissions from the modules'
policy documents. Exit status 1 where a call lacks its permission, or a permission is never used.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import hcl2

MODULES = Path(__file__).resolve().parent.parent / "modules"
# Whose permissions a policy document of which module holds.
DOCUMENTS = {
    "function": ("deployer", "deploy"),
    "deploy": ("deploy_roles", "deploy"),
    "smoke": ("deploy_roles", "smoke"),
    "prune": ("deploy_roles", "prune"),
}


class Difference(NamedTuple):
    """One permission that is missing or unused."""

    role: str
    action: str
    problem: str

    def __str__(self) -> str:
        return f"{self.role}: {self.action} is {self.problem}"


def allowed_actions() -> dict[str, set[str]]:
    """Read the actions that the modules' policies allow, by role; what only keys need is left out."""
    return {role: _allowed(module, document) for role, (module, document) in DOCUMENTS.items()}


def _allowed(module: str, document: str) -> set[str]:
    with (MODULES / module / "main.tf").open(encoding="utf-8") as stream:
        entries = hcl2.load(stream)["data"]
    found = [
        block
        for entry in entries
        for kind, named in entry.items()
        if kind.strip('"') == "aws_iam_policy_document"
        for name, block in named.items()
        if name.strip('"') == document
    ]
    return {
        action.strip('"')
        for statement in found[0]["statement"]
        if statement.get("effect", '"Allow"') == '"Allow"'
        for action in statement["actions"]
    }


def compare(needed: Mapping[str, Collection[str]]) -> list[Difference]:
    """List what is missing and what is unused.

    Args:
        needed: The actions that calls need, by role.
    """
    allowed = allowed_actions()
    pairs = [(role, set(needed.get(role, ())), allowed[role]) for role in DOCUMENTS]
    missing = [
        Difference(role, action, "missing") for role, asks, has in pairs for action in sorted(asks - has)
    ]
    unused = [
        Difference(role, action, "never used") for role, asks, has in pairs for action in sorted(has - asks)
    ]
    return missing + unused


def compare_resources(
    needed: Mapping[str, Mapping[str, Collection[str]]], policies: Mapping[str, Mapping[str, Any]]
) -> list[Difference]:
    """List which calls the policies, as IAM has them, don't allow on their resources, and what no call needs.

    Args:
        needed: The resources that calls need, by role and action.
        policies: The policy document of each role.
    """
    differences = []
    for role, document in policies.items():
        grants = list(_grants(document))
        asked = [
            (action, name)
            for action, resources in needed.get(role, {}).items()
            for resource in resources
            for name in authorized_names(action, resource)
        ]
        differences += [
            Difference(role, f"{action} on {name}", "missing")
            for action, name in asked
            if not any(action in actions and fnmatchcase(name, pattern) for actions, pattern in grants)
        ]
        differences += [
            Difference(role, f"{', '.join(sorted(actions))} on {pattern}", "never used")
            for actions, pattern in grants
            if not any(action in actions and fnmatchcase(name, pattern) for action, name in asked)
        ]
    return differences


def authorized_names(action: str, resource: str) -> list[str]:
    """Return the ARNs that have to be allowed for a call.

    AWS: Step Functions developer guide, "Authorization for versions and aliases": a call to a version or an
    alias of a machine is authorized by the machine's own ARN. The service authorization reference names the
    version's and the alias's; both are allowed, so that either is true.
    """
    machine = re.fullmatch(r"(arn:[^:]+:states:[^:]*:[^:]*:stateMachine:[^:]+):[^:]+", resource)
    return [resource] if machine is None else [machine[1], resource]


def _grants(document: Mapping[str, Any]) -> Iterator[tuple[frozenset[str], str]]:
    for statement in document["Statement"]:
        actions = frozenset(_listed(statement["Action"]))
        if statement["Effect"] != "Allow" or all(action.startswith("kms:") for action in actions):
            continue
        keys = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys")
        for pattern in _listed(statement["Resource"] if keys is None else keys):
            yield actions, pattern


def _listed(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def main() -> int:
    """Read what is needed, print it and the differences."""
    needed: dict[str, dict[str, list[str]]] = json.load(sys.stdin)["needed"]
    for role, actions in needed.items():
        for action, resources in actions.items():
            print(f"{role:9} {action:36} {', '.join(resources)}")
    differences = compare(needed)
    for difference in differences:
        print(difference, file=sys.stderr)
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
