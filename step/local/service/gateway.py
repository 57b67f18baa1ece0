"""The one port of the local service: who may ask, and who answers.

Knows requests of HTTP and three applications; nothing of what they do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from hmac import compare_digest
from urllib.parse import parse_qs, parse_qsl, urlencode

from step.local.http import Application, Request, Response
from step.local.service.service import TARGET, refused
from step.local.viewer.security import is_own_host

_VIEWER = "/_step/"
_BEARER = "bearer "
_ACCESS_KEY = re.compile(r"(?:^|[ ,])Credential=([^/,\s]+)/")
# What boto3 puts before the host for StartSyncExecution and TestState, unless it is told not to.
_HOST_PREFIX = "sync-"
_COOKIE = "step-token"
_HOW = (
    "The service's token is missing: send it as Authorization: Bearer, as x-step-token, as the access key id "
    "of a signed request, or open the viewer with ?token="
)


class Gateway:
    """Routes requests.

    Args:
        service: Answers Step Functions' API.
        viewer: Answers browsers.
        cloud: Answers everything else.
        token: What requests must show; None: nothing, and hosts must be this machine's names.
        is_issued: Says whether an access key was given out by the local STS to somebody who had the token.
    """

    def __init__(
        self,
        *,
        service: Application,
        viewer: Application,
        cloud: Application,
        token: str | None = None,
        is_issued: Callable[[str], bool] = lambda key: False,
    ) -> None:
        self._service = service
        self._viewer = viewer
        self._cloud = cloud
        self._token = token
        self._is_issued = is_issued

    def answer(self, request: Request) -> Response:
        """Answer a request, or refuse it."""
        host = request.headers.get("host", "")
        if self._token is None and not is_own_host(host.removeprefix(_HOST_PREFIX)):
            # A page of another site whose name was made to lead here (DNS rebinding) sends its own name.
            message = f"The request is for host {host[:100]!r}; this machine is meant by its own names only"
            return refused("AccessDeniedException", message)
        if self._token is not None:
            if not self._may_pass(request, self._token):
                return refused("AccessDeniedException", _HOW)
            if is_for_viewer(request) and "token" in parse_qs(request.query):
                return _remembered(request, self._token)
        if request.headers.get("x-amz-target", "").startswith(f"{TARGET}."):
            return self._service(request)
        if is_for_viewer(request):
            return self._viewer(request)
        return self._cloud(request)

    def _may_pass(self, request: Request, token: str) -> bool:
        shown = shown_token(request)
        return compare_digest(shown.encode(), token.encode()) or (bool(shown) and self._is_issued(shown))


def is_for_viewer(request: Request) -> bool:
    """Say whether a browser looks into the service: its path, or the root without a signature."""
    if request.path.startswith(_VIEWER):
        return True
    is_page = request.path == "/" and request.method in ("GET", "HEAD")
    return is_page and "text/html" in request.headers.get("accept", "") and not _is_signed(request)


def shown_token(request: Request) -> str:
    """Give what a request shows of a token: in a header, a cookie, or as an access key id."""
    authorization = request.headers.get("authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    signed = _ACCESS_KEY.search(authorization)
    if signed is not None:
        return signed[1]
    query = parse_qs(request.query)
    for name in ("X-Amz-Credential", "AWSAccessKeyId", "token"):
        if name in query:
            return query[name][0].partition("/")[0]
    return request.headers.get("x-step-token", "") or _cookie(request)


def _remembered(request: Request, token: str) -> Response:
    """Let a browser show the token from now on, and take it out of its address line."""
    kept = f"{_COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict"
    rest = [(name, value) for name, value in parse_qsl(request.query) if name != "token"]
    location = request.path + (f"?{urlencode(rest)}" if rest else "")
    return Response(302, {"Location": location, "Set-Cookie": kept})


def _cookie(request: Request) -> str:
    for part in request.headers.get("cookie", "").split(";"):
        name, _, value = part.strip().partition("=")
        if name == _COOKIE:
            return value
    return ""


def _is_signed(request: Request) -> bool:
    return "authorization" in request.headers or "X-Amz-" in request.query
