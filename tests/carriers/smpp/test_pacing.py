"""Token bucket and a throttled link's rate, with the time as an argument."""

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
