"""As unkind as AWS may be: old reads, throttled requests, updates that take a while.

Around the operations of Step Functions and Lambda, by names and answers alone. Whatever may be late is late
once, and never by more than some seconds; of the same requests, as fast, the same are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import inf
from threading import Lock
from typing import NamedTuple, Protocol, TypeVar

from step.clock import elapsed
from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, to_text

Act = Callable[[], JSONObject]
Kept = TypeVar("Kept")
# How late reads are, unless something else is said. AWS says "best effort".
LATE_SECONDS = 1.0
_MOST_REMEMBERED = 10_000


class Asker(Protocol):
    """Whose request it is, and where."""

    @property
    def account(self) -> str: ...
    @property
    def region(self) -> str: ...


class Around(Protocol):
    """What is around an operation: does it, or answers otherwise."""

    def __call__(self, operation: str, asker: Asker, params: JSONObject, act: Act, /) -> JSONObject: ...


class RequestBucket(NamedTuple):
    """So many requests at once, and so many more a second."""

    size: int
    refill: int


# AWS: Step Functions developer guide, "Quotas", "API action throttling": in the three large regions, and in
# all others; what the guide doesn't name has the least that it names.
_LARGE_REGIONS = frozenset({"us-east-1", "us-west-2", "eu-west-1"})
_LEAST = RequestBucket(100, 1)
_BUCKETS = {
    "DescribeActivity": (RequestBucket(200, 1), RequestBucket(200, 1)),
    "DescribeExecution": (RequestBucket(300, 15), RequestBucket(250, 10)),
    "DescribeStateMachine": (RequestBucket(200, 20), RequestBucket(200, 20)),
    "DescribeStateMachineForExecution": (RequestBucket(200, 1), RequestBucket(200, 1)),
    "GetActivityTask": (RequestBucket(3000, 500), RequestBucket(1500, 300)),
    "GetExecutionHistory": (RequestBucket(400, 20), RequestBucket(400, 20)),
    "ListActivities": (RequestBucket(100, 10), RequestBucket(100, 5)),
    "ListExecutions": (RequestBucket(200, 5), RequestBucket(100, 2)),
    "ListStateMachines": (RequestBucket(100, 5), RequestBucket(100, 5)),
    "RedriveExecution": (RequestBucket(1300, 300), RequestBucket(800, 150)),
    "SendTaskFailure": (RequestBucket(3000, 500), RequestBucket(1500, 300)),
    "SendTaskHeartbeat": (RequestBucket(3000, 500), RequestBucket(1500, 300)),
    "SendTaskSuccess": (RequestBucket(3000, 500), RequestBucket(1500, 300)),
    "StartExecution": (RequestBucket(1300, 300), RequestBucket(800, 150)),
    "StopExecution": (RequestBucket(1000, 200), RequestBucket(500, 25)),
    "TagResource": (RequestBucket(200, 1), RequestBucket(200, 1)),
    "UntagResource": (RequestBucket(200, 1), RequestBucket(200, 1)),
}
_UNTHROTTLED = frozenset({"StartSyncExecution"})
# The reads whose model says "This operation is eventually consistent."
LATE_READS = frozenset(
    {
        *(
            "DescribeActivity",
            "DescribeExecution",
            "DescribeStateMachine",
            "DescribeStateMachineForExecution",
        ),
        *("ListActivities", "ListExecutions", "ListStateMachines"),
    }
)
# By the parameter that names a thing: the error of one that isn't there (yet).
_ABSENT = {
    "executionArn": ("ExecutionDoesNotExist", "Execution Does Not Exist"),
    "stateMachineArn": ("StateMachineDoesNotExist", "State Machine Does Not Exist"),
}
# What an operation's answer names that it has made. Machines and activities are there at once: Terraform, for
# one, looks at them right away, and takes what isn't there for a failure.
_MADE = {
    "PublishStateMachineVersion": "stateMachineVersionArn",
    "StartExecution": "executionArn",
    "UpdateStateMachine": "stateMachineVersionArn",
}


class StrictStates:
    """Around Step Functions' operations.

    A read answers once what it answered before, after something changed; what was made isn't there at the
    first look.

    Args:
        now_ms: The service's time, which may be virtual; buckets fill with it.
        late_seconds: How late a read may be, in real time.
    """

    def __init__(self, now_ms: Callable[[], int], late_seconds: float) -> None:
        self._now_ms = now_ms
        self._late = late_seconds
        self._lock = Lock()
        self._left: dict[tuple[str, str, str], tuple[float, int]] = {}
        self._told: OrderedDict[str, tuple[float, JSONObject]] = OrderedDict()
        self._new: OrderedDict[str, float] = OrderedDict()

    def __call__(self, operation: str, asker: Asker, params: JSONObject, act: Act, /) -> JSONObject:
        self._throttle(operation, asker)
        if operation not in LATE_READS:
            answer = act()
            self._note(answer.get(_MADE.get(operation, "")))
            return answer
        answer = act()
        self._check_new(params)
        key = f"{asker.account} {asker.region} {operation} {to_text(params)}"
        with self._lock:
            at, before = self._told.get(key, (-inf, answer))
            _remember(self._told, key, (elapsed(), answer))
        return before if elapsed() - at < self._late else answer

    def _throttle(self, operation: str, asker: Asker) -> None:
        if operation in _UNTHROTTLED:
            return
        large, other = _BUCKETS.get(operation, (_LEAST, _LEAST))
        bucket = large if asker.region in _LARGE_REGIONS else other
        key, now_ms = (asker.account, asker.region, operation), self._now_ms()
        with self._lock:
            left, at_ms = self._left.get(key, (float(bucket.size), now_ms))
            left = min(bucket.size, left + (now_ms - at_ms) / 1000 * bucket.refill)
            is_over = left < 1
            self._left[key] = (left if is_over else left - 1, now_ms)
        if is_over:
            raise Refused("ThrottlingException", "Rate exceeded")

    def _note(self, made: JSONValue) -> None:
        with self._lock:
            if isinstance(made, str):
                _remember(self._new, made, elapsed())

    def _check_new(self, params: JSONObject) -> None:
        for name, (code, words) in _ABSENT.items():
            arn = params.get(name)
            with self._lock:
                made_at = self._new.pop(arn, -inf) if isinstance(arn, str) else -inf
            if elapsed() - made_at < self._late:
                raise Refused(code, f"{words}: '{arn}'")


class StrictFunctions:
    """Around Lambda's operations: a function that was made or changed is at it until somebody has seen so.

    AWS: Lambda developer guide, "Lambda function states".
    """

    def __init__(self) -> None:
        self._lock = Lock()
        # By function: what is shown of it.
        self._busy: dict[str, JSONObject] = {}

    def __call__(self, operation: str, asker: Asker, params: JSONObject, act: Act, /) -> JSONObject:
        name = str(params.get("FunctionName", "")).partition(":function:")[2] or str(
            params.get("FunctionName")
        )
        key = f"{asker.account} {asker.region} {name.partition(':')[0]}"
        if operation in _UPDATES or operation == "PublishVersion":
            self._check_idle(key, name)
        answer = act()
        if operation in _UPDATES and not params.get("DryRun"):
            with self._lock:
                self._busy[key] = _UPDATES[operation]
            return answer | _UPDATES[operation]
        if params.get("Qualifier", _LATEST) != _LATEST:
            return answer
        if operation == "GetFunctionConfiguration":
            return answer | self._seen(key)
        if operation == "GetFunction":
            shown = answer.get("Configuration")
            return answer | ({"Configuration": shown | self._seen(key)} if isinstance(shown, dict) else {})
        return answer

    def _seen(self, key: str) -> JSONObject:
        with self._lock:
            return self._busy.pop(key, {})

    def _check_idle(self, key: str, name: str) -> None:
        if self._seen(key):
            raise Refused(
                "ResourceConflictException",
                "The operation cannot be performed at this time. "
                f"An update is in progress for resource: {name}",
            )


_LATEST = "$LATEST"
_CREATING = "The function is being created."
_UPDATES: dict[str, JSONObject] = {
    "CreateFunction": {"State": "Pending", "StateReason": _CREATING, "StateReasonCode": "Creating"},
    "UpdateFunctionCode": {"LastUpdateStatus": "InProgress"},
    "UpdateFunctionConfiguration": {"LastUpdateStatus": "InProgress"},
}


def _remember(kept: OrderedDict[str, Kept], key: str, value: Kept) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > _MOST_REMEMBERED:
        kept.popitem(last=False)
