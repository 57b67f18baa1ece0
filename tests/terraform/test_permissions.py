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
