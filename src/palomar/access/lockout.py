"""How long who fails to log in must wait: longer with each failure, never for good, so that nobody can be locked out.

Counted for the login at its address, so that who fails elsewhere keeps nobody out, and for the address, because one
attacker tries many logins. Who has logged in from there before is not kept out by others at the address, and waits a
minute at most. The figures are ours.
"""

from typing import Final

from palomar.vocabulary.backoff import wait_after

FREE_BY_LOGIN: Final = 6
FREE_BY_ADDRESS: Final = 20
FREE_IF_KNOWN: Final = 20
"""So many failures cost no wait: an office shares one address."""

FORGOTTEN_MS: Final = 86_400_000
"""A day after the last failure all are forgotten."""

_FIRST_MS: Final = 5_000
LONGEST_MS: Final = 900_000
LONGEST_IF_KNOWN_MS: Final = 60_000


def wait_ms(failures: int, *, free: int, last_ms: int, now_ms: int, longest_ms: int = LONGEST_MS) -> int:
    """Give how long to wait yet after so many failures, the last of them at ``last_ms``: 5 s, doubling to
    ``longest_ms``."""
    if failures < free or forgotten(last_ms, now_ms=now_ms):
        return 0
    whole_ms = round(wait_after(failures - free + 1, first=_FIRST_MS, longest=longest_ms))
    return max(0, last_ms + whole_ms - now_ms)


def forgotten(last_ms: int, *, now_ms: int) -> bool:
    """Whether failures, the last of them at ``last_ms``, count no more."""
    return now_ms - last_ms >= FORGOTTEN_MS
