"""How fast a carrier is fed: a token bucket in parts a second, and a link's own rate once the carrier throttled it.

Pure: the time is an argument, monotonic seconds. Not here: the window (``carrier``) and any timer.

A bucket may go into debt: a message of nine parts leaves whole through a bucket that holds two, and what it took too
many is waited for afterwards. Else a long message would never find nine tokens at once.

A bucket may also hold twice what it holds else, while somebody waits for it: timers ring late on a busy machine, and
what came in the meantime was asked for. Else a pace of ten would be nine.
"""

from dataclasses import dataclass

UNLIMITED = 1 << 30
"""What a bucket without a rate says it has."""

BURST_SECONDS = 0.1
LATE_SECONDS = 0.5
"""So late a timer may ring without loss."""

DECREASE = 0.7
INCREASE_SHARE = 0.1
HOLD_SECONDS = 1.0
"""Throttled answers within so long of a decrease speak of the same burst and do not slow the link again."""

STEADY_SECONDS = 10.0
"""Without a throttled answer for so long, and at twice what the carrier took then, a link is free again."""


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """Tokens refill at ``rate`` a second up to a tenth of a second's worth (one at least); rate 0 is no limit."""

    rate: float
    tokens: float = 0.0
    filled_at: float = 0.0
    awaited_until: float = 0.0
    """Who got too little comes back by then: what is left of it is not burst but lateness."""

    def set_rate(self, rate: float, now: float) -> None:
        """From now on at this rate, starting with no more than one token when there was no limit before."""
        self._fill(now)
        self.tokens = min(self.tokens, self._capacity(rate)) if self.rate else 1.0
        self.rate = rate
        self.filled_at = now

    def available(self, now: float) -> int:
        """Whole tokens at this moment; never below zero."""
        if not self.rate:
            return UNLIMITED
        self._fill(now)
        if self.tokens < 1.0:
            self.await_from(now)
            return 0
        return int(self.tokens)

    def take(self, parts: int, now: float) -> bool:
        """Take tokens for all of ``parts`` or none; more than the bucket holds are given when it is full."""
        if not self.rate:
            return True
        self._fill(now)
        if self.tokens < min(parts, int(self._capacity(self.rate))):
            self.await_from(now)
            return False
        self.tokens -= parts
        return True

    def charge(self, parts: int) -> None:
        """Take tokens whether they are there or not."""
        if self.rate:
            self.tokens -= parts

    def forgive(self, debt: float) -> None:
        """Let the debt be no more than this."""
        self.tokens = max(self.tokens, -debt)

    def await_from(self, now: float) -> None:
        """Somebody got too little at ``now``, and will come back when there is a token."""
        if self.rate:
            self.awaited_until = now + 1.0 / self.rate + LATE_SECONDS

    def give_back(self, parts: int) -> None:
        """Return tokens of parts that were not sent."""
        if self.rate:
            self._add(parts)

    def seconds_until(self, parts: int, now: float) -> float:
        """How long until :meth:`take` of so many parts could succeed; 0 when it could now."""
        if not self.rate:
            return 0.0
        self._fill(now)
        missing = min(parts, int(self._capacity(self.rate))) - self.tokens
        return max(0.0, missing / self.rate)

    def _fill(self, now: float) -> None:
        if self.rate and now > self.filled_at:
            gained = (now - self.filled_at) * self.rate
            self.filled_at = now
            self._add(gained)

    def _add(self, tokens: float) -> None:
        """Add up to what the bucket may hold; what it already holds is not taken away."""
        capacity = self._capacity(self.rate) * (2 if self.filled_at <= self.awaited_until else 1)
        self.tokens = max(self.tokens, min(self.tokens + tokens, capacity))

    @staticmethod
    def _capacity(rate: float) -> float:
        return max(1.0, rate * BURST_SECONDS)


@dataclass(slots=True, kw_only=True)
class LinkRate:
    """A link's own rate: our limit, if there is one, until the carrier throttles the link; then somewhat below what the
    carrier took, growing step by step until it is free again (additive increase, multiplicative decrease)."""

    bucket: TokenBucket
    limit: float = 0.0
    """Of ours, a second; 0 is none."""
    ceiling: float = 0.0
    """What the carrier took a second when it last throttled the link."""
    slowed: bool = False
    """Whether the carrier has throttled it and it has not found its rate again."""
    _slowed_at: float = 0.0
    _grown_at: float = 0.0
    _second: int = 0
    _taken: int = 0
    _taken_before: int = 0

    @classmethod
    def free(cls, limit: float = 0.0) -> "LinkRate":
        """A link that was never throttled."""
        return cls(bucket=TokenBucket(rate=limit), limit=limit)

    def available(self, now: float) -> int:
        """Parts the link may be given at this moment."""
        if self.slowed:
            self._grow(now)
        return self.bucket.available(now)

    def sent(self) -> None:
        """One part was given to the link. What was on its way when the carrier throttled it is not all waited for: a
        window of it would be silence for many seconds, and the carrier puts off most of it anyway."""
        self.bucket.charge(1)
        if self.slowed:
            self.bucket.forgive(self.bucket.rate * HOLD_SECONDS)

    def taken(self, now: float) -> None:
        """The carrier accepted one part."""
        second = int(now)
        if second != self._second:
            self._taken_before = self._taken if second == self._second + 1 else 0
            self._second, self._taken = second, 0
        self._taken += 1

    def throttled(self, now: float) -> bool:
        """The carrier said ESME_RTHROTTLED or ESME_RMSGQFUL; says whether the rate went down for it."""
        if self.slowed and now - self._slowed_at < HOLD_SECONDS:
            return False
        self.ceiling = float(max(self._taken_before, self._taken, 1))
        self._slowed_at = self._grown_at = now
        self.slowed = True
        rate = self.ceiling * DECREASE
        if self.bucket.rate:
            rate = min(rate, self.bucket.rate * DECREASE)
        self.bucket.set_rate(max(1.0, rate), now)
        return True

    def seconds_until_room(self, now: float) -> float:
        """How long until one more part may be given to the link."""
        return self.bucket.seconds_until(1, now)

    def _grow(self, now: float) -> None:
        steps = int((now - self._grown_at) / HOLD_SECONDS)
        if steps <= 0:
            return
        self._grown_at += steps * HOLD_SECONDS
        top = min(2 * self.ceiling, self.limit) if self.limit else 2 * self.ceiling
        rate = min(self.bucket.rate + steps * max(1.0, self.ceiling * INCREASE_SHARE), top)
        if rate >= top and now - self._slowed_at >= STEADY_SECONDS:
            self.slowed = False
            rate = self.limit
        self.bucket.set_rate(rate, now)
