"""What the bank does."""

from typing import Any

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="payment")

MOST_CENTS = 100_000


class CardDeclined(Exception):
    """The name that the definition's Catch matches."""


@handlers.task("Charge", raises=(CardDeclined,))
def charge(order: dict[str, Any]) -> dict[str, Any]:
    # A retry asks again: let the bank know each order by its id, so that it is charged once.
    if order["cents"] > MOST_CENTS:
        raise CardDeclined(f"{order['cents']} cents are too much")
    return {**order, "receipt": f"receipt-{order['id']}"}


@handlers.task("Refund")
def refund(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "receipt": ""}
