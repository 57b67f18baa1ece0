"""Handlers are plain functions."""

import pytest
from payment import CardDeclined, charge
from stock import check

ORDER = {"id": "o-1", "item": "bread", "cents": 450}


def test_bread_is_in_stock() -> None:
    assert check(ORDER)["is_in_stock"]


def test_a_charge_leaves_a_receipt() -> None:
    assert charge(ORDER)["receipt"] == "receipt-o-1"


def test_too_much_is_declined() -> None:
    with pytest.raises(CardDeclined):
        charge({**ORDER, "cents": 200_000})
