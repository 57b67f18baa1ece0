"""Take histories of executions from a service, without what nobody else should see.

Knows the API by ``StepFunctions``; prints and writes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from step.aws.step_functions import StepFunctions
from step.view.visits import Event

# Members of payloads that are taken out unless they are to stay: their names hold one of these.
SECRET = ("password", "passwd", "secret", "token", "apikey", "api_key", "authorization", "credential")
REDACTED = "redacted"
_ACCOUNT = "111111111111"
_TEXTS = ("input", "output", "parameters", "cause")
_OWNER = re.compile(r"(arn:aws[\w-]*:[\w-]*:[\w-]*:)(\d{12})(?=:)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenHistory:
    """An execution's name, its status when it was read, and its scrubbed events."""

    name: str
    status: str
    events: Sequence[Event]


def take_histories(
    service: StepFunctions, machine: str, *, status: str | None, newest: int, secret: Collection[str] = SECRET
) -> Iterator[TakenHistory]:
    """Read the histories of a machine's newest executions, the newest first.

    Account numbers become 111111111111, and members of payloads whose names hold one of ``secret`` become
    "redacted", the same in every event, so that the execution still replays.
    """
    for one in service.executions(machine, status, newest):
        events = [scrub(event, secret) for event in service.events(one.arn)]
        yield TakenHistory(name=one.name, status=one.status, events=events)


def scrub(event: Event, secret: Collection[str] = SECRET) -> dict[str, Any]:
    """Scrub one event."""
    return {name: _scrub_details(value, secret) for name, value in event.items()}


def _scrub_details(value: Any, secret: Collection[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    told: dict[str, Any] = {}
    for name, member in value.items():
        if name == "assignedVariables":
            told[name] = {key: _scrub_payload(text, secret, key) for key, text in member.items()}
        elif name in _TEXTS and isinstance(member, str):
            told[name] = _scrub_payload(member, secret, name)
        else:
            told[name] = _without_owner(member) if isinstance(member, str) else member
    return told


def _scrub_payload(text: str, secret: Collection[str], name: str) -> str:
    if is_secret(name, secret):
        return json.dumps(REDACTED)
    try:
        value = json.loads(text)
    except ValueError:
        return _without_owner(text)
    scrubbed = _scrub(value, lambda member: is_secret(member, secret))
    # What needs nothing stays as it was written.
    return text if scrubbed == value else json.dumps(scrubbed, ensure_ascii=False, separators=(",", ":"))


def _scrub(value: Any, takes_out: Callable[[str], bool]) -> Any:
    match value:
        case dict():
            return {
                name: REDACTED if takes_out(name) and isinstance(member, str) else _scrub(member, takes_out)
                for name, member in value.items()
            }
        case list():
            return [_scrub(item, takes_out) for item in value]
        case str():
            return _without_owner(value)
        case _:
            return value


def _without_owner(text: str) -> str:
    return _OWNER.sub(rf"\g<1>{_ACCOUNT}", text)


def is_secret(name: str, secret: Collection[str]) -> bool:
    """Say whether a member's value is taken out."""
    lowered = name.lower()
    return any(word.lower() in lowered for word in secret)
