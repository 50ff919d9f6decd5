"""Tells whoever got no slot of a carrier that there is one: in the next turn of the loop, or by a timer.

Not here: whether there is a slot (``carrier``), and what a pace allows (``pacing``).
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from palomar.carriers.smpp.pacing import HOLD_SECONDS, LinkRate
from palomar.vocabulary.token_bucket import TokenBucket

PACE_WAKE_SECONDS: Final = 0.005
"""The shortest wait for a token, so that a fast pace does not cost one timer a part."""

TIMER_GRAIN_SECONDS: Final = 0.001
"""Loops round their timers to milliseconds; a timer that fires early would find no token yet."""


class Waker:
    """Calls ``wake`` if somebody has asked for slots and got none since :meth:`note_woken`."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._is_waited_for = False
        self._timer: asyncio.TimerHandle | None = None
        self._at = 0.0

    def note_waiting(self) -> None:
        """Note that somebody got no slots and waits for some."""
        self._is_waited_for = True

    def note_woken(self) -> None:
        """Note that everybody who waited has just been called."""
        self._is_waited_for = False

    def wake_waiting(self) -> None:
        """Call ``wake`` in the next turn if somebody waits: a slot is free again without an answer of the carrier."""
        if self._is_waited_for:
            self._is_waited_for = False
            asyncio.get_running_loop().call_soon(self._wake)

    def arm_timer(self, bucket: TokenBucket, paces: Sequence[LinkRate], now: float) -> None:
        """Call ``wake`` by a timer when the first token may be there: of the carrier's bucket or of its links'
        paces."""
        waits = [bucket.seconds_until(1, now)]
        for pace in paces:
            pace.bucket.note_waiting(now)  # reserved parts have not been charged to it yet
            waits.append(pace.seconds_until_available(now))
        # Wait for the first token. Where no bucket lacks one a window is full, and the timer is only a safety net; the
        # rate of a slowed link grows meanwhile.
        wait = min((wait for wait in waits if wait > 0), default=HOLD_SECONDS)
        delay = min(max(wait + TIMER_GRAIN_SECONDS, PACE_WAKE_SECONDS), HOLD_SECONDS)
        if self._timer is not None:
            if self._at <= now + delay:
                return
            self._timer.cancel()
        self._at = now + delay
        self._timer = asyncio.get_running_loop().call_later(delay, self._on_timer)

    def stop(self) -> None:
        """Cancel the timer, if it runs."""
        if self._timer is not None:
            self._timer.cancel()

    def _on_timer(self) -> None:
        self._timer = None
        self._wake()
