"""Write numbers, credits and times for people, in each language. Plain text; markup is ``templates``'s.

Separators, names of months and the order of a date are Unicode's (CLDR), by way of Babel. Babel is loaded with the
first number that is written: commands that write none start without it.
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
    """How somebody wants to be shown things, and when they look."""

    language: Language
    zone: ZoneInfo
    theme: str
    """``light``, ``dark``, or ``auto``: as the system is."""
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
    """Write credits exactly, but of a million and more the whole ones only."""
    if abs(microcredits) < _MILLION * MICROCREDITS_A_CREDIT:
        return credits_text(microcredits, language)
    return credits_text(round(microcredits / MICROCREDITS_A_CREDIT) * MICROCREDITS_A_CREDIT, language)


def number_text(msisdn: str) -> str:
    """A phone's number with its plus; anything else as it is."""
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
    """A time exactly, in UTC: ``2026-05-12 10:00:00.123 UTC``."""
    at = datetime.fromtimestamp(at_ms / 1_000, UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}.{at_ms % 1_000:03} UTC"


def iso_text(at_ms: int) -> str:
    """A time exactly, for programs: ``2026-05-12T10:00:00.123Z``."""
    at = datetime.fromtimestamp(at_ms // 1_000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03}Z"


def input_ms(text: str, zone: ZoneInfo) -> int | None:
    """The time of a ``datetime-local`` or ``date`` input in the viewer's zone; None if it is none."""
    try:
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp() * 1_000)
    except (ValueError, OverflowError):
        return None


def age_text(milliseconds: int, language: Language) -> str:
    """Write how long something has lasted, to the second: ``8 s``, ``3 min 20 s``; what has not begun lasts ``0 s``."""
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
    """Write a share from 0 to 1: ``98.3%``; what is not quite all is never ``100%``, and what is not quite nothing is
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
    """The upper bound of a delay: ``1 s``, ``5 min``, ``1 h``; a dash for None. Infinity is what took over an hour."""
    if bound_ms is None:
        return "–"
    if math.isinf(bound_ms):
        return "> 1 h"
    seconds = round(bound_ms / 1_000)
    for size, unit in ((3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def start_text(at_ms: int, grain: Bucket, preferences: Preferences) -> str:
    """Write when a minute, an hour (in the viewer's zone) or a day (which are GMT's) begins."""
    if grain is Bucket.DAY:
        return _date(datetime.fromtimestamp(at_ms / 1_000, UTC), "MMMd", preferences.language)
    return f"{_local(at_ms, preferences):%H:%M}"


def _local(at_ms: int, preferences: Preferences) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, preferences.zone)


def load_formats(language: Language) -> None:
    """Read a language's formats now, so that the first number and date in it need not wait."""
    _percent(0, language)
    _date(datetime.fromtimestamp(0, UTC), "yMMMd", language)


def _decimal(number: float | Decimal, pattern: str, language: Language) -> str:
    from babel.numbers import format_decimal

    return format_decimal(number, pattern, _locale(language))


def _percent(tenths: int, language: Language) -> str:
    """Write tenths of a hundredth by the language's own pattern, which says what stands between number and sign."""
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
