"""Token bucket and a throttled link's rate, with the time as an argument."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.carriers.smpp.pacing import LinkRate, parts_bucket
from palomar.vocabulary.token_bucket import UNLIMITED


def test_without_a_rate_there_is_always_room() -> None:
    bucket = parts_bucket(0)
    assert bucket.available(5.0) == UNLIMITED
    assert bucket.take(10_000, 5.0)
    assert bucket.seconds_until(10_000, 5.0) == 0


def test_a_second_brings_as_many_parts_as_the_rate() -> None:
    bucket = parts_bucket(20)
    now, sent = 100.0, 0
    while now < 110.0:
        while bucket.take(1, now):
            sent += 1
        now += 0.01
    assert 198 <= sent <= 203


def test_the_burst_is_a_tenth_of_a_second() -> None:
    bucket = parts_bucket(100)
    assert bucket.available(1_000.0) == 10


def test_a_long_message_leaves_whole_and_its_tokens_are_paid_afterwards() -> None:
    bucket = parts_bucket(10)
    assert bucket.take(9, 50.0)
    assert not bucket.take(1, 50.5)
    assert 0.39 < bucket.seconds_until(1, 50.5) < 0.41
    assert bucket.take(1, 50.91)


def test_returned_tokens_can_be_taken_again_but_never_exceed_the_burst() -> None:
    bucket = parts_bucket(100)
    assert bucket.take(4, 10.0)
    bucket.give_back(4)
    assert bucket.available(10.0) == 10
    bucket.give_back(50)
    assert bucket.available(10.0) == 10


def test_tokens_that_come_while_a_sender_waits_are_not_lost_to_a_late_timer() -> None:
    bucket = parts_bucket(10)
    now, sent = 100.0, 0
    while now < 110.0:
        while bucket.take(1, now):
            sent += 1
        now += bucket.seconds_until(1, now) + 0.03
    assert 99 <= sent <= 102


def test_without_a_waiting_sender_a_bucket_holds_no_more_than_its_burst() -> None:
    bucket = parts_bucket(100)
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
    bucket, now, sent = parts_bucket(rate), 10.0, 0
    for parts, wait in steps:
        now += wait
        if bucket.take(parts, now):
            sent += parts
    assert sent <= rate * (now - 10.0) + max(1.0, rate / 10) + 20


def test_a_link_has_no_rate_until_it_is_throttled() -> None:
    link = LinkRate.with_limit()
    assert link.available(1.0) == UNLIMITED
    assert link.seconds_until_available(1.0) == 0


class Smsc:
    """An SMSC that takes so many parts in any second and throttles the others; every ``never``-th part it always
    throttles."""

    def __init__(self, *, limit: int, never: int = 0) -> None:
        """Every ``never``-th part is one that it never takes; 0 is none."""
        self.limit = limit
        self.never = never
        self.taken: list[float] = []
        self.throttled: list[float] = []
        self._serial = 0

    def answer(self, link: LinkRate, now: float) -> None:
        """Answer one part that came over the link."""
        self._serial += 1
        link.note_sent()
        is_odd = self.never > 0 and self._serial % self.never == 0
        if not is_odd and sum(at > now - 1.0 for at in self.taken[-self.limit :]) < self.limit:
            self.taken.append(now)
            link.note_accepted(now)
        else:
            self.throttled.append(now)
            link.note_throttled(now)

    def feed(self, link: LinkRate, *, begin: float, seconds: float, demand: int = 2_000) -> None:
        """Send everything that the link allows, at most ``demand`` parts a second."""
        ticks = 200
        for tick in range(round(seconds * ticks)):
            now = begin + tick / ticks
            for _ in range(min(link.available(now), demand // ticks)):
                self.answer(link, now)


@pytest.mark.parametrize(("limit", "share"), [(1, 0.55), (5, 0.7), (20, 0.7), (100, 0.7), (500, 0.7)])
def test_a_link_finds_the_limit_of_its_carrier_and_stays_near_it(limit: int, share: float) -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=limit)
    smsc.feed(link, begin=10.0, seconds=60)
    assert len(smsc.taken) > share * limit * 60
    assert len(smsc.throttled) < 0.45 * len(smsc.taken) + 120


def test_a_throttled_burst_slows_the_link_once_to_somewhat_below_the_accepted_rate() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=100)
    smsc.feed(link, begin=10.0, seconds=1.2)
    assert link.slowed
    rate = link.bucket.rate
    assert 50 <= rate <= 100
    for _ in range(200):
        link.note_throttled(10.9)
    assert link.bucket.rate == rate


def test_a_carrier_that_accepts_nothing_gets_about_one_part_a_second() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=0)
    smsc.feed(link, begin=10.0, seconds=60)
    assert link.bucket.rate == 1.0
    assert len(smsc.throttled) <= 60 + 40


def test_a_carrier_that_accepts_again_soon_gets_its_full_rate() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=0)
    smsc.feed(link, begin=10.0, seconds=20)
    smsc.limit = 1_000
    smsc.feed(link, begin=30.0, seconds=5)
    assert len(smsc.taken) > 1_000 * 3


def test_an_unused_link_loses_its_rate_after_a_while() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=20)
    smsc.feed(link, begin=10.0, seconds=2)
    assert link.slowed
    assert link.available(11.5) < UNLIMITED
    assert link.available(30.0) == UNLIMITED


def test_a_limit_of_ours_holds_before_and_after_the_carrier_throttles() -> None:
    link, smsc = LinkRate.with_limit(50), Smsc(limit=20)
    assert (link.bucket.rate, link.available(10.0)) == (50, 5)
    smsc.feed(link, begin=10.0, seconds=5)
    assert 0 < link.bucket.rate < 30
    smsc.limit = 1_000
    smsc.feed(link, begin=15.0, seconds=20)
    assert link.bucket.rate == 50
    assert not link.slowed
    assert len(smsc.taken) > 0.8 * 50 * 20


def test_parts_under_way_at_throttling_cost_at_most_a_second_of_silence() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=50)
    smsc.feed(link, begin=10.0, seconds=1.2)
    assert link.slowed
    for _ in range(1_000):
        link.note_sent()
    assert link.seconds_until_available(11.2) <= 1.1


@pytest.mark.parametrize("every", [1.0, 0.6, 5.0])
def test_one_part_that_is_never_taken_does_not_slow_the_link(every: float) -> None:
    """The others flow, and it comes again and again."""
    link, at = LinkRate.with_limit(), 10.0
    assert not link.note_throttled(10.0)
    for tick in range(6_000):
        now = 10.0 + tick / 100
        link.note_accepted(now)
        if now >= at + every:
            at = now
            assert not link.note_throttled(now, is_repeated=True)
    assert link.bucket.rate == 0


@pytest.mark.parametrize("parts", [1, 5, 9])
def test_a_few_throttled_parts_do_not_slow_an_idle_link(parts: int) -> None:
    link = LinkRate.with_limit()
    for second in range(0, 60, 10):
        for _ in range(parts):
            assert not link.note_throttled(10.0 + second, is_repeated=second > 0)


@pytest.mark.parametrize("never", [7, 50])
def test_some_numbers_among_many_that_are_never_taken_do_not_slow_the_link(never: int) -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=10_000, never=never)
    smsc.feed(link, begin=10.0, seconds=10, demand=400)
    assert len(smsc.throttled) > 4_000 / never - 2
    assert not link.slowed


def test_many_parts_that_are_never_taken_delay_the_others_only_briefly() -> None:
    link, smsc = LinkRate.with_limit(), Smsc(limit=10_000)
    for _ in range(100):
        link.note_throttled(10.0)
    assert link.slowed
    smsc.feed(link, begin=10.1, seconds=10, demand=400)
    assert len(smsc.taken) > 0.75 * 400 * 10


def test_a_carrier_that_throttles_only_what_it_throttled_before_is_fed_more_slowly_too() -> None:
    link = LinkRate.with_limit()
    assert sum(link.note_throttled(10.0 + tick / 100, is_repeated=True) for tick in range(80)) == 1
