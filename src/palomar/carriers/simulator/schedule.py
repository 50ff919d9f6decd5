"""When a message is to be delivered, and until when: ``schedule_delivery_time`` and ``validity_period``.

Pure: the wall clock is an argument (SMPP 3.4 sections 5.2.15, 5.2.16 and 7.1.1).
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from palomar.smpp import CommandStatus, InvalidTime, SubmitSm, parse_time


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliverySchedule:
    """Start and end of a message's delivery, in seconds from now."""

    starts_after_seconds: float = 0.0
    validity_seconds: float | None = None
    """From now, not from the start; None is no limit."""


class InvalidSchedule(Exception):
    """A time that cannot be read; ``status`` is the answer to it."""

    def __init__(self, status: CommandStatus) -> None:
        super().__init__(status.name)
        self.status = status


def read_schedule(pdu: SubmitSm, *, now_ms: int) -> DeliverySchedule:
    """Read both fields; a time in the past becomes now. Raises InvalidSchedule."""
    start = _seconds(pdu.schedule_delivery_time, now_ms, CommandStatus.ESME_RINVSCHED)
    validity = _seconds(pdu.validity_period, now_ms, CommandStatus.ESME_RINVEXPIRY)
    return DeliverySchedule(starts_after_seconds=start or 0.0, validity_seconds=validity)


def _seconds(text: str, now_ms: int, status: CommandStatus) -> float | None:
    try:
        moment = parse_time(text)
    except InvalidTime:
        raise InvalidSchedule(status) from None
    if moment is None:
        return None
    if isinstance(moment, timedelta):
        return moment.total_seconds()
    return max((moment - datetime.fromtimestamp(now_ms / 1_000, UTC)).total_seconds(), 0.0)
