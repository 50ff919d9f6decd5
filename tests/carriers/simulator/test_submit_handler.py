"""How submits are answered, and what a script changes about it. The magic numbers are in ``test_smsc``."""

import asyncio

import pytest
from tests.carriers.simulator.client import connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.chaos import script
from palomar.smpp import (
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    DestinationAddress,
    PduRefused,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    UnexpectedResponse,
    tlvs,
)


@in_virtual_time
async def test_a_lost_answer_never_comes_though_the_message_is_delivered() -> None:
    smsc = make_smsc(chaos="lose-answers")
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(20)
    assert (client.of(SubmitSmResp), client.stats(), smsc.stats.answers_lost) == ([], ["DELIVRD"], 1)


@in_virtual_time
async def test_a_late_answer_comes_within_its_delay_and_no_sooner_than_half_of_it() -> None:
    client = await connect(make_smsc(chaos="delay-answers,answer-delay=10s"))
    client.send(message())
    await asyncio.sleep(4.9)
    assert client.of(SubmitSmResp) == []
    await asyncio.sleep(5.3)
    assert client.statuses(SubmitSmResp) == [0]


@in_virtual_time
async def test_an_answer_that_is_reordered_is_overtaken() -> None:
    smsc = make_smsc(chaos="reorder-answers=50%,seed=1")
    client = await connect(smsc)
    for serial in range(40):
        client.send(message(text=b"%d" % serial))
    await asyncio.sleep(1)
    numbers = [pdu.sequence_number for pdu in client.of(SubmitSmResp)]
    assert len(numbers) == 40
    assert numbers != sorted(numbers)
    assert 10 < smsc.stats.answers_late < 30


@in_virtual_time
async def test_the_second_of_two_answers_is_unexpected() -> None:
    client = await connect(make_smsc(chaos="double-answers"))
    client.send(message())
    await asyncio.sleep(0.1)
    assert client.statuses(SubmitSmResp) == [0, 0]
    assert isinstance(client.events[-1], UnexpectedResponse)


@in_virtual_time
async def test_an_answer_with_a_wrong_sequence_number_answers_nothing() -> None:
    smsc = make_smsc(chaos="wrong-sequences")
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(0.1)
    assert isinstance(client.events[-1], UnexpectedResponse)
    assert client.session.outstanding == 1
    assert smsc.stats.answers_misnumbered == 1


@in_virtual_time
async def test_the_answer_comes_behind_the_receipt() -> None:
    client = await connect(make_smsc(chaos="receipts-first"))
    client.send(message())
    await asyncio.sleep(3)
    assert [type(pdu) for pdu in client.log[1:]] == [DeliverSm, SubmitSmResp]


@in_virtual_time
async def test_submits_above_the_rate_are_throttled_until_a_second_later() -> None:
    client = await connect(make_smsc(chaos="throttle=20/s"))
    for _ in range(2):
        for serial in range(30):
            client.send(message(text=b"%d" % serial))
        await asyncio.sleep(1.1)
    throttled = CommandStatus.ESME_RTHROTTLED
    assert client.statuses(SubmitSmResp) == ([0] * 20 + [throttled] * 10) * 2


@in_virtual_time
async def test_unanswered_submits_above_the_window_are_throttled_at_once() -> None:
    client = await connect(make_smsc(chaos="window=5,delay-answers,answer-delay=2s"))
    for serial in range(8):
        client.send(message(text=b"%d" % serial))
    await asyncio.sleep(0.1)
    assert client.statuses(SubmitSmResp) == [CommandStatus.ESME_RTHROTTLED] * 3
    await asyncio.sleep(3)
    client.send(message(text=b"again"))
    await asyncio.sleep(3)
    assert client.statuses(SubmitSmResp)[3:] == [0] * 6


@in_virtual_time
async def test_garbage_comes_before_the_answer_and_is_refused() -> None:
    smsc = make_smsc(chaos="garbage,seed=0")
    client = await connect(smsc)
    refused = 0
    for serial in range(20):
        client.send(message(text=b"%d" % serial))
        await asyncio.sleep(0.01)
        if client.session.is_closed:
            break
        refused += 1
    assert sum(isinstance(event, PduRefused) for event in client.events) == refused > 0
    assert client.session.is_closed, "among so many there is noise, and nobody reads on behind it"
    assert smsc.stats.garbage == refused + 1


@in_virtual_time
async def test_a_refused_number_is_refused_under_any_script() -> None:
    client = await connect(make_smsc(chaos="lose-answers"))
    client.send(message("573001299904"))
    await asyncio.sleep(0.1)
    assert client.statuses(SubmitSmResp) == [CommandStatus.ESME_RINVDSTADR]


@in_virtual_time
async def test_an_invalid_time_is_refused() -> None:
    client = await connect(make_smsc())
    client.send(message(schedule_delivery_time="tomorrow"))
    client.send(message(validity_period="for ever"))
    await asyncio.sleep(0.1)
    assert client.statuses(SubmitSmResp) == [CommandStatus.ESME_RINVSCHED, CommandStatus.ESME_RINVEXPIRY]


@in_virtual_time
async def test_messages_taken_twice_are_counted_by_the_fault_of_the_answer() -> None:
    smsc = make_smsc(chaos="lose-answers=50%,delay-answers=50%,seed=3")
    client = await connect(smsc)
    for _ in range(2):
        for serial in range(40):
            client.send(message(text=b"%d" % serial))
    await asyncio.sleep(10)
    stats = smsc.stats
    assert stats.doubled_answer_lost > 0
    assert stats.doubled_answer_late > 0
    assert stats.doubled_answer_lost + stats.doubled_answer_late + stats.doubled_link_broken == 40


@in_virtual_time
async def test_a_script_also_applies_to_submit_multi_and_data_sm() -> None:
    smsc = make_smsc(chaos="throttle=2/s,delay-answers,answer-delay=1s")
    client = await connect(smsc)
    for _ in range(2):
        client.send(DataSm(destination_addr="573001234567", tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"hola"),)))
    client.send(SubmitMulti(dest_addresses=(DestinationAddress(address="573001234567"),)))
    await asyncio.sleep(0.1)
    assert (client.statuses(DataSmResp), client.statuses(SubmitMultiResp)) == ([], [CommandStatus.ESME_RTHROTTLED])
    await asyncio.sleep(2)
    client.send(SubmitMulti(dest_addresses=(DestinationAddress(address="573001234567"),)))
    await asyncio.sleep(2)
    assert (client.statuses(DataSmResp), client.statuses(SubmitMultiResp)[1:]) == ([0, 0], [0])


@pytest.mark.parametrize("chaos", ["", "lose-receipts"])
@in_virtual_time
async def test_a_script_can_be_set_and_removed_while_the_simulator_runs(chaos: str) -> None:
    smsc = make_smsc(chaos=chaos)
    client = await connect(smsc)
    smsc.set_chaos(script.parse("lose-answers"))
    client.send(message(text=b"lost"))
    await asyncio.sleep(1)
    smsc.set_chaos(script.parse("calm"))
    client.send(message(text=b"answered"))
    await asyncio.sleep(1)
    assert len(client.of(SubmitSmResp)) == 1
    assert client.stats() == ["DELIVRD", "DELIVRD"]
