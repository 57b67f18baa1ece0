"""Pages of lists: tokens that say where the next one begins.

Pure. A token belongs to one operation with one set of filters; any other text is refused.
"""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import NamedTuple, TypeVar

from step.errors import Refused
from step.jsonvalue import JSONObject, JSONValue, to_text

_NOT_THE_LIST = frozenset({"nextToken", "maxResults"})
# AWS: "maxResults: ... The default is 100 and the maximum allowed page size is 1000. A value of 0 uses the
# default."
_DEFAULT_SIZE = 100

Item = TypeVar("Item")


class Page(NamedTuple):
    """Which part of a list is asked for: at most ``size`` items after ``after``."""

    key: str
    after: list[int]
    size: int

    @classmethod
    def of(cls, operation: str, params: JSONObject) -> Page:
        """Read what a request asks for; ``after`` is empty for the first page.

        Raises:
            Refused: InvalidToken.
        """
        asked: JSONObject = {name: value for name, value in params.items() if name not in _NOT_THE_LIST}
        key = sha256(f"{operation} {to_text(dict(sorted(asked.items())))}".encode()).hexdigest()[:16]
        token = params.get("nextToken")
        after = [] if token is None else _read(str(token), key)
        return cls(key, after, int(str(params.get("maxResults") or _DEFAULT_SIZE)))

    @property
    def offset(self) -> int:
        """Where the page begins in a list that only grows at its end."""
        return self.after[0] if self.after else 0

    def token(self, *after: int) -> str:
        """Name the page that follows."""
        return urlsafe_b64encode(to_text([self.key, *after]).encode()).decode()

    def cut(self, items: Sequence[Item], name: str, write: Callable[[Item], JSONValue]) -> JSONObject:
        """Answer with a part of a whole list."""
        shown = items[self.offset : self.offset + self.size]
        answer: JSONObject = {name: [write(item) for item in shown]}
        if self.offset + self.size < len(items):
            answer["nextToken"] = self.token(self.offset + self.size)
        return answer


def _read(token: str, key: str) -> list[int]:
    try:
        found, *told = json.loads(urlsafe_b64decode(token.encode()))
        after: list[int] = told
    except (ValueError, TypeError, RecursionError):
        raise _invalid() from None
    if found != key or not after or not all(type(number) is int and number >= 0 for number in after):
        raise _invalid()
    return after


def _invalid() -> Refused:
    return Refused("InvalidToken", "Invalid Token: 'Invalid token'")
