"""Opening hours of routes: spans of the week in a time zone, as people write them.

An example is `mon-fri 08:00-20:00, sat 09:00-14:00 Europe/Madrid`. Without days a span is of every day, without a zone
in GMT. A span that ends before it begins runs past midnight and belongs to the day on which it began. Not here: times
of day in other texts (``text.times``).
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES: Final = 24 * 60
_WEEK_MINUTES: Final = 7 * _DAY_MINUTES


class HoursError(ValueError):
    """Raised for a text that is not opening hours; its message says why."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Opening hours, parsed. ``spans`` are minutes of the week, from (included) and to (excluded); none of them is past
    the week's end."""

    text: str
    spans: tuple[tuple[int, int], ...]
    zone: tzinfo

    def contains(self, at_ms: int) -> bool:
        """Return True if ``at_ms`` (milliseconds since 1970) lies within them."""
        minute = _minute_of_week(self.zone, at_ms // 60_000)
        return any(start <= minute < end for start, end in self.spans)


def parse_hours(text: str) -> Hours:
    """Parse opening hours; raise :class:`HoursError` where the text is none."""
    match = _WHOLE(text.strip())
    if match is None:
        raise HoursError(f"{text!r} is not such as 'mon-fri 08:00-20:00, sat 09:00-14:00 Europe/Madrid'")
    spans: list[tuple[int, int]] = []
    for piece in match["spans"].split(","):
        spans.extend(_spans(piece.strip()))
    return Hours(text=text.strip(), spans=tuple(spans), zone=_zone(match["zone"]))


_SPAN: Final = r"(?:(?:[a-z]{3}(?:-[a-z]{3})?)\s+)?\d\d:\d\d-\d\d:\d\d"
_WHOLE: Final = re.compile(rf"(?P<spans>{_SPAN}(?:\s*,\s*{_SPAN})*)(?:\s+(?P<zone>[A-Za-z][\w/+-]*))?").fullmatch
_PIECE: Final = re.compile(r"(?:([a-z]{3})(?:-([a-z]{3}))?\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)").fullmatch


def _spans(piece: str) -> list[tuple[int, int]]:
    match = _PIECE(piece)
    if match is None:
        raise HoursError(f"{piece!r} is not such as 'mon-fri 08:00-20:00'")
    first, last, *clock = match.groups()
    start, end = (_minute_of_day(*clock[at : at + 2]) for at in (0, 2))
    length = (end - start) % _DAY_MINUTES or _DAY_MINUTES
    return [span for day in _days(first, last) for span in _within_the_week(day * _DAY_MINUTES + start, length)]


def _days(first: str | None, last: str | None) -> list[int]:
    if first is None:
        return list(range(7))
    unknown = [day for day in (first, last) if day is not None and day not in DAYS]
    if unknown:
        raise HoursError(f"{unknown[0]!r} is not one of {', '.join(DAYS)}")
    begin, end = DAYS.index(first), DAYS.index(last or first)
    return [(begin + step) % 7 for step in range((end - begin) % 7 + 1)]


def _minute_of_day(hour: str, minute: str) -> int:
    value = int(hour) * 60 + int(minute)
    if int(minute) > 59 or value > _DAY_MINUTES:
        raise HoursError(f"{hour}:{minute} is no time of the day")
    return value


def _within_the_week(start: int, length: int) -> list[tuple[int, int]]:
    """Split a span of minutes that runs past the end of the week."""
    start %= _WEEK_MINUTES
    end = start + length
    if end <= _WEEK_MINUTES:
        return [(start, end)]
    return [(start, _WEEK_MINUTES), (0, end - _WEEK_MINUTES)]


def _zone(name: str | None) -> tzinfo:
    if name is None:
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise HoursError(f"{name!r} is no time zone such as Europe/Madrid") from None


@lru_cache(maxsize=256)
def _minute_of_week(zone: tzinfo, minutes: int) -> int:
    """Convert minutes since 1970 to the minute of the week in a zone. Cached: all messages of a minute need the
    same."""
    local = datetime.fromtimestamp(minutes * 60, zone)
    return local.weekday() * _DAY_MINUTES + local.hour * 60 + local.minute
