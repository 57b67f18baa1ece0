"""What Step Functions costs: prices as data, with where and when they were read.

Pure: no clock, no IO.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices in USD. AWS: "AWS Step Functions pricing"; the first tier, without the free one."""

    region: str
    read: str
    source: str
    transition: float
    request: float
    gb_second: float

    def standard(self, transitions: int) -> float:
        """What an execution of a Standard machine costs."""
        return transitions * self.transition

    def express(self, seconds: float, mb: int = 64) -> float:
        """What one of an Express machine costs: its time in steps of 100 ms, its memory in steps of 64 MB."""
        steps = max(1, math.ceil(seconds * 10))
        return self.request + steps / 10 * math.ceil(mb / 64) * 64 / 1024 * self.gb_second


PRICES = Prices(
    region="US East (N. Virginia)",
    read="2026-03",
    source="https://aws.amazon.com/step-functions/pricing/",
    transition=0.000_025,
    request=0.000_001,
    gb_second=0.000_016_67,
)
