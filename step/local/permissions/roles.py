"""What runs here with a role: executions, their distributed Maps, EventBridge's targets.

Gives them keys by which their requests are known again, and judges what they do without a request.
"""

from __future__ import annotations

from step.arn import Arn
from step.engine.frames import ExecutionInfo
from step.engine.resources import Resource
from step.engine.vocabulary import StartTask
from step.iam.needs import ApiCall, Home
from step.jsonvalue import JSONObject
from step.local.entropy import new_uuid
from step.local.functions.keys import AccessKeys, KeyHolder
from step.local.functions.names import partition_of
from step.local.permissions.permissions import Permissions
from step.local.service.arns import Caller
from step.runtime.integrations.calls import role_of
from step.runtime.integrations.permissions import MachinePlace, task_needs


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

    def judge_task(self, task: StartTask, info: ExecutionInfo) -> str | None:
        """Say what an execution's role lacks for a task that no request is made for; None: nothing."""
        named = Arn.from_text(info.machine_arn)
        assert named is not None
        place = MachinePlace(Home(named.partition, named.region, named.account), info.machine_arn)
        resource, role = Resource.from_text(task.resource), info.role_arn or ""
        for credentials in (task.credentials, None) if role_of(task.credentials) else (None,):
            needs = task_needs(resource, task.payload, credentials, place).work
            refusal = self._permissions.judge_needs(self._holder(role), needs)
            if refusal is not None:
                return refusal
            role = role_of(task.credentials) or role
        return None

    def judge_target(self, caller: Caller, role: str, target: str) -> str | None:
        """Say what the role of a rule's target lacks to start it; None: nothing."""
        home = Home(partition_of(caller.region), caller.region, caller.account)
        given: JSONObject = {"stateMachineArn": target}
        call = ApiCall(service="states", operation="StartExecution", parameters=given, home=home)
        return self._permissions.judge(self._holder(role), call)

    def _holder(self, role: str) -> KeyHolder:
        named = Arn.from_text(role)
        return KeyHolder(named.account if named is not None else "", role, self._session)
