"""AWS's services behind the port ``runtime.services.Services``: boto3, where the environment says they are.

A client is made when its service is called first; boto3 is imported then.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import unquote, urlsplit

from step.aws.http import HttpEndpoints, Refusals
from step.aws.models import client_name, pascal
from step.aws.sessions import new_session
from step.aws.shapes import Unlike, from_api, missing_members, to_api, unknown_members
from step.jsonvalue import JSONObject
from step.runtime.integrations.names import member_name
from step.runtime.services import (
    HttpAnswer,
    HttpRequest,
    Misfit,
    Refusal,
    ServiceAnswer,
    ServiceCall,
    Unreachable,
)

DEFAULT_REGION = "us-east-1"
_SESSION_NAME = "step"


class AwsServices:
    """Calls services with the environment's credentials, endpoints and region.

    Args:
        session: A boto3 session; the environment's where none is given.
        refusal: Says why an HTTP endpoint's host isn't to be called; None: it is.
    """

    def __init__(self, session: Any = None, refusal: Refusals | None = None) -> None:
        self._given = session
        self._refuses = refusal
        self._clients: dict[tuple[str, str | None], Any] = {}

    def call(self, call: ServiceCall) -> ServiceAnswer | Refusal | Unreachable | Misfit:
        """Call a service; see the port."""
        from botocore.exceptions import UnknownServiceError

        try:
            client = self._client(client_name(f"aws-sdk:{call.service}"), call.role)
        except UnknownServiceError:
            return Misfit((f"The service '{call.service}' is not supported by Step Functions",))
        except _refused() as refusal:
            return _assumption_refused(call, refusal.response)
        model = client.meta.service_model
        # The SDK writes some names with fewer capitals.
        name = {known.lower(): known for known in model.operation_names}.get(call.action.lower())
        if name is None:
            return Misfit((f"The action '{call.action}' is not supported by Step Functions",))
        naming = member_name if call.is_sdk else pascal
        return _Operation(client, model.operation_model(name), naming).call(call.parameters)

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Send a request to an HTTP endpoint; see the port."""
        return self._http.fetch(request)

    @cached_property
    def _http(self) -> HttpEndpoints:
        return HttpEndpoints(self._session, self._client, self._refuses)

    @cached_property
    def _session(self) -> Any:
        if self._given is not None:
            return self._given
        return new_session()

    def _client(self, name: str, role: str | None = None) -> Any:
        client = self._clients.get((name, role))
        if client is None:
            client = self._clients[name, role] = self._make_client(name, role)
        return client

    def _make_client(self, name: str, role: str | None) -> Any:
        from botocore.config import Config

        # What is wrong with parameters is the service's to say, in AWS's words. Checksums of what is read are
        # asked for, and told, where a task's parameters ask.
        config = Config(
            parameter_validation=False,
            retries={"mode": "standard"},
            response_checksum_validation="when_required",
        )
        more: dict[str, Any] = {}
        if role is not None:
            assumed = self._client("sts").assume_role(RoleArn=role, RoleSessionName=_SESSION_NAME)
            keys = assumed["Credentials"]
            more = {
                "aws_access_key_id": keys["AccessKeyId"],
                "aws_secret_access_key": keys["SecretAccessKey"],
                "aws_session_token": keys["SessionToken"],
            }
        region = self._session.region_name or DEFAULT_REGION
        return self._session.client(name, region_name=region, config=config, **more)


