"""AWS in this process's memory, by moto, for tests that call it through boto3."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from moto import mock_aws
from moto.core.config import default_user_config


@contextmanager
def in_memory_aws() -> Iterator[None]:
    """Mock AWS until the context ends.

    A service of step's in the same process may have asked moto for AWS's own policies: 0.2 s for
    every account and every reset, of which there is one at the end as well.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(default_user_config, "iam", {"load_aws_managed_policies": False})
        with mock_aws():
            yield
