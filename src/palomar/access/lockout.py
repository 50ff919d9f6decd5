"""Compute how long a login must wait after failures: longer with each, never for good, so that nobody is locked out.

Failures are counted for a login at its address, so that failures from elsewhere do not delay it, and for the address,
because one attacker tries many logins. A login that is known from the address is not delayed by others there, and waits
a minute at most. The figures are ours. Not here: counting (``sessions``, ``sign_in_throttle``).
"""

from typing import Final

from palomar.vocabulary.backoff import wait_after

FREE_BY_LOGIN: Final = 6
FREE_BY_ADDRESS: Final = 20
FREE_IF_KNOWN: Final = 20
"""Failures that cost no wait; an office shares one address."""

FORGOTTEN_MS: Final = 86_400_000
"""How long after the last failure all of them are forgotten: a day."""

_FIRST_MS: Final = 5_000
LONGEST_MS: Final = 900_000
LONGEST_IF_KNOWN_MS: Final = 60_000


def wait_ms(failures: int, *, free: int, last_ms: int, now_ms: int, longest_ms: int = LONGEST_MS) -> int:
    """Return how many milliseconds are still to be waited after so many failures, the last of them at ``last_ms``: 5 s
    for the first beyond ``free``, doubling up to ``longest_ms``."""
    if failures < free or are_forgotten(last_ms, now_ms=now_ms):
        return 0
    whole_ms = round(wait_after(failures - free + 1, first=_FIRST_MS, longest=longest_ms))
    return max(0, last_ms + whole_ms - now_ms)


def are_forgotten(last_ms: int, *, now_ms: int) -> bool:
    """Return True if failures, the last of them at ``last_ms``, count no more."""
    return now_ms - last_ms >= FORGOTTEN_MS
