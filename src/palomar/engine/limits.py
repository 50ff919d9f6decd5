"""Requests a second: one token bucket an account and dialect, in memory, filled by the clock."""

from collections.abc import Hashable
from dataclasses import dataclass

_FORGET_AT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class RequestLimits:
    """Each (account and dialect) may make ``per_second`` requests in any second, and as many at once."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, _Bucket] = {}

    def wait_seconds(self, who: Hashable, *, per_second: int, now: float) -> float:
        """0.0: go on (a token is taken). Else how long until the next token. ``now`` is monotonic seconds; a rate of 0
        is no limit."""
        if per_second <= 0:
            return 0.0
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _FORGET_AT:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[who] = _Bucket(float(per_second), now)
        bucket.tokens = min(float(per_second), bucket.tokens + (now - bucket.filled) * per_second)
        bucket.filled = now
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return 0.0
        return (1.0 - bucket.tokens) / per_second
