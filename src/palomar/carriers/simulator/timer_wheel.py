"""Items that are due later, in buckets of some milliseconds, so that a thousand receipts cost one timer.

Pure: the time is an argument, monotonic seconds. Not here: the timer (``scheduler``).
"""

from heapq import heappop, heappush
from typing import Generic, TypeVar

Item = TypeVar("Item")


class TimerWheel(Generic[Item]):
    """Items by their due time, rounded up to the next bucket."""

    def __init__(self, *, bucket_seconds: float = 0.02) -> None:
        self._per_second = 1 / bucket_seconds
        self._buckets: dict[int, list[Item]] = {}
        self._ticks: list[int] = []

    def __len__(self) -> int:
        return sum(map(len, self._buckets.values()))

    def add(self, item: Item, at: float) -> bool:
        """Keep an item until ``at``; return True if the next due time has changed, so that the timer must be set
        again."""
        tick = int(at * self._per_second) + 1
        bucket = self._buckets.get(tick)
        if bucket is not None:
            bucket.append(item)
            return False
        self._buckets[tick] = [item]
        heappush(self._ticks, tick)
        return self._ticks[0] == tick

    def next_due(self) -> float | None:
        """Return when the first bucket is due; None when there is none."""
        return self._ticks[0] / self._per_second if self._ticks else None

    def take_due(self, now: float) -> list[Item]:
        """Remove and return all items whose bucket is due, in order."""
        due: list[Item] = []
        # Some tolerance: a timer may fire within the clock's resolution before its time.
        limit = now * self._per_second + 1e-3
        while self._ticks and self._ticks[0] <= limit:
            due += self._buckets.pop(heappop(self._ticks))
        return due

    def clear(self) -> None:
        """Forget everything."""
        self._buckets.clear()
        self._ticks.clear()
