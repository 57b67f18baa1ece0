"""AWS in this process's memory, by moto, for tests that call it through boto3."""

from __future__ import annotations

from moto import mock_aws
from moto.core.models import MockAWS


def in_memory_aws() -> MockAWS:
    """Mock AWS until the context ends.

    A service of step's in the same process may have asked moto for AWS's own policies: 0.2 s for
    every account and every reset.
    """
    return mock_aws(config={"iam": {"load_aws_managed_policies": False}})
