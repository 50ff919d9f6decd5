"""Alerts of an SMSC: counted, and logged once for each phone, in bounded memory."""

import asyncio

from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.smpp.links.stray_pdus import ALERTS_REMEMBERED
from palomar.smpp import (
    AlertNotification,
    encode,
)


@in_virtual_time
async def test_alert_notifications_are_counted_and_logged_once_a_phone() -> None:
    with capture_logs() as logs:
        async with Rig() as rig:
            await rig.live()
            for number in ("573001234567", "573001234567", "573007654321"):
                rig.smsc.last.send(AlertNotification(source_addr=number, esme_addr="85355"))
            rig.send()
            await rig.sink.until(lambda: bool(rig.sink.answers))
            (link,) = rig.carrier._links
            assert link.stray_pdus.alerts == 3
    alerts = [entry for entry in logs if entry["event"] == "carrier_alert_notification"]
    assert len(alerts) == 2
    assert "573001234567" not in str(logs)


@in_virtual_time
async def test_a_flood_of_alerts_takes_bounded_memory() -> None:
    async with Rig() as rig:
        await rig.live()
        octets = b"".join(
            encode(AlertNotification(sequence_number=number, source_addr=str(number)))
            for number in range(1, ALERTS_REMEMBERED + 100)
        )
        rig.smsc.last.raw(octets)
        await asyncio.sleep(0.1)
        (link,) = rig.carrier._links
        assert link.stray_pdus.alerts == ALERTS_REMEMBERED + 99
        assert link.stray_pdus.remembered == ALERTS_REMEMBERED
