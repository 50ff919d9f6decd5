"""The requests beside submit_sm, as an ESME makes them: partly refused, by data_sm, cancelled, replaced, queried."""

import asyncio

import pytest
from tests.carriers.simulator.client import Client, connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.smsc import SimulatorSmsc
from palomar.smpp import (
    CancelSm,
    CancelSmResp,
    CommandStatus,
    DataSm,
    DataSmResp,
    DeliverSm,
    DestinationAddress,
    DistributionList,
    MessageState,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitMulti,
    SubmitMultiResp,
    SubmitSmResp,
    parse_receipt,
    tlvs,
)

ORDINARY, SLOW, REFUSED, FAILS = "573001234567", "573001299911", "573001299904", "573001299901"


def texts_on_phone(smsc: SimulatorSmsc, number: str = SLOW) -> list[str]:
    return [shown.text for shown in smsc.phones.recent(number)]


async def submit(client: Client, pdu: Pdu, answer: type[Pdu] = SubmitSmResp) -> str:
    """Send a request; return the id in its answer."""
    client.send(pdu)
    await asyncio.sleep(0.01)
    return str(client.of(answer)[-1].message_id)


def multi(*entries: DestinationAddress | DistributionList, **more: object) -> SubmitMulti:
    fields = {"source_addr": "PALOMAR", "registered_delivery": 1, "short_message": b"a todos"} | more
    return SubmitMulti(dest_addresses=entries, **fields)  # type: ignore[arg-type]


def to(number: str) -> DestinationAddress:
    return DestinationAddress(ton=1, npi=1, address=number)


# --- submit_multi


@in_virtual_time
async def test_a_message_to_many_is_taken_for_valid_addresses_and_refused_for_the_others() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(multi(to(ORDINARY), to(REFUSED), DistributionList(name="friends"), to(FAILS)))
    await asyncio.sleep(2)
    (answer,) = client.of(SubmitMultiResp)
    assert answer.command_status == 0
    assert {(entry.address, entry.error_status_code) for entry in answer.unsuccess_smes} == {
        (REFUSED, CommandStatus.ESME_RINVDSTADR),
        ("friends", CommandStatus.ESME_RINVDLNAME),
    }
    receipts = {pdu.source_addr: parse_receipt(pdu) for pdu in client.of(DeliverSm)}
    assert {number: receipt and receipt.stat for number, receipt in receipts.items()} == {
        ORDINARY: "DELIVRD",
        FAILS: "UNDELIV",
    }
    assert {receipt and receipt.message_id for receipt in receipts.values()} == {answer.message_id}
    assert texts_on_phone(smsc, ORDINARY) == ["a todos"]


@pytest.mark.parametrize(
    ("entries", "status"),
    [
        ((), CommandStatus.ESME_RINVNUMDESTS),
        ((DistributionList(name="friends"), to(REFUSED)), CommandStatus.ESME_RSUBMITFAIL),
    ],
)
@in_virtual_time
async def test_a_message_without_a_valid_address_is_refused_whole(
    entries: tuple[DestinationAddress | DistributionList, ...], status: int
) -> None:
    client = await connect(make_smsc())
    client.send(multi(*entries))
    await asyncio.sleep(0.01)
    assert client.statuses(SubmitMultiResp) == [status]


@in_virtual_time
async def test_a_query_of_several_messages_under_one_id_answers_with_an_unfinished_one() -> None:
    client = await connect(make_smsc())
    client.send(multi(to(FAILS), to(SLOW)))
    await asyncio.sleep(2)
    (answer,) = client.of(SubmitMultiResp)
    client.send(QuerySm(message_id=answer.message_id))
    await asyncio.sleep(10)
    client.send(QuerySm(message_id=answer.message_id))
    await asyncio.sleep(0.01)
    assert [pdu.message_state for pdu in client.of(QuerySmResp)] == [
        MessageState.ENROUTE,
        MessageState.UNDELIVERABLE,
    ]


# --- data_sm


