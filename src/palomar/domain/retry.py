"""When something that failed is tried again. Pure: the time and the chance come in as arguments."""

from typing import Final

FOXSYS_CALLBACKS: Final = (30, 5 * 60, 30 * 60, 6 * 3600, 24 * 3600)
"""Seconds to wait after each failed callback: 30 s, 5 min, 30 min, 6 h, 1 day (FOXSYS's page)."""


def next_attempt_ms(schedule_seconds: tuple[int, ...], *, attempts_made: int, now_ms: int) -> int | None:
    """Give the time of the next attempt after the `attempts_made`-th failed at `now_ms`; None after the last.

    A schedule of n waits allows n + 1 attempts. Nothing was attempted yet: now.
    """
    if attempts_made <= 0:
        return now_ms
    if attempts_made > len(schedule_seconds):
        return None
    return now_ms + schedule_seconds[attempts_made - 1] * 1000


def backoff_ms(failures: int, *, base_ms: int, cap_ms: int, fraction: float) -> int:
    """Give the wait after the n-th failure in a row: doubling from `base_ms` to `cap_ms`, with jitter.

    `fraction` is a random number in [0, 1). At least half of the wait always passes, so that a peer which is
    down is left alone; the other half is chance, so that many links do not come back in step.
    """
    doublings = min(max(failures - 1, 0), _ENOUGH_DOUBLINGS)
    longest = min(base_ms << doublings, cap_ms)
    return round(longest * (1 + fraction) / 2)


_ENOUGH_DOUBLINGS: Final = 40
"""From a millisecond to 34 years; without a bound the number would grow with every failure."""
