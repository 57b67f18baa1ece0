"""The comparison with brute force is sharp: a key or a reduction that is damaged is found by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from step.engine.frames import Frame
from step.engine.key import digest
from step.paths.moves import Moves
from step.paths.search import Model
from step.paths.situation import Situation
from tests.paths.agreement import Case
from tests.paths.generated import generated

Damage = Callable[[Any], Any]


def key_without(damage: Damage) -> type[Model]:
    class Damaged(Model):
        __slots__ = ()

        def name(self, at: Situation) -> bytes:
            value = at.key(self.seen)
            return digest(damage(value) if at.is_running else value)

    return Damaged


def of_frames(place: int) -> Damage:
    """Leave one part out of what the key says of each branch."""

    def frame(told: tuple[Any, ...]) -> tuple[Any, ...]:
        parts = [*told]
        inner = parts[7]
        if inner:
            parts[7] = (inner[0], [frame(child) for child in inner[1]])
        parts[place] = None
        return tuple(parts)

    return lambda key: ((frame(key[0][0]), *key[0][1:]), *key[1:])


def without_groups(key: Any) -> Any:
    def frame(told: tuple[Any, ...]) -> tuple[Any, ...]:
        inner = told[7] and ((), [frame(child) for child in told[7][1]])
        return (*told[:7], inner, *told[8:])

    return ((frame(key[0][0]), *key[0][1:]), *key[1:])


def without_timers(key: Any) -> Any:
    return ((key[0][0], *key[0][2:]), *key[1:])


def with_timers_of_any_time(key: Any) -> Any:
    timers = [timer[1:] for timer in key[0][1]]
    return ((key[0][0], timers, *key[0][2:]), *key[1:])


class OnlyTheFirstBranch(Moves):
    def follow(self, at: Situation) -> bool:
        return not at.focus and super().follow(at)


class EndedWithItsGroup(Moves):
    def follow(self, at: Situation) -> bool:
        foci = len(at.focus)
        return super().follow(at) and (len(at.focus) == foci or not at.is_running)


class EveryMapsBranchesApart(Moves):
    def meet(self, owner: Frame) -> bool:
        return False


class AnyOrderOfTimers(Moves):
    def compare_ties(self, at: Situation, then: Situation, now: int) -> None:
        pass


# Each with the number of a generated machine that shows it.
KEYS = {
    "state": (of_frames(0), 2),
    "value": (of_frames(1), 0),
    "variables": (of_frames(2), 23),
    "retries": (of_frames(4), 19),
    "group": (without_groups, 303),
    "timers": (without_timers, 137),
    "time of timers": (with_timers_of_any_time, 86),
    "hung": (lambda key: (*key[:2], *key[3:]), 7),
    "world": (lambda key: (key[0], *key[2:]), 37),
}
REDUCTIONS = {
    OnlyTheFirstBranch: 77,
    EndedWithItsGroup: 47,
    EveryMapsBranchesApart: 8,
    AnyOrderOfTimers: 44,
}


@pytest.mark.parametrize("part", KEYS)
def test_a_key_without_one_part_is_found(part: str) -> None:
    damage, number = KEYS[part]
    case = Case(generated(number))

    assert case.explored(model=key_without(damage))[0] != case.by_force()
    assert case.explored()[0] == case.by_force()


@pytest.mark.parametrize("damaged", REDUCTIONS, ids=[moves.__name__ for moves in REDUCTIONS])
def test_a_damaged_reduction_is_found(damaged: type[Moves]) -> None:
    case = Case(generated(REDUCTIONS[damaged]))

    assert case.explored(moves=damaged)[0] != case.by_force()
    assert case.explored()[0] == case.by_force()
