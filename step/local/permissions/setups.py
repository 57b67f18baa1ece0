"""What Step Functions and Lambda look at of a role before they take it.

Knows calls and the judge's answers.
AWS: Step Functions developer guide, "Creating a role"; Lambda developer guide, "Defining Lambda function
permissions with an execution role".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable

from step.asl.parse import parse
from step.errors import Refused
from step.iam.needs import ApiCall, Need
from step.jsonvalue import JSONValue
from step.machine.role_policy import MachineNeeds, machine_needs

# (the role's ARN, the service's name, the account) -> whether the service may take the role
Trusts = Callable[[str, str, str], bool]
# (the role's ARN, what it needs) -> what it lacks of it
Lacks = Callable[[str, Iterable[Need]], str | None]
_MADE = frozenset({"states:CreateStateMachine", "states:UpdateStateMachine"})
_NOT_FOR_STATES = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume "
    "the provided role."
)


def check_role(call: ApiCall, trusts: Trusts) -> None:
    """Refuse a role that its service may not take.

    Raises:
        Refused: in the service's words.
    """
    account = call.home.account
    name = f"{call.service}:{call.operation}"
    if name in _MADE:
        role = call.text("roleArn")
        if role and not trusts(role, "states.amazonaws.com", account):
            raise Refused("AccessDeniedException", _NOT_FOR_STATES)
    if name in ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"):
        role = call.text("Role")
        if role and not trusts(role, "lambda.amazonaws.com", account):
            message = "The role defined for the function cannot be assumed by Lambda."
            raise Refused("InvalidParameterValueException", message)


def check_machine(call: ApiCall, role_of: Callable[[str], str], lacks: Lacks) -> None:
    """Refuse a machine whose role may not have done what Step Functions does when the machine is made.

    ``role_of`` gives the role of a machine that is there; it waits for the host, whose own requests must not.

    Raises:
        Refused: in Step Functions' words.
    """
    if f"{call.service}:{call.operation}" not in _MADE:
        return
    role = call.text("roleArn") or role_of(call.text("stateMachineArn"))
    needs = _needs(call)
    if needs is None or not role:
        return
    rules = [need for need in needs.setup if need.action.startswith("events:")]
    if lacks(role, rules):
        raise Refused("AccessDeniedException", f"'{role}' is not authorized to create managed-rule.")
    others = [need for need in needs.setup if not need.action.startswith("events:")]
    if any(need.action.startswith("logs:") for need in others) and lacks(role, others):
        message = "The state machine IAM Role is not authorized to access the Log Destination"
        raise Refused("AccessDeniedException", message)
    if missing := lacks(role, others):
        raise Refused("AccessDeniedException", missing)


def _needs(call: ApiCall) -> MachineNeeds | None:
    """Read what a machine needs; a definition that can't be read is refused by who makes it."""
    try:
        definition = parse(
            json.loads(call.text("definition") or '{"StartAt": "P", "States": {"P": {"Type": "Succeed"}}}')
        )
    except Exception:  # it trusts what the validator passed, which comes later
        return None
    return machine_needs(
        definition,
        call.home,
        call.text("name"),
        has_logging=_is_on(call.get("loggingConfiguration"), "level", "OFF"),
        has_tracing=_is_on(call.get("tracingConfiguration"), "enabled", False),
    )


def _is_on(configuration: JSONValue, member: str, off: JSONValue) -> bool:
    return isinstance(configuration, dict) and configuration.get(member, off) != off
