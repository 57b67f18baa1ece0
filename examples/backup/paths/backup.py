"""What holds on every path of states/backup.asl.json: `step explore backup --unknown`.

A distributed Map is explored without handlers, with two items: every value is possible, every task may fail.
What is looked at is what the structure promises by itself.
"""

from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Bucket:
    """How many copies were made, whatever the execution thinks; two are as good as more."""

    copies: int = 0


def _copy(bucket: Bucket, given: Any, result: Any) -> None:
    bucket.copies = min(2, bucket.copies + 1)


world = Bucket()
effects = {"Copy": _copy}
bounds = {"faults": 4}


def a_success_has_copied_everything(moment: Moment) -> None:
    """A backup that succeeds has copied both objects"""
    if moment.has_ended and moment.error is None:
        assert moment.world.copies == 2
