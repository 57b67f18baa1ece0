"""Pay invoices: the handlers of states/approval.asl.json."""

from dataclasses import dataclass, replace
from typing import Any

from step.tasks import TaskHandlers

handlers = TaskHandlers(service="approval")

# What is paid without asking anybody.
SMALL_CENTS = 50_000


@dataclass(frozen=True)
class Invoice:
    id: str
    cents: int
    is_large: bool = False
    answer: dict[str, Any] | None = None
    receipt: str = ""


class NotAnAmount(Exception):  # noqa: N818 - errors are named after what happened
    """Nobody pays that."""


@handlers.task("Check", raises=(NotAnAmount,))
def check(invoice: Invoice) -> Invoice:
    if invoice.cents <= 0:
        raise NotAnAmount(f"{invoice.cents} cents")
    return replace(invoice, is_large=invoice.cents > SMALL_CENTS)


@handlers.task("Pay")
def pay(invoice: Invoice) -> Invoice:
    # A retry asks again: let the bank know each invoice by its id, so that it is paid once.
    return replace(invoice, receipt=f"paid-{invoice.id}")
