"""Generated requests and policies for judges of permissions: few names, so that they often meet.

A case is what AWS's evaluation takes, as JSON: who asks, what, in which context, under which policies. Left
out is where the simulator differs from AWS's documentation, each with a test of its own in
``test_evaluation.py``: dates in seconds since 1970, networks of all addresses and of the other version, and a
resource's policy that names a session which has a policy of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

OWN, OTHER = "123456789012", "999999999999"
_ACTIONS = {
    "s3:GetObject": (
        "arn:aws:s3:::bread/flour.csv",
        "arn:aws:s3:::bread/oven/hot.csv",
        "arn:aws:s3:::cake/x",
    ),
    "dynamodb:GetItem": (
        f"arn:aws:dynamodb:us-east-1:{OWN}:table/orders",
        f"arn:aws:dynamodb:eu-west-1:{OWN}:table/orders",
    ),
    "lambda:InvokeFunction": (
        f"arn:aws:lambda:us-east-1:{OWN}:function:bake",
        f"arn:aws:lambda:us-east-1:{OWN}:function:bake:live",
    ),
    "sqs:SendMessage": (f"arn:aws:sqs:us-east-1:{OWN}:loaves",),
}
_ACTION_PATTERNS = ("*", "s3:*", "s3:Get*", "S3:getobject", "dynamodb:G?tItem", "lambda:*", "sqs:SendMessage")
_RESOURCE_PATTERNS = (
    *("*", "arn:aws:s3:::bread/*", "arn:aws:s3:::*", "arn:aws:s3:::bread/?lour.csv", "arn:*:s3:::bread/*"),
    *(f"arn:aws:dynamodb:*:{OWN}:table/orders", "arn:aws:dynamodb:us-east-1:*:table/*"),
    *(f"arn:aws:lambda:us-east-1:{OWN}:function:bake", f"arn:aws:lambda:*:{OWN}:function:bake:*"),
    *(f"arn:aws:sqs:us-east-1:{OWN}:*", "arn:aws:s3:::${aws:PrincipalTag/team}/*"),
)
_VALUES = ("bread", "Bread", "cake", "br*", "${aws:PrincipalTag/team}", "${aws:PrincipalTag/none, 'bread'}")
_NUMBERS = ("1", "5", "10", "3.5")
_DATES = ("2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-06-01T00:00:00Z")
_NETWORKS = ("203.0.113.0/24", "203.0.113.7", "198.51.0.0/16", "198.51.100.2/32")
_ARNS = (
    *(f"arn:aws:iam::{OWN}:role/baker", f"arn:aws:iam::{OWN}:role/*", "arn:aws:iam::*:user/ann"),
    f"arn:aws:iam::{OTHER}:role/baker",
)
_STRINGS = ("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase")
_LIKES = ("StringLike", "StringNotLike")
_ORDERS = ("Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals")
# key -> operators that suit it, and values
_KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "aws:PrincipalTag/team": ((*_STRINGS, *_LIKES), _VALUES),
    "aws:SourceIp": (("IpAddress", "NotIpAddress"), _NETWORKS),
    "aws:CurrentTime": (tuple(f"Date{name}" for name in _ORDERS), _DATES),
    "aws:MultiFactorAuthAge": (tuple(f"Numeric{name}" for name in _ORDERS), _NUMBERS),
    "aws:SecureTransport": (("Bool",), ("true", "false")),
    "aws:PrincipalArn": (("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"), _ARNS),
}
_SETS = tuple(f"{of}:{name}" for of in ("ForAnyValue", "ForAllValues") for name in (*_STRINGS, *_LIKES))
_TAG_KEYS = ("team", "stage", "cost")
_KINDS = {
    "user": f"arn:aws:iam::{OWN}:user/ann",
    "role": f"arn:aws:sts::{OWN}:assumed-role/baker/monday",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A request with the policies that have a say, all JSON; None: there is no such policy."""

    kind: str
    principal: str
    action: str
    resource: str
    account: str
    context: dict[str, Any]
    policies: list[dict[str, Any]]
    boundary: dict[str, Any] | None
    session: dict[str, Any] | None
    of_resource: dict[str, Any] | None


