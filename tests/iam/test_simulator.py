"""The evaluation against an independent one: @cloud-copilot/iam-simulate, a process of its own."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from step.iam.evaluation import AccessRequest, Identity, ResourcePolicy, evaluate
from step.iam.policy import Policy
from tests.iam.generated import OWN, Case, cases

_COUNT = 1500
_FOLDER = Path(__file__).parents[2] / "build" / "iam-simulate"
_JUDGE = Path(__file__).with_name("simulator") / "judge.mjs"

pytestmark = pytest.mark.requires_component("iam-simulate")


def simulation(case: Case) -> dict[str, Any]:
    """Put a case as the simulator takes it."""
    more = {"resourcePolicy": case.of_resource, "sessionPolicy": case.session}
    if case.boundary is not None:
        more["permissionBoundaryPolicies"] = [{"name": "boundary", "policy": case.boundary}]  # type: ignore[assignment]
    return {
        "request": {
            "principal": case.principal,
            "action": case.action,
            "resource": {"resource": case.resource, "accountId": case.account},
            "contextVariables": case.context,
        },
        "identityPolicies": [
            {"name": f"p{number}", "policy": policy} for number, policy in enumerate(case.policies)
        ],
        "serviceControlPolicies": [],
        "resourceControlPolicies": [],
        **{name: value for name, value in more.items() if value is not None},
    }


def verdict(case: Case) -> str:
    """Judge a case ourselves, in the simulator's words."""
    of_resource = None if case.of_resource is None else Policy.from_json(case.of_resource)
    found = evaluate(
        Identity(
            kind="user" if case.kind == "user" else "role",
            arn=case.principal,
            account=OWN,
            role_arn=f"arn:aws:iam::{OWN}:role/baker" if case.kind == "role" else "",
            policies=tuple(map(Policy.from_json, case.policies)),
            boundary=None if case.boundary is None else Policy.from_json(case.boundary),
            session=None if case.session is None else (Policy.from_json(case.session),),
        ),
        AccessRequest(
            action=case.action,
            resource=case.resource,
            context={name.lower(): value for name, value in case.context.items()},
        ),
        ResourcePolicy(policy=of_resource, account=case.account),
    )
    if found.is_allowed:
        return "Allowed"
    return "ExplicitlyDenied" if "explicit deny" in found else "ImplicitlyDenied"


def simulated(chosen: list[Case]) -> list[str]:
    """Have the simulator judge cases."""
    done = subprocess.run(
        ["node", str(_JUDGE), str(_FOLDER)],
        input=json.dumps([simulation(case) for case in chosen]),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_evaluation_agrees_with_the_simulator_on_generated_policies(seed: int) -> None:
    chosen = list(islice(cases(seed), _COUNT))

    told = simulated(chosen)

    differing = [
        (case, ours, theirs)
        for case, theirs in zip(chosen, told, strict=True)
        if (ours := verdict(case)) != theirs
    ]
    assert differing == []
    # Every verdict occurs often enough to say something.
    assert min(Counter(told).values()) > _COUNT / 25
    assert len(set(told)) == 3
