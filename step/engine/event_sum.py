"""A running sum over an execution's events as GetExecutionHistory gives them.

Pure: no clock, no IO. A sum is stored with the way in which it was made, so that another way may come. It
says nothing of rows: what history keeps in memory may change its form.
"""

from __future__ import annotations

from functools import cache
from zlib import crc32

from step.engine.history import Record, Told, Written, payload_text
from step.jsonvalue import to_text

# How events are summed up: type, the id that the event follows, time, and every detail with its name, but for
# those that say what is told of data ("inputDetails").
VERSION = 2
_VERSIONS = 16


class EventSum:
    """The sum of the rows that were added so far."""

    __slots__ = ("_at_ms", "_crc", "_number", "_previous", "_rows")

    def __init__(self) -> None:
        self._crc = 0
        self._rows = 0
        self._number = 0
        self._previous = 0
        self._at_ms = 0

    def of(self, rows: list[Written]) -> int:
        """Add what is new in a history's rows; give the sum, with its version."""
        if len(rows) > self._rows:
            self._add(rows)
        return self._crc * _VERSIONS + VERSION

    def _add(self, rows: list[Written]) -> None:
        told: list[str] = []
        add = told.append
        at_ms, number, previous = self._at_ms, self._number, self._previous
        for row in rows[self._rows :] if self._rows else rows:
            if isinstance(row, int):
                previous = number - row
                continue
            head = row[0]
            if type(head) is Record:
                for event in head.events(*row[1:]):
                    add(f"{event[0]}\n{previous}\n{at_ms}\n{_details(event)}")
                    number += 1
                    previous = number
            elif head is None:
                at_ms, previous = row[1], row[2]
            else:
                # A straight-line visit; what one state gives is most often what the next one is given.
                _, value, out = row
                kind, name = head.kind, head.name
                given = payload_text(value)
                text = given if out is value else payload_text(out)
                add(
                    f"{kind}StateEntered\n{previous}\n{at_ms}\ninput={given}\nname={name}\n"
                    f"{kind}StateExited\n{number + 1}\n{at_ms}\nname={name}\noutput={text}\n"
                )
                number += 2
                previous = number
        self._crc = crc32("".join(told).encode("utf-8", "surrogatepass"), self._crc)
        self._rows, self._number, self._previous, self._at_ms = len(rows), number, previous, at_ms


def is_known(stored: int) -> bool:
    """Whether a stored sum was made as sums are made here."""
    return stored % _VERSIONS == VERSION


def _details(event: Told) -> str:
    details = event[2]
    if not details:
        return ""
    told = ""
    for name in _names(tuple(details)):
        value = details[name]
        told += f"{name}={value if type(value) is str else to_text(value)}\n"
    return told


@cache
def _names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(name for name in names if not name.endswith("Details")))
