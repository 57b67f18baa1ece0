"""Measure functions that must be compared: in turns, in one process.

Knows nothing of what it measures. Other work on the machine slows all sides of one round alike, hence the
ratios are taken round by round, and their median is what counts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter
from typing import NamedTuple

Job = Callable[[], object]
# A sample repeats a job for as long as this: shorter ones are noise.
SAMPLE_SECONDS = 0.02


class Timing(NamedTuple):
    """A job beside another one; ``ratio`` is the median of the rounds' ratios."""

    seconds: float
    beside_seconds: float
    ratio: float


def compare(job: Job, beside: Job, rounds: int) -> Timing:
    """Time two jobs in turns."""
    first, second = samples([job, beside], rounds)
    return Timing(median(first), median(second), median(a / b for a, b in zip(first, second, strict=True)))


def samples(jobs: Sequence[Job], rounds: int) -> list[list[float]]:
    """Time jobs in turns, A B A B; for every job the seconds of each round."""
    # Nobody pays for looking through what moto and boto3 have loaded when the collector runs.
    gc.collect()
    gc.freeze()
    try:
        repetitions = [_repetitions(job) for job in jobs]
        times: list[list[float]] = [[] for _ in jobs]
        for _ in range(rounds):
            for job, often, taken in zip(jobs, repetitions, times, strict=True):
                taken.append(_seconds(job, often))
    finally:
        gc.unfreeze()
    return times


def _repetitions(job: Job) -> int:
    job()  # warm
    once = min(_seconds(job, 1) for _ in range(3))
    return max(1, round(SAMPLE_SECONDS / once))


def _seconds(job: Job, often: int) -> float:
    # The collector stays on: users have it on too. No sample pays for the garbage of another.
    gc.collect()
    start = perf_counter()
    for _ in range(often):
        job()
    return (perf_counter() - start) / often
