"""The one port of the local service: who may ask, and who answers.

Knows requests of HTTP and three applications; nothing of what they do.
"""

from __future__ import annotations

from collections.abc import Callable
from hmac import compare_digest

from step.errors import Refused
from step.local import admission
from step.local.cloud.addressing import Address
from step.local.cloud.refusals import denied, unsigned
from step.local.functions import CODE_PATH
from step.local.http import Application, Request, Response
from step.local.service.service import TARGET
from step.local.upkeep import is_for_upkeep
from step.local.viewer.viewer import is_for_viewer, is_page, refused

_BEARER = "bearer "
TOKEN_HEADER = "x-step-token"
# What boto3 puts before the host for StartSyncExecution and TestState, unless it is told not to.
_HOST_PREFIX = "sync-"
_HOW = (
    "the service's token is missing: send it as the access key id of a signed request, as Authorization: "
    "Bearer, or as x-step-token"
)
# What a browser shows of an object may be anybody's: it is no page of this address.
_NOBODYS_PAGE = {
    "Content-Security-Policy": "sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class Gateway:
    """Routes requests.

    Args:
        service: Answers Step Functions' API.
        viewer: Answers browsers.
        cloud: Answers everything else.
        upkeep: Answers who looks after the store, if there is one; no page.
        token: What requests must show; None: a signature of any key, and a host of this machine's names.
        guard: Has a request answered by an application, if its signer may ask for that.
        is_issued: Says whether an access key was given out by the local STS to somebody who had the token.
    """

    def __init__(
        self,
        *,
        service: Application,
        viewer: Application,
        cloud: Application,
        upkeep: Application | None = None,
        guard: Callable[[Request, Application], Response] = lambda request, answer: answer(request),
        token: str | None = None,
        is_issued: Callable[[str], bool] = lambda key: False,
    ) -> None:
        self._service = service
        self._viewer = viewer
        self._upkeep = upkeep
        self._cloud = cloud
        self._guard = guard
        self._token = token
        self._is_issued = is_issued

    def answer(self, request: Request) -> Response:
        """Answer a request, or refuse it."""
        if is_for_viewer(request):
            answer = self._upkeep if is_for_upkeep(request) else None
            return self._admit_to_viewer(request) or (answer or self._viewer)(request)
        refusal = self._admit_to_aws(request)
        if refusal is not None:
            return refusal
        if request.headers.get("x-amz-target", "").startswith(f"{TARGET}."):
            return self._guard(request, self._service)
        response = self._guard(request, self._cloud)
        return response._replace(headers={**response.headers, **_NOBODYS_PAGE})

    def admit(self, head: Request) -> Response | None:
        """Refuse a request whose body is still to come; None: it is to be read."""
        if is_for_viewer(head):
            return self._admit_to_viewer(head)
        return self._admit_to_aws(head, is_whole=False)

    def _admit_to_viewer(self, request: Request) -> Response | None:
        try:
            if self._token is None:
                admission.check_host(request.headers.get("host", ""))
            admission.check_page(request, for_viewer=True)
        except Refused as refusal:
            return refused(refusal)
        # A page holds nothing but the means to ask; it finds the token in its own address.
        if self._token is None or is_page(request) or self._shows_token(request, self._token):
            return None
        return refused(Refused("TokenMissing", _HOW))

    def _admit_to_aws(self, request: Request, *, is_whole: bool = True) -> Response | None:
        address = Address.from_request(request)
        try:
            if self._token is None:
                admission.check_host(request.headers.get("host", "").removeprefix(_HOST_PREFIX))
            admission.check_page(request, for_viewer=False)
            admission.check_content_type(request, address)
        except Refused as refusal:
            return denied(request, address, refusal)
        if request.path.startswith(CODE_PATH):
            # Its address is signed by the service itself.
            return None
        if not is_whole and admission.is_form(request):
            # The signature may stand in the body, or what needs none.
            return None
        if self._token is not None:
            is_known = self._shows_token(request, self._token)
            return None if is_known else denied(request, address, Refused("TokenMissing", _HOW))
        is_signed = bool(admission.key_of(request)) or admission.is_unsigned(request, address)
        return None if is_signed else unsigned(request, address)

    def _shows_token(self, request: Request, token: str) -> bool:
        shown = _token_of(request)
        return compare_digest(shown.encode(), token.encode()) or (bool(shown) and self._is_issued(shown))


def _token_of(request: Request) -> str:
    """Give what a request shows of a token: in a header, or as its access key.

    Never in a cookie: browsers send those to every port of a host, and to every page's requests.
    """
    authorization = request.headers.get("authorization", "")
    if authorization[: len(_BEARER)].lower() == _BEARER:
        return authorization[len(_BEARER) :].strip()
    return request.headers.get(TOKEN_HEADER, "") or admission.key_of(request)
