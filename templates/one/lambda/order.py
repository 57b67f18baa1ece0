"""The tasks of states/order.asl.json: a handler for each, in one Lambda function."""

from dataclasses import dataclass, replace

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="order")

MOST_CENTS = 100_000


class CardDeclined(Exception):
    """The name that the definition's Catch matches."""


@dataclass(frozen=True)
class Order:
    id: str
    item: str
    cents: int
    is_in_stock: bool = False
    receipt: str = ""
    parcel: str = ""


@handlers.task("Check")
def check(order: Order) -> Order:
    return replace(order, is_in_stock=order.item != "moon")


@handlers.task("Charge", raises=(CardDeclined,))
def charge(order: Order) -> Order:
    # A retry asks again: let the bank know each order by its id, so that it is charged once.
    if order.cents > MOST_CENTS:
        raise CardDeclined(f"{order.cents} cents are too much")
    return replace(order, receipt=f"receipt-{order.id}")


@handlers.task("Ship")
def ship(order: Order) -> Order:
    return replace(order, parcel=f"parcel-{order.id}")


@handlers.task("Refund")
def refund(order: Order) -> Order:
    return replace(order, receipt="")
