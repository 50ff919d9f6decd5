"""The simulator as a client sees it: the magic numbers, store and forward, queries."""

import asyncio

import pytest
from tests.carriers.simulator.client import TEMPORARY, connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.smsc import ArrivedPart
from palomar.smpp import CommandStatus, DeliverSm, MessageState, QuerySm, QuerySmResp, SubmitSmResp, parse_receipt, tlvs


@in_virtual_time
async def test_a_message_is_taken_at_once_and_delivered_within_a_second() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(0.01)
    (answer,) = client.of(SubmitSmResp)
    assert answer.command_status == 0
    assert client.stats() == []
    await asyncio.sleep(0.99)
    (pdu,) = client.of(DeliverSm)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    assert receipt.message_id == answer.message_id
    assert receipt.state is MessageState.DELIVERED
    assert receipt.text == "hola"
    assert (pdu.source_addr, pdu.destination_addr, pdu.dest_addr_ton) == ("573001234567", "PALOMAR", 5)
    assert tlvs.RECEIPTED_MESSAGE_ID.find(pdu.tlvs) == answer.message_id
    assert smsc.stats.deliveries == 1


@pytest.mark.parametrize(
    ("digits", "statuses", "words"),
    [
        ("99900", [0], ["DELIVRD"]),
        ("99901", [0], ["UNDELIV"]),
        ("99902", [0], ["EXPIRED"]),
        ("99903", [0], ["REJECTD"]),
        ("99904", [CommandStatus.ESME_RINVDSTADR], []),
        ("99906", [0], []),
        ("99907", [], ["DELIVRD"]),
        ("99908", [0], ["DELIVRD"]),
        ("99909", [0], ["DELIVRD"]),
        ("99910", [0], ["DELIVRD", "DELIVRD"]),
        ("99911", [0], ["DELIVRD"]),
        ("99912", [0], ["UNKNOWN"]),
        ("99913", [0], ["ENROUTE", "DELIVRD"]),
        ("99914", [0], ["DELIVRD"]),
        ("99915", [0], ["WHATEVR", "DELIVRD"]),
        ("99916", [0], ["DELETED"]),
        ("99917", [0], ["ACCEPTD", "UNDELIV"]),
        ("99920", [CommandStatus.ESME_RINVSRCADR], []),
        ("99921", [0], [""]),
        ("99922", [CommandStatus.ESME_RTHROTTLED], []),
        ("99923", [0], ["UNDELIV"]),
        ("99999", [0], ["DELIVRD"]),
    ],
)
@in_virtual_time
async def test_magic_numbers(digits: str, statuses: list[int], words: list[str]) -> None:
    client = await connect(make_smsc())
    client.send(message("5730012" + digits))
    await asyncio.sleep(60)
    assert [pdu.command_status for pdu in client.of(SubmitSmResp)] == statuses
    assert client.stats() == words


@pytest.mark.parametrize(("digits", "refusals"), [("99905", 2), ("99918", 1), ("99919", 1)])
@in_virtual_time
async def test_some_numbers_are_refused_at_first_and_then_taken_each_time(digits: str, refusals: int) -> None:
    client = await connect(make_smsc())
    for _ in range(2 * (refusals + 1)):
        client.send(message("5730012" + digits))
    await asyncio.sleep(2)
    statuses = [bool(pdu.command_status) for pdu in client.of(SubmitSmResp)]
    assert statuses == ([True] * refusals + [False]) * 2


@in_virtual_time
async def test_a_message_whose_answer_was_lost_is_answered_when_it_comes_again() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299907"))
    await asyncio.sleep(5)
    assert client.of(SubmitSmResp) == []
    client.send(message("573001299907"))
    await asyncio.sleep(5)
    assert len(client.of(SubmitSmResp)) == 1
    assert client.stats() == ["DELIVRD", "DELIVRD"]


@in_virtual_time
async def test_the_receipt_may_come_before_the_answer() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299909"))
    await asyncio.sleep(1)
    assert [type(pdu) for pdu in client.log[1:]] == [DeliverSm, SubmitSmResp]


@in_virtual_time
async def test_the_late_answer_comes_after_35_seconds() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299908"))
    await asyncio.sleep(34)
    assert client.of(SubmitSmResp) == []
    await asyncio.sleep(2)
    assert len(client.of(SubmitSmResp)) == 1


