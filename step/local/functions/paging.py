"""Pages of Lambda's lists: a marker is the number of the first item.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue

_MOST_DIGITS = 9


def page(asked: JSONObject, items: Sequence[JSONValue], key: str, *, most: int = 50) -> JSONObject:
    """Give a page of a list: from ``Marker`` on, ``MaxItems`` long.

    Raises:
        Refused: a marker that no page gave.
    """
    marker = str(asked.get("Marker") or "0")
    if not (marker.isascii() and marker.isdigit() and len(marker) <= _MOST_DIGITS):
        raise Refused("InvalidParameterValueException", "Marker: no page's marker")
    begin, count = int(marker), int(str(asked.get("MaxItems") or most))
    listed: JSONObject = {key: [*items[begin : begin + count]]}
    if begin + count < len(items):
        listed["NextMarker"] = str(begin + count)
    return listed
