"""Judges every request by the policies that have a say, and answers as AWS would.

``log`` writes down what would be refused, ``enforce`` refuses it. Knows who signed, what a call needs and
what is held here; nothing of how a request is answered.
AWS: IAM user guide, "Policy evaluation logic".
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Literal, NamedTuple

from step.arn import Arn
from step.clock import format_timestamp, now_ms
from step.errors import Refused
from step.iam.evaluation import AccessRequest, Identity, ResourceKind, ResourcePolicy, Verdict, evaluate
from step.iam.item_keys import leading_keys
from step.iam.needs import ApiCall, Need
from step.iam.supplement import needs_of
from step.iam.table import service_actions
from step.jsonvalue import JSONObject
from step.local.cloud.access_facts import AccessFacts
from step.local.cloud.addressing import Address
from step.local.cloud.refusals import forbidden, refusal
from step.local.functions.keys import AccessKeys, KeyHolder
from step.local.functions.names import Owned
from step.local.http import Application, Request, Response
from step.local.permissions.calls import call_of
from step.local.permissions.identities import Facts, Identities, Signer, policy_of
from step.local.permissions.setups import check_machine, check_role

Mode = Literal["off", "log", "enforce"]
# Gives what Step Functions or Lambda know of a resource of theirs; None: it isn't there.
Look = Callable[[str], Owned | None]
_log = logging.getLogger("step.local.permissions")
# So many sentences are remembered, so that each is written once.
_MOST_WRITTEN = 10_000
_KEY_ACTIONS = {
    **dict.fromkeys(("s3:GetObject", "s3:GetObjectVersion", "secretsmanager:GetSecretValue"), ("Decrypt",)),
    **dict.fromkeys(("s3:PutObject",), ("GenerateDataKey",)),
    **dict.fromkeys(("sqs:SendMessage", "sns:Publish"), ("GenerateDataKey", "Decrypt")),
    "sqs:ReceiveMessage": ("Decrypt",),
}


class Judged(NamedTuple):
    """What is missing for a call: what refuses it, and what it can be answered without."""

    refusals: list[Verdict]
    without: list[Need]


class Permissions:
    """The judge.

    Args:
        mode: What happens to a request that isn't allowed.
        looks: By a service's name in ARNs, who knows its resources, where the emulation doesn't.
        account_of: Tells the account of a request.
        region: The region of requests that aren't signed.
        role_of: Gives the role of a machine that is there, by its ARN.
    """

    def __init__(
        self,
        mode: Mode,
        keys: AccessKeys,
        facts: AccessFacts,
        looks: dict[str, Look],
        account_of: Callable[[Request], str],
        region: str,
        role_of: Callable[[str], str],
    ) -> None:
        self.mode = mode
        self._identities = Identities(keys, facts)
        self._facts = facts
        self._looks = looks
        self._account_of = account_of
        self._region = region
        self._role_of = role_of
        self._written: set[str] = set()

    def guard(self, request: Request, answer: Application) -> Response:
        """Have a request answered, if it is allowed."""
        address = Address.from_request(request)
        if self.mode == "off" or not (address.service or address.key):
            return answer(request)
        try:
            return self._guarded(request, address, answer)
        except Exception as error:  # whatever a client sends, and whatever moto holds
            _log.exception("%s %s", request.method, request.path)
            message = f"The local service can't judge this request: {type(error).__name__}"
            return refusal(request, address, 400, "InvalidRequest", message)

    def _guarded(self, request: Request, address: Address, answer: Application) -> Response:
        account = self._account_of(request)
        call = call_of(request, address, account, self._region)
        try:
            signer = self._identities.signer(address.key, account)
            judged = self._judged(signer, call, {"aws:sourceip": request.client})
        except Refused as problem:
            judged = Judged([Verdict(problem.message)], [])
            if self.mode == "enforce":
                return refusal(request, address, 403, problem.code, problem.message)
        if self.is_refused(judged.refusals):
            return forbidden(request, address, judged.refusals[0])
        try:
            check_role(call, self.trusts)
            check_machine(
                call, self._role_of, lambda role, needs: self.judge_needs(KeyHolder(account, role), needs)
            )
        except Refused as problem:
            return refusal(request, address, 400, problem.code, problem.message)
        response = answer(request)
        return self._without(request, address, judged.without, response) if judged.without else response

    def judge(self, holder: KeyHolder, call: ApiCall) -> Verdict | None:
        """Judge a call that no request is made for; None: it is allowed, or nobody asks."""
        if self.mode == "off":
            return None
        refusals = self._judged(self._identities.of_holder(holder), call, {}).refusals
        return refusals[0] if self.is_refused(refusals) else None

    def judge_needs(self, holder: KeyHolder, needs: Iterable[Need]) -> Verdict | None:
        """Judge what has to be allowed besides any call; None: it is, or nobody asks."""
        if self.mode == "off":
            return None
        signer = self._identities.of_holder(holder)
        refusals = [found for need in needs if (found := self._verdict(signer, need, {}))]
        return refusals[0] if self.is_refused(refusals) else None

    def trusts(self, role_arn: str, service: str, account: str) -> bool:
        """Say whether a role lets a service take it; where nobody asks, it does."""
        if self.mode == "off":
            return True
        need = Need(action="sts:AssumeRole", resource=role_arn)
        verdict = self._verdict(self._identities.of_service(service, account), need, {})
        return not self.is_refused([verdict] if verdict else [])

    def is_refused(self, refusals: list[Verdict]) -> bool:
        """Write refusals down; say whether they count."""
        for text in refusals:
            if text not in self._written and len(self._written) < _MOST_WRITTEN:
                self._written.add(text)
                _log.warning("%s: %s", "refused" if self.mode == "enforce" else "would be refused", text)
        return bool(refusals) and self.mode == "enforce"

    # ------------------------------------------------------------ judging

    def _judged(self, signer: Signer, call: ApiCall, keys: Facts) -> Judged:
        if signer.identity.kind == "root":
            return Judged([], [])
        judged = Judged([], [])
        needs = needs_of(call)
        for need in [*needs, *self._behind(needs)]:
            more: Facts = {"aws:requestedregion": call.home.region}
            leading = leading_keys(call, need.action, lambda table: self._hash_key(call, table))
            if leading:
                more["dynamodb:leadingkeys"] = leading
            verdict = self._verdict(signer, need, {**keys, **more})
            if verdict and need.falls_back:
                judged.without.append(need)
            elif verdict:
                judged.refusals.append(verdict)
        return judged

    def _hash_key(self, call: ApiCall, table: str) -> str | None:
        return self._facts.hash_key(table if table.startswith("arn:") else call.arn(f"table/{table}"))

    def _behind(self, needs: Iterable[Need]) -> Iterable[Need]:
        """Whoever uses what a customer's key encrypts needs the key too, which the service then uses."""
        for need in needs:
            actions = _KEY_ACTIONS.get(need.action, ())
            key = self._facts.key_behind(need.resource) if actions else None
            named = Arn.from_text(key) if key is not None else None
            if key is not None and named is not None:
                via = f"{need.action.partition(':')[0]}.{named.region}.amazonaws.com"
                for action in actions:
                    yield Need(action=f"kms:{action}", resource=key, keys={"kms:viaservice": via})

    def _verdict(self, signer: Signer, need: Need, keys: Facts) -> Verdict:
        resource, tags = self._resource(need, signer.identity)
        context: Facts = {
            **signer.keys,
            **_moment(),
            **keys,
            **need.keys,
            "aws:resourceaccount": resource.account,
            **{f"aws:resourcetag/{name.lower()}": value for name, value in tags.items()},
        }
        prefix, _, action = need.action.partition(":")
        known = service_actions(prefix)
        asked = AccessRequest(
            action=need.action,
            resource=need.resource,
            context={
                name: value
                for name, value in context.items()
                if known.knows_key(action, name) or name in need.keys
            },
        )
        return evaluate(signer.identity, asked, resource)

    def _resource(self, need: Need, identity: Identity) -> tuple[ResourcePolicy, Mapping[str, str]]:
        """Say whose a resource is, which policy it has, and its tags."""
        named = Arn.from_text(need.resource)
        account = named.account if named is not None and named.account.isdigit() else identity.account
        if named is None:
            return ResourcePolicy(policy=None, account=account), {}
        if named.service == "iam":
            role = self._facts.role(need.resource)
            kind: ResourceKind = "trust" if need.action.startswith("sts:") else "ordinary"
            trust = policy_of(role.trust) if role is not None and kind == "trust" else None
            return ResourcePolicy(policy=trust, account=account, kind=kind), role.tags if role else {}
        look = self._looks.get(named.service, self._facts.resource)
        found = look(need.resource)
        if found is None:
            return ResourcePolicy(policy=None, account=account), {}
        policy = policy_of(found.policy) if found.policy else None
        is_key = named.service == "kms" and policy is not None
        return ResourcePolicy(
            policy=policy, account=found.account, kind="key" if is_key else "ordinary"
        ), found.tags

    # ------------------------------------------------------------ answers that tell less

    def _without(
        self, request: Request, address: Address, missing: list[Need], response: Response
    ) -> Response:
        """Tell less than there is, as AWS does to who may not know it."""
        for need in missing:
            if need.action == "lambda:ListTags" and response.status == 200:
                self.is_refused([Verdict(f"GetFunction without tags: {need.action} on {need.resource}")])
                response = _without_tags(response, need) if self.mode == "enforce" else response
            elif need.action == "s3:ListBucket" and response.status == 404 and self.mode == "enforce":
                response = forbidden(request, address, "Access Denied")
        return response


def _without_tags(response: Response, need: Need) -> Response:
    """Lambda API reference, GetFunction: TagsError says why there are no tags."""
    body: JSONObject = json.loads(response.body if isinstance(response.body, bytes) else b"{}")
    body.pop("Tags", None)
    body["TagsError"] = {
        "ErrorCode": "AccessDeniedException",
        "Message": f"not authorized to perform: {need.action} on resource: {need.resource}",
    }
    return response._replace(body=json.dumps(body).encode())


def _moment() -> Facts:
    """What every request is: of now, and as if by TLS, which ends before it on AWS."""
    moment_ms = now_ms()
    return {
        "aws:currenttime": format_timestamp(moment_ms),
        "aws:epochtime": str(moment_ms // 1000),
        "aws:securetransport": "true",
        "aws:viaawsservice": "false",
    }
