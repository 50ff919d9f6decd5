"""Waiting in journeys: asked again until it is so, with a deadline. Not for unit tests, where time is an argument."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

EVERY_SECONDS = 0.05


def eventually(look: Callable[[], T], *, within_seconds: float, what: str) -> T:
    """Call ``look`` until its result is true, and return it; fail with ``what`` at the deadline."""
    end = time.monotonic() + within_seconds
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_seconds} s: {what} (last seen: {found!r})")
        time.sleep(EVERY_SECONDS)
