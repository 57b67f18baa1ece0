"""What an exploration leaves behind for a small program to check: situations by name, moves by number.

Pure: no clock, no IO.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from step.engine.key import Seen
from step.errors import StepError
from step.jsonvalue import to_text

_FORM = "step paths 1"
_NAME = 16


class Refuted(Exception):  # noqa: N818 - a verdict, not a fault of the program
    """The certificate doesn't prove what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """All situations of a machine, and where every move leads.

    Attributes:
        machine: A digest of the definition, the input and AWS's limits.
        seen: What decides on what comes, beside the execution itself.
        reduces: Whether branches go on one beside the other.
        exact: Whether timers of one instant go off in the order in which they were set.
        late: Whether answers may also take as long as they can.
        leave_out: The names of fields that make no difference.
        names: The situations' names, the beginning's first.
        targets: For each situation, the numbers of those that its moves lead to, in order.
    """

    machine: str
    seen: Seen
    reduces: bool
    exact: bool
    late: bool
    leave_out: tuple[str, ...]
    names: Sequence[bytes]
    targets: Sequence[Sequence[int]]

    def to_bytes(self) -> bytes:
        head = {
            "form": _FORM,
            "machine": self.machine,
            "seen": [*self.seen],
            "reduces": self.reduces,
            "exact": self.exact,
            "late": self.late,
            "leaveOut": [*self.leave_out],
            "situations": len(self.names),
        }
        counts = array("I", [len(targets) for targets in self.targets])
        edges = array("I", [target for targets in self.targets for target in targets])
        return json.dumps(head).encode() + b"\n" + b"".join(self.names) + counts.tobytes() + edges.tobytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Certificate:
        """Read what ``to_bytes`` wrote.

        Raises:
            StepError: it isn't a certificate.
        """
        text, _, body = data.partition(b"\n")
        try:
            head = json.loads(text)
            if head["form"] != _FORM:
                raise ValueError
            size = head["situations"]
            names = [body[at : at + _NAME] for at in range(0, size * _NAME, _NAME)]
            numbers = array("I")
            numbers.frombytes(body[size * _NAME :])
            counts, edges = numbers[:size], iter(numbers[size:])
            targets = [[next(edges) for _ in range(count)] for count in counts]
            return cls(
                machine=head["machine"],
                seen=Seen(*head["seen"]),
                reduces=head["reduces"],
                exact=head["exact"],
                late=head["late"],
                leave_out=tuple(head["leaveOut"]),
                names=names,
                targets=targets,
            )
        except (ValueError, KeyError, TypeError, RuntimeError, StopIteration) as error:
            raise StepError("this isn't a certificate of step, or not a whole one") from error


def machine_digest(source: Mapping[str, Any], value: Any, quotas: object) -> str:
    """Name what a certificate is about."""
    return sha256(f"{to_text(dict(source))}\n{to_text(value)}\n{quotas}".encode()).hexdigest()
