"""What Step Functions and Lambda look at of a role before they take it.

Knows calls and the judge. AWS: Step Functions developer guide, "Creating a role"; Lambda developer guide,
"Defining Lambda function permissions with an execution role".
"""

from __future__ import annotations

from collections.abc import Callable

from step.errors import Refused
from step.iam.needs import ApiCall

# (the role's ARN, the service's name, the account) -> whether the service may take the role
Trusts = Callable[[str, str, str], bool]
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
    if name in ("states:CreateStateMachine", "states:UpdateStateMachine"):
        role = call.text("roleArn")
        if role and not trusts(role, "states.amazonaws.com", account):
            raise Refused("AccessDeniedException", _NOT_FOR_STATES)
    if name in ("lambda:CreateFunction", "lambda:UpdateFunctionConfiguration"):
        role = call.text("Role")
        if role and not trusts(role, "lambda.amazonaws.com", account):
            message = "The role defined for the function cannot be assumed by Lambda."
            raise Refused("InvalidParameterValueException", message)
