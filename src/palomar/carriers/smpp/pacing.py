"""How fast a carrier is fed: a token bucket in parts a second, and a link's own rate once the carrier has throttled it.

Pure: the time is an argument, monotonic seconds. Not here: the window (``carrier``) and any timer (``waker``).
"""

from dataclasses import dataclass

from palomar.vocabulary.message import PartId
from palomar.vocabulary.token_bucket import TokenBucket

BURST_SECONDS = 0.1
LATE_SECONDS = 0.5
"""A timer may fire so late without a loss of tokens."""

DECREASE = 0.7
INCREASE_SHARE = 0.1
HOLD_SECONDS = 1.0
"""Throttled answers within so long of a decrease belong to the same burst and do not slow the link again."""

STEADY_SECONDS = 10.0
"""A link that was not slowed for so long has no rate of its own any more."""

PERIOD_SECONDS = 1.0
THROTTLED_LEAST = 3
ANSWERS_LEAST = 10
THROTTLED_SHARE = 0.2
"""At least so many parts, and such a share of at least so many answers, must be throttled within a period before the
link counts as too fast: the carrier may reject a single number, or a few."""

REPEATED_SHARE = 0.5
"""The same share, counting parts that were throttled before too: those wait longer each time anyway."""

FLOOD_ANSWERS = 30
FLOOD_SHARE = 0.8
"""Where such a share of so many answers is throttled, the end of the period is not waited for."""

PAST_CEILING = 1.2
"""So far above the rate at which the carrier throttled last, no limit is known any more."""

DOUBLE_SECONDS = 0.1

THROTTLED_REMEMBERED = 10_000

FREE_PARTS_PER_SECOND = 2_000.0
"""A link that reaches this rate needs none of its own."""


def parts_bucket(rate: float) -> TokenBucket:
    """Make the bucket of a carrier or a link: parts a second, up to a tenth of a second's worth at once."""
    return TokenBucket(rate=rate, burst_seconds=BURST_SECONDS, lateness_seconds=LATE_SECONDS)


