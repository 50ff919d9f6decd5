"""Times as the vendors write them, to and from milliseconds since 1970 UTC.

A wall-clock time is read in the zone that is given. Where clocks go back, a repeated hour is its first; where they go
forward, a missing time moves forward by the missing hour (PEP 495, fold 0, gives both). The caller decides what to do
about times in the past.
"""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final


def parse_gmt(raw: str) -> int | None:
    """Read `YYYY-MM-DD HH:MM:SS`, GMT, to epoch ms; None for anything else."""
    return _epoch_ms(raw, UTC) if _PLAIN(raw) else None


def parse_in_zone(raw: str, zone: tzinfo) -> int | None:
    """Read `YYYY-MM-DDTHH:MM:SS` to epoch ms, truncated; None for anything else.

    A space for the T, no seconds, and fractions are accepted; `Z` or an offset (`+02:00`, `+0200`, `+02`) takes
    precedence over `zone`.
    """
    return _epoch_ms(raw, zone) if _ISO(raw) else None


def local_to_ms(wall: datetime, zone: tzinfo) -> int:
    """Convert a wall-clock time without zone to epoch ms, by the rule above."""
    offset = wall.replace(tzinfo=zone, fold=0).utcoffset()
    return (wall - _EPOCH - (offset or timedelta())) // _MILLISECOND


def format_gmt(epoch_ms: int) -> str:
    """Write `2026-02-26 12:00:00`, GMT, cut to the second."""
    return (_EPOCH + timedelta(milliseconds=epoch_ms)).isoformat(" ", "seconds")


def format_in_zone(epoch_ms: int, zone: tzinfo, *, separator: str = " ") -> str:
    """Write the zone's wall clock, cut to the second."""
    return _local(epoch_ms, zone).replace(tzinfo=None).isoformat(separator, "seconds")


def format_with_offset(epoch_ms: int, zone: tzinfo) -> str:
    """Write `2026-02-26T12:00:00.000+00:00`: ISO 8601 whole, as Spring's error objects have it."""
    return _local(epoch_ms, zone).isoformat(timespec="milliseconds")


_EPOCH_UTC: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH: Final = _EPOCH_UTC.replace(tzinfo=None)
_MILLISECOND: Final = timedelta(milliseconds=1)

_TO_THE_MINUTE: Final = "[0-9]{4}-[0-9]{2}-[0-9]{2}%s(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_PLAIN: Final = re.compile(_TO_THE_MINUTE % " " + ":[0-5][0-9]").fullmatch
_ISO: Final = re.compile(
    _TO_THE_MINUTE % "[T ]" + "(?::[0-5][0-9](?:[.][0-9]{1,9})?)?" + "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?"
).fullmatch


def _epoch_ms(written: str, zone: tzinfo) -> int | None:
    """Convert what has the right form; None if it is no date, or if it could not be written in every zone."""
    try:
        moment = datetime.fromisoformat(written)
    except ValueError:
        return None
    if not 1 < moment.year < 9999:
        return None
    if moment.tzinfo is None:
        return local_to_ms(moment, zone)
    return (moment - _EPOCH_UTC) // _MILLISECOND


def _local(epoch_ms: int, zone: tzinfo) -> datetime:
    return (_EPOCH_UTC + timedelta(milliseconds=epoch_ms)).astimezone(zone)