class _Operation:
    """One operation of a service's API."""

    def __init__(self, client: Any, model: Any, naming: Callable[[str], str]) -> None:
        self._client = client
        self._model = model
        self._naming = naming
        self._service = model.service_model

    def call(self, parameters: JSONObject) -> ServiceAnswer | Refusal | Unreachable | Misfit:
        from botocore import xform_name
        from botocore.exceptions import BotoCoreError, ClientError

        shape = self._model.input_shape
        unknown = tuple(unknown_members(shape, parameters))
        if unknown:
            return Misfit(tuple(f'The field "{name}" is not supported by Step Functions' for name in unknown))
        missing = missing_members(shape, parameters)
        if missing:
            return self._incomplete(missing)
        nowhere = self._nowhere(parameters)
        if nowhere is not None:
            return nowhere
        try:
            sent = to_api(shape, parameters) if shape is not None else {}
        except Unlike as fault:
            # What isn't of the model's type is read by no service: each says so with this code.
            return Refusal(self._service.service_id, fault.code, str(fault))
        if isinstance(source := sent.get("CopySource"), str):
            # Step Functions' SDK sends it as it is, encoded by whoever wrote it; boto3 encodes it by itself.
            sent["CopySource"] = unquote(source)
        try:
            answer = getattr(self._client, xform_name(self._model.name))(**sent)
        except ClientError as refusal:
            return self._refusal(refusal.response)
        except BotoCoreError as failure:
            return Unreachable(self._service.service_id, f"Unable to execute HTTP request: {failure}")
        except Exception as failure:  # an emulation in this process, and what a client can't write
            told = f"{type(failure).__name__}: {failure}".rstrip(": ")
            return Unreachable(self._service.service_id, f"Unable to execute HTTP request: {told}")
        return self._answer(answer, sent)

    def _answer(self, answer: dict[str, Any], sent: dict[str, Any]) -> ServiceAnswer:
        about = answer.pop("ResponseMetadata", {})
        shape = self._model.output_shape
        if self._service.service_id == "S3" and "EncodingType" not in sent:
            # The client asks for it by itself, and decodes.
            answer.pop("EncodingType", None)
        output = from_api(shape, answer, self._naming) if shape is not None else {}
        return ServiceAnswer(output if isinstance(output, dict) else {}, str(about.get("RequestId", "")))

    def _refusal(self, response: dict[str, Any]) -> Refusal:
        error, about = response.get("Error", {}), response.get("ResponseMetadata", {})
        code = str(error.get("Code", ""))
        # A service that once spoke the query protocol gives the code of that time, and the shape beside it.
        shape = self._service.shape_for_error_code(error.get("QueryErrorCode") or code)
        return Refusal(
            self._service.service_id,
            code,
            str(error.get("Message", "")),
            int(about.get("HTTPStatusCode", 400)),
            exception=None if shape is None else shape.name,
            request_id=str(about.get("RequestId", "")),
            extended_request_id=about.get("HostId", "") if self._service.service_id == "S3" else None,
        )

    def _incomplete(self, missing: list[str]) -> Refusal | Unreachable:
        """Refuse in place of the service. Observed: invalid_param, send_message_empty_body."""
        metadata, service_id = self._service.metadata, self._service.service_id
        if metadata["protocol"] in ("query", "ec2") or "awsQueryCompatible" in metadata:
            message = f"The request must contain the parameter {missing[0]}."
            return Refusal(service_id, "MissingParameter", message)
        if metadata["protocol"] == "rest-xml":
            return Unreachable(service_id, f"{missing[0]} cannot be empty.")
        problems = "; ".join(
            f"Value null at '{name[:1].lower()}{name[1:]}' failed to satisfy constraint: "
            "Member must not be null"
            for name in missing
        )
        count = "1 validation error" if len(missing) == 1 else f"{len(missing)} validation errors"
        message = f"{count} detected: {problems}"
        shape = self._service.shape_for_error_code("ValidationException")
        return Refusal(
            service_id, "ValidationException", message, exception=None if shape is None else shape.name
        )

    def _nowhere(self, parameters: JSONObject) -> Unreachable | None:
        """Tell whether a queue's URL leads nowhere.

        Observed: send_message_no_such_queue. A request goes where the URL says; a host without a domain is
        found by nobody, unless it is the endpoint's own.
        """
        url = parameters.get("QueueUrl")
        if self._service.service_id != "SQS" or not isinstance(url, str):
            return None
        host = urlsplit(url).hostname or ""
        own = urlsplit(self._client.meta.endpoint_url).hostname
        if not host or "." in host or host in ("localhost", own):
            return None
        return Unreachable("SQS", f"Unable to execute HTTP request: {host}: Name or service not known")


def _refused() -> Any:
    from botocore.exceptions import ClientError

    return ClientError


def _assumption_refused(call: ServiceCall, response: dict[str, Any]) -> Refusal:
    error = response.get("Error", {})
    message = f"The role {call.role} can't be assumed: {error.get('Message', '')}"
    return Refusal("STS", str(error.get("Code", "")), message, exception=str(error.get("Code", "")))
