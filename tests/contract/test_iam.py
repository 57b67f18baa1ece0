"""What AWS IAM refuses and moto wouldn't, asked by boto3."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

pytestmark = pytest.mark.aws


def policy(size: int) -> str:
    """Write a policy of so many characters, white space aside."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::"}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    missing = size - len("".join(json.dumps(document).split()))
    statement["Resource"] += "b" * missing
    return json.dumps(document, indent=4)


def test_managed_policy_is_no_longer_than_its_quota(aws: Callable[..., Any]) -> None:
    iam, name = aws("iam"), f"contract-{uuid4().hex[:12]}"

    with pytest.raises(ClientError) as caught:
        iam.create_policy(PolicyName=name, PolicyDocument=policy(6145))
    made = iam.create_policy(PolicyName=name, PolicyDocument=policy(6144))["Policy"]["Arn"]

    iam.delete_policy(PolicyArn=made)
    error = caught.value.response["Error"]
    assert (error["Code"], error["Message"]) == (
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
    )


def test_policy_of_a_user_is_no_longer_than_its_quota(aws: Callable[..., Any]) -> None:
    iam, name = aws("iam"), f"contract-{uuid4().hex[:12]}"
    iam.create_user(UserName=name)

    with pytest.raises(ClientError, match=f"Maximum policy size of 2048 bytes exceeded for user {name}"):
        iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=policy(2049))

    iam.delete_user(UserName=name)
