"""Code under trial in this process: its SDKs find the local service, and neither an account nor other hosts.

Knows variables and the boundary; no service. AWS: SDKs and Tools reference guide, "Settings reference".
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

from step.aws.connection import DEFAULT_LOCAL_REGION, local_endpoint
from step.errors import StepError
from step.local.boundary import Boundary, kept

# What an account's owner may reach with --allow-aws, the places where SDKs find credentials among it.
AWS_HOSTS = (
    "*.amazonaws.com",
    "*.amazonaws.com.cn",
    "*.api.aws",
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "fd00:ec2::254",
)
# The discard port: nobody answers there.
_NOWHERE = "http://127.0.0.1:9"
_REGIONS = ("AWS_REGION", "AWS_DEFAULT_REGION")
# A proxy on this machine leads to others.
_PROXIES = frozenset({"http_proxy", "https_proxy", "all_proxy"})


def sdk_variables(endpoint: str, access_key: str) -> dict[str, str]:
    """Say how SDKs find the service, and neither an account's credentials nor its settings."""
    return {
        "AWS_ACCESS_KEY_ID": access_key,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": "local",
        "AWS_ENDPOINT_URL": endpoint,
        # A host like "sync-127.0.0.1" is nowhere.
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "BOTO_CONFIG": os.devnull,
    }


@contextmanager
def confined(endpoint: str, region: str, hosts: Sequence[str]) -> Iterator[None]:
    """Let code in this process find the service alone: with its SDKs, and by name but for ``hosts``.

    The environment is the process's own, so this holds for all of it; it is put back at the end.
    """
    before = dict(os.environ)
    for name in before:
        if name.startswith("AWS_") or name.lower() in _PROXIES:
            del os.environ[name]
    own = next((before[name] for name in _REGIONS if before.get(name)), region)
    # boto3 reads one of them only, other SDKs the other.
    os.environ.update(dict.fromkeys(_REGIONS, own), **sdk_variables(endpoint, "local"))
    try:
        with kept(Boundary(hosts)):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def confined_where_asked(hosts: Sequence[str] = ()) -> AbstractContextManager[None]:
    """Confine code to the local service where ENV=local asks for it; do nothing where it doesn't."""
    if os.environ.get("ENV") != "local":
        return nullcontext()
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    try:
        endpoint = endpoint or local_endpoint()
    except StepError:
        # Code that calls no service needs none; a call is refused there, and not sent anywhere else.
        endpoint = _NOWHERE
    return confined(endpoint, DEFAULT_LOCAL_REGION, hosts)