@dataclass(slots=True, kw_only=True)
class LinkRate:
    """A link's own rate: our limit, if there is one, until the carrier throttles the link; then somewhat below what the
    carrier took, growing step by step (additive increase, multiplicative decrease). While the carrier's limit is not
    known, the rate begins at one part a second and doubles as parts are taken."""

    bucket: TokenBucket
    limit: float = 0.0
    """Our own, in parts a second; 0 is none."""
    ceiling: float = 0.0
    """The parts a second that the carrier took when it last throttled the link; 0 if not known."""
    slowed: bool = False
    """True while the link is below its limit because the carrier has throttled it."""
    _slowed_at: float = 0.0
    _grown_at: float = 0.0
    _begun_at: float = 0.0
    """When the period began in which answers are counted: with its first throttled one."""
    _accepted: int = 0
    _newly_throttled: int = 0
    _throttled_again: int = 0
    _in_a_row: int = 0
    _since_doubled: int = 0
    _second: int = 0
    _accepted_this_second: int = 0
    _accepted_last_second: int = 0
    """Parts accepted in the current second of the clock and in the one before it."""

    @classmethod
    def with_limit(cls, limit: float = 0.0) -> "LinkRate":
        """Make the rate of a link that was never throttled."""
        return cls(bucket=parts_bucket(limit), limit=limit)

    def available(self, now: float) -> int:
        """Count the parts that may be given to the link now."""
        if self.slowed:
            self._grow(now)
        return self.bucket.available(now)

    def note_sent(self) -> None:
        """Note that one part was given to the link.

        The debt of the parts under way when the carrier throttled the link is forgiven beyond a second's worth: a whole
        window of it would be silence for many seconds, and the carrier throttles most of these parts anyway.
        """
        if not self.bucket.rate:
            return
        self.bucket.charge(1)
        if self.slowed:
            self.bucket.forgive(self.bucket.rate * HOLD_SECONDS)

    def note_accepted(self, now: float) -> None:
        """Note that the carrier accepted one part."""
        if int(now) != self._second:
            self._enter_second(now)
        self._accepted_this_second += 1
        self._accepted += 1
        if self.slowed and not self.ceiling:
            self._in_a_row += 1
            self._since_doubled += 1
            self._double(now)

    def note_throttled(self, now: float, *, is_repeated: bool = False) -> bool:
        """Note ESME_RTHROTTLED or ESME_RMSGQFUL for a part (``is_repeated``: not for the first time); return True if
        that lowered the rate.

        The rate is lowered only where the answers say that the link is too fast: a part that the carrier will never
        take must not hold back the others.
        """
        self._enter_second(now)
        if not (self._newly_throttled or self._throttled_again) or now - self._begun_at > 2 * PERIOD_SECONDS:
            self._begin_period(now)
            # What was accepted just before says how fast the link was.
            self._accepted = self._accepted_this_second + self._accepted_last_second
        self._in_a_row = 0
        if is_repeated:
            self._throttled_again += 1
        else:
            self._newly_throttled += 1
        if self.slowed and now - self._slowed_at < HOLD_SECONDS:
            return False
        elapsed = now - self._begun_at
        if self._is_flooded() or self._is_still_too_fast() or (elapsed >= PERIOD_SECONDS and self._is_too_fast()):
            self._slow_down(now)
            return True
        return False

    def set_limit(self, limit: float, now: float) -> None:
        """Go no faster than this from now on; 0 is no limit of ours. A link that is slowed stays so."""
        self.limit = limit
        if not self.slowed:
            self.bucket.set_rate(limit, now)
        elif limit:
            self.bucket.set_rate(min(self.bucket.rate, limit), now)

    def seconds_until_available(self, now: float) -> float:
        """Return the seconds until one more part may be given to the link."""
        return self.bucket.seconds_until(1, now)

    def _double(self, now: float) -> None:
        """Double the rate while parts are taken, some ten times a second at most: no limit of the carrier is known."""
        enough = max(1.0, self.bucket.rate * DOUBLE_SECONDS)
        hardly_any = self._newly_throttled + self._throttled_again <= THROTTLED_SHARE * self._accepted
        if self._in_a_row >= enough or (hardly_any and self._since_doubled >= enough):
            self._since_doubled = 0
            self._raise_rate(2 * self.bucket.rate, now)

    def _enter_second(self, now: float) -> None:
        second = int(now)
        if second != self._second:
            self._accepted_last_second = self._accepted_this_second if second == self._second + 1 else 0
            self._second, self._accepted_this_second = second, 0

    def _begin_period(self, now: float) -> None:
        self._begun_at, self._accepted, self._newly_throttled, self._throttled_again = now, 0, 0, 0

    def _is_flooded(self) -> bool:
        throttled = self._newly_throttled + self._throttled_again
        return throttled >= FLOOD_ANSWERS and throttled >= FLOOD_SHARE * (throttled + self._accepted)

    def _is_still_too_fast(self) -> bool:
        """Return True if a link that is slowed shows the first sign of being too fast."""
        newly_throttled = self._newly_throttled
        is_sign = newly_throttled >= THROTTLED_LEAST or newly_throttled > self._accepted
        return self.slowed and is_sign and newly_throttled >= THROTTLED_SHARE * (newly_throttled + self._accepted)

    def _is_too_fast(self) -> bool:
        newly_throttled, throttled = self._newly_throttled, self._newly_throttled + self._throttled_again
        if throttled + self._accepted < ANSWERS_LEAST:
            return False
        if newly_throttled >= THROTTLED_LEAST and newly_throttled >= THROTTLED_SHARE * (
            newly_throttled + self._accepted
        ):
            return True
        return throttled >= ANSWERS_LEAST and throttled >= REPEATED_SHARE * (throttled + self._accepted)

    def _slow_down(self, now: float) -> None:
        self.ceiling = float(max(self._accepted_this_second, self._accepted_last_second))
        self._slowed_at = self._grown_at = now
        self.slowed = True
        self._in_a_row = self._since_doubled = 0
        rate = self.ceiling * DECREASE
        if self.bucket.rate:
            rate = min(rate, self.bucket.rate * DECREASE)
        self.bucket.set_rate(max(1.0, rate), now)
        self._begin_period(now)

    def _grow(self, now: float) -> None:
        steps = int((now - self._grown_at) / HOLD_SECONDS)
        if steps <= 0:
            return
        if self._grown_at == self._slowed_at:
            self._begin_period(now)  # the parts under way when it was slowed have been answered
        self._grown_at += steps * HOLD_SECONDS
        if now - self._slowed_at >= STEADY_SECONDS:
            self._raise_rate(FREE_PARTS_PER_SECOND, now)
            return
        rate = self.bucket.rate
        if self.ceiling and rate >= PAST_CEILING * self.ceiling:
            self.ceiling = 0.0
        elif self.ceiling:
            step = max(1.0, self.ceiling * INCREASE_SHARE)
            self._raise_rate(min(rate + steps * step, max(rate, PAST_CEILING * self.ceiling)), now)

    def _raise_rate(self, rate: float, now: float) -> None:
        """Go as fast as this, or as our own limit allows."""
        if rate >= (self.limit or FREE_PARTS_PER_SECOND):
            rate, self.slowed = self.limit, False
        self.bucket.set_rate(rate, now)


class ThrottledParts:
    """The parts of a carrier that were throttled and not accepted since; beyond a number of them the oldest are
    forgotten."""

    def __init__(self) -> None:
        self._parts: dict[PartId, None] = {}

    def note_accepted(self, part_id: PartId) -> None:
        """Note that a part was accepted."""
        if self._parts:
            self._parts.pop(part_id, None)

    def note_throttled(self, part_id: PartId) -> bool:
        """Note that a part was throttled; return True if it had been before."""
        if part_id in self._parts:
            return True
        self._parts[part_id] = None
        if len(self._parts) > THROTTLED_REMEMBERED:
            del self._parts[next(iter(self._parts))]
        return False
