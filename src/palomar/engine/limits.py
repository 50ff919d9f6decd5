"""Rates: one token bucket for each whose requests are counted, in memory, filled by the clock."""

from collections.abc import Hashable
from dataclasses import dataclass

_FORGET_AT = 10_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: float


class RequestLimits:
    """Each (an account and dialect, a family of accounts) may do something so often, and so much at once."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, _Bucket] = {}

    def wait_seconds(self, who: Hashable, *, per_second: float, now: float, at_once: float = 0.0) -> float:
        """Take a token and give 0.0, else the seconds until the next one. ``now`` is monotonic seconds; a rate of 0 is
        no limit. ``at_once`` is how many tokens a full bucket has; a second's worth, if it is not given."""
        if per_second <= 0:
            return 0.0
        most = at_once or float(per_second)
        bucket = self._buckets.get(who)
        if bucket is None:
            if len(self._buckets) >= _FORGET_AT:
                del self._buckets[next(iter(self._buckets))]
            bucket = self._buckets[who] = _Bucket(most, now)
        bucket.tokens = min(most, bucket.tokens + (now - bucket.filled) * per_second)
        bucket.filled = now
        if bucket.tokens >= 1.0:
            bucket.tokens -= 1.0
            return 0.0
        return (1.0 - bucket.tokens) / per_second
