"""What the viewer's pages may do, and how they ask for actions.

Pure. Who may ask at all is the admission's affair; an action wants a page of this very address besides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from step.errors import Refused
from step.local.admission import check_page, is_action
from step.local.http import Request

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


def read_action(request: Request) -> dict[str, str]:
    """Read the body of an action, an object of texts, that a page of this service sent.

    Raises:
        Refused: "CrossSite", where it doesn't come from such a page; "ValidationException", where it isn't
            such an object.
    """
    check_page(request, for_viewer=True)
    if not is_action(request.headers, ACTION_HEADER):
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
