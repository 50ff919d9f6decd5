"""Octets that came before are a copy that the carrier sent again, or a new message."""

import pytest

from palomar.inbound.repeats import AFTER_SLOW_MS, NEVER_MS, SHORTLY_MS, SLOW_MS, UNSEEN_MS, InboundArrival, is_repeat

FIRST = 1_000_000


@pytest.mark.parametrize(
    ("acknowledged", "again", "expected"),
    [
        (None, 1, True),
        (None, NEVER_MS - 1, True),
        (None, NEVER_MS, False),
        (10, 11, False),
        (10, 5_000, False),
        (SLOW_MS, SLOW_MS + 1, False),
        (SLOW_MS + 1, SLOW_MS + 2, True),
        (SLOW_MS + 1, SLOW_MS + 1 + AFTER_SLOW_MS, True),
        (SLOW_MS + 1, SLOW_MS + 2 + AFTER_SLOW_MS, False),
    ],
)
def test_on_a_live_link_only_messages_not_acknowledged_in_time_are_repeated(
    acknowledged: int | None, again: int, expected: bool
) -> None:
    first = InboundArrival(came_ms=FIRST, acknowledged_ms=None if acknowledged is None else FIRST + acknowledged)
    assert is_repeat(first, InboundArrival(came_ms=FIRST + again)) is expected


@pytest.mark.parametrize("acknowledged", [None, 10])
@pytest.mark.parametrize(
    ("broke", "bound", "again", "expected"),
    [
        (20, 0, 20 + SHORTLY_MS, True),
        (20, 0, 21 + SHORTLY_MS, False),
        (20, 3_600_000, 3_600_000 + SHORTLY_MS, True),
        (20, 3_600_000, 3_600_001 + SHORTLY_MS, False),
    ],
)
def test_what_a_broken_link_may_have_lost_is_repeated_shortly_after_it_broke_or_the_next_was_bound(
    acknowledged: int | None, broke: int, bound: int, again: int, expected: bool
) -> None:
    acknowledged_ms = None if acknowledged is None else FIRST + acknowledged
    first = InboundArrival(came_ms=FIRST, acknowledged_ms=acknowledged_ms, broke_ms=FIRST + broke)
    assert is_repeat(first, InboundArrival(came_ms=FIRST + again, bound_ms=FIRST + bound)) is expected


def test_what_was_acknowledged_long_before_its_link_broke_is_not_repeated() -> None:
    seen, unseen = (InboundArrival(came_ms=0, acknowledged_ms=1, broke_ms=1 + UNSEEN_MS + more) for more in (1, 0))
    again = InboundArrival(came_ms=UNSEEN_MS + 10)
    assert (is_repeat(seen, again), is_repeat(unseen, again)) == (False, True)
