"""Writes numbers, credits and times for people in each language, as plain text.

Separators, names of months and the order of a date come from Unicode's CLDR by way of Babel, which is imported with the
first number that is written, so that most commands start without it. Not here: markup (``console.templates``).
"""

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from palomar.reports.buckets import Bucket
from palomar.vocabulary.credit import MICROCREDITS_A_CREDIT, Microcredits, format_exact

if TYPE_CHECKING:
    from babel import Locale

Language = str
"""A language of the console as browsers name it (BCP 47): ``en``, ``pt-BR``."""
_MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """A visitor's language, time zone and theme, and the time of the request."""

    language: Language
    zone: ZoneInfo
    theme: str
    """``light``, ``dark``, or ``auto``, which follows the system."""
    now_ms: int


@lru_cache(maxsize=4_096)
def integer(number: int, language: Language) -> str:
    """Write ``12,345`` or ``12.345``."""
    return _decimal(number, "#,##0", language)


def credits_text(microcredits: int, language: Language) -> str:
    """Write credits exactly: ``1,023.1``, ``0.000001``."""
    sign = "−" if microcredits < 0 else ""
    return sign + _decimal(Decimal(format_exact(Microcredits(abs(microcredits)))), "#,##0.######", language)


def large_credits_text(microcredits: int, language: Language) -> str:
    """Write credits exactly, but a million or more without decimals."""
    if abs(microcredits) < _MILLION * MICROCREDITS_A_CREDIT:
        return credits_text(microcredits, language)
    return credits_text(round(microcredits / MICROCREDITS_A_CREDIT) * MICROCREDITS_A_CREDIT, language)


def number_text(msisdn: str) -> str:
    """Write a phone's number with its plus; return anything else unchanged."""
    return f"+{msisdn}" if msisdn.isascii() and msisdn.isdigit() else msisdn


def moment_text(at_ms: int, preferences: Preferences) -> str:
    """Write a time in the viewer's zone as briefly as possible: of today the time, else the day too."""
    at, now = _local(at_ms, preferences), _local(preferences.now_ms, preferences)
    clock = f"{at:%H:%M:%S}"
    if at.date() == now.date():
        return clock
    return f"{_date(at, 'MMMd' if at.year == now.year else 'yMMMd', preferences.language)} {clock}"


def day_text(at_ms: int, preferences: Preferences) -> str:
    """Write a day in the viewer's zone."""
    return _date(_local(at_ms, preferences), "yMMMd", preferences.language)


def utc_text(at_ms: int) -> str:
    """Write a time exactly, in UTC: ``2026-05-12 10:00:00.123 UTC``."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1_000:03} UTC"


def iso_text(at_ms: int) -> str:
    """Write a time exactly, for programs: ``2026-05-12T10:00:00.123Z``."""
    at = datetime.fromtimestamp(at_ms // 1_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03}Z"


def input_ms(text: str, zone: ZoneInfo) -> int | None:
    """Read the time of a ``datetime-local`` or ``date`` input in the viewer's zone; return None if it is not one."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def age_text(milliseconds: int, language: Language) -> str:
    """Write how long something has lasted, to the second: ``8 s``, ``3 min 20 s``; a negative time is ``0 s``."""
    seconds = max(milliseconds, 0) // 1_000
    return f"{seconds} s" if seconds < 60 else span_text(seconds * 1_000, language)


def span_text(milliseconds: int, language: Language) -> str:
    """Write how long something took: ``0.412 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if milliseconds < 60_000:
        return f"{_decimal(milliseconds / 1_000, '0.000' if milliseconds < 10_000 else '0.0', language)} s"
    seconds = milliseconds // 1_000
    for size, unit, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("less than a minute was written above")


def percent_text(share: float | None, language: Language) -> str:
    """Write a share from 0 to 1: ``98.3%``. Less than 1 is never ``100%``, and more than 0 is never ``0%`` but
    ``< 0.1%``. None is a dash."""
    if share is None:
        return "–"
    tenths = round(share * 1_000)
    if share < 1.0:
        tenths = min(tenths, 999)
    if share > 0.0 and tenths == 0:
        return f"< {_percent(1, language)}"
    return _percent(tenths, language)


def days_text(days: float, language: Language) -> str:
    """Write days, with a decimal where they are few: ``2.4``, ``120``."""
    return integer(round(days), language) if days >= 10 else _decimal(days, "0.0", language)


def within_text(bound_ms: float | None) -> str:
    """Write the upper bound of a delay: ``1 s``, ``5 min``, ``1 h``; None is a dash, infinity ``> 1 h``."""
    if bound_ms is None:
        return "–"
    if math.isinf(bound_ms):
        return "> 1 h"
    seconds = round(bound_ms / 1_000)
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def start_text(at_ms: int, bucket: Bucket, preferences: Preferences) -> str:
    """Write when a minute or hour begins (in the viewer's zone), or a day (in GMT)."""
    if bucket is Bucket.DAY:
        return _date(datetime.fromtimestamp(at_ms / 1_000, UTC), "MMMd", preferences.language)
    return f"{_local(at_ms, preferences):%H:%M}"


def _local(at_ms: int, preferences: Preferences) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, preferences.zone)


def load_formats(language: Language) -> None:
    """Load a language's formats, so that the first number and date in it need not wait."""
    _percent(0, language)
    _date(datetime.fromtimestamp(0, UTC), "yMMMd", language)


def _decimal(number: float | Decimal, pattern: str, language: Language) -> str:
    from babel.numbers import format_decimal

    return format_decimal(number, pattern, _locale(language))


def _percent(tenths: int, language: Language) -> str:
    """Write tenths of a percent by the language's pattern, which has the space between number and sign."""
    from babel.numbers import format_percent

    locale = _locale(language)
    pattern = locale.percent_formats[None].pattern.replace("0", "0.#")
    return format_percent(Decimal(tenths) / 1_000, pattern, locale)


def _date(at: datetime, skeleton: str, language: Language) -> str:
    from babel.dates import format_skeleton

    return format_skeleton(skeleton, at, locale=_locale(language))


@cache
def _locale(language: Language) -> "Locale":
    from babel import Locale

    return Locale.parse("en_001" if language == "en" else language.replace("-", "_"))  # the world's English: 12 May
