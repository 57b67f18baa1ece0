"""What starts a project's functions: event source mappings, and notifications of buckets.

Knows operations of AWS's services by boto3's names.
AWS: SAM specification, "SQS", "DynamoDB", "S3" of a function's events.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from step.aws.connection import Aws
from step.errors import Refused
from step.projects.application import ProjectResource
from step.projects.resources import MAPPING, NOTIFICATION

Ask = Callable[..., dict[str, Any] | None]
SOURCES = (MAPPING, NOTIFICATION)
_CHANGEABLE = frozenset(
    {
        *(
            "BatchSize",
            "MaximumBatchingWindowInSeconds",
            "FilterCriteria",
            "FunctionResponseTypes",
            "Enabled",
        ),
        *("BisectBatchOnFunctionError", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds"),
        *("DestinationConfig", "ParallelizationFactor", "ScalingConfig"),
    }
)


class Sources:
    """Makes and deletes them.

    Args:
        ask: Asks for something; None: it isn't there.
    """

    def __init__(self, aws: Aws, ask: Ask) -> None:
        self._aws = aws
        self._ask = ask

    def put(self, resource: ProjectResource) -> bool:
        """Make it, or change it to what it should be; say whether it is new."""
        if resource.type == NOTIFICATION:
            return self._notify(resource)
        given = dict(resource.properties)
        given["EventSourceArn"] = self._source(str(given.get("EventSourceArn")))
        known = self._known(given)
        if known is None:
            self._aws.call("lambda", "create_event_source_mapping", **given)
            return True
        changed = {name: value for name, value in given.items() if name in _CHANGEABLE}
        if any(known.get(name) != value for name, value in changed.items() if name != "Enabled"):
            self._aws.call("lambda", "update_event_source_mapping", UUID=known["UUID"], **changed)
        return False

    def drop(self, resource: ProjectResource) -> bool:
        """Delete it; say whether it was there."""
        if resource.type == NOTIFICATION:
            # It goes with its bucket.
            return False
        given = dict(resource.properties)
        given["EventSourceArn"] = self._source(str(given.get("EventSourceArn")))
        known = self._known(given)
        if known is None:
            return False
        self._aws.call("lambda", "delete_event_source_mapping", UUID=known["UUID"])
        return True

    def _known(self, given: dict[str, Any]) -> dict[str, Any] | None:
        try:
            listed = self._ask(
                "lambda",
                "list_event_source_mappings",
                EventSourceArn=given["EventSourceArn"],
                FunctionName=given["FunctionName"],
            )
        except Refused:
            return None
        found: list[dict[str, Any]] = (listed or {}).get("EventSourceMappings", [])
        return found[0] if found else None

    def _source(self, arn: str) -> str:
        """Give a source's ARN; that of a stream has the moment at which its table was made."""
        if ":dynamodb:" not in arn:
            return arn
        table = arn.partition(":table/")[2].partition("/")[0]
        told = self._ask("dynamodb", "describe_table", TableName=table) or {"Table": {}}
        return str(told["Table"].get("LatestStreamArn") or arn)

    def _notify(self, resource: ProjectResource) -> bool:
        """Add a function to a bucket's notifications."""
        wanted: Any = {"Id": resource.key, **resource.properties["Configuration"]}  # type: ignore[dict-item]  # an object
        there = self._aws.call("s3", "get_bucket_notification_configuration", Bucket=resource.name.lower())
        there.pop("ResponseMetadata", None)
        functions = there.get("LambdaFunctionConfigurations", [])
        if any(one.get("Id") == resource.key for one in functions):
            return False
        self._aws.call(
            "s3",
            "put_bucket_notification_configuration",
            Bucket=resource.name.lower(),
            NotificationConfiguration={**there, "LambdaFunctionConfigurations": [*functions, wanted]},
        )
        return True
