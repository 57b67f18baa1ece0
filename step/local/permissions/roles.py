"""What runs here with a role: executions, their distributed Maps, EventBridge's targets.

Gives them keys by which their requests are known again, and judges what they do without a request.
"""

from __future__ import annotations

from step.arn import Arn
from step.iam.needs import ApiCall, Home
from step.iam.table import prefix_of_integration
from step.local.entropy import new_uuid
from step.local.functions.keys import AccessKeys, KeyHolder
from step.local.functions.names import partition_of
from step.local.permissions.permissions import Permissions
from step.local.service.arns import Caller
from step.runtime.services import ServiceCall


class Roles:
    """Executions as holders of keys.

    Args:
        permissions: The judge; where it judges nothing, everybody has the service's own key.
        keys: The keys that are given out.
        own_key: The service's own key.
    """

    def __init__(self, permissions: Permissions, keys: AccessKeys, own_key: str) -> None:
        self._permissions = permissions
        self._keys = keys
        self._own_key = own_key
        # AWS: the sessions of Step Functions have names that say nothing.
        self._session = new_uuid().replace("-", "")

    def key(self, role: str) -> str:
        """Give the key of executions with a role; "": nobody's role, but the service's own work."""
        if self._permissions.mode == "off" or not role:
            return self._own_key
        return self._keys.of(self._holder(role))

    def judge(self, caller: Caller, role: str, call: ServiceCall) -> str | None:
        """Say what a role lacks for a call that a task makes in process; None: nothing."""
        home = Home(partition_of(caller.region), caller.region, caller.account)
        holder = self._holder(role)
        if call.role is not None:
            taken = ApiCall(
                service="sts", operation="AssumeRole", parameters={"RoleArn": call.role}, home=home
            )
            refusal = self._permissions.judge(holder, taken)
            if refusal is not None:
                return refusal
            holder = self._holder(call.role)
        made = ApiCall(
            service=prefix_of_integration(call.service),
            operation=call.action[:1].upper() + call.action[1:],
            parameters=call.parameters,
            home=home,
        )
        return self._permissions.judge(holder, made)

    def judge_target(self, caller: Caller, role: str, target: str) -> str | None:
        """Say what the role of a rule's target lacks to start it; None: nothing."""
        return self.judge(caller, role, ServiceCall("sfn", "startExecution", {"StateMachineArn": target}))

    def _holder(self, role: str) -> KeyHolder:
        named = Arn.from_text(role)
        return KeyHolder(named.account if named is not None else "", role, self._session)
