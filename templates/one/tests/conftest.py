"""The machine that the tests run."""

import pytest

from step import StateMachine
from step.testing import LoadMachine


@pytest.fixture
def machine(load_machine: LoadMachine) -> StateMachine:
    return load_machine("order")  # states/order.asl.json with the handlers of lambda/order.py
