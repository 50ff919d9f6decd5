"""Token buckets: limits on how often something may be done, and on how much of it may be done at once.

Pure, in memory. Time is an argument, in monotonic seconds.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Final

UNLIMITED: Final = 1 << 30
"""The tokens that a bucket without a rate reports."""
_FORGET_AT: Final = 10_000


@dataclass(slots=True, kw_only=True)
class TokenBucket:
    """A bucket of tokens, refilled at ``rate`` a second up to ``burst_seconds`` of that (at least one); rate 0 is no
    limit.

    It may go into debt: a message of nine parts leaves whole through a bucket that holds two, and the excess is
    waited for afterwards. Otherwise a long message would never find nine tokens at once.
    """

    rate: float
    burst_seconds: float
    lateness_seconds: float = 0.0
    """How late a timer may ring without loss: until then a bucket that a caller waits for holds twice as much.
    Otherwise a rate of ten would become nine on a busy machine."""
    tokens: float = 0.0
    filled_at: float = 0.0
    capacity: float = field(init=False)
    waiting_until: float = 0.0
    """The time by which a caller that got too few tokens comes back. Until then what is left counts as lateness, not as
    burst."""

    def __post_init__(self) -> None:
        self.capacity = max(1.0, self.rate * self.burst_seconds)

    def set_rate(self, rate: float, now: float) -> None:
        """Continue at this rate, with at most one token if there was no limit before."""
        self._fill(now)
        had_limit, self.rate = self.rate, rate
        self.capacity = max(1.0, rate * self.burst_seconds)
        self.tokens = min(self.tokens, self.capacity) if had_limit else 1.0
        self.filled_at = now

    def available(self, now: float) -> int:
        """Count the whole tokens at this moment; never below zero."""
        if not self.rate:
            return UNLIMITED
        self._fill(now)
        if self.tokens < 1.0:
            self.note_waiting(now)
            return 0
        return int(self.tokens)

    def take(self, parts: int, now: float) -> bool:
        """Take tokens for all of ``parts`` or for none; if they are more than the bucket holds, a full bucket is
        enough."""
        if not self.rate:
            return True
        self._fill(now)
        if self.tokens < min(parts, int(self.capacity)):
            self.note_waiting(now)
            return False
        self.tokens -= parts
        return True

    def charge(self, parts: int) -> None:
        """Take tokens even if they are not there."""
        if self.rate:
            self.tokens -= parts

    def forgive(self, debt: float) -> None:
        """Reduce the debt to at most this."""
        self.tokens = max(self.tokens, -debt)

    def note_waiting(self, now: float) -> None:
        """Record that a caller got too few tokens at ``now``, and will come back when there is one."""
        if self.rate:
            self.waiting_until = now + 1.0 / self.rate + self.lateness_seconds

    def give_back(self, parts: int) -> None:
        """Return tokens of parts that were not sent."""
        if self.rate:
            self._add(parts)

    def seconds_until(self, parts: int, now: float) -> float:
        """Return the seconds until :meth:`take` of so many parts could succeed; 0 if it could now."""
        if not self.rate:
            return 0.0
        self._fill(now)
        missing = min(parts, int(self.capacity)) - self.tokens
        return max(0.0, missing / self.rate)

    def _fill(self, now: float) -> None:
        if now > self.filled_at:
            gained, self.filled_at = (now - self.filled_at) * self.rate, now
            self._add(gained)

    def _add(self, tokens: float) -> None:
        """Add tokens up to what the bucket may hold; tokens that it already holds are kept."""
        tokens += self.tokens
        most = self.capacity if self.filled_at > self.waiting_until else 2 * self.capacity
        self.tokens = tokens if tokens <= most else max(self.tokens, most)


class RequestLimits:
    """Limits for many callers (an account and dialect, a family of accounts), each with a bucket of its own."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, TokenBucket] = {}

    def wait_seconds(self, who: Hashable, *, per_second: float, now: float, burst_seconds: float = 1.0) -> float:
        """Take a token and return 0.0, or else return the seconds until the next one. A rate of 0 is no limit; a bucket
        begins full."""
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