@in_virtual_time
async def test_a_message_sent_by_data_sm_is_reported_by_data_sm() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(
        DataSm(
            source_addr="PALOMAR",
            destination_addr=ORDINARY,
            registered_delivery=1,
            tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"por otra via"),),
        )
    )
    await asyncio.sleep(2)
    (answer,) = client.of(DataSmResp)
    (report,) = client.of(DataSm)
    receipt = parse_receipt(report)
    assert receipt is not None
    assert (receipt.message_id, receipt.stat, receipt.text) == (answer.message_id, "DELIVRD", "por otra via")
    assert client.of(DeliverSm) == []
    assert texts_on_phone(smsc, ORDINARY) == ["por otra via"]


@in_virtual_time
async def test_data_sm_is_refused_and_expires_as_submit_sm_does() -> None:
    client = await connect(make_smsc())
    payload = tlvs.MESSAGE_PAYLOAD.of(b"hola")
    client.send(DataSm(destination_addr=REFUSED, tlvs=(payload,)))
    client.send(DataSm(destination_addr=SLOW, registered_delivery=1, tlvs=(payload, tlvs.QOS_TIME_TO_LIVE.of(5))))
    await asyncio.sleep(20)
    assert client.statuses(DataSmResp) == [CommandStatus.ESME_RINVDSTADR, 0]
    assert client.stats() == ["EXPIRED"]


@in_virtual_time
async def test_the_delivery_pending_flag_is_confirmed_and_an_alert_follows() -> None:
    client = await connect(make_smsc())
    flag, payload = tlvs.SET_DPF.of(1), tlvs.MESSAGE_PAYLOAD.of(b"hola")
    client.send(DataSm(source_addr="PALOMAR", destination_addr=FAILS, registered_delivery=1, tlvs=(payload, flag)))
    await asyncio.sleep(3)
    (answer,) = client.of(DataSmResp)
    assert tlvs.DPF_RESULT.find(answer.tlvs) == 1
    alert = client.log[-1]
    assert (alert.command_name, alert.source_addr, alert.esme_addr) == ("alert_notification", FAILS, "PALOMAR")  # type: ignore[attr-defined]


# --- query_sm


@in_virtual_time
async def test_an_ended_message_has_the_date_of_its_end() -> None:
    client = await connect(make_smsc())
    message_id = await submit(client, message(FAILS))
    await asyncio.sleep(2)
    client.send(QuerySm(message_id=message_id, source_addr="PALOMAR"))
    client.send(QuerySm(message_id=message_id, source_addr="SOMEBODY"))
    await asyncio.sleep(0.01)
    told, not_told = client.of(QuerySmResp)
    assert (told.message_state, told.error_code, len(told.final_date)) == (MessageState.UNDELIVERABLE, 1, 16)
    assert not_told.command_status == CommandStatus.ESME_RQUERYFAIL


@in_virtual_time
async def test_a_client_cannot_query_the_messages_of_another() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    stranger = await connect(smsc, system_id="other", password="hidden")
    message_id = await submit(client, message(SLOW))
    stranger.send(QuerySm(message_id=message_id))
    stranger.send(CancelSm(message_id=message_id))
    stranger.send(ReplaceSm(message_id=message_id, short_message=b"mine"))
    await asyncio.sleep(20)
    assert stranger.statuses(QuerySmResp) == [CommandStatus.ESME_RQUERYFAIL]
    assert stranger.statuses(CancelSmResp) == [CommandStatus.ESME_RCANCELFAIL]
    assert stranger.statuses(ReplaceSmResp) == [CommandStatus.ESME_RREPLACEFAIL]
    assert client.stats() == ["DELIVRD"]


# --- cancel_sm


@in_virtual_time
async def test_a_message_not_yet_delivered_is_cancelled_and_its_receipt_says_so() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    message_id = await submit(client, message(SLOW))
    client.send(CancelSm(message_id=message_id, source_addr="PALOMAR", destination_addr=SLOW))
    client.send(QuerySm(message_id=message_id))
    await asyncio.sleep(20)
    assert client.statuses(CancelSmResp) == [0]
    assert client.stats() == ["DELETED"]
    assert [pdu.message_state for pdu in client.of(QuerySmResp)] == [MessageState.DELETED]
    assert texts_on_phone(smsc) == []


