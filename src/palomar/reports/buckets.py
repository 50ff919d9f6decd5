"""What is counted of messages: by the minute, hour and day of their birth, by whose they are, their way and their end.

Minutes add up to hours and hours to days, all in GMT. Not here: the counting (``reports.counting``), and the questions
(``reports.statistics``).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import FINAL, State

EVERYBODY: Final = AccountId(0)
"""Under this account everybody's messages are counted once more, so that nobody has to add up thousands of accounts."""


class Bucket(IntEnum):
    """How long the time is that is counted together, in milliseconds."""

    MINUTE = 60_000
    HOUR = 3_600_000
    DAY = 86_400_000

    def start_of(self, at_ms: int) -> int:
        """When the minute, hour or day begins in which a time lies."""
        return at_ms - at_ms % self


GRAINS: Final = (Bucket.MINUTE, Bucket.HOUR, Bucket.DAY)
COUNTS_KEPT_MS: Final[Mapping[Bucket, int]] = {Bucket.MINUTE: 5 * Bucket.DAY, Bucket.HOUR: 100 * Bucket.DAY}
"""How long counts are kept; days for good."""

DELAYS_MS: Final = (1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 3_600_000)
"""Upper bounds of how long a delivery takes, from when the message was due. Class 0 is no delivery, class n is below
the n-th bound, and the last is all that took longer."""


class Dimension(StrEnum):
    """What counts can be told apart by. The words are the columns' names."""

    ACCOUNT = "account_id"
    COUNTRY = "country"
    CARRIER = "carrier"
    DIALECT = "dialect"


@dataclass(frozen=True, slots=True)
class Floors:
    """From when on there are counts by the minute and by the hour: each begins with a whole one of the next grain."""

    minutes_ms: int
    hours_ms: int

    def grain_at(self, at_ms: int) -> Bucket:
        """The finest grain in which that time is counted."""
        if at_ms >= self.minutes_ms:
            return Bucket.MINUTE
        return Bucket.HOUR if at_ms >= self.hours_ms else Bucket.DAY

    def raised(self, now_ms: int) -> "Floors":
        """What they are when everything has been forgotten that is not kept any more; they never sink."""
        minutes_ms = Bucket.HOUR.start_of(now_ms - COUNTS_KEPT_MS[Bucket.MINUTE])
        hours_ms = Bucket.DAY.start_of(now_ms - COUNTS_KEPT_MS[Bucket.HOUR])
        return Floors(max(self.minutes_ms, minutes_ms), max(self.hours_ms, hours_ms))


@dataclass(slots=True, kw_only=True)
class Totals:
    """Messages that are counted together. ``by_delay`` has the delivered ones by their class of DELAYS_MS."""

    messages: int = 0
    parts: int = 0
    microcredits: int = 0
    by_state: dict[State, int] = field(default_factory=dict)
    by_delay: dict[int, int] = field(default_factory=dict)

    def add(self, state: State, delay: int, *, messages: int, parts: int, microcredits: int) -> None:
        """Count these too."""
        self.messages += messages
        self.parts += parts
        self.microcredits += microcredits
        self.by_state[state] = self.by_state.get(state, 0) + messages
        if delay:
            self.by_delay[delay] = self.by_delay.get(delay, 0) + messages

    def include(self, other: "Totals") -> None:
        """Count everything of another too."""
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
        """Those of which the end is known."""
        return sum(count for state, count in self.by_state.items() if state in FINAL)

    @property
    def ended_by_carriers(self) -> int:
        """Count those that left and ended: the base of the delivery rate."""
        return sum(self.by_state.get(state, 0) for state in _ENDS_BY_CARRIER)

    @property
    def delivery_rate(self) -> float | None:
        """The share of the delivered, from 0 to 1, among those that carriers ended; None if they ended none."""
        by_carrier = self.ended_by_carriers
        return self.delivered / by_carrier if by_carrier else None

    def delay_ms(self, percent: int) -> float | None:
        """Within how many milliseconds so many of a hundred deliveries came: the upper bound of their class, infinity
        for the last one; None where nothing was delivered."""
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
class CountedSpan:
    """Whole minutes, hours or days of a period."""

    grain: Bucket
    since_ms: int
    until_ms: int


def pieces(since_ms: int, until_ms: int, floors: Floors) -> Iterator[CountedSpan]:
    """A period in as few and as coarse pieces as it can be read in. A minute that it touches is in it; so is an hour or
    a day whose minutes or hours are not kept any more."""
    if since_ms < until_ms:
        first_ms = floors.grain_at(since_ms).start_of(since_ms)
        last = floors.grain_at(until_ms - 1)
        yield from _split(first_ms, last.start_of(until_ms - 1) + last, GRAINS[::-1])


def _split(since_ms: int, until_ms: int, grains: Sequence[Bucket]) -> Iterator[CountedSpan]:
    """Whole days in the middle, whole hours beside them, minutes at the ends."""
    if since_ms >= until_ms:
        return
    grain, *finer = grains
    first_ms, last_ms = grain.start_of(since_ms + grain - 1), grain.start_of(until_ms)
    if first_ms >= last_ms:
        yield from _split(since_ms, until_ms, finer)
        return
    yield from _split(since_ms, first_ms, finer)
    yield CountedSpan(grain, first_ms, last_ms)
    yield from _split(last_ms, until_ms, finer)


_ENDS_BY_CARRIER: Final = frozenset({State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN})
