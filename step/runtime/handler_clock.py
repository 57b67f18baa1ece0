"""What time it is to handlers: the wall clock's, or their execution's where somebody asks for that.

Imports nothing: every pytest run has it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

# Gives what makes it a moment, in ms since 1970, for all of the process.
Travel = Callable[[int], AbstractContextManager[object]]
# Empty but while somebody asks for it.
TRAVELS: list[Travel] = []
