"""Times as the vendors write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.text.times import format_gmt, format_in_zone, format_with_offset, local_to_ms, parse_gmt, parse_in_zone

MADRID = ZoneInfo("Europe/Madrid")
MEXICO = ZoneInfo("America/Mexico_City")
ZONES = [MADRID, MEXICO, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("Asia/Kathmandu"), UTC]
NOON_MS = 1_772_107_200_000  # 2026-02-26 12:00:00 GMT
SECOND = 1000
HOUR = 3600 * SECOND


def utc_ms(*fields: int) -> int:
    return int(datetime(*fields, tzinfo=UTC).timestamp()) * SECOND


def test_foxsys_times_are_gmt() -> None:
    assert parse_gmt("2026-02-26 12:00:00") == NOON_MS
    assert format_gmt(NOON_MS) == "2026-02-26 12:00:00"
    assert format_gmt(NOON_MS + 999) == "2026-02-26 12:00:00"


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "2026-02-26",
        "2026-02-26T12:00:00",
        "2026-02-26 12:00",
        "2026-02-26 12:00:00.0",
        "2026-02-26 12:00:00Z",
        "2026-2-26 12:00:00",
        "2026-02-30 12:00:00",
        "2026-13-01 12:00:00",
        "2026-02-26 24:00:00",
        "2026-02-26 12:60:00",
        "2026-02-26 23:59:60",
        "0000-01-01 00:00:00",
        "9999-12-31 23:59:59",
        " 2026-02-26 12:00:00",
        "2026-02-26 12:00:00\n",
        "２０２６-02-26 12:00:00",
        "1772107200",
    ],
)
def test_anything_else_is_not_a_foxsys_time(raw: str) -> None:
    assert parse_gmt(raw) is None


@pytest.mark.parametrize(
    ("raw", "epoch_ms"),
    [
        ("2026-02-26T13:00:00", NOON_MS),
        ("2026-02-26 13:00:00", NOON_MS),
        ("2026-02-26T13:00", NOON_MS),
        ("2026-02-26 13:00", NOON_MS),
        ("2026-02-26T13:00:00.5", NOON_MS + 500),
        ("2026-02-26T13:00:00.123456789", NOON_MS + 123),
        ("2026-02-26T12:00:00Z", NOON_MS),
        ("2026-02-26T12:00:00.250Z", NOON_MS + 250),
        ("2026-02-26T12:00Z", NOON_MS),
        ("2026-02-26T06:00:00-06:00", NOON_MS),
        ("2026-02-26T06:00:00-0600", NOON_MS),
        ("2026-02-26T14:00:00+02", NOON_MS),
        ("2026-07-01T14:00:00", utc_ms(2026, 7, 1, 12)),
    ],
)
def test_402t_times_are_in_madrid_s_zone_unless_they_have_an_offset(raw: str, epoch_ms: int) -> None:
    assert parse_in_zone(raw, MADRID) == epoch_ms


@pytest.mark.parametrize(
    "raw",
    [
        "2026-02-26",
        "2026-02-26T13",
        "2026-02-26t13:00:00",
        "2026-02-26T13:00:00z",
        "2026-02-26T13:00:00,5",
        "2026-02-26T13:00:00.",
        "2026-02-26T13:00:00 +02:00",
        "2026-02-26T13:00:00+24:00",
        "2026-02-26T13:00:00+02:60",
        "2026-02-31T13:00:00",
        "20260226T130000",
        "2026-W09-4T13:00:00",
    ],
)
def test_anything_else_is_not_a_402t_time(raw: str) -> None:
    assert parse_in_zone(raw, MADRID) is None


def test_a_repeated_hour_is_its_first() -> None:
    # Madrid went from 03:00 summer time back to 02:00 on 2025-10-26, at 01:00 GMT.
    assert parse_in_zone("2025-10-26T02:30:00", MADRID) == utc_ms(2025, 10, 26, 0, 30)
    assert format_in_zone(utc_ms(2025, 10, 26, 1, 30), MADRID) == "2025-10-26 02:30:00"


def test_a_missing_hour_moves_forward() -> None:
    # Madrid went from 02:00 to 03:00 on 2026-03-29, at 01:00 GMT.
    missing = parse_in_zone("2026-03-29T02:30:00", MADRID)
    assert missing == utc_ms(2026, 3, 29, 1, 30)
    assert format_in_zone(missing, MADRID) == "2026-03-29 03:30:00"


def test_a_fold_of_the_given_time_is_ignored() -> None:
    wall = datetime(2025, 10, 26, 2, 30, fold=1)  # noqa: DTZ001
    assert local_to_ms(wall, MADRID) == utc_ms(2025, 10, 26, 0, 30)


def test_mexico_has_the_same_offset_all_year_since_2022() -> None:
    assert format_in_zone(utc_ms(2026, 7, 1, 12), MEXICO) == "2026-07-01 06:00:00"
    assert format_in_zone(utc_ms(2026, 1, 1, 12), MEXICO) == "2026-01-01 06:00:00"


def test_times_are_written_as_each_vendor_does() -> None:
    assert format_in_zone(NOON_MS, MEXICO) == "2026-02-26 06:00:00"
    assert format_in_zone(NOON_MS, MADRID, separator="T") == "2026-02-26T13:00:00"
    assert format_with_offset(NOON_MS + 7, MEXICO) == "2026-02-26T06:00:00.007-06:00"
    assert format_with_offset(NOON_MS, UTC) == "2026-02-26T12:00:00.000+00:00"


@given(st.integers(utc_ms(1970, 1, 1), utc_ms(9998, 12, 30)), st.sampled_from(ZONES))
def test_a_time_with_its_offset_is_read_back(epoch_ms: int, zone: ZoneInfo) -> None:
    assert parse_in_zone(format_with_offset(epoch_ms, zone), MADRID) == epoch_ms
    assert parse_gmt(format_gmt(epoch_ms)) == epoch_ms // SECOND * SECOND


@given(st.integers(utc_ms(1970, 1, 1), utc_ms(2100, 1, 1)), st.sampled_from(ZONES))
def test_a_wall_clock_time_is_read_back_as_the_first_moment_that_shows_it(epoch_ms: int, zone: ZoneInfo) -> None:
    shown = format_in_zone(epoch_ms, zone)
    first = parse_in_zone(shown, zone)
    assert first is not None
    assert format_in_zone(first, zone) == shown
    assert epoch_ms // SECOND * SECOND - first in {0, HOUR // 2, HOUR}


@given(st.datetimes(), st.sampled_from(ZONES), st.sampled_from(["", "Z", "+23:59", "-23:59"]))
def test_every_zone_can_write_what_was_read(wall: datetime, zone: ZoneInfo, offset: str) -> None:
    epoch_ms = parse_in_zone(wall.isoformat() + offset, zone)
    if epoch_ms is not None:
        assert all(format_in_zone(epoch_ms, other) for other in ZONES)
        assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=epoch_ms) <= datetime(9999, 1, 2, tzinfo=UTC)


@given(st.text() | st.from_regex("[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?(Z|[+-][0-9:]{2,5})?"))
def test_reading_never_raises(raw: str) -> None:
    assert parse_in_zone(raw, MADRID) is None or raw[:4].isdecimal()
    assert parse_gmt(raw) is None or len(raw) == len("2026-02-26 12:00:00")
