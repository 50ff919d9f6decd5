"""How numbers, credits and times are written for people, in each language. Plain text; markup is ``rendering``'s."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from palomar.console.catalogue import Language
from palomar.domain.counts import Grain
from palomar.domain.credit import MICROCREDITS_A_CREDIT, Microcredits, format_exact

_MILLION: Final = 1_000_000
_MONTHS: Final[Mapping[Language, tuple[str, ...]]] = {
    "en": ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    "es": ("ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"),
}
_THOUSANDS: Final[Mapping[Language, str]] = {"en": ",", "es": "."}
_DECIMALS: Final[Mapping[Language, str]] = {"en": ".", "es": ","}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How somebody wants to be shown things, and when they look."""

    language: Language
    zone: ZoneInfo
    theme: str
    """``light``, ``dark``, or ``auto``: as the system is."""
    now_ms: int


def integer(number: int, language: Language) -> str:
    """``12,345`` or ``12.345``."""
    return f"{number:,}".replace(",", _THOUSANDS[language])


def credits_text(microcredits: int, language: Language) -> str:
    """Credits, exactly: ``1,023.1``, ``0.000001``."""
    whole, point, decimals = format_exact(Microcredits(abs(microcredits))).partition(".")
    sign = "−" if microcredits < 0 else ""
    return f"{sign}{integer(int(whole), language)}{point and _DECIMALS[language]}{decimals}"


def large_credits_text(microcredits: int, language: Language) -> str:
    """Write credits exactly, but of a million and more the whole ones only."""
    if abs(microcredits) < _MILLION * MICROCREDITS_A_CREDIT:
        return credits_text(microcredits, language)
    return credits_text(round(microcredits / MICROCREDITS_A_CREDIT) * MICROCREDITS_A_CREDIT, language)


def number_text(msisdn: str) -> str:
    """A phone's number with its plus; anything else as it is."""
    return f"+{msisdn}" if msisdn.isascii() and msisdn.isdigit() else msisdn


def moment_text(at_ms: int, manner: Manner) -> str:
    """A time in the viewer's zone, as short as may be: of today the time, else the day too."""
    at, now = _local(at_ms, manner), _local(manner.now_ms, manner)
    clock = f"{at:%H:%M:%S}"
    if at.date() == now.date():
        return clock
    day = f"{at.day} {_MONTHS[manner.language][at.month - 1]}"
    return f"{day} {clock}" if at.year == now.year else f"{day} {at.year} {clock}"


def day_text(at_ms: int, manner: Manner) -> str:
    """A day in the viewer's zone."""
    at = _local(at_ms, manner)
    return f"{at.day} {_MONTHS[manner.language][at.month - 1]} {at.year}"


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
    """How long something took: ``0.412 s``, ``3 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    if milliseconds < 60_000:
        digits = 3 if milliseconds < 10_000 else 1
        return f"{milliseconds / 1_000:.{digits}f} s".replace(".", _DECIMALS[language])
    seconds = milliseconds // 1_000
    for size, unit, below, smaller in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if seconds >= size:
            rest = seconds % size // below
            return f"{seconds // size} {unit}" + (f" {rest} {smaller}" if rest else "")
    raise AssertionError("less than a minute was written above")


def percent_text(share: float | None, language: Language) -> str:
    """Write a share from 0 to 1: ``98.3 %``; what is not quite all is never ``100 %``, and what is not quite nothing is
    ``< 0.1 %``. None is a dash."""
    if share is None:
        return "–"
    tenths = round(share * 1_000)
    if share < 1.0:
        tenths = min(tenths, 999)
    if share > 0.0 and tenths == 0:
        return f"< 0{_DECIMALS[language]}1 %"
    whole, tenth = divmod(tenths, 10)
    return f"{whole}{_DECIMALS[language]}{tenth} %" if tenth else f"{whole} %"


def days_text(days: float, language: Language) -> str:
    """Days, with a decimal where they are few: ``2.4``, ``120``."""
    if days >= 10:
        return integer(round(days), language)
    return f"{days:.1f}".replace(".", _DECIMALS[language])


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


def start_text(at_ms: int, grain: Grain, manner: Manner) -> str:
    """When a minute, an hour (in the viewer's zone) or a day (which are GMT's) begins."""
    if grain is Grain.DAY:
        at = datetime.fromtimestamp(at_ms / 1_000, UTC)
        return f"{at.day} {_MONTHS[manner.language][at.month - 1]}"
    return f"{_local(at_ms, manner):%H:%M}"


def _local(at_ms: int, manner: Manner) -> datetime:
    return datetime.fromtimestamp(at_ms / 1_000, manner.zone)
