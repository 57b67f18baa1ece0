"""What holds on every path of states/approval.asl.json: `step explore approval --unknown`.

Callbacks are explored without handlers: every answer is possible, at any time and never.
"""

from dataclasses import dataclass
from typing import Any

from step.paths import Moment


@dataclass
class Bank:
    """What the bank has done, whatever the execution thinks."""

    is_paid: bool = False


def _pay(bank: Bank, given: Any, result: Any) -> None:
    bank.is_paid = True


world = Bank()
effects = {"Pay": _pay}


def nothing_is_paid_without_an_answer(moment: Moment) -> None:
    """Nothing is paid where somebody said no, or nobody said anything"""
    if moment.has_ended and moment.error in ("Refused", "NobodyAnswered"):
        assert not moment.world.is_paid


def what_succeeds_is_paid(moment: Moment) -> None:
    """An execution that succeeds has paid"""
    if moment.has_ended and moment.error is None:
        assert moment.world.is_paid
