"""What holds on every path of states/saga.asl.json, whatever fails: `step explore saga`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Outside:
    """What is booked and paid, whatever the execution thinks."""

    flight: bool = False
    hotel: bool = False
    paid: bool = False


def _sets(name: str, value: bool) -> Callable[[Outside, Any, Any], None]:
    return lambda outside, given, result: setattr(outside, name, value)


world = Outside()
effects = {
    "BookFlight": _sets("flight", True),
    "BookHotel": _sets("hotel", True),
    "Charge": _sets("paid", True),
    "Refund": _sets("paid", False),
    "CancelHotel": _sets("hotel", False),
    "CancelFlight": _sets("flight", False),
}
inputs = [
    {"id": "t-1", "to": "Lisbon", "cents": 90_000},
    {"id": "t-2", "to": "Lisbon", "cents": 900_000},
]
bounds = {"ends_within": 3 * 3600}


def all_or_nothing(moment: Moment) -> None:
    """All is booked and paid, or nothing is, or a person is told"""
    if moment.has_ended and moment.error != "NeedsPerson":
        outside = moment.world
        assert outside.flight == outside.hotel == outside.paid
        assert outside.paid == (moment.error is None)


def nobody_pays_for_half_a_trip(moment: Moment) -> None:
    """Nothing is charged before flight and hotel are booked, or given up before it is given back"""
    if moment.world.paid:
        assert moment.world.flight
        assert moment.world.hotel
