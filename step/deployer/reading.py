"""Read an untrusted JSON document, member by member, and note every problem with its place.

Pure: no clock, no IO. A value that is wrong is noted and replaced, so that reading goes on to the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TypeVar

from step.clock import parse_timestamp
from step.deployer import names
from step.jsonvalue import JSONValue

T = TypeVar("T")
# Gives a value of the type, or raises Misfit.
Read = Callable[[JSONValue], T]

_SHA256 = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*")
_PLACEHOLDER = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_VERSION = re.compile(
    r"arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]{1,80}:[1-9][0-9]{0,17}"
)
# AWS: Lambda API, UpdateFunctionCode, ImageUri; a tag would be another image tomorrow.
_IMAGE = re.compile(
    r"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?/[a-z0-9]+(?:[._/-][a-z0-9]+)*@sha256:[0-9a-f]{64}"
)
_LAYER = re.compile(r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:layer:[A-Za-z0-9_-]{1,140}:[1-9][0-9]*")
# A version or alias of a function or a machine: what has no qualifier changes while it is asked.
_CHECKER = re.compile(
    r"arn:[a-z-]+:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}:(?!\$LATEST)[A-Za-z0-9_-]{1,128}"
    r"|arn:[a-z-]+:states:[a-z0-9-]+:[0-9]{12}:stateMachine:[A-Za-z0-9_-]{1,80}:[A-Za-z0-9_.-]{1,80}"
)
_SHOWN = 80


class DocumentMisfit(ValueError):  # noqa: N818 - reads as the sentence it is
    """A value isn't what was expected; the message says what was."""


class Members:
    """The members of one object of the document.

    Attributes:
        problems: What was found wrong so far, here and further in.
    """

    def __init__(self, value: JSONValue, place: str, problems: list[str] | None = None) -> None:
        self.problems: list[str] = [] if problems is None else problems
        self._place = place
        self._read: set[str] = set()
        self._value = value if isinstance(value, dict) else {}
        self._is_object = isinstance(value, dict)
        if not self._is_object:
            self.problems.append(f"{place}: expected an object, got {_described(value)}")

    def value(self, member: str) -> JSONValue:
        """Take a member as it is; null where there is none."""
        self._read.add(member)
        return self._value.get(member)

    def needed(self, member: str, read: Read[T]) -> T:
        """Read a member that has to be there."""
        self._read.add(member)
        if member not in self._value:
            if self._is_object:
                self.problems.append(f"{self._place}/{member}: is missing")
            return _nothing(read)
        try:
            return read(self._value[member])
        except DocumentMisfit as misfit:
            got = _described(self._value[member])
            self.problems.append(f"{self._place}/{member}: expected {misfit}, got {got}")
            return _nothing(read)

    def optional(self, member: str, read: Read[T]) -> T | None:
        """Read a member that may be missing, or null."""
        self._read.add(member)
        return None if self._value.get(member) is None else self.needed(member, read)

    def inner(self, member: str, *, is_needed: bool = False) -> Members | None:
        """Enter a member that is an object."""
        self._read.add(member)
        value = self._value.get(member)
        if value is None and not is_needed:
            return None
        if member not in self._value and self._is_object:
            self.problems.append(f"{self._place}/{member}: is missing")
            return None
        return Members(value, f"{self._place}/{member}", self.problems)

    def each(self, member: str, limit: int) -> Iterator[Members]:
        """Enter the objects of a member that is a list; none where it is missing."""
        self._read.add(member)
        value = self._value.get(member)
        if value is None:
            return
        if not isinstance(value, list) or len(value) > limit:
            got = f"{len(value)}" if isinstance(value, list) else _described(value)
            self.problems.append(f"{self._place}/{member}: expected a list of at most {limit}, got {got}")
            return
        for index, item in enumerate(value):
            yield Members(item, f"{self._place}/{member}/{index}", self.problems)

    def finish(self) -> None:
        """Note the members that nobody read."""
        for member in sorted(set(self._value) - self._read):
            known = ", ".join(sorted(self._read))
            self.problems.append(f"{self._place}: unknown member {_described(member)}; it knows {known}")


