"""What the warehouse knows."""

from typing import Any

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="stock")


@handlers.task("Check")
def check(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "is_in_stock": order["item"] != "moon"}