@in_virtual_time
async def test_the_phone_answers_from_its_number() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299914"))
    await asyncio.sleep(2)
    (reply,) = [pdu for pdu in client.of(DeliverSm) if pdu.esm_class == 0]
    assert (reply.source_addr, reply.destination_addr, reply.short_message) == ("573001299914", "PALOMAR", b"OK")


@in_virtual_time
async def test_a_receipt_in_tlvs_has_no_text() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299921"))
    await asyncio.sleep(2)
    (pdu,) = client.of(DeliverSm)
    assert pdu.short_message == b""
    assert tlvs.MESSAGE_STATE.find(pdu.tlvs) == MessageState.DELIVERED


@pytest.mark.parametrize(
    ("wanted", "digits", "count"), [(0, "00001", 0), (2, "00001", 0), (2, "99901", 1), (1, "00001", 1)]
)
@in_virtual_time
async def test_receipts_are_sent_only_if_requested(wanted: int, digits: str, count: int) -> None:
    client = await connect(make_smsc())
    client.send(message("5730012" + digits, registered_delivery=wanted))
    await asyncio.sleep(2)
    assert len(client.stats()) == count


@in_virtual_time
async def test_our_reference_is_echoed() -> None:
    client = await connect(make_smsc())
    client.send(message(tlvs=(tlvs.USER_MESSAGE_REFERENCE.of(4242),)))
    await asyncio.sleep(2)
    (pdu,) = client.of(DeliverSm)
    assert tlvs.USER_MESSAGE_REFERENCE.find(pdu.tlvs) == 4242


@pytest.mark.parametrize(
    ("system_id", "password", "status"),
    [("esme", "wrong", CommandStatus.ESME_RINVPASWD), ("nobody", "secret", CommandStatus.ESME_RINVSYSID)],
)
@in_virtual_time
async def test_a_wrong_bind_is_refused_and_may_not_send(system_id: str, password: str, status: int) -> None:
    smsc = make_smsc()
    client = await connect(smsc, system_id=system_id, password=password)
    assert [pdu.command_status for pdu in client.log] == [status]
    assert not client.session.is_bound
    await asyncio.sleep(20)
    assert client.closed
    assert smsc.stats.submitted == 0


@in_virtual_time
async def test_receipts_wait_for_a_receiver_of_their_own_system_id() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(0.01)
    client.close()
    stranger = await connect(smsc, system_id="other", password="hidden")
    await asyncio.sleep(5)
    assert smsc.waiting() == 1
    again = await connect(smsc)
    await asyncio.sleep(0.1)
    assert again.stats() == ["DELIVRD"]
    assert stranger.stats() == []
    assert smsc.waiting() == 0


@in_virtual_time
async def test_unacknowledged_deliveries_come_again_over_the_next_bind_in_order() -> None:
    smsc = make_smsc(receipt_delay_seconds=0)
    client = await connect(smsc)
    client.answer_with = None
    for serial in range(5):
        client.send(message(text=b"%d" % serial))
    await asyncio.sleep(0.2)
    assert len(client.stats()) == 5
    client.close()
    await asyncio.sleep(0.1)
    again = await connect(smsc)
    await asyncio.sleep(0.1)
    assert [pdu.short_message[-1:] for pdu in again.of(DeliverSm)] == [b"0", b"1", b"2", b"3", b"4"]
    await asyncio.sleep(100)
    assert len(again.stats()) == 5


@in_virtual_time
async def test_a_receipt_without_an_answer_comes_again_after_its_time() -> None:
    smsc = make_smsc(deliver_timeout_seconds=10)
    client = await connect(smsc)
    client.answer_with = None
    client.send(message())
    await asyncio.sleep(5)
    assert len(client.stats()) == 1
    client.answer_with = 0
    await asyncio.sleep(10)
    assert len(client.stats()) == 2
    await asyncio.sleep(60)
    assert len(client.stats()) == 2


