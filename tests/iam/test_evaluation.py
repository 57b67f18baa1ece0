"""AWS's evaluation of policies, rule by rule, in its words."""

from __future__ import annotations

from typing import Any

import pytest

from step.iam.evaluation import ALLOWED, AccessRequest, Identity, ResourcePolicy, evaluate
from step.iam.policy import InvalidPolicy, Policy

OWN, OTHER = "123456789012", "999999999999"
USER = f"arn:aws:iam::{OWN}:user/ann"
ROLE, SESSION = f"arn:aws:iam::{OWN}:role/baker", f"arn:aws:sts::{OWN}:assumed-role/baker/monday"
LOAF = "arn:aws:s3:::bread/loaf"
EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
ACTION = "s3:GetObject"


def policy(*statements: dict[str, Any], version: str = "2012-10-17") -> Policy:
    return Policy.from_json({"Version": version, "Statement": list(statements)})


def allow(action: str = ACTION, resource: str = LOAF, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(**more: Any) -> dict[str, Any]:
    return {**allow(**more), "Effect": "Deny"}


def user(*policies: Policy, **more: Any) -> Identity:
    return Identity(kind="user", arn=USER, account=OWN, policies=policies, **more)


def role(*policies: Policy, **more: Any) -> Identity:
    return Identity(kind="role", arn=SESSION, account=OWN, role_arn=ROLE, policies=policies, **more)


def judged(
    identity: Identity, resource: ResourcePolicy | None = None, action: str = ACTION, **context: Any
) -> str:
    named = {name.replace("__", ":").lower(): value for name, value in context.items()}
    return evaluate(identity, AccessRequest(action=action, resource=LOAF, context=named), resource)


def of_bucket(*statements: dict[str, Any], account: str = OWN, **more: Any) -> ResourcePolicy:
    return ResourcePolicy(policy=policy(*statements) if statements else None, account=account, **more)


WHO = f"User: {USER} is not authorized to perform: {ACTION} on resource: {LOAF}"
SAME_WHO = WHO.replace(USER, SESSION)


@pytest.mark.parametrize(
    ("identity", "resource", "words"),
    [
        (user(), None, f"{WHO} because no identity-based policy allows the {ACTION} action"),
        (user(policy(EVERYTHING, deny())), None, f"{WHO} with an explicit deny in an identity-based policy"),
        (
            user(policy(EVERYTHING), boundary=policy(allow("s3:Put*"))),
            None,
            f"{WHO} because no permissions boundary allows the {ACTION} action",
        ),
        (
            user(policy(EVERYTHING), boundary=policy(EVERYTHING, deny())),
            None,
            f"{WHO} with an explicit deny in a permissions boundary",
        ),
        (
            role(policy(EVERYTHING), session=(policy(allow("s3:Put*")),)),
            None,
            f"{SAME_WHO} because no session policy allows the {ACTION} action",
        ),
        (
            role(policy(EVERYTHING), session=(policy(EVERYTHING, deny()),)),
            None,
            f"{SAME_WHO} with an explicit deny in a session policy",
        ),
        (
            user(policy(EVERYTHING)),
            of_bucket(deny(Principal="*")),
            f"{WHO} with an explicit deny in a resource-based policy",
        ),
        (
            user(policy(EVERYTHING)),
            of_bucket(account=OTHER),
            f"{WHO} because no resource-based policy allows the {ACTION} action",
        ),
        (
            user(policy(EVERYTHING)),
            of_bucket(allow(Principal={"AWS": ROLE}), kind="trust"),
            f"{WHO} because no role trust policy allows the {ACTION} action",
        ),
        (
            user(policy(EVERYTHING)),
            of_bucket(deny(Principal={"AWS": OWN}), kind="trust"),
            f"{WHO} with an explicit deny in the role trust policy",
        ),
    ],
)
def test_refusal_names_who_what_and_the_kind_of_policy(
    identity: Identity, resource: ResourcePolicy | None, words: str
) -> None:
    assert judged(identity, resource) == words


def test_refusal_of_an_action_without_resources_names_none() -> None:
    found = evaluate(user(), AccessRequest(action="s3:ListAllMyBuckets", resource="*", context={}))

    assert (
        found == f"User: {USER} is not authorized to perform: s3:ListAllMyBuckets "
        "because no identity-based policy allows the s3:ListAllMyBuckets action"
    )


@pytest.mark.parametrize(
    ("principal", "identity", "is_allowed"),
    [
        # In one account it is enough that a resource's policy names the identity; the account isn't.
        (USER, user(), True),
        (ROLE, role(), True),
        ("*", user(), True),
        (OWN, user(), False),
        (f"arn:aws:iam::{OWN}:root", user(), False),
        # Boundary and session limit what a role's ARN is given, not what a session's is.
        (ROLE, role(boundary=policy(allow("s3:Put*"))), False),
        (SESSION, role(boundary=policy(allow("s3:Put*"))), True),
        (ROLE, role(session=(policy(allow("s3:Put*")),)), False),
        (SESSION, role(session=(policy(allow("s3:Put*")),)), True),
        (USER, user(boundary=policy(allow("s3:Put*"))), True),
    ],
)
def test_policy_of_a_resource_in_the_same_account(
    principal: str, identity: Identity, is_allowed: bool
) -> None:
    given = of_bucket(allow(Principal="*" if principal == "*" else {"AWS": principal}))

    assert (judged(identity, given) == "") is is_allowed


@pytest.mark.parametrize("kind", ["trust", "key"])
def test_trust_and_key_policies_have_to_allow_and_may_leave_it_to_the_account(kind: Any) -> None:
    by_account = of_bucket(allow(Principal={"AWS": OWN}), kind=kind)

    assert judged(user(policy(EVERYTHING)), of_bucket(kind=kind)) != ""
    assert judged(user(policy(EVERYTHING)), by_account) == ""
    assert judged(user(), by_account) != ""
    assert judged(user(), of_bucket(allow(Principal={"AWS": USER}), kind=kind)) == ""


def test_another_account_has_to_allow_too() -> None:
    given = of_bucket(allow(Principal={"AWS": OWN}), account=OTHER)

    assert judged(user(policy(allow())), given) == ""
    assert "no identity-based policy" in judged(user(), given)


def test_service_is_allowed_by_the_resource_alone() -> None:
    events = Identity(kind="service", arn="events.amazonaws.com", account=OWN)

    assert judged(events, of_bucket(allow(Principal={"Service": "events.amazonaws.com"}))) == ""
    assert "no resource-based policy" in judged(events, of_bucket(allow(Principal={"Service": "sns"})))


def test_accounts_own_key_may_do_everything_at_home() -> None:
    root = Identity(kind="root", arn=f"arn:aws:iam::{OWN}:root", account=OWN)

    assert judged(root, of_bucket(deny(Principal="*"))) is ALLOWED
    assert judged(root, of_bucket(account=OTHER)) != ""


def condition(operator: str, key: str, value: Any) -> Identity:
    return user(policy(allow(Condition={operator: {key: value}})))


@pytest.mark.parametrize(
    ("operator", "value", "context", "holds"),
    [
        ("DateLessThan", "1767225601", "2026-01-01T00:00:00Z", True),
        ("DateLessThan", 1767225600, "2026-01-01T00:00:00Z", False),
        ("DateGreaterThan", "2026-01-01", "2026-01-01T00:00:01Z", True),
        ("DateEquals", "soon", "2026-01-01", False),
        ("NumericLessThanEquals", 5, "5", True),
        ("NumericLessThan", "five", "4", False),
        ("IpAddress", "2001:db8::/32", "2001:db8::1", True),
        ("NotIpAddress", "203.0.113.0/24", "2001:db8::1", True),
        ("NotIpAddress", "0.0.0.0/0", "203.0.113.7", False),
        ("IpAddress", "nowhere", "203.0.113.7", False),
        ("Bool", True, "true", True),
        ("Bool", "TRUE", "true", True),
        ("ArnEquals", "arn:aws:iam::*:role/b*", ROLE, True),
        # A wildcard stays within its segment.
        ("ArnLike", "arn:aws:*:role/baker", ROLE, False),
        ("ArnNotLike", "arn:aws:iam::*:user/*", ROLE, True),
        ("StringLike", "?aker", "baker", True),
        ("StringEquals", "b*", "baker", False),
        ("StringEqualsIgnoreCase", "BAKER", "baker", True),
        ("StringNotEquals", ["a", "b"], "b", False),
        ("BinaryEquals", "QmFrZQ==", "QmFrZQ==", True),
    ],
)
def test_operator(operator: str, value: Any, context: str, holds: bool) -> None:
    assert (judged(condition(operator, "aws:Key", value), aws__key=context) == "") is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("ForAllValues:StringEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
    ],
)
def test_key_that_the_request_lacks(operator: str, holds: bool) -> None:
    assert (judged(condition(operator, "aws:Key", "a")) == "") is holds


