"""Queries for the state of a part: their slots, their answers as receipts, and carriers that know no query_sm."""

import asyncio
from typing import Any

import pytest
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, nack, stay_silent
from tests.contracts.virtual_time import in_virtual_time

from palomar.smpp import (
    CommandStatus,
    MessageState,
    QuerySm,
    QuerySmResp,
    decode,
)
from palomar.vocabulary.message import State


def delivered(connection: ScriptedConnection, pdu: QuerySm) -> None:
    connection.answer(pdu, QuerySmResp(message_id=pdu.message_id, message_state=MessageState.DELIVERED))


@in_virtual_time
async def test_the_answer_to_a_query_is_a_receipt_without_acknowledgement() -> None:
    async with Rig() as rig:
        rig.smsc.on_query = delivered
        await rig.live()
        assert rig.carrier.query("00aF", sender="85355")
        await rig.sink.until(lambda: bool(rig.sink.receipts))
        (receipt,) = rig.sink.receipts
        assert (receipt.carrier, receipt.reference, receipt.state) == ("acme", "00aF", State.DELIVERED)
        assert receipt.raw.startswith("asked by query_sm")
        assert isinstance(decode(receipt.octets), QuerySmResp)
        (query,) = rig.smsc.last.queries()
        assert (query.message_id, query.source_addr, query.source_addr_ton) == ("00aF", "85355", 3)
        assert rig.carrier.free_slots() == 10
        assert [type(pdu) for pdu in rig.smsc.last.responses] == []


@in_virtual_time
async def test_a_query_takes_a_window_slot_and_none_that_is_reserved() -> None:
    async with Rig(window=3) as rig:
        rig.smsc.on_query = stay_silent
        await rig.live()
        assert rig.carrier.reserve(2)
        assert rig.carrier.query("1", sender="A")
        assert rig.carrier.free_slots() == 0
        assert not rig.carrier.query("2", sender="A")
        await asyncio.sleep(31)
        assert rig.carrier.free_slots() == 1
        assert rig.sink.receipts == []
        assert rig.sink.answers == []


@in_virtual_time
async def test_a_refused_query_gives_no_receipt_and_may_be_repeated() -> None:
    async with Rig() as rig:
        await rig.live()
        for _ in range(2):
            assert rig.carrier.query("1", sender="A")
            await asyncio.sleep(0.1)
        assert rig.sink.receipts == []


@pytest.mark.parametrize("by_nack", [True, False])
@in_virtual_time
async def test_a_carrier_without_query_sm_is_not_asked_again(by_nack: bool) -> None:
    def unknown(connection: ScriptedConnection, pdu: QuerySm) -> None:
        connection.answer(pdu, status=CommandStatus.ESME_RINVCMDID)

    async with Rig() as rig:
        rig.smsc.on_query = nack if by_nack else unknown
        await rig.live()
        assert rig.carrier.query("1", sender="A")
        await asyncio.sleep(0.1)
        assert not rig.carrier.query("1", sender="A")


@pytest.mark.parametrize("settings", [{"bind": "receiver"}])
@in_virtual_time
async def test_a_link_that_may_not_submit_sends_no_query(settings: dict[str, Any]) -> None:
    async with Rig(**settings) as rig:
        await rig.live()
        assert not rig.carrier.query("1", sender="A")


@in_virtual_time
async def test_no_query_is_sent_without_a_link_or_with_an_id_too_long_for_smpp() -> None:
    async with Rig() as rig:
        assert not rig.carrier.query("1", sender="A")
        await rig.live()
        assert not rig.carrier.query("x" * 65, sender="A")
        assert rig.carrier.free_slots() == 10


@in_virtual_time
async def test_a_late_answer_to_a_query_is_still_a_receipt_and_a_lost_link_forgets_it() -> None:
    async with Rig(response_timeout_seconds=5) as rig:
        rig.smsc.on_query = stay_silent
        await rig.live()
        assert rig.carrier.query("1", sender="A")
        await asyncio.sleep(6)
        delivered(rig.smsc.last, rig.smsc.last.queries()[0])
        rig.smsc.last.flush()
        await rig.sink.until(lambda: bool(rig.sink.receipts))
        assert rig.carrier.query("2", sender="A")
        await asyncio.sleep(0.1)
        rig.smsc.last.close()
        await rig.sink.until(lambda: not rig.carrier.live)
        assert rig.sink.answers == []
