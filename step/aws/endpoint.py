"""boto3 pointed at one endpoint, whatever the environment says: how the local service calls itself.

The first client loads boto3. Where the service is in this very process nothing is sent: it is called.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property, partial
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from step.aws.sessions import new_session

# Answers a request: method, URL, headers with names in lower case, body; gives status, headers, body.
Answer = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]


class EndpointSession:
    """What of a boto3 session ``AwsServices`` uses, with every client at one endpoint.

    Args:
        endpoint: Where; asked when the first client is made.
        region: The clients' region.
        key: The access key id that requests are signed with.
        answer: Answers requests in this process; None: they are sent.
    """

    def __init__(
        self, endpoint: Callable[[], str], region: str, key: str, answer: Answer | None = None
    ) -> None:
        self.region_name = region
        self._answer = answer
        self._endpoint = endpoint
        self._key = key

    def client(self, name: str, *, config: Any = None, **more: Any) -> Any:
        """Make a client; its requests name the endpoint's host as it is, without prefix or bucket."""
        from botocore.config import Config

        here = Config(
            s3={"addressing_style": "path"},
            inject_host_prefix=False,
            connect_timeout=5,
            read_timeout=900,
            max_pool_connections=50,
            proxies={},
        )
        merged = here if config is None else config.merge(here)
        given = {"region_name": self.region_name, **more}
        client = self._session.client(name, config=merged, endpoint_url=self._endpoint(), **given)
        if self._answer is not None:
            # What a handler of this event gives is the answer.
            client.meta.events.register("before-send", partial(_answered, self._answer))
        return client

    def get_credentials(self) -> Any:
        """Give what requests are signed with."""
        return self._session.get_credentials()

    @cached_property
    def _session(self) -> Any:
        import botocore.session
        from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES as VARIABLES

        # Each setting at its default: neither a variable of the environment nor a profile has a say.
        settings = {name: (None, None, default, cast) for name, (_, _, default, cast) in VARIABLES.items()}
        for file in ("config_file", "credentials_file"):
            settings[file] = (None, None, os.devnull, None)
        return new_session(
            botocore.session.Session(session_vars=settings),
            aws_access_key_id=self._key,
            aws_secret_access_key=self._key,
            region_name=self.region_name,
        )


class _Body(BytesIO):
    """A body as urllib3 would give it."""

    def stream(self, amount: int = 65_536, **_: object) -> Iterator[bytes]:
        while piece := self.read(amount):
            yield piece


def _answered(answer: Answer, request: Any, **_: object) -> Any:
    """Have a prepared request of botocore's answered."""
    from botocore.awsrequest import AWSResponse, HeadersDict

    body = request.body
    if hasattr(body, "read"):
        body = body.read()
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    headers.setdefault("host", urlsplit(request.url).netloc)
    sent = body.encode() if isinstance(body, str) else bytes(body or b"")
    status, told, content = answer(request.method, request.url, headers, sent)
    return AWSResponse(request.url, status, HeadersDict(told), _Body(content))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


class LazyClient:
    """A client that is made when it is first asked for something."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make

    @cached_property
    def _client(self) -> Any:
        return self._make()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)
