"""Where each object goes, and whether it arrived: the handlers of states/backup.asl.json."""

import re
from dataclasses import dataclass, replace

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="backup")

# photo-2026-01-31-cat.jpg, and whatever stands before it.
_DATED = re.compile(r"(?P<kind>photo|note)-(?P<year>\d{4})-(?P<month>\d\d)-(?P<rest>.+)")


class NotTheSame(Exception):  # noqa: N818 - errors are named after what happened
    """The copy isn't what was copied."""


@dataclass(frozen=True)
class Copy:
    source: str
    key: str
    etag: str
    target: str = ""
    new_key: str = ""
    new_etag: str = ""


@handlers.task("Place")
def place(copy: Copy) -> Copy:
    """Photos and notes go by year and month, each kind into its own bucket; all else beside the notes."""
    dated = _DATED.search(copy.key)
    if dated is None:
        return replace(copy, target=f"{copy.source}-notes", new_key=f"other/{copy.key}")
    new_key = f"{dated['year']}/{dated['month']}/{dated['rest']}"
    return replace(copy, target=f"{copy.source}-{dated['kind']}s", new_key=new_key)


@handlers.task("Check", raises=(NotTheSame,))
def check(copy: Copy) -> Copy:
    # S3 writes an ETag with quotation marks around it.
    if copy.etag.strip('"') != copy.new_etag.strip('"'):
        raise NotTheSame(f"{copy.key} is {copy.etag}, {copy.target}/{copy.new_key} is {copy.new_etag}")
    return copy
