"""What users hold: a machine with its handlers, and one run of it."""

from step.machine.execution import Execution
from step.machine.state_machine import StateMachine

__all__ = ["Execution", "StateMachine"]