@pytest.mark.parametrize(
    ("operator", "values", "holds"),
    [
        ("ForAllValues:StringEquals", ["a"], True),
        ("ForAllValues:StringEquals", ["a", "b"], False),
        ("ForAnyValue:StringEquals", ["a", "b"], True),
        ("ForAnyValue:StringNotEquals", ["a", "b"], True),
        ("ForAllValues:StringNotEquals", ["a", "b"], False),
        # AWS: "Multivalued context keys require a condition set operator."
        ("StringEquals", ["a"], False),
        ("StringNotEquals", ["b"], False),
    ],
)
def test_key_with_several_values(operator: str, values: list[str], holds: bool) -> None:
    assert (judged(condition(operator, "aws:Keys", "a"), aws__keys=values) == "") is holds


@pytest.mark.parametrize(("value", "holds"), [("true", False), ("false", True)])
def test_null_asks_whether_a_key_is_missing(value: str, holds: bool) -> None:
    assert (judged(condition("Null", "aws:Key", value), aws__key="a") == "") is holds
    assert (judged(condition("Null", "aws:Key", value)) == "") is not holds


@pytest.mark.parametrize(
    ("pattern", "context", "is_meant"),
    [
        ("arn:aws:s3:::${aws:PrincipalTag/team}/loaf", {"aws:principaltag/team": "bread"}, True),
        ("arn:aws:s3:::${aws:PrincipalTag/team}/loaf", {}, False),
        ("arn:aws:s3:::${aws:PrincipalTag/team, 'bread'}/loaf", {}, True),
        # A value is no pattern.
        ("arn:aws:s3:::${aws:PrincipalTag/team}/loaf", {"aws:principaltag/team": "b*"}, False),
        ("arn:aws:s3:::bread/${*}", {}, False),
        ("arn:aws:s3:::bread/*", {}, True),
        ("arn:aws:s3:*:loaf", {}, False),
        # AWS completes an incomplete ARN.
        ("arn:aws:s3", {}, True),
    ],
)
def test_resource(pattern: str, context: dict[str, str], is_meant: bool) -> None:
    asked = AccessRequest(action=ACTION, resource=LOAF, context=context)

    assert evaluate(user(policy(allow(resource=pattern))), asked).is_allowed is is_meant


def test_policies_of_2008_have_no_variables() -> None:
    named = allow(resource="arn:aws:s3:::${aws:PrincipalTag/team}/loaf")
    context = {"aws:principaltag/team": "bread"}
    asked = AccessRequest(action=ACTION, resource=LOAF, context=context)

    assert not evaluate(user(policy(named, version="2008-10-17")), asked).is_allowed


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ({"Effect": "Maybe", "Action": "*", "Resource": "*"}, "Effect is Allow or Deny"),
        ({**EVERYTHING, "Actions": "*"}, "no such element: Actions"),
        ({**EVERYTHING, "NotAction": "*"}, "Action and NotAction exclude each other"),
        ({"Effect": "Allow", "Resource": "*"}, "no Action"),
        ({**EVERYTHING, "Condition": {"StringIs": {"a": "b"}}}, "no such condition operator: stringis"),
        ({**EVERYTHING, "Principal": 3}, "a Principal is"),
    ],
)
def test_malformed_policy_is_refused(statement: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidPolicy, match=problem):
        policy(statement)
