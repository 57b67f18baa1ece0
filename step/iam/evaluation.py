"""May this principal do this: AWS's evaluation of all the policies that have a say.

Pure: no clock, no IO; whoever asks brings the policies and the request's context.
AWS: IAM user guide, "Policy evaluation logic": an explicit deny anywhere is final; in one account the
identity's policies or the resource's allow, within permissions boundary and session policy; across accounts
both have to. The trust policy of a role and the policy of a key have to allow, in their own account too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from step.iam.patterns import Context, is_arn_like
from step.iam.policy import Policy, Statement

Kind = Literal["root", "user", "role", "service"]
# What decides on a resource: an ordinary policy beside those of the identity, or one that must allow.
ResourceKind = Literal["ordinary", "trust", "key"]
# How a resource's policy names who asks: not at all, by account, by role, or directly.
_NO, _ACCOUNT, _ROLE, _DIRECT = range(4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who asks, with the policies that are attached to them.

    Attributes:
        arn: A user's; the session's of an assumed role; the name of a service ("events.amazonaws.com").
        role_arn: The role's that was assumed; "" for others.
        policies: Attached and inline, of a user's groups too.
        boundary: The permissions boundary; None: there is none.
        session: Session policies; None: the session has none. Of several, one that allows is enough.
    """

    kind: Kind
    arn: str
    account: str
    role_arn: str = ""
    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    session: tuple[Policy, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """An action on a resource, in a context."""

    action: str
    resource: str
    context: Context


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourcePolicy:
    """The policy of a resource, and whose the resource is; ``policy`` None: it has none."""

    policy: Policy | None
    account: str
    kind: ResourceKind = "ordinary"


class Verdict(str):
    """Why a request is denied, in AWS's words; "" where it is allowed."""

    __slots__ = ()

    @property
    def is_allowed(self) -> bool:
        return not self


ALLOWED = Verdict()
_TRUST = "role trust policy"
_RESOURCE = "resource-based policy"
_IDENTITY = "identity-based policy"
_BOUNDARY = "permissions boundary"
_SESSION = "session policy"
_ARTICLES = {_TRUST: "the", _RESOURCE: "a", _IDENTITY: "an", _BOUNDARY: "a", _SESSION: "a"}


def evaluate(identity: Identity, request: AccessRequest, resource: ResourcePolicy | None = None) -> Verdict:
    """Judge a request.

    Args:
        resource: What is known of the resource; None: it is of the identity's account and has no policy.
    """
    if identity.kind == "root" and (resource is None or resource.account == identity.account):
        # Locally the account's own key is all-powerful, whatever a resource's policy says.
        return ALLOWED
    denier = _denier(identity, request, resource)
    if denier:
        return _refuse(identity, request, f"with an explicit deny in {_ARTICLES[denier]} {denier}")
    missing = _missing(identity, request, resource)
    if missing:
        return _refuse(identity, request, f"because no {missing} allows the {request.action} action")
    return ALLOWED


def _refuse(identity: Identity, request: AccessRequest, why: str) -> Verdict:
    """AWS: IAM user guide, "Troubleshoot access denied error messages"."""
    on = "" if request.resource == "*" else f" on resource: {request.resource}"
    return Verdict(f"User: {identity.arn} is not authorized to perform: {request.action}{on} {why}")


def _denier(identity: Identity, request: AccessRequest, resource: ResourcePolicy | None) -> str:
    asked = (request.action, request.resource, request.context)
    if any(policy.denies(*asked) for policy in identity.policies):
        return _IDENTITY
    if identity.boundary is not None and identity.boundary.denies(*asked):
        return _BOUNDARY
    if any(policy.denies(*asked) for policy in identity.session or ()):
        return _SESSION
    if resource is not None and resource.policy is not None:
        statements = (one for one in resource.policy.statements if one.is_deny)
        if any(_level(one, identity) != _NO and one.applies(*asked) for one in statements):
            return _name(resource)
    return ""


def _missing(identity: Identity, request: AccessRequest, resource: ResourcePolicy | None) -> str:
    """Name the policy that would have to allow; "": nothing is missing."""
    level = _granted(identity, request, resource)
    if identity.kind == "service":
        return "" if level != _NO else _RESOURCE if resource is None else _name(resource)
    asked = (request.action, request.resource, request.context)
    by_identity = identity.kind == "root" or any(policy.allows(*asked) for policy in identity.policies)
    within_boundary = identity.boundary is None or identity.boundary.allows(*asked)
    within_session = identity.session is None or any(policy.allows(*asked) for policy in identity.session)
    is_other_account = resource is not None and resource.account != identity.account
    if resource is not None and (is_other_account or resource.kind != "ordinary") and level == _NO:
        return _name(resource)
    if not is_other_account:
        if level == _DIRECT:
            return ""
        by_identity = by_identity or level == _ROLE
    for has, name in ((by_identity, _IDENTITY), (within_boundary, _BOUNDARY), (within_session, _SESSION)):
        if not has:
            return name
    return ""


def _name(resource: ResourcePolicy) -> str:
    return _TRUST if resource.kind == "trust" else _RESOURCE


def _granted(identity: Identity, request: AccessRequest, resource: ResourcePolicy | None) -> int:
    """Say how directly the resource's policy allows who asks."""
    if resource is None or resource.policy is None:
        return _NO
    asked = (request.action, request.resource, request.context)
    return max(
        (
            _level(one, identity)
            for one in resource.policy.statements
            if not one.is_deny and one.applies(*asked)
        ),
        default=_NO,
    )


def _level(statement: Statement, identity: Identity) -> int:
    """Say how a statement of a resource's policy names an identity."""
    if statement.principals is None:
        return _NO
    levels = [_principal_level(kind, name, identity) for kind, name in statement.principals]
    level = max(levels, default=_NO)
    if statement.is_other_principal:
        return _NO if level != _NO else _DIRECT
    return level


def _principal_level(kind: str, name: str, identity: Identity) -> int:
    if kind == "*" or (kind == "AWS" and name == "*"):
        return _DIRECT
    if kind == "Service":
        return _DIRECT if identity.kind == "service" and name == identity.arn else _NO
    if kind != "AWS" or identity.kind == "service":
        return _NO
    if name == identity.arn:
        return _DIRECT
    if identity.role_arn and is_arn_like(identity.role_arn, name):
        return _ROLE
    return _ACCOUNT if name == identity.account or name.endswith(f"::{identity.account}:root") else _NO
