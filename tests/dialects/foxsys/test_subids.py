"""Subids of ours: thirteen hexadecimal digits that rise and never repeat."""

import re
from dataclasses import dataclass

from tests.dialects.foxsys.gateway_on_sqlite import StillClock

from palomar.clock import RealIds
from palomar.dialects.foxsys.subids import Subids


@dataclass
class SteppingClock:
    """A clock that a test sets, also back."""

    now_ms: int

    def wall_ms(self) -> int:
        return self.now_ms

    def monotonic(self) -> float:
        return 0.0


def test_subids_rise_within_a_millisecond_and_never_repeat() -> None:
    subids = Subids(StillClock(), RealIds(0))
    made = [subids.make() for _ in range(5_000)]
    assert all(re.fullmatch("[0-9a-f]{13}", subid) for subid in made)
    assert made == sorted(set(made))


def test_the_first_eight_digits_are_seconds_the_others_microseconds() -> None:
    made = Subids(SteppingClock(1_772_107_200_123), RealIds(0)).make()
    assert int(made[:8], 16) == 1_772_107_200
    assert int(made[8:], 16) // 1_000 == 123


def test_no_subid_repeats_when_the_clock_goes_back() -> None:
    clock = SteppingClock(1_772_107_200_000)
    subids = Subids(clock, RealIds(0))
    first = subids.make()
    clock.now_ms -= 5_000
    assert subids.make() > first
