"""The client of a deployer when the network is not what it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from step.aws.connection import Aws, AwsPlace
from step.aws.deploys import Deploys
from step.deployer.names import Target
from step.deployer.release import Release
from step.errors import NoContact, Refused

TARGET = Target(project="p", config="c", account="123456789012", region="us-east-1", machine="m")
RELEASE = Release(
    release_id="r-1",
    created_at="2026-01-01T00:00:00.000Z",
    project=TARGET.project,
    config=TARGET.config,
    account=TARGET.account,
    region=TARGET.region,
    machine=TARGET.machine,
    rollback_to=f"{TARGET.machine_arn}:1",
)


class FlakyAws(Aws):
    """An AWS with one execution; each answer to "how does it stand?" is given, None is no answer."""

    def __init__(self, statuses: Sequence[str | None]) -> None:
        super().__init__(AwsPlace(region="us-east-1"), environment={})
        self._statuses = list(statuses)
        self._events = 0

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        if operation == "get_execution_history":
            self._events += 1
            return {"events": [{"id": n + 1, "type": "PassStateEntered"} for n in range(self._events)]}
        status = self._statuses.pop(0) if self._statuses else None
        if status is None:
            raise NoContact("no answer")
        return {"status": status}


def test_lost_contact_is_looked_for_again_and_no_event_is_told_twice() -> None:
    waits: list[float] = []
    aws = FlakyAws([None, "RUNNING", None, None, "SUCCEEDED"])

    told = [event["id"] for event in Deploys(aws, aws, wait=waits.append).follow("arn")]

    assert told == [1, 2]
    assert waits.count(1) == 3


def test_history_is_read_from_its_beginning_again_when_the_page_is_too_old() -> None:
    class OldPages(FlakyAws):
        """Forgets a page's token after the first use."""

        def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
            if operation == "get_execution_history":
                if "nextToken" in parameters:
                    raise Refused("InvalidToken", "The pagination token has expired")
                answer = super().call(service, operation, **parameters)
                return answer if self._events > 1 else {**answer, "nextToken": "old"}
            return super().call(service, operation, **parameters)

    aws = OldPages(["RUNNING", "SUCCEEDED"])

    told = [event["id"] for event in Deploys(aws, aws, wait=lambda seconds: None).follow("arn")]

    assert told == [1, 2, 3][: len(told)]
    assert len(told) >= 2


def test_after_a_minute_without_contact_the_deploy_is_left_alone() -> None:
    waits: list[float] = []
    aws = FlakyAws([])
    deploys = Deploys(aws, aws, wait=waits.append)

    with pytest.raises(NoContact):
        list(deploys.follow("arn"))
    outcome = deploys.outcome(RELEASE, "arn")

    assert sum(waits) == 60
    assert outcome.exit_code == 21
    assert "runs on" in outcome.text
