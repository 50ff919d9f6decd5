"""Limits of requests a second, with a time that is passed in."""

from hypothesis import given
from hypothesis import strategies as st

from palomar.vocabulary.token_bucket import RequestLimits


def test_the_requests_of_a_second_may_come_at_once_and_the_next_waits() -> None:
    limits = RequestLimits()
    assert [limits.wait_seconds(1, per_second=4, now=100.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.0, 0.25]


def test_after_the_returned_wait_the_request_is_allowed() -> None:
    limits = RequestLimits()
    for _ in range(2):
        limits.wait_seconds(1, per_second=2, now=0.0)
    wait = limits.wait_seconds(1, per_second=2, now=0.0)
    assert limits.wait_seconds(1, per_second=2, now=wait) == 0.0
    assert limits.wait_seconds(1, per_second=2, now=wait) > 0.0


def test_accounts_do_not_share_their_limit() -> None:
    limits = RequestLimits()
    assert limits.wait_seconds(1, per_second=1, now=0.0) == 0.0
    assert limits.wait_seconds(1, per_second=1, now=0.0) > 0.0
    assert limits.wait_seconds(2, per_second=1, now=0.0) == 0.0


def test_zero_is_no_limit() -> None:
    limits = RequestLimits()
    assert {limits.wait_seconds(1, per_second=0, now=0.0) for _ in range(1_000)} == {0.0}


def test_a_million_accounts_do_not_fill_the_memory() -> None:
    limits = RequestLimits()
    for account in range(25_000):
        limits.wait_seconds(account, per_second=10, now=0.0)
    assert len(limits._buckets) <= 10_000


@given(
    per_second=st.integers(1, 50),
    steps=st.lists(st.floats(0.0, 0.5, allow_nan=False), min_size=1, max_size=200),
)
def test_an_account_never_gets_more_than_its_rate_and_one_burst(per_second: int, steps: list[float]) -> None:
    limits, now, granted = RequestLimits(), 0.0, 0
    for step in steps:
        now += step
        granted += limits.wait_seconds(1, per_second=per_second, now=now) == 0.0
    assert granted <= per_second + now * per_second + 1e-6
