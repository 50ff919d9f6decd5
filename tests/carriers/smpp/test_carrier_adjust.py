"""The settings that a running carrier takes over: paces, window, ``enabled`` and ``drain``."""

import asyncio
from dataclasses import replace
from typing import Any

from tests.carriers.smpp.scripted import Rig, accept, stay_silent
from tests.carriers.smpp.test_waker import send_when_free
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import Submitted


def adjusted(rig: Rig, **changes: Any) -> None:
    given: dict[str, Any] = {"name": "acme", "host": "smsc.example", "port": 2775, "system_id": "esme"}
    rig.carrier.adjust(replace(SmppCarrierSettings(**given, password="secret"), window=10, **changes))


@in_virtual_time
async def test_a_new_pace_applies_at_once_and_wakes_waiting_senders() -> None:
    async with Rig(parts_per_second=1, window=10) as rig:
        await rig.live()
        assert await send_when_free(rig, 3) > 1.5
        adjusted(rig, parts_per_second=50)
        assert await send_when_free(rig, 100, first=10) < 2.5
        adjusted(rig, link_parts_per_second=10)
        assert 1.7 < await send_when_free(rig, 21, first=200) < 2.5
        adjusted(rig)
        assert await send_when_free(rig, 100, first=300) < 0.5


@in_virtual_time
async def test_a_wider_window_has_room_at_once_and_a_narrower_one_waits_for_answers() -> None:
    async with Rig(window=2) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send(2)
        assert not rig.carrier.reserve(1)
        rooms = rig.sink.rooms
        adjusted(rig)
        assert rig.sink.rooms > rooms
        assert rig.carrier.free_slots() == 8
        rig.carrier.adjust(replace(rig.carrier.settings, window=1))
        assert rig.carrier.free_slots() == 0
        rig.smsc.last.close()
        await rig.sink.until(lambda: len(rig.smsc.connections) == 2 and rig.carrier.live)
        assert rig.carrier.free_slots() == 1


@in_virtual_time
async def test_a_drained_carrier_submits_nothing_and_still_gets_its_receipts() -> None:
    async with Rig(window=10) as rig:
        await rig.live()
        rig.send(2)
        adjusted(rig, drain=True)
        assert (rig.carrier.live, rig.carrier.off_reason, rig.carrier.reserve(1)) == (False, "drained", False)
        await rig.sink.until(lambda: len(rig.sink.answers) == 2)
        assert all(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes())
        rig.smsc.last.deliver(esm_class=4, short_message=b"id:1 stat:DELIVRD")
        await rig.sink.until(lambda: bool(rig.sink.receipts))
        assert rig.carrier.links()[0].bound
        rooms = rig.sink.rooms
        adjusted(rig)
        assert rig.sink.rooms > rooms
        assert (rig.carrier.live, rig.carrier.off_reason) == (True, "")


@in_virtual_time
async def test_the_rest_of_a_long_message_leaves_by_a_carrier_that_is_drained_meanwhile() -> None:
    async with Rig(window=2) as rig:
        await rig.live()
        assert rig.carrier.reserve(5)
        rig.carrier.adjust(replace(rig.carrier.settings, drain=True))
        for serial in range(1, 6):
            rig.send_one(serial=serial)
        await rig.sink.until(lambda: len(rig.sink.answers) == 5)
        assert all(isinstance(outcome, Submitted) for outcome in rig.sink.outcomes())


@in_virtual_time
async def test_a_disabled_carrier_gets_its_answers_unbinds_and_binds_again_when_enabled() -> None:
    async with Rig(window=10) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send(1)
        await asyncio.sleep(0.1)
        adjusted(rig, enabled=False)
        assert (rig.carrier.live, rig.carrier.off_reason) == (False, "switched off")
        await asyncio.sleep(1)
        connection = rig.smsc.last
        assert rig.carrier.links()[0].bound, "an answer is due"
        accept(connection, connection.submits()[0])
        connection.flush()
        await asyncio.sleep(1)
        assert connection.lost
        assert isinstance(rig.sink.outcomes()[0], Submitted)
        await asyncio.sleep(300)
        assert len(rig.smsc.connections) == 1
        assert rig.carrier.links()[0].last_error == "switched off"
        adjusted(rig)
        await rig.live()
        assert rig.carrier.live


@in_virtual_time
async def test_a_carrier_disabled_from_the_start_does_not_connect() -> None:
    async with Rig(enabled=False) as rig:
        await asyncio.sleep(100)
        assert rig.smsc.connections == []
        adjusted(rig)
        await rig.live()
