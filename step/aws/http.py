"""HTTP endpoints for ``apigateway:invoke`` and ``http:invoke``: signing, and EventBridge connections.

AWS: Step Functions developer guide, "Call HTTPS APIs"; EventBridge user guide, "Connections".
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urlsplit

from step.runtime.services import HttpAnswer, HttpRequest, Unreachable

# (botocore's name of a service) -> its client
Clients = Callable[[str], Any]
# (host) -> why it isn't to be called; None: it is
Refusals = Callable[[str], str | None]
_DEFAULT_REGION = "us-east-1"


class NotAllowed(Exception):  # noqa: N818 - reads as the sentence it is
    """A host isn't to be called."""


class HttpEndpoints:
    """Sends requests, authorized as they ask for."""

    def __init__(self, session: Any, clients: Clients, refusal: Refusals | None = None) -> None:
        self._session = session
        self._clients = clients
        self._refusal = refusal

    def fetch(self, request: HttpRequest) -> HttpAnswer | Unreachable:
        """Send a request."""
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError, ClientError

        headers = {name: value for name, value in request.headers if _count(request, name) == 1}
        # Python's clients send a repeated header as one, which means the same.
        headers |= {
            name: ", ".join(value for other, value in request.headers if other == name)
            for name, _ in request.headers
            if _count(request, name) > 1
        }
        sent = AWSRequest(method=request.method, url=request.url, data=request.body, headers=headers)
        try:
            self._check(sent)
            self._authorize(sent, request.auth)
            answer = self._send(sent)
        except (BotoCoreError, ClientError, NotAllowed) as failure:
            return Unreachable("", str(failure))
        told: dict[str, list[str]] = {}
        for name, value in answer.headers.items():
            told.setdefault(name, []).append(value)
        return HttpAnswer(answer.status_code, str(answer.raw.reason or ""), told, answer.content)

    def _send(self, request: Any) -> Any:
        from botocore.httpsession import URLLib3Session

        self._check(request)
        return URLLib3Session().send(request.prepare())

    def _check(self, request: Any) -> None:
        """See that a request's host may be called.

        Raises:
            NotAllowed: it may not; says what would have been called.
        """
        refusal = self._refusal(urlsplit(request.url).hostname or "") if self._refusal is not None else None
        if refusal is not None:
            raise NotAllowed(f"{request.method} {request.url.partition('?')[0]} wasn't sent: {refusal}")

    def _authorize(self, sent: Any, auth: str) -> None:
        if auth == "IAM_ROLE":
            from botocore.auth import SigV4Auth

            keys = self._session.get_credentials()
            SigV4Auth(keys, "execute-api", self._session.region_name or _DEFAULT_REGION).add_auth(sent)
        elif auth:
            self._connect(sent, auth)

    def _connect(self, sent: Any, connection_arn: str) -> None:
        """Add what a connection adds: its authorization, and its parameters for every invocation."""
        name = connection_arn.rpartition(":connection/")[2].partition("/")[0]
        connection = self._clients("events").describe_connection(Name=name)
        parameters = connection.get("AuthParameters", {})
        secret = self._secret(connection.get("SecretArn"))
        match connection.get("AuthorizationType"):
            case "BASIC":
                known = {**_lower(parameters.get("BasicAuthParameters", {})), **secret}
                pair = f"{known.get('username', '')}:{known.get('password', '')}"
                sent.headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
            case "API_KEY":
                known = {**_lower(parameters.get("ApiKeyAuthParameters", {})), **secret}
                key = known.get("api_key_name") or known.get("apikeyname") or "x-api-key"
                sent.headers[key] = str(known.get("api_key_value") or known.get("apikeyvalue") or "")
            case "OAUTH_CLIENT_CREDENTIALS":
                token = self._oauth_token(parameters.get("OAuthParameters", {}), secret)
                sent.headers["Authorization"] = f"Bearer {token}"
        more = parameters.get("InvocationHttpParameters", {})
        for header in more.get("HeaderParameters", ()):
            sent.headers[header["Key"]] = header.get("Value", "")
        query = [(pair["Key"], pair.get("Value", "")) for pair in more.get("QueryStringParameters", ())]
        if query:
            sent.url += ("&" if "?" in sent.url else "?") + urlencode(query)

    def _oauth_token(self, parameters: dict[str, Any], secret: dict[str, Any]) -> str:
        """Get a token for a client's credentials. Spec: RFC 6749, section 4.4."""
        from botocore.awsrequest import AWSRequest

        client = {**_lower(parameters.get("ClientParameters", {})), **secret}
        form = {
            "grant_type": "client_credentials",
            "client_id": client.get("client_id") or client.get("clientid") or "",
            "client_secret": client.get("client_secret") or client.get("clientsecret") or "",
        }
        more = parameters.get("OAuthHttpParameters", {}).get("BodyParameters", ())
        form |= {pair["Key"]: pair.get("Value", "") for pair in more}
        request = AWSRequest(
            method=parameters.get("HttpMethod", "POST"),
            url=parameters.get("AuthorizationEndpoint", ""),
            data=urlencode(form),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        answer = self._send(request)
        return str(json.loads(answer.content).get("access_token", ""))

    def _secret(self, arn: str | None) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        if not arn:
            return {}
        try:
            text = self._clients("secretsmanager").get_secret_value(SecretId=arn)["SecretString"]
        except ClientError:
            # A double may keep the connection's parameters, and no secret.
            return {}
        known: dict[str, Any] = json.loads(text)
        return known


def _count(request: HttpRequest, name: str) -> int:
    return sum(other == name for other, _ in request.headers)


def _lower(values: dict[str, Any]) -> dict[str, Any]:
    return {name.lower(): value for name, value in values.items()}
