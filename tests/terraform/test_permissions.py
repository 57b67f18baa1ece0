"""The proof that the deployer's policies are what its calls need: nothing missing, nothing unused."""

from __future__ import annotations

import permissions
import pytest

from tests.deployer.permissions import needed_permissions


def test_no_permission_is_missing_or_unused() -> None:
    assert [str(difference) for difference in permissions.compare(needed_permissions())] == []


@pytest.mark.parametrize(
    ("role", "action", "problem"),
    [
        ("function", "lambda:InvokeFunction", "function: lambda:InvokeFunction is missing"),
        ("smoke", "iam:PassRole", "smoke: iam:PassRole is missing"),
        ("smoke", "states:StartExecution", "prune: lambda:DeleteFunction is never used"),
    ],
)
def test_comparison_tells_what_is_missing_and_what_is_unused(role: str, action: str, problem: str) -> None:
    assert problem in [str(difference) for difference in permissions.compare({role: [action]})]


def policy(*resources: str, **more: object) -> dict[str, object]:
    statement = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": list(resources), **more}
    return {"Statement": [statement]}


MACHINE = "arn:aws:states:eu-central-1:111111111111:stateMachine:shop"


@pytest.mark.parametrize(
    ("document", "problems"),
    [
        (policy(MACHINE, f"{MACHINE}:*"), []),
        # AWS authorizes a call to a version by the machine's ARN.
        (policy(f"{MACHINE}:*"), [f"smoke: states:StartExecution on {MACHINE} is missing"]),
        (policy(MACHINE), [f"smoke: states:StartExecution on {MACHINE}:* is missing"]),
        (
            policy(MACHINE, f"{MACHINE}:*", "arn:aws:states:*:*:stateMachine:other"),
            ["smoke: states:StartExecution on arn:aws:states:*:*:stateMachine:other is never used"],
        ),
        (
            policy(MACHINE, f"{MACHINE}:*", Effect="Deny"),
            [
                f"smoke: states:StartExecution on {MACHINE} is missing",
                f"smoke: states:StartExecution on {MACHINE}:* is missing",
            ],
        ),
    ],
)
def test_comparison_looks_at_resources(document: dict[str, object], problems: list[str]) -> None:
    needed = {"smoke": {"states:StartExecution": [f"{MACHINE}:*"]}}

    found = permissions.compare_resources(needed, {"smoke": document})

    assert [str(difference) for difference in found] == problems
