"""How fast a carrier is fed: a token bucket in parts a second, and a link's own rate once the carrier throttled it.

Pure: the time is an argument, monotonic seconds. Not here: the window (``carrier``) and any timer.
"""

from dataclasses import dataclass

from palomar.vocabulary.message import PartId
from palomar.vocabulary.token_bucket import TokenBucket

BURST_SECONDS = 0.1
LATE_SECONDS = 0.5
"""So late a timer may ring without loss."""

DECREASE = 0.7
INCREASE_SHARE = 0.1
HOLD_SECONDS = 1.0
"""Throttled answers within so long of a decrease speak of the same burst and do not slow the link again."""

STEADY_SECONDS = 10.0
"""So long after it was slowed last a link is free again."""

PERIOD_SECONDS = 1.0
PUT_OFF_LEAST = 3
ANSWERS_LEAST = 10
PUT_OFF_SHARE = 0.2
"""So many parts, of so many answers, are throttled within a period before it is the link that is too fast: one number
may be what the carrier does not like, and so may be a few."""

AGAIN_SHARE = 0.5
"""The same where parts count that were put off before: they wait longer each time anyway."""

FLOOD_ANSWERS = 30
FLOOD_SHARE = 0.8
"""Where so many of so many are throttled, no period is waited for."""

PAST_CEILING = 1.2
"""So far beyond what the carrier took when it throttled last, nothing is known of a limit any more."""

DOUBLE_SECONDS = 0.1

PUT_OFF_REMEMBERED = 10_000

FREE_PARTS_PER_SECOND = 2_000.0
"""A link that found its way up to this needs no rate."""


def parts_bucket(rate: float) -> TokenBucket:
    """Make the bucket of a carrier or a link: parts a second, up to a tenth of a second's worth at once."""
    return TokenBucket(rate=rate, burst_seconds=BURST_SECONDS, late_seconds=LATE_SECONDS)


