"""How work grows with the size of its input: in processor time, never by the clock on the wall, and in memory."""

import time
import tracemalloc
from collections.abc import Callable
from typing import Final, TypeVar

T = TypeVar("T")

_ROUNDS: Final = 3
NOISE_SECONDS: Final = 0.004
"""Shorter times say nothing."""


def cpu_seconds(work: Callable[[], object]) -> float:
    """Measure the processor time of the fastest of some rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def growth(work: Callable[[T], object], small: T, large: T, *, times: float) -> float:
    """Return how much longer the large input takes than a linear algorithm would, if it is ``times`` times the small
    one: 1 is linear, ``times`` is quadratic."""
    return cpu_seconds(lambda: work(large)) / max(cpu_seconds(lambda: work(small)) * times, NOISE_SECONDS)


def peak_octets(work: Callable[[], object]) -> int:
    """Measure the most memory that the work held at once, beyond what was in use before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
