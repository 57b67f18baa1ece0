"""Who signed a request: their policies, and what conditions can ask about them.

Knows access keys, and what IAM and STS hold here by ``AccessFacts``. Credentials that nobody issued here are
the account's own, which may do everything.
AWS: IAM user guide, "AWS global condition context keys", "Properties of the principal".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from step.arn import Arn
from step.clock import now_ms
from step.errors import Refused
from step.iam.evaluation import Identity
from step.iam.policy import InvalidPolicy, Policy
from step.local.cloud.access_facts import AccessFacts, Holder
from step.local.cloud.sessions import RoleSession
from step.local.functions.keys import AccessKeys, KeyHolder

# What was issued somewhere looks so; what somebody made up ("test") doesn't.
_IS_ISSUED = re.compile(r"(AKIA|ASIA)[A-Z0-9]{16}").fullmatch
_DENY_ALL: Mapping[str, object] = {"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}

Facts = dict[str, str | tuple[str, ...]]


class Signer(NamedTuple):
    """Who asks, and the condition keys that tell of them."""

    identity: Identity
    keys: Facts


@lru_cache(maxsize=1024)
def policy_of(text: str) -> Policy:
    """Read a policy; what IAM would have refused denies everything."""
    try:
        return Policy.from_json(text)
    except InvalidPolicy:
        return Policy.from_json(_DENY_ALL)


class Identities:
    """Says who signed.

    Args:
        keys: The keys of functions and executions.
        facts: What IAM and STS hold.
        now: The time in ms, for the ends of sessions.
    """

    def __init__(self, keys: AccessKeys, facts: AccessFacts) -> None:
        self._keys = keys
        self._facts = facts

    def signer(self, key: str, account: str) -> Signer:
        """Say who signed with an access key.

        Raises:
            Refused: it was issued somewhere, and not here, or it has expired.
        """
        holder = self._keys.holder(key)
        if holder is not None:
            return self.of_holder(holder)
        if not _IS_ISSUED(key):
            return _root(account)
        session = self._facts.session(key)
        if session is not None:
            if session.ends_ms < now_ms():
                raise Refused("ExpiredToken", "The security token included in the request is expired")
            return self._of_session(session)
        user = self._facts.user_of(key)
        if user is None:
            raise Refused("InvalidClientTokenId", "The security token included in the request is invalid.")
        return _of_user(user)

    def of_holder(self, holder: KeyHolder) -> Signer:
        """Say who a function or an execution is: a session of its role, whether there is one or not."""
        if not holder.role_arn:
            return _root(holder.account)
        signer = self._of_session(RoleSession(role_arn=holder.role_arn, name=holder.session))
        if holder.function_arn:
            signer.keys["lambda:sourcefunctionarn"] = holder.function_arn
        return signer

    def of_service(self, name: str, account: str) -> Signer:
        """Say who a service of AWS is that acts for an account."""
        identity = Identity(kind="service", arn=name, account=account)
        keys: Facts = {
            "aws:principalservicename": name,
            "aws:sourceaccount": account,
            "aws:principalisawsservice": "true",
        }
        return Signer(identity, keys)

    def _of_session(self, session: RoleSession) -> Signer:
        role = self._facts.role(session.role_arn)
        named = Arn.from_text(session.role_arn)
        account = named.account if named is not None else ""
        partition = named.partition if named is not None else "aws"
        name = session.role_arn.rpartition("/")[2]
        arn = f"arn:{partition}:sts::{account}:assumed-role/{name}/{session.name}"
        limits = (
            *session.policies,
            *(self._facts.managed(one, account) or "{}" for one in session.policy_arns),
        )
        identity = Identity(
            kind="role",
            arn=arn,
            account=account,
            role_arn=session.role_arn,
            policies=_policies(role.policies if role is not None else ()),
            boundary=policy_of(role.boundary) if role is not None and role.boundary else None,
            session=_policies(limits) if limits else None,
        )
        tags = {**(role.tags if role is not None else {}), **session.tags}
        keys = _keys("AssumedRole", session.role_arn, account, tags)
        keys["aws:userid"] = f"{role.id if role is not None else 'AROA'}:{session.name}"
        if session.source_identity:
            keys["aws:sourceidentity"] = session.source_identity
        return Signer(identity, keys)


def _policies(texts: Iterable[str]) -> tuple[Policy, ...]:
    return tuple(policy_of(text) for text in texts)


def _root(account: str) -> Signer:
    arn = f"arn:aws:iam::{account}:root"
    return Signer(Identity(kind="root", arn=arn, account=account), _keys("Account", arn, account, {}))


def _of_user(user: Holder) -> Signer:
    identity = Identity(
        kind="user",
        arn=user.arn,
        account=user.account,
        policies=_policies(user.policies),
        boundary=policy_of(user.boundary) if user.boundary else None,
    )
    keys = _keys("User", user.arn, user.account, user.tags)
    return Signer(identity, {**keys, "aws:username": user.name, "aws:userid": user.id})


def _keys(kind: str, arn: str, account: str, tags: Mapping[str, str]) -> Facts:
    found: Facts = {
        "aws:principalarn": arn,
        "aws:principalaccount": account,
        "aws:principaltype": kind,
        "aws:principalisawsservice": "false",
    }
    return found | {f"aws:principaltag/{name.lower()}": value for name, value in tags.items()}
