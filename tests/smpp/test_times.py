"""The time format of SMPP 3.4 section 7.1.1, both ways."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from palomar.smpp import InvalidTime, format_relative_time, format_time, parse_time


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("251122103059000+", datetime(2025, 11, 22, 10, 30, 59, tzinfo=UTC)),
        ("251122103059524-", datetime(2025, 11, 22, 10, 30, 59, 500_000, timezone(-timedelta(hours=6)))),
        ("251122103059004+", datetime(2025, 11, 22, 10, 30, 59, tzinfo=timezone(timedelta(hours=1)))),
        ("000002000000000R", timedelta(days=2)),
        ("000000013015000R", timedelta(hours=1, minutes=30, seconds=15)),
        ("010203000000000R", timedelta(days=365 + 60 + 3)),
    ],
)
def test_reading(text: str, expected: datetime | timedelta | None):
    assert parse_time(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "251322103059000+",
        "251122253059000+",
        "251122103059049+",
        "25112210305900+",
        "251122103059000Z",
        "2511221030590000+",
        "25112210305900x+",
        "٢51122103059000+",
    ],
)
def test_invalid_times(text: str):
    with pytest.raises(InvalidTime):
        parse_time(text)


@given(
    st.datetimes(
        datetime(2000, 1, 2),  # noqa: DTZ001
        datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=-6)), timezone(timedelta(minutes=345))]),
    )
)
def test_absolute_times_survive_to_the_tenth_of_a_second(moment: datetime):
    written = format_time(moment)
    assert len(written) == 16
    tenth = moment.microsecond // 100_000 * 100_000
    assert parse_time(written) == moment.replace(microsecond=tenth)


@given(st.timedeltas(timedelta(), timedelta(days=100 * 365) - timedelta(microseconds=1)))
def test_relative_times_survive_to_the_second(span: timedelta):
    written = format_relative_time(span)
    assert len(written) == 16
    assert parse_time(written) == timedelta(days=span.days, seconds=span.seconds)


@pytest.mark.parametrize("days", [2, 99])
def test_relative_times_of_up_to_99_days_are_written_in_days(days: int):
    assert format_relative_time(timedelta(days=days)) == f"0000{days:02}000000000R"


@pytest.mark.parametrize("span", [timedelta(seconds=-1), timedelta(days=100 * 365)])
def test_spans_that_cannot_be_written(span: timedelta):
    with pytest.raises(InvalidTime):
        format_relative_time(span)


@pytest.mark.parametrize(
    "moment",
    [datetime(2025, 1, 1), datetime(1999, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)],  # noqa: DTZ001
)
def test_moments_that_cannot_be_written(moment: datetime):
    with pytest.raises(InvalidTime):
        format_time(moment)