def cases(seed: int) -> Iterator[Case]:
    """Generate cases without an end."""
    random = Random(seed)
    while True:
        action = random.choice(list(_ACTIONS))
        kind = random.choice(list(_KINDS))
        resource = random.choice(_ACTIONS[action])
        session = _policy(random) if kind == "role" and random.random() < 0.3 else None
        yield Case(
            kind=kind,
            principal=_KINDS[kind],
            action=action,
            resource=resource,
            account=OWN if random.random() < 0.7 else OTHER,
            context=_context(random, kind),
            policies=[_policy(random) for _ in range(random.choice((0, 1, 1, 2)))],
            boundary=_policy(random) if random.random() < 0.3 else None,
            session=session,
            of_resource=_policy(random, kind, is_direct=session is None) if random.random() < 0.5 else None,
        )


def _context(random: Random, kind: str) -> dict[str, Any]:
    known = {
        "aws:PrincipalTag/team": random.choice(("bread", "Bread", "cake", "b*")),
        "aws:SourceIp": random.choice(("203.0.113.7", "198.51.100.1")),
        "aws:CurrentTime": random.choice(("2026-01-01T00:00:00Z", "2026-03-01T12:00:00Z")),
        "aws:MultiFactorAuthAge": random.choice(_NUMBERS),
        "aws:SecureTransport": random.choice(("true", "false")),
        "aws:TagKeys": random.sample(_TAG_KEYS, random.randint(1, 3)),
    }
    context = {name: value for name, value in known.items() if random.random() < 0.6}
    name = f"arn:aws:iam::{OWN}:user/ann" if kind == "user" else f"arn:aws:iam::{OWN}:role/baker"
    return {**context, "aws:PrincipalArn": name}


def _policy(random: Random, kind: str = "", *, is_direct: bool = True) -> dict[str, Any]:
    """Make a policy; with a kind of identity a resource's, which names such an identity or its account."""
    statements = [_statement(random) for _ in range(random.choice((1, 1, 2, 3)))]
    for statement in statements if kind else ():
        statement["Principal"] = _principal(random, kind, is_direct)
    return {"Version": "2012-10-17", "Statement": statements}


def _principal(random: Random, kind: str, is_direct: bool) -> Any:
    if is_direct and random.random() < 0.15:
        return "*"
    own = (f"arn:aws:iam::{OWN}:role/baker",) if kind == "role" else ()
    names = (*own, OWN, f"arn:aws:iam::{OWN}:root", f"arn:aws:iam::{OTHER}:root", OTHER)
    return {"AWS": _some(random, (*names, _KINDS[kind]) if is_direct else names)}


def _statement(random: Random) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Deny" if random.random() < 0.12 else "Allow"}
    for element, patterns in (("Action", _ACTION_PATTERNS), ("Resource", _RESOURCE_PATTERNS)):
        name = f"Not{element}" if random.random() < 0.1 else element
        statement[name] = "*" if random.random() < 0.3 and name == element else _some(random, patterns)
    condition: dict[str, Any] = {}
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        operator, key, values = _condition(random)
        condition.setdefault(operator, {})[key] = values
    return statement | ({"Condition": condition} if condition else {})


def _condition(random: Random) -> tuple[str, str, Any]:
    share = random.random()
    if share < 0.1:
        key = random.choice([*_KEYS, "aws:TagKeys"])
        return "Null", key, random.choice(("true", "false"))
    if share < 0.3:
        operator = random.choice((*_SETS, *_STRINGS))
        return operator, "aws:TagKeys", _some(random, (*_TAG_KEYS, "t*", "Team"))
    key = random.choice(list(_KEYS))
    operators, values = _KEYS[key]
    operator = random.choice(operators) + random.choice(("", "", "IfExists"))
    return operator, key, _some(random, values)


def _some(random: Random, values: tuple[str, ...]) -> str | list[str]:
    if random.random() < 0.5:
        return random.choice(values)
    return random.sample(values, random.randint(1, min(3, len(values))))
