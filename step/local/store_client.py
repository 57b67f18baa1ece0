"""A store's running service, asked about its store.

Whoever has no service works on the folder itself: ``upkeep``.
"""

from __future__ import annotations

import json
import os
from http.client import HTTPConnection, HTTPException
from typing import Any
from urllib.parse import urlsplit

from step.errors import NoContact, StepError
from step.local.upkeep import BASE


def ask(endpoint: str, what: str, asked: dict[str, str], token: str | None) -> Any:
    """Ask a service about its store.

    Raises:
        NoContact: it doesn't answer.
        StepError: it refuses.
    """
    parts = urlsplit(endpoint)
    shown = token or os.environ.get("STEP_TOKEN") or ""
    headers = {"Content-Type": "application/json", **({"X-Step-Token": shown} if shown else {})}
    connection = HTTPConnection(parts.hostname or "", parts.port)
    try:
        connection.request("POST", f"{BASE}{what}", json.dumps(asked), headers)
        response = connection.getresponse()
        status, body = response.status, response.read()
        told = json.loads(body)
    except (OSError, HTTPException, ValueError) as error:
        raise NoContact(f"{endpoint}: {error}") from error
    finally:
        connection.close()
    if status != 200:
        raise StepError(str(told.get("message", told)))
    return told
