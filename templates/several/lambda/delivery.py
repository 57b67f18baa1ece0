"""What the courier does."""

from typing import Any

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="delivery")


@handlers.task("Ship")
def ship(order: dict[str, Any]) -> dict[str, Any]:
    return {**order, "parcel": f"parcel-{order['id']}"}
