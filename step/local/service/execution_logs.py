"""Executions' events in CloudWatch Logs, as a machine's ``loggingConfiguration`` asks for them.

Knows which events a level selects by ``engine.logging_levels``, and log groups by a client's two calls. What
can't be delivered is left out: an execution never waits for its log.
AWS: Step Functions developer guide, "Using CloudWatch Logs to log execution history".
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from step.arn import Arn
from step.clock import format_timestamp
from step.durable.host import Host, Live
from step.engine.logging_levels import Level, log_entries
from step.jsonvalue import JSONObject, to_text
from step.local.entropy import new_uuid

_log = logging.getLogger("step.local.service")
# AWS: PutLogEvents takes so many at once.
_MOST_AT_ONCE = 1000


@dataclass(slots=True)
class Watched:
    """An execution whose events are delivered; ``told`` is how many have been."""

    live: Live
    level: Level
    includes_data: bool
    group: str
    stream: str
    told: int
    has_stream: bool = False


class ExecutionLogs:
    """Delivers events.

    Args:
        host: What runs executions.
        client_of: Gives a client of CloudWatch Logs for a region of an account.
    """

    def __init__(self, host: Host, client_of: Callable[[str, str], Any]) -> None:
        self._host = host
        self._client_of = client_of
        self._watched: dict[str, Watched] = {}
        self._news: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver_all, name="step-logs", daemon=True)
        host.listeners.append(self._hear)

    def open(self) -> None:
        """Deliver from now on."""
        self._thread.start()

    def close(self) -> None:
        self._news.put(None)
        if self._thread.is_alive():
            self._thread.join()

    def has_group(self, arn: str) -> bool:
        """Say whether there is a log group; its ARN ends in ``:*``, as configurations name it."""
        named = Arn.from_text(arn)
        if named is None:
            return False
        group = _group_name(named)
        answer = self._client_of(named.region, named.account).describe_log_groups(logGroupNamePrefix=group)
        return any(one["logGroupName"] == group for one in answer["logGroups"])

    def watch(self, live: Live, configuration: JSONObject, told: int = 0) -> None:
        """Deliver an execution's events, where its machine asks for any; the caller has the host's lock.

        ``told``: so many of them have been delivered before.
        """
        group = _group(configuration)
        if group is None:
            return
        info = live.info
        self._watched[info.arn] = Watched(
            live=live,
            level=configuration["level"],  # type: ignore[arg-type]  # the model allows the levels alone
            includes_data=bool(configuration.get("includeExecutionData")),
            group=group,
            stream=f"states/{info.machine_name}/{format_timestamp(info.start_ms)[:10]}/{new_uuid()}",
            told=told,
        )
        self._news.put(info.arn)

    def _hear(self, arn: str) -> None:
        if arn in self._watched:
            self._news.put(arn)

    def _deliver_all(self) -> None:
        while True:
            arn = self._news.get()
            if arn is None:
                return
            try:
                self._deliver(arn)
            except Exception as error:  # what CloudWatch Logs has against it is no failure of the execution
                _log.warning("%s: events weren't logged: %s", arn, error)

    def _deliver(self, arn: str) -> None:
        with self._host.lock:
            watched = self._watched.get(arn)
            if watched is None:
                return
            kernel = watched.live.kernel
            events = list(islice(kernel.history, watched.told, None))
            watched.told += len(events)
            if kernel.status != "RUNNING":
                del self._watched[arn]
        entries = list(log_entries(events, watched.level, arn, includes_data=watched.includes_data))
        if not entries:
            return
        named = Arn.from_text(arn)
        assert named is not None
        client = self._client_of(named.region, named.account)
        place = {"logGroupName": watched.group, "logStreamName": watched.stream}
        if not watched.has_stream:
            client.create_log_stream(**place)
            watched.has_stream = True
        for at in range(0, len(entries), _MOST_AT_ONCE):
            client.put_log_events(**place, logEvents=[_entry(e) for e in entries[at : at + _MOST_AT_ONCE]])


def _group(configuration: JSONObject) -> str | None:
    """Name the log group that events go to; None: nothing is logged."""
    destinations = configuration.get("destinations")
    if configuration.get("level", "OFF") == "OFF" or not isinstance(destinations, list) or not destinations:
        return None
    destination: Any = destinations[0]
    named = Arn.from_text(str(destination.get("cloudWatchLogsLogGroup", {}).get("logGroupArn", "")))
    return None if named is None else _group_name(named)


def _group_name(named: Arn) -> str:
    return named.resource.removeprefix("log-group:").removesuffix(":*")


def _entry(entry: JSONObject) -> dict[str, Any]:
    return {"timestamp": int(str(entry["event_timestamp"])), "message": to_text(entry)}
