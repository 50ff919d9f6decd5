"""Token bucket and a throttled link's rate, with the time as an argument."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.smpp.pacing import UNLIMITED, LinkRate, TokenBucket


def test_without_a_rate_there_is_always_room() -> None:
    bucket = TokenBucket(rate=0)
    assert bucket.available(5.0) == UNLIMITED
    assert bucket.take(10_000, 5.0)
    assert bucket.seconds_until(10_000, 5.0) == 0


def test_a_second_brings_as_many_parts_as_the_rate() -> None:
    bucket = TokenBucket(rate=20)
    now, sent = 100.0, 0
    while now < 110.0:
        while bucket.take(1, now):
            sent += 1
        now += 0.01
    assert 198 <= sent <= 203


def test_the_burst_is_a_tenth_of_a_second() -> None:
    bucket = TokenBucket(rate=100)
    assert bucket.available(1_000.0) == 10


def test_a_long_message_leaves_whole_and_is_waited_for_afterwards() -> None:
    bucket = TokenBucket(rate=10)
    assert bucket.take(9, 50.0)
    assert not bucket.take(1, 50.5)
    assert 0.39 < bucket.seconds_until(1, 50.5) < 0.41
    assert bucket.take(1, 50.91)


def test_what_is_given_back_can_be_taken_again_but_never_exceeds_the_burst() -> None:
    bucket = TokenBucket(rate=100)
    assert bucket.take(4, 10.0)
    bucket.give_back(4)
    assert bucket.available(10.0) == 10
    bucket.give_back(50)
    assert bucket.available(10.0) == 10


def test_what_comes_while_somebody_waits_is_not_lost_to_a_timer_that_rings_late() -> None:
    bucket = TokenBucket(rate=10)
    now, sent = 100.0, 0
    while now < 110.0:
        while bucket.take(1, now):
            sent += 1
        now += bucket.seconds_until(1, now) + 0.03
    assert 99 <= sent <= 102


def test_where_nobody_waits_a_bucket_holds_no_more_than_its_burst() -> None:
    bucket = TokenBucket(rate=100)
    assert bucket.take(10, 10.0)
    assert not bucket.take(1, 10.0)
    assert bucket.available(10.4) == 20
    assert bucket.take(20, 10.4)
    assert bucket.available(11.0) == 10


@given(
    rate=st.floats(1, 1_000),
    steps=st.lists(st.tuples(st.integers(1, 20), st.floats(0, 0.5)), max_size=60),
)
def test_never_more_than_rate_times_time_plus_burst_plus_one_message(
    rate: float, steps: list[tuple[int, float]]
) -> None:
    bucket, now, sent = TokenBucket(rate=rate), 10.0, 0
    for parts, wait in steps:
        now += wait
        if bucket.take(parts, now):
            sent += parts
    assert sent <= rate * (now - 10.0) + max(1.0, rate / 10) + 20


def test_a_link_is_free_until_it_is_throttled() -> None:
    link = LinkRate.free()
    assert link.available(1.0) == UNLIMITED
    assert link.seconds_until_room(1.0) == 0


def busy_link(*, per_second: int) -> LinkRate:
    """A link of which the carrier took so many a second from 10.0 to 13.0."""
    link = LinkRate.free()
    for tick in range(3 * per_second):
        link.taken(10.0 + tick / per_second)
    return link


def test_a_throttled_link_goes_below_what_the_carrier_took() -> None:
    link = busy_link(per_second=100)
    assert link.throttled(13.0)
    assert 60 <= link.bucket.rate <= 80


def test_a_burst_of_throttled_answers_slows_once() -> None:
    link = busy_link(per_second=100)
    assert link.throttled(13.0)
    rate = link.bucket.rate
    assert not link.throttled(13.1)
    assert link.bucket.rate == rate
    assert link.throttled(14.2)
    assert link.bucket.rate < rate


def test_a_carrier_that_takes_nothing_is_asked_once_a_second() -> None:
    link = LinkRate.free()
    for second in range(20):
        link.throttled(10.0 + 1.5 * second)
    assert link.bucket.rate == 1.0


def test_a_throttled_link_finds_its_rate_again() -> None:
    link = busy_link(per_second=100)
    link.throttled(13.0)
    slowed = link.bucket.rate
    link.available(15.0)
    assert link.bucket.rate > slowed
    assert link.available(60.0) == UNLIMITED


def test_a_limit_of_ours_holds_before_and_after_the_carrier_throttles() -> None:
    link = LinkRate.free(50)
    assert link.bucket.rate == 50
    assert link.available(10.0) == 5
    for tick in range(90):
        link.taken(10.0 + tick / 30)
    assert link.throttled(13.0)
    assert link.bucket.rate < 30
    link.available(14.5)
    assert link.bucket.rate < 50
    link.available(60.0)
    assert link.bucket.rate == 50
    assert not link.slowed


def test_a_limit_of_ours_is_no_excuse_to_ignore_the_first_throttled_answer() -> None:
    link = LinkRate.free(10)
    assert link.throttled(0.5)
    assert link.bucket.rate < 10


def test_the_rate_rises_by_steps_and_falls_by_a_share() -> None:
    link = busy_link(per_second=100)
    link.throttled(13.0)
    rates = []
    for second in range(1, 8):
        link.available(13.0 + second)
        rates.append(link.bucket.rate)
    steps = [round(later - sooner, 6) for sooner, later in itertools.pairwise(rates)]
    assert len(set(steps)) == 1
    assert steps[0] >= 1
    before = link.bucket.rate
    for tick in range(200):
        link.taken(21.0 + tick / 100)
    link.throttled(23.0)
    assert link.bucket.rate <= before * 0.71


def test_a_carrier_that_took_next_to_nothing_is_not_flooded_a_second_later() -> None:
    link = LinkRate.free()
    link.throttled(10.0)
    assert link.available(12.0) == 1
    assert link.bucket.rate == 2
    assert link.available(19.0) == 1
    assert link.available(20.5) == UNLIMITED


def test_what_was_on_its_way_when_the_carrier_throttled_is_not_waited_for_longer_than_a_second() -> None:
    rate = LinkRate.free()
    for _ in range(100):
        rate.taken(10.0)
    assert rate.throttled(10.5)
    for _ in range(1_000):
        rate.sent()
    assert rate.seconds_until_room(10.5) <= 1.1
