"""What moto does with an event for a rule's targets, mended: each gets it, and none fails the call.

State machines and functions aren't among them: ``service.event_targets`` tells those. Knows moto's rules.
AWS: EventBridge user guide, "Targets": a target that fails is tried again, and PutEvents knows nothing of it.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from step.arn import Arn
from step.clock import format_timestamp
from step.local.cloud.rules import target_input

_log = logging.getLogger("step.local.cloud")
_TOLD_ELSEWHERE = frozenset({"states", "lambda"})


def mend_rules() -> None:
    """Let moto's rules deliver so from now on."""
    from moto.events.models import Rule

    send = Rule.send_to_targets
    if send.__module__ == __name__:
        return

    def send_to_targets(rule: Any, event: Any, transform_input: bool = True) -> None:
        pattern = rule.event_pattern
        # One on a schedule has no pattern, and to moto that matches everything.
        if (
            not rule.state.startswith("ENABLED")
            or not pattern.get_pattern()
            or not pattern.matches_event(event)
        ):
            return
        targets = rule.targets
        try:
            for target in targets:
                rule.targets = [target]
                try:
                    if not _tell(target, event):
                        send(rule, dict(event), transform_input)  # type: ignore[arg-type]  # moto's own event
                except Exception as failure:  # whatever moto has against a target
                    _log.warning("%s: %s wasn't told: %s", rule.arn, target.get("Arn"), failure)
        finally:
            rule.targets = targets

    Rule.send_to_targets = send_to_targets  # type: ignore[assignment, method-assign]  # there is no other place for it


def _tell(target: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Tell a target that moto doesn't know, or tells in other words; say whether it was one."""
    named = Arn.from_text(target["Arn"])
    if named is None or named.service in _TOLD_ELSEWHERE:
        return True
    text = target_input(target, _as_json(event))
    if named.service == "sqs":
        from moto.sqs.models import sqs_backends

        group = (target.get("SqsParameters") or {}).get("MessageGroupId")
        sqs_backends[named.account][named.region].send_message(named.resource, text, group_id=group)
    elif named.service == "sns":
        from moto.sns.models import sns_backends

        sns_backends[named.account][named.region].publish(text, arn=target["Arn"])
    else:
        return False
    return True


def _as_json(event: Mapping[str, Any]) -> dict[str, Any]:
    """Write an event's time as AWS does; moto has it as a number."""
    time = event.get("time")
    if not isinstance(time, int | float):
        return dict(event)
    moment = datetime.fromtimestamp(int(time), UTC)
    return {**event, "time": format_timestamp(round(moment.timestamp() * 1000)).replace(".000Z", "Z")}
