"""Waits after failures to log in."""

from palomar.access.lockout import FORGOTTEN_MS, are_forgotten, wait_ms


def waits(count: int, *, free: int = 3) -> list[int]:
    """Compute the waits right after each failure."""
    return [wait_ms(failures, free=free, last_ms=1_000, now_ms=1_000) for failures in range(count)]


def test_the_first_failures_cost_no_wait_and_then_waits_double() -> None:
    assert waits(8) == [0, 0, 0, 5_000, 10_000, 20_000, 40_000, 80_000]


def test_a_wait_is_never_longer_than_a_quarter_of_an_hour() -> None:
    assert waits(200)[-1] == 900_000


def test_time_since_the_last_failure_shortens_the_wait() -> None:
    assert wait_ms(3, free=3, last_ms=1_000, now_ms=5_999) == 1
    assert wait_ms(3, free=3, last_ms=1_000, now_ms=6_000) == 0


def test_failures_are_forgotten_a_day_after_the_last() -> None:
    assert wait_ms(1_000, free=3, last_ms=0, now_ms=FORGOTTEN_MS - 1) == 0
    assert not are_forgotten(0, now_ms=FORGOTTEN_MS - 1)
    assert are_forgotten(0, now_ms=FORGOTTEN_MS)
