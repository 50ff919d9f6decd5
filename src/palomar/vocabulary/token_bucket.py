"""Token buckets: how often something may be done, and how much of it at once.

Pure, in memory: the time is an argument, monotonic seconds.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

UNLIMITED: Final = 1 << 30
"""What a bucket without a rate says it has."""
_FORGET_AT: Final = 10_000


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """Tokens that refill at ``rate`` a second up to ``burst_seconds`` of that (one at least); rate 0 is no limit.

    It may go into debt: a message of nine parts leaves whole through a bucket that holds two, and what it took too many
    is waited for afterwards. Else a long message would never find nine tokens at once.
    """

    rate: float
    burst_seconds: float
    late_seconds: float = 0.0
    """So late a timer may ring without loss: until then a bucket for which somebody waits holds twice as much. Else a
    pace of ten would be nine on a busy machine."""
    tokens: float = 0.0
    filled_at: float = 0.0
    holds: float = field(init=False)
    awaited_until: float = 0.0
    """Who got too little comes back by then: what is left of it is not burst but lateness."""

    def __post_init__(self) -> None:
        self.holds = max(1.0, self.rate * self.burst_seconds)

    def set_rate(self, rate: float, now: float) -> None:
        """Go on at this rate, starting with no more than one token when there was no limit before."""
        self._fill(now)
        had_limit, self.rate = self.rate, rate
        self.holds = max(1.0, rate * self.burst_seconds)
        self.tokens = min(self.tokens, self.holds) if had_limit else 1.0
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
        if self.tokens < min(parts, int(self.holds)):
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
        """Note that somebody got too little at ``now``, and will come back when there is a token."""
        if self.rate:
            self.awaited_until = now + 1.0 / self.rate + self.late_seconds

    def give_back(self, parts: int) -> None:
        """Return tokens of parts that were not sent."""
        if self.rate:
            self._add(parts)

    def seconds_until(self, parts: int, now: float) -> float:
        """Give the seconds until :meth:`take` of so many parts could succeed; 0 when it could now."""
        if not self.rate:
            return 0.0
        self._fill(now)
        missing = min(parts, int(self.holds)) - self.tokens
        return max(0.0, missing / self.rate)

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            gained, self.filled_at = (now - self.filled_at) * self.rate, now
            self._add(gained)

    def _add(self, tokens: float) -> None:
        """Add up to what the bucket may hold; what it already holds is not taken away."""
        tokens += self.tokens
        most = self.holds if self.filled_at > self.awaited_until else 2 * self.holds
        self.tokens = tokens if tokens <= most else max(self.tokens, most)


class RequestLimits:
    """Each (an account and dialect, a family of accounts) may do something so often, and so much at once."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, TokenBucket] = {}

    def wait_seconds(self, who: Hashable, *, per_second: float, now: float, burst_seconds: float = 1.0) -> float:
        """Take a token and give 0.0, else the seconds until the next one; a rate of 0 is no limit. A bucket begins
        full."""
        if per_second <= 0:
            return 0.0
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _FORGET_AT:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[who] = TokenBucket(
                rate=per_second, burst_seconds=burst_seconds, tokens=max(1.0, per_second * burst_seconds), filled_at=now
            )
        elif bucket.rate != per_second:
            bucket.set_rate(per_second, now)
        return 0.0 if bucket.take(1, now) else bucket.seconds_until(1, now)
