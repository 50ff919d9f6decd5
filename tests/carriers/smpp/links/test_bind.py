"""One link against SMSCs that misbehave: it never hangs, never loses count, and is always bound again."""

import asyncio

import pytest
from msgspec import structs
from structlog.testing import capture_logs
from tests.carriers.smpp.scripted import Rig, ScriptedConnection, stay_silent
from tests.contracts.carrier import outgoing
from tests.contracts.virtual_time import in_virtual_time

from palomar.ports import InDoubt, NotSent, Submitted
from palomar.smpp import (
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    CommandStatus,
    DeliverSmResp,
    GenericNack,
    SubmitSmResp,
    encode,
)


def submit(rig: Rig, count: int = 1) -> None:
    for serial in range(1, count + 1):
        assert rig.carrier.reserve(1)
        rig.carrier.submit(outgoing("573001234567", serial=serial))


@in_virtual_time
async def test_the_bind_carries_the_settings_names() -> None:
    async with Rig(system_type="VMA") as rig:
        await rig.live()
        (bind,) = rig.smsc.binds
        assert isinstance(bind, BindTransceiver)
        assert (bind.system_id, bind.password, bind.system_type) == ("esme", "secret", "VMA")
        assert bind.interface_version == 0x34


@in_virtual_time
async def test_a_pair_binds_a_transmitter_and_a_receiver_and_submits_on_the_transmitter() -> None:
    async with Rig(bind="transmitter+receiver") as rig:
        await rig.live()
        assert [type(bind) for bind in rig.smsc.binds] == [BindTransmitter, BindReceiver]
        submit(rig)
        await rig.sink.until(lambda: bool(rig.sink.answers))
        assert [len(connection.submits()) for connection in rig.smsc.connections] == [1, 0]


@pytest.mark.parametrize("which", [0, 1])
@in_virtual_time
async def test_both_connections_of_a_pair_are_bound_and_closed_together(which: int) -> None:
    async with Rig(bind="transmitter+receiver") as rig:
        await rig.live()
        rig.smsc.connections[which].close()
        await rig.sink.until(lambda: not rig.carrier.live)
        await rig.live()
        assert [connection.lost for connection in rig.smsc.connections] == [True, True, False, False]


@in_virtual_time
async def test_a_refused_bind_is_tried_again_later_each_time_and_logged_once() -> None:
    with capture_logs() as logs:
        async with Rig() as rig:
            rig.smsc.bind_status = CommandStatus.ESME_RINVPASWD
            await asyncio.sleep(60)
            tries = len(rig.smsc.binds)
            assert tries == 9  # after 0.75, 1.5, 3, 6 and then every 12 s
            (status,) = rig.carrier.links()
            assert not status.bound
            assert "ESME_RINVPASWD" in status.last_error
            rig.smsc.bind_status = 0
            await rig.live()
            assert rig.carrier.links()[0].last_error == ""
    assert [entry["event"] for entry in logs] == ["carrier_link_down", "carrier_link_bound"]
    assert "secret" not in str(logs)


@in_virtual_time
async def test_a_bind_without_an_answer_is_given_up() -> None:
    async with Rig(bind_timeout_seconds=5) as rig:
        rig.smsc.bind_status = None
        await asyncio.sleep(5.1)
        assert rig.smsc.connections[0].lost
        assert "in time" in rig.carrier.links()[0].last_error
        rig.smsc.bind_status = 0
        await rig.live()


@in_virtual_time
async def test_a_refused_connection_is_tried_again() -> None:
    async with Rig() as rig:
        rig.smsc.refuse_connections = True
        await asyncio.sleep(10)
        assert rig.carrier.links()[0].last_error == "connection refused"
        rig.smsc.refuse_connections = False
        await rig.live()


@in_virtual_time
async def test_a_half_open_connection_is_found_by_enquire_link() -> None:
    async with Rig(enquire_link_seconds=30, response_timeout_seconds=10) as rig:
        await rig.live()
        rig.smsc.ignores_input = True
        await asyncio.sleep(45)
        assert rig.smsc.connections[0].lost
        assert not rig.carrier.live
        rig.smsc.ignores_input = False
        await rig.live()


@in_virtual_time
async def test_a_quiet_link_that_answers_enquire_link_stays_bound() -> None:
    async with Rig(enquire_link_seconds=30) as rig:
        await rig.live()
        await asyncio.sleep(600)
        assert rig.carrier.live
        assert len(rig.smsc.connections) == 1
        assert rig.smsc.last.reads > 15


@in_virtual_time
async def test_a_connection_closed_in_mid_flight_leaves_all_outstanding_in_doubt() -> None:
    async with Rig() as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        submit(rig, 10)
        await asyncio.sleep(0.1)
        rig.smsc.last.close()
        await rig.sink.until(lambda: len(rig.sink.answers) == 10)
        assert all(isinstance(outcome, InDoubt) for outcome in rig.sink.outcomes())
        assert [part.message_id >> 8 for part, _ in rig.sink.answers] == list(range(1, 11))
        await rig.live()
        assert rig.carrier.free_slots() == 10


@in_virtual_time
async def test_parts_of_which_no_byte_was_written_were_not_sent() -> None:
    async with Rig() as rig:
        await rig.live()
        rig.smsc.last.close()
        await asyncio.sleep(0)  # the carrier's transport now closes; its protocol will be told in the next turn
        if rig.carrier.live:
            submit(rig, 3)
        await rig.sink.until(lambda: len(rig.sink.answers) == 3)
        assert all(isinstance(outcome, NotSent) for outcome in rig.sink.outcomes())