@dataclass(slots=True, kw_only=True)
class LinkRate:
    """A link's own rate: our limit, if there is one, until the carrier throttles the link; then somewhat below what the
    carrier took, growing step by step (additive increase, multiplicative decrease). Where nothing is known of what the
    carrier takes, the rate begins at one part a second and doubles with each part that is taken."""

    bucket: TokenBucket
    limit: float = 0.0
    """Of ours, a second; 0 is none."""
    ceiling: float = 0.0
    """What the carrier took a second when it last throttled the link; 0 where that is not known."""
    slowed: bool = False
    """Whether the carrier has throttled it and it has not found its rate again."""
    _slowed_at: float = 0.0
    _grown_at: float = 0.0
    _begun_at: float = 0.0
    """When the period began of which the answers are counted: with its first throttled one."""
    _taken: int = 0
    _put_off: int = 0
    _again: int = 0
    _in_a_row: int = 0
    _since_doubled: int = 0
    _second: int = 0
    _taken_now: int = 0
    _taken_before: int = 0
    """Parts taken in the current second of the clock and in the one before it."""

    @classmethod
    def free(cls, limit: float = 0.0) -> "LinkRate":
        """A link that was never throttled."""
        return cls(bucket=parts_bucket(limit), limit=limit)

    def available(self, now: float) -> int:
        """Count the parts that the link may be given at this moment."""
        if self.slowed:
            self._grow(now)
        return self.bucket.available(now)

    def sent(self) -> None:
        """Note that one part was given to the link. What was on its way when the carrier throttled it is not all
        waited for: a window of it would be silence for many seconds, and the carrier puts off most of it anyway."""
        if not self.bucket.rate:
            return
        self.bucket.charge(1)
        if self.slowed:
            self.bucket.forgive(self.bucket.rate * HOLD_SECONDS)

    def taken(self, now: float) -> None:
        """Note that the carrier accepted one part."""
        if int(now) != self._second:
            self._turn_to(now)
        self._taken_now += 1
        self._taken += 1
        if self.slowed and not self.ceiling:
            self._in_a_row += 1
            self._since_doubled += 1
            self._double(now)

    def throttled(self, now: float, *, again: bool = False) -> bool:
        """Note ESME_RTHROTTLED or ESME_RMSGQFUL to a part (``again``: not for the first time); says whether the rate
        went down for it. It does where that speaks of the link's speed: a part that nobody will ever take must not
        hold back the others."""
        self._turn_to(now)
        if not (self._put_off or self._again) or now - self._begun_at > 2 * PERIOD_SECONDS:
            self._begin(now)
            self._taken = self._taken_now + self._taken_before  # what came just before says how fast it was
        self._in_a_row = 0
        if again:
            self._again += 1
        else:
            self._put_off += 1
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

    def seconds_until_room(self, now: float) -> float:
        """Give how long until one more part may be given to the link, in seconds."""
        return self.bucket.seconds_until(1, now)

    def _double(self, now: float) -> None:
        """Go twice as fast as long as parts are taken, some ten times a second at most: nothing is known of a limit."""
        enough = max(1.0, self.bucket.rate * DOUBLE_SECONDS)
        hardly_any = self._put_off + self._again <= PUT_OFF_SHARE * self._taken
        if self._in_a_row >= enough or (hardly_any and self._since_doubled >= enough):
            self._since_doubled = 0
            self._set(2 * self.bucket.rate, now)

    def _turn_to(self, now: float) -> None:
        second = int(now)
        if second != self._second:
            self._taken_before = self._taken_now if second == self._second + 1 else 0
            self._second, self._taken_now = second, 0

    def _begin(self, now: float) -> None:
        self._begun_at, self._taken, self._put_off, self._again = now, 0, 0, 0

    def _is_flooded(self) -> bool:
        every = self._put_off + self._again
        return every >= FLOOD_ANSWERS and every >= FLOOD_SHARE * (every + self._taken)

    def _is_still_too_fast(self) -> bool:
        """Tell whether a link that is slow already shows the first sign of being too fast."""
        fresh = self._put_off
        is_sign = fresh >= PUT_OFF_LEAST or fresh > self._taken
        return self.slowed and is_sign and fresh >= PUT_OFF_SHARE * (fresh + self._taken)

    def _is_too_fast(self) -> bool:
        fresh, every = self._put_off, self._put_off + self._again
        if every + self._taken < ANSWERS_LEAST:
            return False
        if fresh >= PUT_OFF_LEAST and fresh >= PUT_OFF_SHARE * (fresh + self._taken):
            return True
        return every >= ANSWERS_LEAST and every >= AGAIN_SHARE * (every + self._taken)

    def _slow_down(self, now: float) -> None:
        self.ceiling = float(max(self._taken_now, self._taken_before))
        self._slowed_at = self._grown_at = now
        self.slowed = True
        self._in_a_row = self._since_doubled = 0
        rate = self.ceiling * DECREASE
        if self.bucket.rate:
            rate = min(rate, self.bucket.rate * DECREASE)
        self.bucket.set_rate(max(1.0, rate), now)
        self._begin(now)

    def _grow(self, now: float) -> None:
        steps = int((now - self._grown_at) / HOLD_SECONDS)
        if steps <= 0:
            return
        if self._grown_at == self._slowed_at:
            self._begin(now)  # what was on its way when it was slowed has been answered
        self._grown_at += steps * HOLD_SECONDS
        if now - self._slowed_at >= STEADY_SECONDS:
            self._set(FREE_PARTS_PER_SECOND, now)
            return
        rate = self.bucket.rate
        if self.ceiling and rate >= PAST_CEILING * self.ceiling:
            self.ceiling = 0.0
        elif self.ceiling:
            step = max(1.0, self.ceiling * INCREASE_SHARE)
            self._set(min(rate + steps * step, max(rate, PAST_CEILING * self.ceiling)), now)

    def _set(self, rate: float, now: float) -> None:
        """Go faster: as fast as this, or as our own limit allows."""
        if rate >= (self.limit or FREE_PARTS_PER_SECOND):
            rate, self.slowed = self.limit, False
        self.bucket.set_rate(rate, now)


class ThrottledParts:
    """A carrier's parts that were throttled and not taken since; of so many that it forgets some, the oldest."""

    def __init__(self) -> None:
        self._parts: dict[PartId, None] = {}

    def taken(self, part_id: PartId) -> None:
        """Note that a part was taken."""
        if self._parts:
            self._parts.pop(part_id, None)

    def again(self, part_id: PartId) -> bool:
        """Note that a part was throttled; says whether it had been before."""
        if part_id in self._parts:
            return True
        self._parts[part_id] = None
        if len(self._parts) > PUT_OFF_REMEMBERED:
            del self._parts[next(iter(self._parts))]
        return False
