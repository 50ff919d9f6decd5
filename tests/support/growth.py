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
    """The processor time of the quickest of some rounds."""
    best = float("inf")
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work()
        best = min(best, time.process_time() - begun)
    return best


def growth(work: Callable[[T], object], small: T, large: T, *, times: float) -> float:
    """How much longer the large input takes than a linear algorithm would, where it is so many times the small one: 1
    is linear, ``times`` is quadratic."""
    return cpu_seconds(lambda: work(large)) / max(cpu_seconds(lambda: work(small)) * times, NOISE_SECONDS)


def peak_octets(work: Callable[[], object]) -> int:
    """The most memory that the work held at once, beyond what was there."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