@in_virtual_time
async def test_a_receipt_refused_temporarily_comes_again_and_one_refused_for_good_does_not() -> None:
    smsc = make_smsc(deliver_retry_seconds=2)
    client = await connect(smsc)
    client.answer_with = TEMPORARY
    client.send(message())
    await asyncio.sleep(1.5)
    assert len(client.stats()) == 1
    client.answer_with = CommandStatus.ESME_RX_P_APPN
    await asyncio.sleep(60)
    assert len(client.stats()) == 2
    assert smsc.stats.deliveries_refused == 1


@in_virtual_time
async def test_unanswered_deliveries_never_exceed_the_window() -> None:
    smsc = make_smsc(window=3, receipt_delay_seconds=0)
    client = await connect(smsc)
    client.answer_with = None
    for serial in range(10):
        client.send(message(text=b"%d" % serial))
    await asyncio.sleep(1)
    assert len(client.stats()) == 3
    assert smsc.waiting() == 7


@pytest.mark.parametrize(("digits", "before", "after"), [("00001", 1, 2), ("99901", 1, 5), ("99906", 1, 1)])
@in_virtual_time
async def test_a_query_returns_the_state_of_a_message(digits: str, before: int, after: int) -> None:
    client = await connect(make_smsc())
    client.send(message("5730012" + digits))
    await asyncio.sleep(0.01)
    (answer,) = client.of(SubmitSmResp)
    client.send(QuerySm(message_id=answer.message_id))
    await asyncio.sleep(2)
    client.send(QuerySm(message_id=answer.message_id))
    client.send(QuerySm(message_id="nothing"))
    await asyncio.sleep(0.01)
    assert [(pdu.command_status, pdu.message_state) for pdu in client.of(QuerySmResp)] == [
        (0, before),
        (0, after),
        (CommandStatus.ESME_RQUERYFAIL, 0),
    ]


@pytest.mark.parametrize(("ids", "digits"), [("decimal", "0123456789"), ("hexadecimal", "0123456789ABCDEF")])
@in_virtual_time
async def test_ids_are_of_the_configured_kind_and_never_repeat(ids: str, digits: str) -> None:
    client = await connect(make_smsc(ids=ids))
    for _ in range(200):
        client.send(message())
    await asyncio.sleep(0.01)
    made = [pdu.message_id for pdu in client.of(SubmitSmResp)]
    assert len(set(made)) == 200
    assert set("".join(made)) <= set(digits)


@in_virtual_time
async def test_subscribers_get_every_arrival_until_they_unsubscribe() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    arrivals: list[ArrivedPart] = []
    leave = smsc.subscribe(arrivals.append)
    client.send(message(text=b"first"))
    client.send(message("573001299904", text=b"refused"))
    client.send(message("573001299901", text=b"undelivered"))
    await asyncio.sleep(1)
    leave()
    client.send(message(text=b"second"))
    await asyncio.sleep(1)
    assert [(arrival.number, arrival.sender, arrival.octets) for arrival in arrivals] == [
        ("573001234567", "PALOMAR", b"first")
    ]


@in_virtual_time
async def test_a_phone_writes_to_whoever_is_bound_later() -> None:
    smsc = make_smsc()
    smsc.send_inbound(system_id="esme", source="573001234567", destination="85355", octets=b"ALTA")
    client = await connect(smsc)
    await asyncio.sleep(0.01)
    (pdu,) = client.of(DeliverSm)
    assert (pdu.esm_class, pdu.source_addr, pdu.short_message) == (0, "573001234567", b"ALTA")


@in_virtual_time
async def test_a_mailbox_is_bounded_and_drops_the_oldest() -> None:
    smsc = make_smsc(mailbox_limit=2)
    for text in (b"1", b"2", b"3"):
        smsc.send_inbound(system_id="esme", source="573001234567", destination="85355", octets=text)
    client = await connect(smsc)
    await asyncio.sleep(0.01)
    assert [pdu.short_message for pdu in client.of(DeliverSm)] == [b"2", b"3"]


@in_virtual_time
async def test_closing_unbinds_every_client_and_cancels_everything_due() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(0.01)
    smsc.close()
    await asyncio.sleep(10)
    assert client.closed
    assert client.stats() == []


def test_every_magic_number_has_a_row_in_the_test_above() -> None:
    tested = {row[0] for row in test_magic_numbers.pytestmark[0].args[1]}  # type: ignore[attr-defined]
    assert set(delivery_plan.MAGIC) <= tested | {"99905", "99918", "99919"}
