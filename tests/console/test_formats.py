"""Numbers, credits and times are written in each language."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from palomar.console import formats
from palomar.console.formats import Preferences
from palomar.reports.buckets import DELAYS_MS, Bucket

NOON_MS = 1_778_580_000_123  # 2026-05-12 10:00:00.123 UTC
MADRID = Preferences(language="en", zone=ZoneInfo("Europe/Madrid"), theme="auto", now_ms=NOON_MS + 3_600_000)
HOUR_MS, DAY_MS = 3_600_000, 86_400_000


@pytest.mark.parametrize(
    ("microcredits", "english", "spanish"),
    [
        (1_023_100_000, "1,023.1", "1.023,1"),
        (1, "0.000001", "0,000001"),
        (0, "0", "0"),
        (-890_000, "−0.89", "−0,89"),
        (1_234_567_000_000, "1,234,567", "1.234.567"),
    ],
)
def test_credits_are_exact(microcredits: int, english: str, spanish: str) -> None:
    assert formats.credits_text(microcredits, "en") == english
    assert formats.credits_text(microcredits, "es") == spanish


def test_phone_numbers_get_a_plus_and_other_texts_do_not() -> None:
    assert formats.number_text("34600000001") == "+34600000001"
    assert [formats.number_text(text) for text in ("", "34•••01", "abc", "３４")] == ["", "34•••01", "abc", "３４"]


@pytest.mark.parametrize(
    ("at_ms", "english", "spanish"),
    [
        (NOON_MS, "12:00:00", "12:00:00"),
        (NOON_MS - DAY_MS, "11 May 12:00:00", "11 may 12:00:00"),
        (NOON_MS - 200 * DAY_MS, "24 Oct 2025 12:00:00", "24 oct 2025 12:00:00"),
        (NOON_MS - 120 * DAY_MS, "12 Jan 11:00:00", "12 ene 11:00:00"),  # winter: one hour less
    ],
)
def test_times_are_in_the_viewers_zone_and_brief(at_ms: int, english: str, spanish: str) -> None:
    assert formats.moment_text(at_ms, MADRID) == english
    assert formats.moment_text(at_ms, replace(MADRID, language="es")) == spanish


def test_brazil_writes_numbers_and_days_in_its_own_way() -> None:
    brazil = replace(MADRID, language="pt-BR")
    assert formats.moment_text(NOON_MS - DAY_MS, brazil) == "11 de mai. 12:00:00"
    assert formats.day_text(NOON_MS, brazil) == "12 de mai. de 2026"
    assert formats.credits_text(1_023_100_000, "pt-BR") == "1.023,1"
    assert formats.percent_text(0.9834, "pt-BR") == "98,3%"


def test_the_exact_time_is_utc_to_the_millisecond() -> None:
    assert formats.utc_text(NOON_MS) == "2026-05-12 10:00:00.123 UTC"
    assert formats.iso_text(NOON_MS) == "2026-05-12T10:00:00.123Z"
    assert formats.iso_text(NOON_MS - 123) == "2026-05-12T10:00:00.000Z"
    assert formats.day_text(NOON_MS, MADRID) == "12 May 2026"


def test_a_typed_time_is_in_the_viewers_zone() -> None:
    assert formats.input_ms("2026-05-12T12:00", MADRID.zone) == NOON_MS - 123
    assert formats.input_ms("2026-05-12", MADRID.zone) == NOON_MS - 123 - 12 * HOUR_MS
    assert [formats.input_ms(text, MADRID.zone) for text in ("", "yesterday", "2026-13-01", "9" * 40)] == [None] * 4


@pytest.mark.parametrize(
    ("milliseconds", "english", "spanish"),
    [
        (412, "0.412 s", "0,412 s"),
        (59_940, "59.9 s", "59,9 s"),
        (60_000, "1 min", "1 min"),
        (200_000, "3 min 20 s", "3 min 20 s"),
        (2 * HOUR_MS + 300_000, "2 h 5 min", "2 h 5 min"),
        (3 * DAY_MS + 4 * HOUR_MS, "3 d 4 h", "3 d 4 h"),
    ],
)
def test_spans(milliseconds: int, english: str, spanish: str) -> None:
    assert formats.span_text(milliseconds, "en") == english
    assert formats.span_text(milliseconds, "es") == spanish


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (None, "–"),
        (0.0, "0%"),
        (0.0004, "< 0.1%"),
        (0.0018, "0.2%"),
        (0.5, "50%"),
        (0.9834, "98.3%"),
        (0.99999, "99.9%"),
        (1.0, "100%"),
    ],
)
def test_only_a_whole_share_is_100_percent(share: float | None, words: str) -> None:
    assert formats.percent_text(share, "en") == words
    assert formats.percent_text(share, "es") == words.replace(".", ",").replace("%", "\xa0%")


def test_few_days_are_written_with_a_decimal() -> None:
    assert [formats.days_text(days, "es") for days in (0.04, 2.44, 10.6, 12_345.0)] == ["0,0", "2,4", "11", "12.345"]


def test_the_bound_of_a_delay_is_written_in_the_largest_unit() -> None:
    bounds = (None, *DELAYS_MS, math.inf)
    assert [formats.within_text(bound) for bound in bounds] == [
        *("–", "1 s", "2 s", "5 s", "10 s", "30 s", "1 min", "5 min", "1 h", "> 1 h")
    ]


def test_minutes_and_hours_begin_in_the_viewers_zone_and_days_in_gmt() -> None:
    at_ms = int(datetime(2026, 5, 12, tzinfo=UTC).timestamp() * 1_000)
    preferences = Preferences(language="es", zone=ZoneInfo("America/Mexico_City"), theme="auto", now_ms=at_ms)
    assert [formats.start_text(at_ms, grain, preferences) for grain in Bucket] == ["18:00", "18:00", "12 may"]


def test_many_credits_are_written_without_decimals() -> None:
    assert formats.large_credits_text(999_999_123_456, "es") == "999.999,123456"
    assert formats.large_credits_text(1_234_567_890_123, "es") == "1.234.568"
    assert formats.large_credits_text(-1_234_567_890_123, "en") == "−1,234,568"
