"""The connection of a probe: it acknowledges its own deliveries, returns all others, and notices a closed
connection."""

import asyncio
from collections.abc import Callable

from tests.carriers.smpp.scripted import ScriptedSmsc, stay_silent
from tests.contracts.virtual_time import LoopClock, in_virtual_time

from palomar.carriers.smpp.probing.probe_link import Delivery, ProbeLink
from palomar.smpp import AlertNotification, BindTransceiver, CommandStatus, SubmitSm, SubmitSmResp


def nothing(delivery: Delivery) -> bool:
    return False


async def bound(smsc: ScriptedSmsc, is_ours: Callable[[Delivery], bool] = nothing) -> ProbeLink:
    link = ProbeLink(clock=LoopClock(), is_ours=is_ours)
    await smsc.connect(lambda: link)
    link.bind(BindTransceiver(system_id="esme", password="secret"))
    assert await link.until(lambda: link.answered, 5)
    return link


@in_virtual_time
async def test_our_deliveries_are_acknowledged_and_all_others_returned() -> None:
    smsc = ScriptedSmsc()
    link = await bound(smsc, lambda delivery: delivery.source_addr == "346")
    smsc.last.deliver(source_addr="346", short_message=b"ours")
    smsc.last.deliver(source_addr="347", short_message=b"another's")
    await asyncio.sleep(1)
    assert [delivery.source_addr for delivery in link.deliveries] == ["346"]
    assert link.sent_back == 1
    assert [pdu.command_status for pdu in smsc.last.responses] == [0, CommandStatus.ESME_RX_T_APPN]


@in_virtual_time
async def test_answers_are_matched_to_submits_with_the_count_of_unanswered_ones() -> None:
    smsc = ScriptedSmsc()
    smsc.on_submit = stay_silent
    link = await bound(smsc)
    sent = link.submit([SubmitSm(destination_addr=str(number)) for number in range(3)])
    await asyncio.sleep(1)
    first, second, third = smsc.last.submits()
    for pdu in (third, first, second):
        smsc.last.answer(pdu, SubmitSmResp(message_id="x"))
        smsc.last.flush()
        await asyncio.sleep(1)
    assert [one.unanswered_before for one in sent] == [0, 0, 2]
    assert [one.status for one in sent] == [0, 0, 0]
    assert sent[2].answered_at < sent[0].answered_at < sent[1].answered_at


@in_virtual_time
async def test_an_enquire_link_is_timed_and_a_silent_peer_answers_none() -> None:
    smsc = ScriptedSmsc()
    link = await bound(smsc)
    seconds = await link.enquire(5)
    assert seconds is not None
    assert 0 <= seconds < 1
    smsc.ignores_input = True
    assert await link.enquire(5) is None


@in_virtual_time
async def test_waiting_ends_with_the_connection() -> None:
    smsc = ScriptedSmsc()
    link = await bound(smsc)
    waiting = asyncio.create_task(link.until(lambda: False, 1_000))
    await asyncio.sleep(1)
    smsc.last.close()
    assert await asyncio.wait_for(waiting, 5) is False
    assert link.closed == "the connection ended"
    await link.unbind(5)


@in_virtual_time
async def test_requests_other_than_deliveries_are_refused() -> None:
    smsc = ScriptedSmsc()
    link = await bound(smsc)
    smsc.last.session.send(AlertNotification(source_addr="346", esme_addr="1"), 0.0)
    smsc.last.flush()
    await asyncio.sleep(1)
    assert link.deliveries == []
    assert link.session.is_bound


@in_virtual_time
async def test_unbinding_closes_the_connection_even_without_an_answer() -> None:
    smsc = ScriptedSmsc()
    link = await bound(smsc)
    smsc.ignores_input = True
    await link.unbind(2)
    await asyncio.sleep(1)
    assert smsc.last.lost
