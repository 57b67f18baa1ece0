"""Tags of machines and activities.

AWS: Step Functions API reference, "TagResource", "UntagResource", "ListTagsForResource".
"""

from __future__ import annotations

from dataclasses import replace

from step.errors import Refused
from step.jsonvalue import JSONObject
from step.local.service.arns import ACTIVITY, MACHINE, Caller, invalid_arn, resource_kind
from step.local.service.records import Activity, Machine, Records

# AWS: developer guide, "Quotas related to tagging".
_MOST = 50


class Tags:
    """The operations on tags."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def tag(self, caller: Caller, params: JSONObject) -> JSONObject:
        owner = self._owner(str(params["resourceArn"]))
        self._keep(owner, {**owner.tags, **tags_of(params)})
        return {}

    def untag(self, caller: Caller, params: JSONObject) -> JSONObject:
        owner = self._owner(str(params["resourceArn"]))
        keys = params["tagKeys"]
        assert isinstance(keys, list)
        self._keep(owner, {key: value for key, value in owner.tags.items() if key not in keys})
        return {}

    def list(self, caller: Caller, params: JSONObject) -> JSONObject:
        tags = self._owner(str(params["resourceArn"])).tags
        return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}

    def _owner(self, arn: str) -> Machine | Activity:
        kind = resource_kind(arn)
        if kind not in (MACHINE, ACTIVITY):
            raise invalid_arn(f"Resource type not valid in this context: {kind}")
        found = self._records.machines.get(arn) or self._records.activities.get(arn)
        if found is None:
            raise Refused("ResourceNotFound", f"Resource not found: '{arn}'")
        return found

    def _keep(self, owner: Machine | Activity, tags: dict[str, str]) -> None:
        _check_count(tags)
        if isinstance(owner, Machine):
            self._records.machines.put(replace(owner, tags=tags))
        else:
            self._records.activities.put(replace(owner, tags=tags))


def tags_of(params: JSONObject) -> dict[str, str]:
    """Read the tags of a request.

    Raises:
        Refused: TooManyTags.
    """
    given = params.get("tags")
    listed = [tag for tag in given if isinstance(tag, dict)] if isinstance(given, list) else []
    tags = {str(tag.get("key", "")): str(tag.get("value", "")) for tag in listed}
    _check_count(tags)
    return tags


def _check_count(tags: dict[str, str]) -> None:
    if len(tags) > _MOST:
        raise Refused("TooManyTags", f"Too many tags: a resource can have {_MOST}")
