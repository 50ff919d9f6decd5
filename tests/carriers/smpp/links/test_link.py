"""What a link reports of every part, with the octets; data_sm; and links that may not submit."""

import asyncio
from collections.abc import Callable

import pytest
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, nack, stay_silent, throttle
from tests.contracts.carrier import outgoing
from tests.contracts.virtual_time import in_virtual_time

from palomar.ports import Deferred, Exchange, InDoubt, NotSent, Refused, Submitted
from palomar.smpp import (
    BindReceiver,
    BindTransmitter,
    CommandStatus,
    DataSm,
    Pdu,
    SubmitSm,
    SubmitSmResp,
    decode,
)
from palomar.text.alphabets import Alphabet


def refuse(connection: ScriptedConnection, pdu: Pdu) -> None:
    connection.answer(pdu, status=CommandStatus.ESME_RINVDSTADR)


@pytest.mark.parametrize(
    ("answers", "outcome"), [(None, Submitted), (refuse, Refused), (throttle, Deferred), (nack, Refused)]
)
@in_virtual_time
async def test_an_answer_comes_with_the_octets_of_both_ways(
    answers: Callable[[ScriptedConnection, Pdu], None] | None, outcome: type
) -> None:
    async with Rig() as rig:
        if answers is not None:
            rig.smsc.on_submit = answers
        await rig.live()
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert isinstance(rig.sink.outcomes()[0], outcome)
        (exchange,) = rig.sink.exchanges
        assert exchange.link == "acme/1"
        request, response = decode(exchange.request), decode(exchange.response)
        assert isinstance(request, SubmitSm)
        assert request == rig.smsc.last.submits()[0]
        assert response.sequence_number == request.sequence_number


@in_virtual_time
async def test_a_part_in_doubt_has_the_request_and_its_late_answer_has_both() -> None:
    async with Rig(response_timeout_seconds=5) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        (pdu,) = rig.smsc.last.submits()
        rig.smsc.last.answer(pdu, SubmitSmResp(message_id="7"))
        rig.smsc.last.flush()
        await rig.sink.until(lambda: len(rig.sink.answers) == 2)
        doubt, late = rig.sink.exchanges
        assert decode(doubt.request) == pdu
        assert doubt.response == b""
        assert (late.link, late.request) == (doubt.link, doubt.request)
        assert decode(late.response) == SubmitSmResp(sequence_number=pdu.sequence_number, message_id="7")


@in_virtual_time
async def test_after_a_broken_link_written_parts_have_their_request_and_unwritten_ones_have_none() -> None:
    async with Rig() as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send(2)
        await asyncio.sleep(0.1)
        rig.send(1)
        rig.smsc.last.close()
        await asyncio.sleep(0)
        await rig.sink.until(lambda: len(rig.sink.answers) == 3)
        outcomes = rig.sink.outcomes()
        for outcome, exchange in zip(outcomes, rig.sink.exchanges, strict=True):
            assert bool(exchange.request) is isinstance(outcome, InDoubt)
            assert exchange.link == "acme/1"
        assert [type(outcome) for outcome in outcomes[:2]] == [InDoubt, InDoubt]


@in_virtual_time
async def test_a_part_that_no_link_took_has_no_octets() -> None:
    async with Rig() as rig:
        rig.smsc.refuse_connections = True
        rig.carrier.submit(outgoing("573001234567"))
        await asyncio.sleep(0)
        assert isinstance(rig.sink.outcomes()[0], NotSent)
        assert rig.sink.exchanges == [Exchange()]


@in_virtual_time
async def test_a_part_that_the_carrier_cannot_carry_is_refused_unsent_and_its_slot_is_free() -> None:
    async with Rig(alphabet="ascii") as rig:
        await rig.live()
        rig.send(alphabet=Alphabet.GSM, payload=b"\x7d" * 150)
        await rig.sink.until(lambda: bool(rig.sink.answers))
        (outcome,) = rig.sink.outcomes()
        assert isinstance(outcome, Refused)
        assert "U+00F1" in outcome.reason
        assert rig.sink.exchanges == [Exchange()]
        assert rig.smsc.last.submits() == []
        assert rig.carrier.free_slots() == 10


@in_virtual_time
async def test_a_carrier_of_data_sm_is_answered_by_data_sm_resp() -> None:
    async with Rig(submit="data_sm") as rig:
        await rig.live()
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert isinstance(rig.sink.outcomes()[0], Submitted)
        assert [type(pdu) for pdu in rig.smsc.last.requests[1:]] == [DataSm]


@in_virtual_time
async def test_a_transmitter_alone_submits_and_gets_nothing() -> None:
    async with Rig(bind="transmitter") as rig:
        await rig.live()
        assert [type(bind) for bind in rig.smsc.binds] == [BindTransmitter]
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert isinstance(rig.sink.outcomes()[0], Submitted)


@in_virtual_time
async def test_a_receiver_alone_gets_receipts_and_has_no_room() -> None:
    async with Rig(bind="receiver") as rig:
        await rig.live()
        assert [type(bind) for bind in rig.smsc.binds] == [BindReceiver]
        assert not rig.carrier.live
        assert rig.carrier.free_slots() == 0
        assert not rig.carrier.reserve(1)
        rig.smsc.last.deliver(esm_class=4, short_message=b"id:7 stat:DELIVRD")
        await rig.sink.until(lambda: bool(rig.sink.receipts))
        assert rig.sink.receipts[0].reference == "7"


@in_virtual_time
async def test_the_bind_carries_our_address_range() -> None:
    async with Rig(bind="receiver", address_ton=1, address_npi=1, address_range="^85[0-9]*$") as rig:
        await rig.live()
        (bind,) = rig.smsc.binds
        assert isinstance(bind, BindReceiver)
        assert (bind.addr_ton, bind.addr_npi, bind.address_range) == (1, 1, "^85[0-9]*$")


@in_virtual_time
async def test_a_silent_link_gets_no_further_part_and_is_soon_closed() -> None:
    async with Rig(response_timeout_seconds=5, enquire_link_seconds=60) as rig:
        await rig.live()
        rig.smsc.ignores_input = True
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert isinstance(rig.sink.outcomes()[0], InDoubt)
        assert not rig.carrier.live
        assert not rig.carrier.reserve(1)
        await rig.sink.until(lambda: not rig.carrier.links()[0].bound)
        assert rig.carrier.links()[0].last_error == "enquire_link was not answered and nothing else came"


@in_virtual_time
async def test_a_link_that_answers_late_stays_in_use() -> None:
    async with Rig(response_timeout_seconds=5, enquire_link_seconds=60) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        rig.send()
        await rig.sink.until(lambda: bool(rig.sink.answers))
        await rig.sink.until(lambda: rig.carrier.live)
        assert rig.carrier.links()[0].bound
        assert len(rig.smsc.connections) == 1


@in_virtual_time
async def test_a_link_that_was_slowed_comes_back_no_faster() -> None:
    async with Rig(reconnect_min_seconds=0.1, window=40) as rig:
        rig.smsc.on_submit = throttle
        await rig.live()
        rig.send(40)
        await rig.sink.until(lambda: len(rig.sink.answers) == 40)
        slowed = rig.carrier.links()[0].parts_per_second
        assert slowed > 0
        rig.smsc.last.close()
        await rig.sink.until(lambda: len(rig.smsc.connections) == 2 and rig.carrier.live)
        assert 0 < rig.carrier.links()[0].parts_per_second <= slowed + 1
