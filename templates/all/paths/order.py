"""What must hold on every path of states/order.asl.json, whatever fails: `make proof` walks them all."""

from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Shop:
    """What is true outside, whatever the execution thinks."""

    is_paid: bool = False
    is_sent: bool = False


def _charge(shop: Shop, given: Any, result: Any) -> None:
    shop.is_paid = True


def _refund(shop: Shop, given: Any, result: Any) -> None:
    shop.is_paid = False


def _ship(shop: Shop, given: Any, result: Any) -> None:
    shop.is_sent = True


world = Shop()
effects = {"Charge": _charge, "Refund": _refund, "Ship": _ship}
inputs = [{"id": "o-1", "item": "bread", "cents": 450}]
bounds = {"ends_within": 24 * 3600}


def nobody_pays_for_nothing(moment: Moment) -> None:
    """Nobody has paid for what wasn't sent, but where a person is told"""
    shop = moment.world
    # Where the bank says that a card is declined, its word is taken for it.
    if moment.has_ended and moment.error not in ("RefundByHand", "Declined"):
        assert shop.is_sent or not shop.is_paid
