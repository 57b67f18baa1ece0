"""What must hold on every path of ``states/bread.asl.json``, whatever fails: ``step explore bread``."""

from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Kitchen:
    """What is in the kitchen, whatever the execution thinks."""

    oven_is_on: bool = False


def _turn_on(kitchen: Kitchen, given: Any, result: Any) -> None:
    kitchen.oven_is_on = True


def _turn_off(kitchen: Kitchen, given: Any, result: Any) -> None:
    kitchen.oven_is_on = False


world = Kitchen()
effects = {
    "Bake": _turn_on,
    "RemoveCoolEat": _turn_off,
    "TakeOutPale": _turn_off,
    "SaveDough": _turn_off,
    "TurnOvenOff": _turn_off,
}
# A bread that turns golden, one that never does, and an oven that stays cold.
inputs = [
    {"oven": {"minutes_to_golden": 14}},
    {"oven": {"minutes_to_golden": 100}},
    {"oven": {"failures": 3}},
]
bounds = {"ends_within": 18 * 3600}


def the_oven_is_never_left_on(moment: Moment) -> None:
    """The oven is off when nobody is told to go and see"""
    if moment.has_ended and moment.error != "OvenStillOn":
        assert not moment.world.oven_is_on
