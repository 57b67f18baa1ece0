"""The machine that the tests run."""

import delivery
import payment
import pytest
import stock

from step import StateMachine
from step.testing import LoadMachine


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    machine = load_machine("order")
    for function in (stock, payment, delivery):
        machine.set_resource_function(f"${{{function.__name__}_arn}}", function.handlers)
    return machine