def text(shortest: int, longest: int) -> Read[str]:
    """Read a text by its length."""

    def read(value: JSONValue) -> str:
        if isinstance(value, str) and shortest <= len(value) <= longest:
            return value
        raise DocumentMisfit(f"a text of {shortest} to {longest} characters")

    return read


def number(least: int, most: int) -> Read[int]:
    """Read a whole number in a range."""

    def read(value: JSONValue) -> int:
        if type(value) is int and least <= value <= most:
            return value
        raise DocumentMisfit(f"a whole number from {least:,} to {most:,}")

    return read


def _matching(accepts: Callable[[str], object], expected: str) -> Read[str]:
    def read(value: JSONValue) -> str:
        if isinstance(value, str) and accepts(value):
            return value
        raise DocumentMisfit(expected)

    return read


name = _matching(names.is_name, "1 to 64 letters, digits, _ . and - (no path, no ARN)")
project_name = _matching(
    names.is_project_name,
    "1 to 64 letters, digits, _ . and - (no path, no ARN, no __, and no _ at its ends)",
)
machine_name = _matching(names.is_machine_name, "a state machine's name: 1 to 80 letters, digits, - and _")
function_name = _matching(names.is_function_name, "a function's name: 1 to 64 letters, digits, - and _")
account = _matching(names.is_account, "an account's id: twelve digits")
region = _matching(names.is_region, "a region, as eu-central-1")
sha256_hex = _matching(_SHA256.fullmatch, "a SHA-256 in hexadecimal: 64 of 0-9 and a-f")
placeholder = _matching(_PLACEHOLDER.fullmatch, "a placeholder's name: letters, digits and _")
machine_version = _matching(_VERSION.fullmatch, "the ARN of a state machine's version")
checker_arn = _matching(
    _CHECKER.fullmatch, "the ARN of a function's version or alias, or of a state machine's version or alias"
)
image_uri = _matching(
    _IMAGE.fullmatch, "an image in ECR by its digest: ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME@sha256:..."
)
timestamp = _matching(
    lambda value: parse_timestamp(value) is not None, "an RFC 3339 timestamp, as 2026-01-02T03:04:05.678Z"
)
object_key = _matching(
    lambda key: len(key) <= 1024 and _KEY.fullmatch(key) and not set(key.split("/")) & {".", ".."},
    "an object's key",
)


def alarm_names(value: JSONValue) -> tuple[str, ...]:
    """Read the names of CloudWatch alarms."""
    if isinstance(value, list) and len(value) <= 100:
        alarms = [alarm for alarm in value if isinstance(alarm, str) and 0 < len(alarm) <= 255]
        if len(alarms) == len(value):
            return tuple(alarms)
    raise DocumentMisfit("at most 100 names of alarms")


def layer_versions(value: JSONValue) -> tuple[str, ...]:
    """Read the layers of a function: AWS takes five."""
    if isinstance(value, list) and len(value) <= 5:
        layers = [layer for layer in value if isinstance(layer, str) and _LAYER.fullmatch(layer)]
        if len(layers) == len(value):
            return tuple(layers)
    raise DocumentMisfit("at most five ARNs of layers' versions")


def yes_or_no(value: JSONValue) -> bool:
    """Read a truth value."""
    if isinstance(value, bool):
        return value
    raise DocumentMisfit("true or false")


def _nothing(read: Read[T]) -> T:
    """Stand in for a value that is missing or wrong; the document is refused anyway."""
    stand_in: object = () if read is alarm_names else ""
    return stand_in  # type: ignore[return-value]  # never used: its problem is noted


def _described(value: JSONValue) -> str:
    if isinstance(value, str):
        return repr(value if len(value) <= _SHOWN else value[:_SHOWN] + "...")
    if isinstance(value, dict | list):
        return "an object" if isinstance(value, dict) else "a list"
    return "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)[:_SHOWN]
