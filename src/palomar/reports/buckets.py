"""Counts of messages: the minutes, hours and days they are counted by, their dimensions, and sums of them.

Minutes add up to hours and hours to days, all in GMT. A message is counted at the time of its acceptance. Not here: the
counting (``reports.counting``), and the questions (``reports.statistics``).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import FINAL, State

EVERYBODY: Final = AccountId(0)
"""Under this account the messages of all accounts are counted once more, so that a total need not add up thousands of
accounts."""


class Bucket(IntEnum):
    """Lengths of time that are counted together, in milliseconds."""

    MINUTE = 60_000
    HOUR = 3_600_000
    DAY = 86_400_000

    def start_of(self, at_ms: int) -> int:
        """Return when the minute, hour or day begins that contains a time."""
        return at_ms - at_ms % self


BUCKETS: Final = (Bucket.MINUTE, Bucket.HOUR, Bucket.DAY)
COUNTS_KEPT_MS: Final[Mapping[Bucket, int]] = {Bucket.MINUTE: 5 * Bucket.DAY, Bucket.HOUR: 100 * Bucket.DAY}
"""How long counts are kept; those of days are kept for ever."""

DELAYS_MS: Final = (1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000)
"""Upper bounds of how long a delivery takes, from when the message was due. Class 0 is no delivery, class n is below
the n-th bound, and the last class is all that took longer."""


class Dimension(StrEnum):
    """Columns by which counts can be grouped. The values are the columns' names."""

    ACCOUNT = "account_id"
    COUNTRY = "country"
    CARRIER = "carrier"
    DIALECT = "dialect"


@dataclass(frozen=True, slots=True)
class CountRetention:
    """The times since which there are counts by the minute and by the hour; each is the start of a whole hour or
    day."""

    minutes_since_ms: int
    hours_since_ms: int

    def bucket_at(self, at_ms: int) -> Bucket:
        """Return the shortest bucket by which that time is counted."""
        if at_ms >= self.minutes_since_ms:
            return Bucket.MINUTE
        return Bucket.HOUR if at_ms >= self.hours_since_ms else Bucket.DAY

    def advanced(self, now_ms: int) -> "CountRetention":
        """Return the retention once everything is forgotten that is too old at ``now_ms``; its times never go back."""
        minutes_ms = Bucket.HOUR.start_of(now_ms - COUNTS_KEPT_MS[Bucket.MINUTE])
        hours_ms = Bucket.DAY.start_of(now_ms - COUNTS_KEPT_MS[Bucket.HOUR])
        return CountRetention(max(self.minutes_since_ms, minutes_ms), max(self.hours_since_ms, hours_ms))


@dataclass(slots=True, kw_only=True)
class Totals:
    """Sums of messages that are counted together. ``by_delay`` has the delivered ones by their class of DELAYS_MS."""

    messages: int = 0
    parts: int = 0
    microcredits: int = 0
    by_state: dict[State, int] = field(default_factory=dict)
    by_delay: dict[int, int] = field(default_factory=dict)

    def add(self, state: State, delay: int, *, messages: int, parts: int, microcredits: int) -> None:
        """Add messages of one state and class of delay."""
        self.messages += messages
        self.parts += parts
        self.microcredits += microcredits
        self.by_state[state] = self.by_state.get(state, 0) + messages
        if delay:
            self.by_delay[delay] = self.by_delay.get(delay, 0) + messages

    def include(self, other: "Totals") -> None:
        """Add everything that another has counted."""
        self.messages += other.messages
        self.parts += other.parts
        self.microcredits += other.microcredits
        for state, count in other.by_state.items():
            self.by_state[state] = self.by_state.get(state, 0) + count
        for delay, count in other.by_delay.items():
            self.by_delay[delay] = self.by_delay.get(delay, 0) + count

    @property
    def delivered(self) -> int:
        return self.by_state.get(State.DELIVERED, 0)

    @property
    def ended(self) -> int:
        """Count the messages of which the end is known."""
        return sum(count for state, count in self.by_state.items() if state in FINAL)

    @property
    def ended_by_carriers(self) -> int:
        """Count the messages that left and ended: the base of the delivery rate."""
        return sum(self.by_state.get(state, 0) for state in _ENDS_BY_CARRIER)

    @property
    def delivery_rate(self) -> float | None:
        """Return the share of the delivered, from 0 to 1, among those that carriers ended; None if they ended none."""
        by_carrier = self.ended_by_carriers
        return self.delivered / by_carrier if by_carrier else None

    def delay_percentile_ms(self, percent: int) -> float | None:
        """Return within how many milliseconds so many of a hundred deliveries came: the upper bound of their class,
        infinity for the last class; None if nothing was delivered."""
        total = sum(self.by_delay.values())
        if not total:
            return None
        wanted, reached = math.ceil(total * percent / 100), 0
        for number, bound_ms in enumerate(DELAYS_MS, 1):
            reached += self.by_delay.get(number, 0)
            if reached >= wanted:
                return bound_ms
        return math.inf


@dataclass(frozen=True, slots=True)
class BucketRange:
    """A range of whole minutes, hours or days."""

    bucket: Bucket
    since_ms: int
    until_ms: int


def split_period(since_ms: int, until_ms: int, retention: CountRetention) -> Iterator[BucketRange]:
    """Split a period into as few and as long ranges of buckets as it can be read in. A minute that the period touches
    is included; so is an hour or a day whose minutes or hours are not kept any more."""
    if since_ms < until_ms:
        first_ms = retention.bucket_at(since_ms).start_of(since_ms)
        last = retention.bucket_at(until_ms - 1)
        yield from _split(first_ms, last.start_of(until_ms - 1) + last, BUCKETS[::-1])


def _split(since_ms: int, until_ms: int, buckets: Sequence[Bucket]) -> Iterator[BucketRange]:
    """Split into whole days in the middle, whole hours beside them, and minutes at both ends."""
    if since_ms >= until_ms:
        return
    bucket, *finer = buckets
    first_ms, last_ms = bucket.start_of(since_ms + bucket - 1), bucket.start_of(until_ms)
    if first_ms >= last_ms:
        yield from _split(since_ms, until_ms, finer)
        return
    yield from _split(since_ms, first_ms, finer)
    yield BucketRange(bucket, first_ms, last_ms)
    yield from _split(last_ms, until_ms, finer)


_ENDS_BY_CARRIER: Final = frozenset({State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN})
