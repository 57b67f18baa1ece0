"""EventBridge's rules for events that the service itself tells of: whom a rule tells, in which words.

Rules and patterns are moto's, whose own delivery knows no state machines. Pure but for them.
AWS: EventBridge user guide, "Input transformation".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from step.clock import format_timestamp, now_ms
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.http import Request, Response

_TEXT_OR_VARIABLE = re.compile(r'"(?:[^"\\]|\\.)*"|<([\w.-]+)>')
_VARIABLE = re.compile(r"<([\w.-]+)>")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\['([^']+)'\]")
_NOTHING = object()


class Delivery(NamedTuple):
    """A target of a rule, its input, JSON, and the role that EventBridge takes for it."""

    rule: str
    target: str
    input: str
    role: str = ""
    dead_letters: str = ""


def deliveries(rules: Mapping[str, Any], event: JSONObject) -> Iterator[Delivery]:
    """Say whom moto's rules of a bus tell of an event."""
    for rule in rules.values():
        pattern = rule.event_pattern
        # One on a schedule has no pattern, and to moto that matches everything.
        if rule.state.startswith("ENABLED") and pattern.get_pattern() and pattern.matches_event(event):
            for target in rule.targets:
                yield Delivery(
                    rule.arn,
                    target["Arn"],
                    target_input(target, event),
                    target.get("RoleArn", ""),
                    (target.get("DeadLetterConfig") or {}).get("Arn", ""),
                )


def matches(pattern: str, event: JSONObject) -> bool:
    """Say whether an event matches a pattern, JSON, as a rule's or a filter's."""
    from moto.events.models import EventPattern

    return bool(EventPattern(pattern, json.loads(pattern)).matches_event(event))  # type: ignore[arg-type]  # any object


def put_events(
    request: Request, response: Response, account: str, region: str
) -> Iterator[tuple[str, JSONObject]]:
    """List the events that a PutEvents has put, each with its bus. AWS: EventBridge user guide, "Events"."""
    entries: Any = json.loads(request.body).get("Entries", [])
    answers: Any = json.loads(bytes(response.body)).get("Entries", [])  # type: ignore[arg-type]  # it is no stream
    for entry, answer in zip(entries, answers, strict=False):
        if "EventId" not in answer:
            continue
        given = entry.get("Time")
        at_ms = round(given * 1000) if isinstance(given, int | float) else now_ms()
        event: JSONObject = {
            "version": "0",
            "id": answer["EventId"],
            "detail-type": entry.get("DetailType", ""),
            "source": entry.get("Source", ""),
            "account": account,
            "time": format_timestamp(at_ms // 1000 * 1000).replace(".000Z", "Z"),
            "region": region,
            "resources": entry.get("Resources") or [],
            "detail": _detail(entry.get("Detail")),
        }
        yield str(entry.get("EventBusName") or "default").rpartition("/")[2], event


def _detail(text: Any) -> JSONValue:
    try:
        return json.loads(text)  # type: ignore[no-any-return]  # JSON
    except (TypeError, ValueError):
        return {}


def target_input(target: Mapping[str, Any], event: JSONObject) -> str:
    """Make a target's input of an event: a constant, a part of it, a text with parts of it, or itself."""
    if target.get("Input"):
        return str(target["Input"])
    if target.get("InputPath"):
        return _json(_part(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if not transformer:
        return to_text(event)
    paths = transformer.get("InputPathsMap") or {}
    parts: dict[str, Any] = {name: _part(event, path) for name, path in paths.items()}
    parts["aws.events.event.json"] = event
    return _filled(transformer["InputTemplate"], parts)


def _filled(template: str, parts: Mapping[str, Any]) -> str:
    """Put parts in: inside of quotes as text, outside as JSON, and nothing for what the event hasn't got."""

    def fill(found: re.Match[str]) -> str:
        if found[1] is not None:
            return _json(parts.get(found[1], _NOTHING))
        return _VARIABLE.sub(lambda name: _text(parts.get(name[1], _NOTHING)), found[0])

    return _TEXT_OR_VARIABLE.sub(fill, template)


def _json(part: Any) -> str:
    return "" if part is _NOTHING else to_text(part)


def _text(part: Any) -> str:
    if part is _NOTHING:
        return ""
    return json.dumps(part if isinstance(part, str) else to_text(part), ensure_ascii=False)[1:-1]


def _part(event: JSONValue, path: str) -> Any:
    """Follow a path of names and indices from the event."""
    value: Any = event
    for step in _STEP.finditer(path):
        key = int(step[2]) if step[2] else step[1] or step[3]
        try:
            value = value[key]
        except (LookupError, TypeError):
            return _NOTHING
    return value
