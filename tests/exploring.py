"""How many examples a test of properties tries: the same few each time; with SOAK=1 fifty times as many."""

from __future__ import annotations

import os
from typing import Any

from hypothesis import settings

_TIMES = 50 if os.environ.get("SOAK") == "1" else 1


def examples(count: int, **more: Any) -> settings:
    """Make settings, the profile's beside the count."""
    return settings(max_examples=count * _TIMES, deadline=None, **more)