@in_virtual_time
async def test_a_delivered_or_cancelled_message_cannot_be_cancelled() -> None:
    client = await connect(make_smsc())
    delivered = await submit(client, message())
    await asyncio.sleep(2)
    cancelled = await submit(client, message(SLOW))
    for message_id in (delivered, cancelled, cancelled, "nothing"):
        client.send(CancelSm(message_id=message_id))
    await asyncio.sleep(0.01)
    refused = CommandStatus.ESME_RCANCELFAIL
    assert client.statuses(CancelSmResp) == [refused, 0, refused, refused]


@in_virtual_time
async def test_without_an_id_all_messages_between_two_addresses_are_cancelled() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    for text in (b"one", b"two"):
        client.send(message(SLOW, text))
    client.send(message(SLOW, b"other service", service_type="WAP"))
    client.send(CancelSm(source_addr="PALOMAR", destination_addr=SLOW))
    client.send(CancelSm(source_addr="PALOMAR", destination_addr=SLOW))
    await asyncio.sleep(20)
    assert client.statuses(CancelSmResp) == [0, CommandStatus.ESME_RCANCELFAIL]
    assert sorted(client.stats()) == ["DELETED", "DELETED", "DELIVRD"]
    assert texts_on_phone(smsc) == ["other service"]


# --- replace_sm


@in_virtual_time
async def test_the_text_of_a_message_not_yet_delivered_is_replaced() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    message_id = await submit(client, message(SLOW, b"first thought"))
    await asyncio.sleep(5)
    client.send(
        ReplaceSm(message_id=message_id, source_addr="PALOMAR", registered_delivery=1, short_message=b"second thought")
    )
    await asyncio.sleep(20)
    assert client.statuses(ReplaceSmResp) == [0]
    assert texts_on_phone(smsc) == ["second thought"]
    (pdu,) = client.of(DeliverSm)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    assert (receipt.message_id, receipt.stat, receipt.text) == (message_id, "DELIVRD", "second thought")


@in_virtual_time
async def test_a_delivered_message_and_a_bad_time_are_not_replaced() -> None:
    client = await connect(make_smsc())
    delivered = await submit(client, message())
    await asyncio.sleep(2)
    waiting = await submit(client, message(SLOW))
    client.send(ReplaceSm(message_id=delivered, short_message=b"too late"))
    client.send(ReplaceSm(message_id=waiting, short_message=b"no", schedule_delivery_time="tomorrow"))
    await asyncio.sleep(0.01)
    assert client.statuses(ReplaceSmResp) == [CommandStatus.ESME_RREPLACEFAIL, CommandStatus.ESME_RINVSCHED]


@in_virtual_time
async def test_replace_if_present_replaces_the_waiting_message_between_the_same_addresses() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    first = await submit(client, message(SLOW, b"first", replace_if_present_flag=1))
    second = await submit(client, message(SLOW, b"second", replace_if_present_flag=1))
    await asyncio.sleep(20)
    assert first == second
    assert texts_on_phone(smsc) == ["second"]
    assert client.stats() == ["DELIVRD"]


# --- what nobody knows


@in_virtual_time
async def test_a_request_that_the_session_state_does_not_allow_is_refused() -> None:
    client = await connect(make_smsc())
    client.transport.write(_bare(DeliverSm.command_id))  # type: ignore[union-attr]
    await asyncio.sleep(0.01)
    assert client.events[-1].pdu.command_status == CommandStatus.ESME_RINVBNDSTS  # type: ignore[union-attr]


def _bare(command_id: int) -> bytes:
    body = bytes(17)
    return (16 + len(body)).to_bytes(4, "big") + command_id.to_bytes(4, "big") + bytes(4) + b"\0\0\0\x63" + body
