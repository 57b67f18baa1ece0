"""Every path of a machine: all that can happen, those that executions took, and what a change does to them.

Works on definitions, histories and kernels alone; users' handlers come through ports.
"""

from step.paths.exploration import Ending, Exploration, Violation
from step.paths.moment import Invariant, Moment

__all__ = ["Ending", "Exploration", "Invariant", "Moment", "Violation"]
