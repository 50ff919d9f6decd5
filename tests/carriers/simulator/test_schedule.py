"""When a message is to be delivered and until when: both forms of time, and invalid ones."""

import pytest

from palomar.carriers.simulator.schedule import DeliverySchedule, InvalidSchedule, read_schedule
from palomar.smpp import CommandStatus, SubmitSm

NOON_MS = 1_746_100_800_000  # 2025-05-01 12:00:00 GMT


@pytest.mark.parametrize(
    ("schedule", "validity", "timing"),
    [
        ("", "", DeliverySchedule()),
        ("000000010000000R", "", DeliverySchedule(starts_after_seconds=3_600)),
        ("250501130000000+", "", DeliverySchedule(starts_after_seconds=3_600)),
        ("250501130000004+", "", DeliverySchedule(starts_after_seconds=0)),
        ("240501130000000+", "", DeliverySchedule(starts_after_seconds=0)),
        ("", "000000000005000R", DeliverySchedule(validity_seconds=5)),
        ("", "250501110000000+", DeliverySchedule(validity_seconds=0)),
        ("000000000010000R", "000000000025000R", DeliverySchedule(starts_after_seconds=10, validity_seconds=25)),
    ],
)
def test_times_are_seconds_from_now(schedule: str, validity: str, timing: DeliverySchedule) -> None:
    pdu = SubmitSm(schedule_delivery_time=schedule, validity_period=validity)
    assert read_schedule(pdu, now_ms=NOON_MS) == timing


@pytest.mark.parametrize(
    ("field", "status"),
    [
        ("schedule_delivery_time", CommandStatus.ESME_RINVSCHED),
        ("validity_period", CommandStatus.ESME_RINVEXPIRY),
    ],
)
def test_an_invalid_time_has_the_status_of_its_field(field: str, status: CommandStatus) -> None:
    with pytest.raises(InvalidSchedule) as raised:
        read_schedule(SubmitSm(**{field: "tomorrow"}), now_ms=NOON_MS)
    assert raised.value.status is status
