"""Who may ask the local service: programs that sign as AWS wants it, and the viewer's own pages.

Pure, one check for the whole port. Any web page can make a browser send requests to this machine, and with
DNS rebinding read the answers. What a browser sends says so itself (``Origin``, ``Sec-Fetch-Site``); a page
can't keep it from that. What no form and no image can send (a signature, a content type of JSON) is asked for
besides, for browsers that say less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from step.errors import Refused
from step.local.cloud.addressing import Address
from step.local.http import Request, is_loopback

# What a page of another site can send without being asked first. Fetch: "CORS-safelisted request-header".
_FORM = "application/x-www-form-urlencoded"
_UPLOAD = "multipart/form-data"
_SIMPLE = frozenset({_FORM, _UPLOAD, "text/plain"})
_ELSEWHERE = "requests of a page that isn't this service's own are refused; enter the address yourself"
_VERSION_4 = "AWS4-"
# Bounded, since whoever isn't admitted may send much of what almost fits.
_CREDENTIAL = re.compile(r"\bCredential=([^/,\s]{1,200})/")
_SIGNATURE = re.compile(r"\bSignature=\w")
_VERSION_2 = re.compile(r"AWS ([^:\s]{1,200}):\S")
# Where a form of S3's has its signature: "Browser-based uploads using POST".
_IN_UPLOAD = re.compile(
    rb'name="(?:X-Amz-Credential|AWSAccessKeyId)"[^\r\n]*\r\n\r\n([^/\r\n]+)', re.IGNORECASE
)
_MOST_FIELDS = 64 * 1024
# What AWS answers without a signature: who asks has no credentials yet.
UNSIGNED = frozenset(
    {
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AWSCognitoIdentityService.GetCredentialsForIdentity",
        "AWSCognitoIdentityService.GetId",
        "AWSCognitoIdentityService.GetOpenIdToken",
        "AWSCognitoIdentityService.UnlinkIdentity",
    }
)


def is_own_host(host: str) -> bool:
    """Say whether a ``Host`` header names this machine: a loopback address, localhost, or a name below it.

    Without a port or with any: it's the name that an attacker's page can't have.
    """
    try:
        name = (urlsplit(f"//{host}").hostname if "@" not in host else None) or ""
    except ValueError:
        return False
    return name.endswith(".localhost") or is_loopback(name)


def check_host(host: str) -> None:
    """Refuse a request to a foreign name.

    Raises:
        Refused: its code is "ForeignHost".
    """
    if not is_own_host(host):
        message = f"the request is for host {host[:100]!r}; this machine is meant by its own names only"
        raise Refused("ForeignHost", message)


def check_page(request: Request, *, for_viewer: bool) -> None:
    """Refuse what a page sends, unless it is the viewer's own and asks the viewer.

    What somebody enters in the address line is nobody's page, and is looked at only.

    Raises:
        Refused: its code is "CrossSite".
    """
    headers, site = request.headers, request.headers.get("sec-fetch-site")
    is_entered = site == "none" and request.method in ("GET", "HEAD")
    is_own = for_viewer and (site in (None, "same-origin"))
    if site is not None and not is_entered and not is_own:
        raise Refused("CrossSite", _ELSEWHERE)
    if "origin" in headers and not (for_viewer and _is_page_of(headers["origin"], headers)):
        raise Refused("CrossSite", _ELSEWHERE)
    if site is None and "referer" in headers and not _is_page_of(headers["referer"], headers):
        raise Refused("CrossSite", _ELSEWHERE)


def is_action(headers: Mapping[str, str], action_header: str) -> bool:
    """Say whether the viewer's own page asks for an action: it has an origin, and a header of its own."""
    content = _content_type(headers)
    return content == "application/json" and action_header in headers and "origin" in headers


def check_content_type(request: Request, address: Address) -> None:
    """Refuse what a form can send where the service that is meant reads something else.

    Raises:
        Refused: its code is "UnsupportedMediaTypeException".
    """
    content = _content_type(request.headers)
    if content not in _SIMPLE:
        return
    reads_json = "x-amz-target" in request.headers or address.service == "lambda"
    if reads_json or (content != _FORM and address.service not in ("", "s3")):
        raise Refused("UnsupportedMediaTypeException", f"{content} isn't what this operation reads")


def key_of(request: Request) -> str:
    """Give the access key that a request is signed with; "" where it has no signature.

    Signatures themselves aren't checked. They stand in a header, in the query, or in S3's form for uploads.
    """
    authorization = request.headers.get("authorization", "")
    if authorization.startswith(_VERSION_4) and _SIGNATURE.search(authorization):
        found = _CREDENTIAL.search(authorization)
    else:
        found = _VERSION_2.match(authorization)
    if found is not None:
        return found[1]
    if "Signature" in request.query:
        query = parse_qs(request.query)
        for key, signature in (("X-Amz-Credential", "X-Amz-Signature"), ("AWSAccessKeyId", "Signature")):
            if key in query and signature in query:
                return query[key][0].partition("/")[0]
    if is_form(request):
        uploaded = _IN_UPLOAD.search(request.body, 0, _MOST_FIELDS)
        return uploaded[1].decode("latin-1") if uploaded is not None else ""
    return ""


def is_form(request: Request) -> bool:
    """Say whether a body is a form: what S3's uploads are signed in, and what names an operation."""
    return request.method == "POST" and _content_type(request.headers) in (_FORM, _UPLOAD)


def is_unsigned(request: Request, address: Address) -> bool:
    """Whether AWS itself would answer this request without a signature."""
    return (request.headers.get("x-amz-target") or address.action) in UNSIGNED


def _content_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _is_page_of(address: str, headers: Mapping[str, str]) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and parts.netloc == headers.get("host", "")
