"""Activities, and the answers to task tokens.

AWS: Step Functions API reference, the operations named here; developer guide, "Activities".
Observed: sfn_api_activities, callback.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from step.asl.source import read_source
from step.durable.host import Host
from step.engine.vocabulary import Heartbeat, Input, TaskFailed, TaskSucceeded
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, to_text
from step.local.service.arns import ACTIVITY, Caller, activity_arn
from step.local.service.machines import encryption_of
from step.local.service.paging import Page
from step.local.service.records import Activity, Records
from step.local.service.tags import tags_of
from step.machine.create_request import check_name

# AWS: GetActivityTask: a poll without a task is answered after a minute.
_POLL_SECONDS = 60.0
# What the kernel makes tokens of.
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}=")


class Activities:
    """The operations on activities, and those that answer tokens."""

    def __init__(self, records: Records, host: Host, poll_seconds: float = _POLL_SECONDS) -> None:
        self._records = records
        self._host = host
        self._poll_seconds = poll_seconds

    # ------------------------------------------------------------ activities

    def create(self, caller: Caller, params: JSONObject) -> JSONObject:
        name = str(params["name"])
        check_name(name)
        arn = caller.arn(ACTIVITY, name)
        encryption = encryption_of(params)
        activity = self._records.activities.get(arn)
        if activity is None:
            now = self._host.clock.now_ms()
            activity = Activity(
                arn=arn, name=name, creation_ms=now, encryption=encryption, tags=tags_of(params)
            )
            self._records.activities.put(activity)
        elif activity.encryption != encryption:
            raise Refused("ActivityAlreadyExists", f"Activity Already Exists: '{arn}'")
        return {"activityArn": arn, "creationDate": activity.creation_ms / 1000}

    def describe(self, caller: Caller, params: JSONObject) -> JSONObject:
        activity = self._activity(params)
        return _listed(activity) | {"encryptionConfiguration": activity.encryption}

    def list(self, caller: Caller, params: JSONObject) -> JSONObject:
        page = Page.of("ListActivities", params)
        return page.cut(self._records.activities.list(caller.arn(ACTIVITY, "")), "activities", _listed)

    def delete(self, caller: Caller, params: JSONObject) -> JSONObject:
        self._records.activities.delete(activity_arn(str(params["activityArn"])))
        return {}

    def poll(self, caller: Caller, params: JSONObject) -> JSONObject:
        """Answer GetActivityTask; waits, and takes the host's lock itself."""
        with self._host.lock:
            activity = self._activity(params)
        worker = params.get("workerName")
        task = self._host.take_activity(
            activity.arn, self._poll_seconds, None if worker is None else str(worker)
        )
        if task is None:
            return {}
        return {"taskToken": task.token, "input": to_text(task.payload)}

    def _activity(self, params: JSONObject) -> Activity:
        arn = activity_arn(str(params["activityArn"]))
        activity = self._records.activities.get(arn)
        if activity is None:
            raise Refused("ActivityDoesNotExist", f"Activity Does Not Exist: '{arn}'")
        return activity

    # ------------------------------------------------------------ tokens

    def succeed(self, caller: Caller, params: JSONObject) -> JSONObject:
        source = read_source(str(params["output"]))
        if source.error is not None:
            raise Refused("InvalidOutput", f"Invalid Output: '{source.error.message}'")
        value: JSONValue = source.value
        return self._send(params, lambda op: TaskSucceeded(op, value))

    def fail(self, caller: Caller, params: JSONObject) -> JSONObject:
        error, cause = _text(params.get("error")), _text(params.get("cause"))
        return self._send(params, lambda op: TaskFailed(op, error, cause))

    def heartbeat(self, caller: Caller, params: JSONObject) -> JSONObject:
        return self._send(params, Heartbeat)

    def _send(self, params: JSONObject, make: Callable[[int], Input]) -> JSONObject:
        """Tell an open task; one that was closed is told from what was never a token by its form alone."""
        token = str(params["taskToken"])
        if self._host.answer(token, make):
            return {}
        if _TOKEN.fullmatch(token):
            raise Refused("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'")
        raise Refused("InvalidToken", "Invalid Token: 'Invalid token'")


def _listed(activity: Activity) -> JSONObject:
    return {
        "activityArn": activity.arn,
        "name": activity.name,
        "creationDate": activity.creation_ms / 1000,
    }


def _text(value: JSONValue) -> str | None:
    return None if value is None else str(value)
