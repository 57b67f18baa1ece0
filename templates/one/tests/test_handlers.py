"""Handlers are plain functions."""

import pytest
from order import CardDeclined, Order, charge, check

ORDER = Order(id="o-1", item="bread", cents=450)


def test_bread_is_in_stock() -> None:
    assert check(ORDER).is_in_stock


def test_a_charge_leaves_a_receipt() -> None:
    assert charge(ORDER).receipt == "receipt-o-1"


def test_too_much_is_declined() -> None:
    with pytest.raises(CardDeclined):
        charge(Order(id="o-2", item="castle", cents=200_000))
