"""Buckets that add up, periods split into ranges of buckets, the retention of counts, shares and delays."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.reports.buckets import BUCKETS, COUNTS_KEPT_MS, Bucket, BucketRange, CountRetention, Totals, split_period
from palomar.vocabulary.message import EPOCH_MS, IDS_A_MINUTE, State, first_id, make_message_id

NOW_MS = 1_760_000_123_456
RETENTION = CountRetention(0, 0).advanced(NOW_MS)


def test_minutes_hours_and_days_begin_where_ids_do() -> None:
    for bucket in Bucket:
        assert EPOCH_MS % bucket == 0
    identity = make_message_id(at_ms=EPOCH_MS + 7 * Bucket.MINUTE + 59_999, node=63, sequence=255)
    assert identity // IDS_A_MINUTE == 7
    assert first_id(EPOCH_MS + 8 * Bucket.MINUTE) // IDS_A_MINUTE == 8


def test_the_retention_begins_with_a_whole_hour_and_a_whole_day_and_never_goes_back() -> None:
    assert NOW_MS - RETENTION.minutes_since_ms >= COUNTS_KEPT_MS[Bucket.MINUTE]
    assert RETENTION.minutes_since_ms % Bucket.HOUR == RETENTION.hours_since_ms % Bucket.DAY == 0
    assert RETENTION.advanced(NOW_MS - Bucket.DAY) == RETENTION
    assert RETENTION.advanced(NOW_MS + Bucket.DAY).minutes_since_ms == RETENTION.minutes_since_ms + Bucket.DAY


@pytest.mark.parametrize(
    ("at_ms", "bucket"),
    [
        (RETENTION.minutes_since_ms, Bucket.MINUTE),
        (RETENTION.minutes_since_ms - 1, Bucket.HOUR),
        (RETENTION.hours_since_ms, Bucket.HOUR),
        (RETENTION.hours_since_ms - 1, Bucket.DAY),
    ],
)
def test_older_messages_are_counted_in_longer_buckets(at_ms: int, bucket: Bucket) -> None:
    assert RETENTION.bucket_at(at_ms) is bucket


def test_a_period_is_read_in_days_hours_and_minutes() -> None:
    day = Bucket.DAY.start_of(NOW_MS) - Bucket.DAY
    found = list(split_period(day - Bucket.HOUR - 1, day + Bucket.DAY + Bucket.HOUR + 1, RETENTION))
    assert found == [
        BucketRange(Bucket.MINUTE, day - Bucket.HOUR - Bucket.MINUTE, day - Bucket.HOUR),
        BucketRange(Bucket.HOUR, day - Bucket.HOUR, day),
        BucketRange(Bucket.DAY, day, day + Bucket.DAY),
        BucketRange(Bucket.HOUR, day + Bucket.DAY, day + Bucket.DAY + Bucket.HOUR),
        BucketRange(Bucket.MINUTE, day + Bucket.DAY + Bucket.HOUR, day + Bucket.DAY + Bucket.HOUR + Bucket.MINUTE),
    ]


@given(st.integers(0, 120 * Bucket.DAY), st.integers(-5, 120 * Bucket.DAY))
def test_the_ranges_cover_a_period_without_a_gap_in_buckets_that_are_kept(age_ms: int, length_ms: int) -> None:
    since_ms = NOW_MS - age_ms
    until_ms = min(since_ms + length_ms, NOW_MS + Bucket.DAY)
    found = list(split_period(since_ms, until_ms, RETENTION))
    if until_ms <= since_ms:
        assert found == []
        return
    first, last = RETENTION.bucket_at(since_ms), RETENTION.bucket_at(until_ms - 1)
    assert found[0].since_ms == first.start_of(since_ms)
    assert found[-1].until_ms == last.start_of(until_ms - 1) + last
    for piece, after in zip(found, [*found[1:], None], strict=True):
        assert piece.since_ms < piece.until_ms
        assert piece.since_ms % piece.bucket == piece.until_ms % piece.bucket == 0
        assert piece.bucket >= RETENTION.bucket_at(piece.since_ms)
        assert after is None or after.since_ms == piece.until_ms
    assert len(found) <= 2 * len(BUCKETS) + 1


def test_shares_are_of_what_carriers_ended() -> None:
    totals = Totals()
    for state, messages in ((State.DELIVERED, 6), (State.EXPIRED, 2), (State.SENT, 5), (State.BLOCKED, 9)):
        totals.add(state, int(state is State.DELIVERED), messages=messages, parts=messages, microcredits=messages)
    assert (totals.messages, totals.delivered, totals.ended, totals.delivery_rate) == (22, 6, 17, 0.75)
    assert Totals().delivery_rate is None


def test_a_delay_is_the_upper_bound_of_its_class() -> None:
    totals = Totals()
    for delay, messages in ((1, 50), (3, 49), (9, 1)):
        totals.add(State.DELIVERED, delay, messages=messages, parts=0, microcredits=0)
    assert [totals.delay_percentile_ms(percent) for percent in (1, 50, 51, 90, 99, 100)] == [
        1_000, 1_000, 5_000, 5_000, 5_000, math.inf
    ]  # fmt: skip
    assert Totals().delay_percentile_ms(50) is None
