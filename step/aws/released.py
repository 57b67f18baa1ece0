"""What the deployer's records say of releases.

Knows the table; what is recorded is the deployer's.
"""

from __future__ import annotations

from dataclasses import dataclass

from step.aws.deployer_table import DynamoTable
from step.deployer import names
from step.deployer.names import Target
from step.deployer.ports import Unavailable
from step.errors import Refused
from step.jsonvalue import JSONObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """A release that was uploaded; outcome "": none is recorded (it runs, was stopped, or never began)."""

    release_id: str
    outcome: str
    version: str
    ended_at: str
    cause: str

    @classmethod
    def from_record(cls, release_id: str, record: JSONObject) -> Released:
        """Read the record that the deployer keeps of it."""

        def text(member: str) -> str:
            value = record.get(member)
            return value if isinstance(value, str) else ""

        return cls(
            release_id=release_id,
            outcome=text("outcome"),
            version=text("version"),
            ended_at=text("ended_at"),
            cause=text("cause"),
        )


def outcome_in(table: DynamoTable, target: Target, release_id: str) -> str | None:
    """Read what a release has come to; None: there is no such release, or it isn't this caller's to read."""
    if not names.is_name(release_id):
        return None
    try:
        record = table.get(target.record_key(release_id)) or {}
    except (Refused, Unavailable):
        return None
    outcome = record.get("outcome")
    return outcome if isinstance(outcome, str) else None
