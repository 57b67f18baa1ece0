"""Randomness of the operating system: the only place of the local service that asks for it.

What must repeat (an execution's UUIDs, jitter) comes from the execution's seed instead.
"""

from __future__ import annotations

import random
import uuid

_SYSTEM = random.SystemRandom()  # noqa: TID251 - the one place


def new_uuid() -> str:
    """Make an id that nobody can guess."""
    return str(uuid.uuid4())  # noqa: TID251 - the one place


def new_share() -> float:
    """Draw from [0, 1): which way a weighted alias sends a request."""
    return _SYSTEM.random()
