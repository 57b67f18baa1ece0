"""What every compiled expression is, and what it may ask of the execution that evaluates it.

Pure: no clock, no IO. ``engine`` implements ``Scope``; this module must not know it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

from step.jsonvalue import JSONValue


class Scope(Protocol):
    """What an expression sees beside its value ``$``."""

    @property
    def context(self) -> dict[str, JSONValue]:
        """The context object, ``$$``."""

    @property
    def variables(self) -> Mapping[str, JSONValue]:
        """The variables that are visible here, ``$name``; outer scopes included."""

    @property
    def random(self) -> random.Random:
        """Randomness derived from the execution's seed; the only source of it."""

    @property
    def has_former_functions(self) -> bool:
        """Whether the execution began when intrinsic functions were those of ``former_intrinsics``."""

    @property
    def now(self) -> int:
        """The time of the evaluation: milliseconds since 1970."""


# (value, scope) -> value. Raises StateFailure. Must not change ``value``; may return parts of it.
Evaluate = Callable[[JSONValue, Scope], JSONValue]

UNBOUND = float("inf")


class Bound(NamedTuple):
    """How large a result can be: at most every read part of the value, once each, and ``plus`` bytes.

    ``reads`` holds for every copy of a part of ``$`` the first field name of its path, or None for the
    whole value (or a part that isn't known at compile time). ``plus`` is UNBOUND where nothing is known.
    """

    reads: tuple[str | None, ...] = ()
    plus: float = 0

    def __add__(self, other: Bound) -> Bound:  # type: ignore[override]  # a sum of bounds, not of tuples
        return Bound(self.reads + other.reads, self.plus + other.plus)

    @property
    def factor(self) -> int:
        """How many times the value's size can enter the result: distinct fields together count once."""
        if None in self.reads:
            return len(self.reads)
        return max((self.reads.count(name) for name in set(self.reads)), default=0)


class Expression(NamedTuple):
    """A compiled expression: the function, and what is known of the size of its results."""

    evaluate: Evaluate
    bound: Bound = Bound((), UNBOUND)
