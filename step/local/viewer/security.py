"""Who may ask the local service through a browser: hosts that are this machine, and pages that are its own.

Pure. A page of another site can make a browser send requests here, and with DNS rebinding read the answers: a
foreign ``Host`` is refused always, an action unless it comes from a page of this very address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from step.errors import Refused
from step.local.http import Request, is_loopback

# A header of its own can't be set by a form or an image, and by a script of another site only with our leave.
ACTION_HEADER = "x-step-action"
MOST_ACTION_BYTES = 1024 * 1024

# What every answer says. A page loads nothing but this service's files and runs no script that stands in it.
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


def is_own_host(host: str, allowed: frozenset[str] = frozenset()) -> bool:
    """Say whether a ``Host`` header names this machine: a loopback address, localhost, or one of ``allowed``.

    Without a port or with any: it's the name that an attacker's page can't have.
    """
    try:
        name = (urlsplit(f"//{host}").hostname if "@" not in host else None) or ""
    except ValueError:
        return False
    return name in allowed or name.endswith(".localhost") or is_loopback(name)


def check_host(request: Request, allowed: frozenset[str] = frozenset()) -> None:
    """Refuse a request to a foreign name.

    Raises:
        Refused: its code is "ForeignHost".
    """
    if not is_own_host(request.headers.get("host", ""), allowed):
        raise Refused("ForeignHost", "this address is answered under the name of this machine only")


def read_action(request: Request) -> dict[str, str]:
    """Read the body of an action, an object of texts, that a page of this service sent.

    Raises:
        Refused: "CrossSite", where it doesn't come from such a page; "ValidationException", where it isn't
            such an object.
    """
    headers = request.headers
    if not _is_own_page(headers):
        raise Refused("CrossSite", "actions are taken from the viewer's own pages only")
    if len(request.body) > MOST_ACTION_BYTES:
        raise Refused("ValidationException", f"expected at most {MOST_ACTION_BYTES:,} bytes")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict) or not all(isinstance(value, str) for value in body.values()):
        raise Refused("ValidationException", "expected a JSON object of texts")
    return body


def _is_own_page(headers: Mapping[str, str]) -> bool:
    content = headers.get("content-type", "").partition(";")[0].strip().lower()
    if content != "application/json" or ACTION_HEADER not in headers:
        return False
    # Browsers send both with a POST; neither can be set by a script.
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = urlsplit(headers.get("origin", ""))
    return origin.scheme in ("http", "https") and origin.netloc == headers.get("host", "")