@in_virtual_time
async def test_garbage_ends_the_connection_and_the_link_is_bound_again() -> None:
    async with Rig() as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        submit(rig, 2)
        await asyncio.sleep(0.1)
        rig.smsc.last.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await rig.sink.until(lambda: len(rig.sink.answers) == 2)
        assert all(isinstance(outcome, InDoubt) for outcome in rig.sink.outcomes())
        await rig.live()


@in_virtual_time
async def test_malformed_pdus_in_sound_frames_cost_no_link() -> None:
    with capture_logs() as logs:
        async with Rig() as rig:
            await rig.live()
            for _ in range(3):
                rig.smsc.last.raw(bytes.fromhex("00000010 0000beef 00000000 00000007"))
                rig.smsc.last.raw(bytes.fromhex("00000011 00000005 00000000 00000008 41"))
                rig.smsc.last.raw(encode(SubmitSmResp(sequence_number=999, message_id="nobody's")))
            submit(rig)
            await rig.sink.until(lambda: bool(rig.sink.answers))
            assert isinstance(rig.sink.outcomes()[0], Submitted)
            assert len(rig.smsc.connections) == 1
    assert [entry["event"] for entry in logs].count("carrier_odd_pdu") == 3


@in_virtual_time
async def test_a_generic_nack_answers_the_part_that_it_names() -> None:
    def nack(connection: ScriptedConnection, pdu: object) -> None:
        number = connection.submits()[-1].sequence_number
        connection.raw(encode(GenericNack(sequence_number=number, command_status=CommandStatus.ESME_RINVCMDLEN)))

    async with Rig() as rig:
        rig.smsc.on_submit = nack
        await rig.live()
        submit(rig)
        await rig.sink.until(lambda: bool(rig.sink.answers))
        (outcome,) = rig.sink.outcomes()
        assert "ESME_RINVCMDLEN" in str(outcome)


@in_virtual_time
async def test_an_smsc_that_unbinds_is_bound_again() -> None:
    async with Rig() as rig:
        await rig.live()
        rig.smsc.last.session.unbind(rig.smsc.last.now())
        rig.smsc.last.flush()
        await rig.sink.until(lambda: not rig.carrier.live)
        assert rig.carrier.links()[0].last_error == "the peer unbound"
        await rig.live()


@in_virtual_time
async def test_the_submits_of_one_turn_leave_in_one_write() -> None:
    async with Rig() as rig:
        await rig.live()
        before = rig.smsc.last.reads
        submit(rig, 10)
        await rig.sink.until(lambda: len(rig.sink.answers) == 10)
        assert rig.smsc.last.reads == before + 1


@in_virtual_time
async def test_the_acknowledgements_of_one_turn_leave_in_one_write() -> None:
    async with Rig() as rig:
        await rig.live()
        rig.sink.acknowledge_with = None
        for serial in range(5):
            rig.smsc.last.deliver(esm_class=4, short_message=b"id:%d stat:DELIVRD" % serial)
        await rig.sink.until(lambda: len(rig.sink.acknowledges) == 5)
        before = rig.smsc.last.reads
        for acknowledge in rig.sink.acknowledges:
            acknowledge(True)
        await asyncio.sleep(0.1)
        assert rig.smsc.last.reads == before + 1
        assert [type(pdu) for pdu in rig.smsc.last.responses] == [DeliverSmResp] * 5


@in_virtual_time
async def test_a_paused_transport_has_no_room() -> None:
    async with Rig(window=1_000) as rig:
        rig.smsc.on_submit = stay_silent
        await rig.live()
        transport = rig.smsc.last.transport
        assert transport is not None
        transport.pause_reading()
        for serial in range(950):
            assert rig.carrier.reserve(1)
            part = structs.replace(outgoing("573001234567", serial=serial), payload=b"x" * 250)
            rig.carrier.submit(part)
        assert rig.carrier.free_slots() == 50
        await asyncio.sleep(0.1)
        assert rig.carrier.free_slots() == 0
        assert not rig.carrier.reserve(1)
        assert rig.carrier.live
        rooms = rig.sink.rooms
        transport.resume_reading()
        await rig.sink.until(lambda: rig.sink.rooms > rooms)
        assert rig.carrier.free_slots() == 50


@in_virtual_time
async def test_stopping_is_prompt_while_a_bind_is_unanswered() -> None:
    rig = Rig()
    rig.smsc.bind_status = None
    await rig.carrier.start(rig.sink)
    await asyncio.sleep(0.5)
    begun = asyncio.get_running_loop().time()
    await rig.carrier.stop(10)
    assert asyncio.get_running_loop().time() - begun < 0.1
    assert rig.smsc.last.lost


@in_virtual_time
async def test_stopping_is_prompt_between_two_attempts() -> None:
    rig = Rig()
    rig.smsc.refuse_connections = True
    await rig.carrier.start(rig.sink)
    await asyncio.sleep(20)
    begun = asyncio.get_running_loop().time()
    await rig.carrier.stop(10)
    assert asyncio.get_running_loop().time() - begun < 0.1


@in_virtual_time
async def test_a_bind_that_cannot_be_encoded_is_logged_and_tried_again() -> None:
    with capture_logs() as logs:
        async with Rig(system_id="x" * 100) as rig:
            await asyncio.sleep(5)
            assert rig.carrier.links()[0].last_error == "UnencodablePdu"
            assert len(rig.smsc.connections) > 2
    assert logs[0]["event"] == "carrier_link_failed"
