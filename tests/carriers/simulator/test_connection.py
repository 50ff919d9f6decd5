"""One connection: the faults of a script, deliveries of every kind, and a call to an ESME that listens."""

import asyncio

from tests.carriers.simulator.client import Client, connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.memory_transport import join
from palomar.smpp import (
    AlertNotification,
    BindReceiver,
    BindTransceiver,
    BindTransmitter,
    DeliverSm,
    Outbind,
    SessionState,
    SubmitSmResp,
    UnbindResp,
)


@in_virtual_time
async def test_a_connection_ends_at_its_nth_pdu_and_so_does_the_next() -> None:
    smsc = make_smsc(chaos="drop-at-pdu=5")
    for _ in range(2):
        client = await connect(smsc)
        for serial in range(10):
            client.send(message(text=b"%d" % serial, registered_delivery=0))
        await asyncio.sleep(0.1)
        assert client.closed
        assert len(client.of(SubmitSmResp)) <= 3, "the bind was the first, and the fifth is the end"
    assert smsc.stats.dropped == 2
    assert smsc.stats.submitted == 6


@in_virtual_time
async def test_a_half_open_connection_sends_nothing_and_stays_open() -> None:
    smsc = make_smsc(chaos="half-open")
    client = await connect(smsc)
    client.send(message())
    client.send(message(text=b"in the same read"))
    await asyncio.sleep(300)
    assert client.of(SubmitSmResp) == []
    assert not client.closed
    assert (smsc.stats.silenced, smsc.stats.taken) == (1, 0)
    client.close()
    await asyncio.sleep(0.1)
    assert client.closed


@in_virtual_time
async def test_deliveries_unacknowledged_on_a_half_open_connection_come_over_the_next() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.answer_with = None
    client.send(message("573001299900"))
    await asyncio.sleep(1)
    assert client.stats() == ["DELIVRD"]
    smsc.phones.set_behavior("573001234567", "half-open")
    client.send(message())
    await asyncio.sleep(1)
    again = await connect(smsc)
    await asyncio.sleep(0.1)
    assert again.stats() == ["DELIVRD"]


@in_virtual_time
async def test_an_alert_needs_no_answer_and_no_window_slot() -> None:
    smsc = make_smsc(window=1)
    client = await connect(smsc)
    client.answer_with = None
    client.send(message("573001299923"))
    await asyncio.sleep(3)
    assert (client.stats(), client.of(AlertNotification)) == (["UNDELIV"], [])
    client.answer_with = 0
    await asyncio.sleep(60)
    assert len(client.of(AlertNotification)) == 1


@in_virtual_time
async def test_an_esme_that_is_called_may_bind_and_gets_its_waiting_deliveries() -> None:
    smsc = make_smsc()
    smsc.phones.write("573001234567", "85355", "hola", system_id="esme")
    for kind in (BindReceiver, BindTransceiver):
        client = Client()
        join(smsc.outbind_connection(password="who calls"), client)
        await asyncio.sleep(0.1)
        (called,) = client.of(Outbind)
        assert (called.system_id, called.password) == ("PALOMAR", "who calls")
        assert client.session.state is SessionState.OUTBOUND
        client.send(kind(system_id="esme", password="secret"))
        await asyncio.sleep(0.1)
        assert client.session.is_bound
        client.close()
        await asyncio.sleep(0.1)
        if kind is BindReceiver:
            assert [pdu.short_message for pdu in client.of(DeliverSm)] == [b"hola"]


@in_virtual_time
async def test_an_esme_that_is_called_may_not_bind_as_transmitter_nor_wait_forever() -> None:
    smsc = make_smsc(bind_timeout_seconds=10)
    client = Client()
    join(smsc.outbind_connection(password=""), client)
    await asyncio.sleep(0.1)
    client.transport.write(_frame(BindTransmitter.command_id))  # type: ignore[union-attr]
    await asyncio.sleep(0.1)
    assert not client.session.is_bound
    await asyncio.sleep(15)
    assert client.closed


@in_virtual_time
async def test_a_connection_reports_when_it_is_closed() -> None:
    smsc = make_smsc()
    peer = smsc.outbind_connection(password="")
    client = Client()
    join(peer, client)
    await asyncio.sleep(0.1)
    assert not peer.closed.done()
    client.close()
    await asyncio.wait_for(peer.closed, 1)


@in_virtual_time
async def test_an_unbind_is_answered_and_ends_the_connection() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.session.unbind(client.now())
    client.flush()
    await asyncio.sleep(0.1)
    assert client.closed
    assert client.of(UnbindResp) == []  # the session's own
    assert smsc.waiting() == 0


def _frame(command_id: int) -> bytes:
    body = b"esme\0secret\0\0\x34\0\0\0"
    return b"".join(number.to_bytes(4, "big") for number in (16 + len(body), command_id, 0, 99)) + body
