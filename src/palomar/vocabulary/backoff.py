"""Backoff: how long to wait before something that failed is tried again. Pure: time and chance are arguments."""

from typing import Final

CALLBACK_WAITS: Final = (30, 5 * 60, 30 * 60, 6 * 3600, 24 * 3600)
"""Seconds to wait after each failed callback of no dialect: 30 s, 5 min, 30 min, 6 h, 1 day."""
_ENOUGH_STEPS: Final = 40
"""Doublings from a millisecond to 34 years; without a bound the power would grow with every failure."""


def wait_after(failures: int, *, first: float, longest: float, factor: float = 2.0) -> float:
    """Return the wait after the n-th failure in a row, in the unit of ``first``.

    It is ``first`` after the first failure, then each time ``factor`` times as long, and never longer than ``longest``.
    """
    return min(first * factor ** min(max(failures - 1, 0), _ENOUGH_STEPS), longest)


def jittered(wait: float, fraction: float) -> float:
    """Shorten a wait at random, so that callers that failed together do not all come back at once.

    ``fraction`` is a random number in [0, 1). At least half of the wait is left, so that a service that is down is
    spared.
    """
    return wait * (1 + fraction) / 2


def next_attempt_ms(schedule_seconds: tuple[int, ...], *, attempts_made: int, now_ms: int) -> int | None:
    """Return the time of the next attempt after the ``attempts_made``-th failed at ``now_ms``; None after the last.

    A schedule of n waits allows n + 1 attempts. The first attempt is due at once.
    """
    if attempts_made <= 0:
        return now_ms
    if attempts_made > len(schedule_seconds):
        return None
    return now_ms + schedule_seconds[attempts_made - 1] * 1000
