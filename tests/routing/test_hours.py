"""Opening hours: days, nights, zones and their summer time."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from palomar.routing.hours import HoursError, parse_hours


def at(text: str, zone: str = "UTC") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("hours", "moment", "open_then"),
    [
        ("08:00-20:00", "2025-10-12T08:00", True),
        ("08:00-20:00", "2025-10-12T07:59", False),
        ("08:00-20:00", "2025-10-12T20:00", False),
        ("mon-fri 08:00-20:00", "2025-10-10T12:00", True),
        ("mon-fri 08:00-20:00", "2025-10-11T12:00", False),
        ("mon-fri 08:00-20:00, sat 09:00-14:00", "2025-10-11T12:00", True),
        ("sun 09:00-14:00", "2025-10-12T12:00", True),
        ("fri-mon 09:00-14:00", "2025-10-13T12:00", True),
        ("fri-mon 09:00-14:00", "2025-10-14T12:00", False),
        ("22:00-06:00", "2025-10-12T23:00", True),
        ("22:00-06:00", "2025-10-12T05:59", True),
        ("22:00-06:00", "2025-10-12T06:00", False),
        ("sun 22:00-06:00", "2025-10-13T05:00", True),
        ("sun 22:00-06:00", "2025-10-12T05:00", False),
        ("00:00-24:00", "2025-10-12T00:00", True),
        ("mon 08:00-08:00", "2025-10-14T07:00", True),
    ],
)
def test_hours_contain_the_moments_between_their_ends(hours: str, moment: str, open_then: bool) -> None:
    assert parse_hours(hours).contains(at(moment)) is open_then


def test_hours_follow_the_clock_of_their_zone_also_in_summer() -> None:
    hours = parse_hours("08:00-20:00 Europe/Madrid")
    assert hours.contains(at("2025-07-01T06:00"))
    assert not hours.contains(at("2025-12-01T06:00"))
    assert hours.contains(at("2025-12-01T07:00"))
    assert hours.text == "08:00-20:00 Europe/Madrid"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "always",
        "8-20",
        "08:00",
        "08:60-10:00",
        "25:00-26:00",
        "24:01-25:00",
        "mox 08:00-20:00",
        "08:00-20:00 Mars/Base",
    ],
)
def test_a_text_that_is_not_opening_hours_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(HoursError, match=r"\w"):
        parse_hours(text)
