"""The time format of SMPP 3.4 section 7.1.1: `YYMMDDhhmmsstnnp`, absolute or relative. No clock is read here.

Absolute times carry their distance from UTC in quarters of an hour, so they become aware datetimes; the two-digit
year is one of this century. Relative ones become timedeltas, a year counting 365 days and a month 30, as the
specification does not say which month is meant. Receipts use another format: see `receipt.py`.
"""

import re
from datetime import UTC, datetime, timedelta, timezone

_TIME = re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)(\d\d)([-+R])", re.ASCII)
_MAX_RELATIVE = timedelta(days=100 * 365) - timedelta(microseconds=1)


class InvalidTime(ValueError):
    """A text that is no SMPP time, or a time that the format cannot hold."""


def parse_time(text: str) -> datetime | timedelta | None:
    """Read a schedule_delivery_time, validity_period or final_date; None for an empty one.

    Raises InvalidTime; the field decides whether the answer is ESME_RINVSCHED or ESME_RINVEXPIRY.
    """
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if match is None:
        raise InvalidTime(f"{text!r} is not of the form YYMMDDhhmmsstnnp")
    *numbers, kind = match.groups()
    year, month, day, hour, minute, second, tenth, quarters = map(int, numbers)
    if kind == "R":
        days = year * 365 + month * 30 + day
        return timedelta(days=days, hours=hour, minutes=minute, seconds=second)
    offset = timedelta(minutes=15 * quarters)
    if quarters > 48:
        raise InvalidTime(f"{quarters} quarters of an hour from UTC is more than 48")
    zone = timezone(-offset if kind == "-" else offset)
    try:
        return datetime(2000 + year, month, day, hour, minute, second, tenth * 100_000, tzinfo=zone)
    except ValueError as error:
        raise InvalidTime(f"{text!r}: {error}") from error


def format_time(moment: datetime) -> str:
    """Write an aware datetime as an absolute time in UTC, cut to a tenth of a second."""
    if moment.tzinfo is None:
        raise InvalidTime("a time without a zone cannot be sent")
    moment = moment.astimezone(UTC)
    if not 2000 <= moment.year <= 2099:
        raise InvalidTime(f"the year {moment.year} cannot be told in two digits")
    return f"{moment:%y%m%d%H%M%S}{moment.microsecond // 100_000}00+"


def format_relative_time(span: timedelta) -> str:
    """Write a timedelta as a relative time, cut to seconds; days beyond 99 become months of 30 and years of 365."""
    if not timedelta() <= span <= _MAX_RELATIVE:
        raise InvalidTime(f"{span} cannot be told as a relative time")
    days, (minutes, seconds) = span.days, divmod(span.seconds, 60)
    hours, minutes = divmod(minutes, 60)
    years = months = 0
    if days > 99:
        years, days = divmod(days, 365)
        months, days = divmod(days, 30)
    return f"{years:02}{months:02}{days:02}{hours:02}{minutes:02}{seconds:02}000R"
