from dataclasses import dataclass

from step.tasks import TaskHandlers

handlers = TaskHandlers()


@dataclass
class Order:
    pieces: int
    total: int = 0


@handlers.task("Price")
def price(order: Order) -> int:
    return order.pieces * 30


@handlers.task("Ship")
def ship(order: Order) -> str:
    return f"{order.pieces} for {order.total}"
