"""Where AWS is, for the commands: AWS itself, an endpoint or the local service; and what goes wrong there.

Knows boto3's sessions, clients and exceptions; no operation of any service. The first call loads boto3.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from step.aws.sessions import new_session
from step.errors import NoContact, Refused, StepError
from step.served import DEFAULT_STORE, served

DEFAULT_LOCAL_REGION = "us-east-1"
_CONNECT_SECONDS, _READ_SECONDS = 5, 65
_NOT_THESE_CREDENTIALS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsPlace:
    """Which AWS is meant: what the command line says.

    ``endpoint`` goes before ``AWS_ENDPOINT_URL``, that before the local service's address where
    ``ENV=local``; without any it is AWS. ``region`` and ``profile`` go before the environment's.
    """

    endpoint: str | None = None
    region: str | None = None
    profile: str | None = None


class Aws:
    """Calls AWS's services at one place, and says in one sentence what went wrong.

    Args:
        place: What was asked for.
        environment: The process's environment, unless given.
        folder: Where the store ``.step`` of a local service may be: the working directory.
    """

    def __init__(
        self, place: AwsPlace, *, environment: Mapping[str, str] | None = None, folder: Path = Path()
    ) -> None:
        self._place = place
        self._environment = os.environ if environment is None else environment
        self._folder = folder
        self._clients: dict[str, Any] = {}

    @cached_property
    def endpoint(self) -> str | None:
        """The endpoint of every service; None: what boto3 finds in environment and profile, or AWS itself.

        Raises:
            StepError: what was given is no address, or there is no local service.
        """
        given = self._place.endpoint
        if given is not None:
            parts = urlsplit(given)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise StepError(f"--endpoint {given}: expected an address, as http://127.0.0.1:4566")
            return given
        if self._environment.get("AWS_ENDPOINT_URL") or self._environment.get("ENV") != "local":
            return None
        return local_endpoint(self._folder)

    @property
    def is_local(self) -> bool:
        """Whether the place is on this machine."""
        host = urlsplit(self.endpoint or self._environment.get("AWS_ENDPOINT_URL") or "").hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    @property
    def where(self) -> str:
        """The place in words."""
        endpoint = self.endpoint or self._environment.get("AWS_ENDPOINT_URL")
        return endpoint or f"AWS ({self.region})"

    @property
    def region(self) -> str:
        """The region that calls go to.

        Raises:
            NoContact: none is known.
        """
        region = self._place.region or self._session.region_name
        if region is None and self.is_local:
            return DEFAULT_LOCAL_REGION
        if region is None:
            raise NoContact("no region: give --region, or set AWS_REGION or a region in the profile")
        return str(region)

    @property
    def has_region(self) -> bool:
        """Whether a region is known."""
        try:
            return bool(self.region)
        except NoContact:
            return False

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call an operation by boto3's name of it ("list_executions").

        Raises:
            Refused: the service refuses it.
            NoContact: it can't be asked.
            StepError: the parameters are none that it has.
        """
        from botocore import exceptions

        client = self.client(service)
        try:
            answer: dict[str, Any] = getattr(client, operation)(**parameters)
            if not _fits(client, operation, answer):
                raise NoContact(f"{self.where}: what answers there isn't AWS, nor step's service")
            return answer
        except exceptions.ClientError as error:
            raise self._refusal(error.response) from error
        except exceptions.ParamValidationError as error:
            raise StepError(_one_line(str(error))) from error
        except (exceptions.BotoCoreError, exceptions.HTTPClientError) as error:
            raise NoContact(self._no_contact(error)) from error
        except ValueError as error:
            # What botocore makes of an answer that isn't in the service's format, or of a broken address.
            raise NoContact(f"{self.where}: {_one_line(str(error))}") from error

    def pages(self, service: str, operation: str, key: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Yield what a listing operation of Step Functions lists under ``key``, page after page."""
        token: dict[str, str] = {}
        while True:
            answer = self.call(service, operation, **parameters, **token)
            yield from answer[key]
            if not answer.get("nextToken"):
                return
            token = {"nextToken": answer["nextToken"]}

    def client(self, service: str) -> Any:
        """Make a boto3 client, once.

        Raises:
            NoContact: there are no credentials, or no region.
        """
        client = self._clients.get(service)
        if client is None:
            client = self._clients[service] = self._make_client(service)
        return client

    def _make_client(self, service: str) -> Any:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        config = Config(
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if self.is_local else 4},
            s3={"addressing_style": "path"} if self.is_local else None,
            # "sync-127.0.0.1" is no host.
            inject_host_prefix=not self.is_local,
        )
        more: dict[str, str] = {}
        try:
            if self.is_local and self._session.get_credentials() is None:
                more = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
            return self._session.client(
                service, endpoint_url=self.endpoint, region_name=self.region, config=config, **more
            )
        except (BotoCoreError, ValueError) as error:
            raise NoContact(self._no_contact(error)) from error

    @cached_property
    def _session(self) -> Any:
        import botocore.session
        from botocore.exceptions import BotoCoreError

        try:
            session = botocore.session.Session(profile=self._place.profile)
            if self.is_local:
                # A machine that isn't in AWS would be asked for its role, and waited for.
                credentials = session.get_component("credential_provider")
                credentials.remove("iam-role")
                credentials.remove("container-role")
            return new_session(session)
        except BotoCoreError as error:
            raise NoContact(self._no_contact(error)) from error

    def _refusal(self, response: Mapping[str, Any]) -> StepError:
        error = response.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        if code in _NOT_THESE_CREDENTIALS:
            return NoContact(f"{self.where} doesn't accept the credentials ({code}): {message}")
        return Refused(code, message)

    def _no_contact(self, error: Exception) -> str:
        from botocore import exceptions

        text = _one_line(str(error))
        match error:
            case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
                return f"no AWS credentials ({text.rstrip('.')}): log in, or set AWS_PROFILE{self._hint()}"
            case exceptions.ProfileNotFound():
                return f"{text[:1].lower()}{text[1:]}: see ~/.aws/config"
            case exceptions.EndpointConnectionError() | exceptions.ConnectTimeoutError():
                hint = "; is the local service running? (step serve)" if self.is_local else ""
                return f"{self.where} can't be reached{hint}"
            case _:
                return f"{self.where}: {text}"

    def _hint(self) -> str:
        is_there = served(self._folder / DEFAULT_STORE) is not None
        return "; a local service is running here: ENV=local asks it" if is_there else ""


def local_endpoint(folder: Path = Path()) -> str:
    """Read where the running local service is.

    Raises:
        StepError: none is running.
    """
    store = folder / DEFAULT_STORE
    running = served(store)
    if running is None:
        raise StepError(
            f"ENV=local, and no local service serves {store}: start one with `step serve --detach`, or name "
            "one with --endpoint"
        )
    return running.endpoint


def _fits(client: Any, operation: str, answer: Mapping[str, Any]) -> bool:
    """Say whether an answer has what the operation's answers have; botocore takes any."""
    name = client.meta.method_to_api_mapping[operation]
    shape = client.meta.service_model.operation_model(name).output_shape
    if shape is None:
        return True
    is_known = set(answer) <= {"ResponseMetadata", *shape.members}
    return is_known and all(member in answer for member in shape.required_members)


def _one_line(text: str) -> str:
    return " ".join(text.split())
