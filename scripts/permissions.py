"""Compare what the deployer's roles may do with what it did: scripts/permissions.py RECORDING.

RECORDING has a line of JSON for each call: {"role": ROLE, "action": "lambda:GetFunction"}; ROLE is the ARN of
a project's role, or "" for the deployer's own. The permissions are read from the modules' policy documents.
Exit status 1 where a call lacks its permission, or a permission is never used.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

import hcl2

MODULES = Path(__file__).resolve().parent.parent / "modules"
OWN, DEPLOY, SMOKE, PRUNE = "own", "deploy", "smoke", "prune"
# Whose permissions a policy document of which module holds.
DOCUMENTS = {
    OWN: ("deployer", "deploy"),
    DEPLOY: ("project", "deploy"),
    SMOKE: ("project", "smoke"),
    PRUNE: ("project", "prune"),
}
# What goes with an action that is recorded alone.
IMPLIED: Mapping[str, tuple[str, ...]] = {
    # A session with tags.
    "sts:AssumeRole": ("sts:TagSession",),
    # Lambda fetches the zip as who updates the function.
    "lambda:UpdateFunctionCode": ("s3:GetObject", "s3:GetObjectVersion"),
    # The list names aliases; where each leads, its description says.
    "states:ListStateMachineAliases": ("states:DescribeStateMachineAlias",),
}


class Difference(NamedTuple):
    """One permission that is missing or unused."""

    role: str
    action: str
    problem: str

    def __str__(self) -> str:
        return f"{self.role}: {self.action} is {self.problem}"


def role_of(arn: str) -> str:
    """Say which of the roles an ARN is."""
    if not arn:
        return OWN
    return next((role for role in (SMOKE, PRUNE) if arn.endswith(f"-{role}")), DEPLOY)


def needed_actions(calls: Iterable[tuple[str, str]]) -> dict[str, Counter[str]]:
    """Count the actions that calls need, by role.

    Args:
        calls: The role's ARN and the action; actions that a transaction joins are written with a +
            ("dynamodb:UpdateItem+PutItem").
    """
    needed: dict[str, Counter[str]] = {role: Counter() for role in DOCUMENTS}
    for arn, action in calls:
        service, _, names = action.partition(":")
        for name in names.split("+"):
            one = f"{service}:{name}"
            needed[role_of(arn)].update([one, *IMPLIED.get(one, ())])
    return needed


def allowed_actions() -> dict[str, set[str]]:
    """Read the actions that the modules' policies allow, by role."""
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


def compare(calls: Iterable[tuple[str, str]]) -> list[Difference]:
    """List what is missing and what is unused."""
    needed, allowed = needed_actions(calls), allowed_actions()
    missing = [
        Difference(role, action, "missing")
        for role in DOCUMENTS
        for action in sorted(set(needed[role]) - allowed[role])
    ]
    unused = [
        Difference(role, action, "never used")
        for role in DOCUMENTS
        for action in sorted(allowed[role] - set(needed[role]))
    ]
    return missing + unused


def main() -> int:
    """Read a recording, print the table and the differences."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("recording", type=Path)
    lines = parser.parse_args().recording.read_text(encoding="utf-8").splitlines()
    calls = [(str(call["role"]), str(call["action"])) for call in map(json.loads, lines)]
    for role, actions in needed_actions(calls).items():
        for action, count in sorted(actions.items()):
            print(f"{role:8} {action:36} {count:6}")
    differences = compare(calls)
    for difference in differences:
        print(difference, file=sys.stderr)
    return int(bool(differences))


if __name__ == "__main__":
    sys.exit(main())
