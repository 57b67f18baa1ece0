"""The executions that ended while somebody keeps them: what a failed test is explained with.

Knows nothing of executions, and imports nothing: every pytest run has it.
"""

from __future__ import annotations

from collections import deque
from typing import Any

# So many are kept of one test: the last ones.
MOST = 64
# Empty but while a test runs.
KEEPERS: list[deque[Any]] = []


def keep(execution: object) -> None:
    """Give an execution that has ended to who keeps them."""
    for keeper in KEEPERS:
        keeper.append(execution)
