"""The delivery of accepted messages, as their client and their phone see it."""

import asyncio
from typing import Any, get_args

import pytest
from tests.carriers.simulator.client import connect, make_smsc, message
from tests.contracts.virtual_time import in_virtual_time

from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.ids import IdDialect, make_ids
from palomar.smpp import AlertNotification, DeliverSm, SubmitSmResp, parse_receipt, tlvs

SLOW = "573001299911"


@pytest.mark.parametrize("dialect", get_args(IdDialect))
@in_virtual_time
async def test_receipts_spell_the_id_in_the_scripts_dialect(dialect: IdDialect) -> None:
    client = await connect(make_smsc(chaos=f"ids={dialect}"))
    client.send(message())
    await asyncio.sleep(2)
    (answer,), (pdu,) = client.of(SubmitSmResp), client.of(DeliverSm)
    names = next(
        make_ids(value, dialect)
        for base in (10, 16)
        if answer.message_id.isdigit() or base == 16
        for value in (int(answer.message_id, base),)
        if make_ids(value, dialect).in_answer == answer.message_id
    )
    text = pdu.short_message.decode("latin-1")
    assert text.startswith(f"id:{names.in_text} " if names.in_text else "sub:001 ")
    assert (tlvs.RECEIPTED_MESSAGE_ID.find(pdu.tlvs) == names.in_answer) is names.in_tlv


@pytest.mark.parametrize(
    ("chaos", "text", "start"),
    [
        ("dates=12", b"hola", "hola"),
        ("dates=14", b"hola", "hola"),
        ("echo=off", b"hola", ""),
        ("alphabet=gsm", b"\x00 \x02 \x7b", "@ $ ä"),
        ("alphabet=latin-1", "¿Qué?".encode("latin-1"), "¿Qué?"),
        ("alphabet=ascii", b"Qu\xe9", "Qu?"),
    ],
)
@in_virtual_time
async def test_receipts_are_written_in_the_scripts_style(chaos: str, text: bytes, start: str) -> None:
    client = await connect(make_smsc(chaos=chaos))
    client.send(message(text=text))
    await asyncio.sleep(2)
    (pdu,) = client.of(DeliverSm)
    receipt = parse_receipt(pdu)
    assert receipt is not None
    assert receipt.text == start
    assert len(receipt.done_date) == script.parse(chaos).date_digits


@in_virtual_time
async def test_a_scheduled_message_waits_unless_its_time_is_past() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message(text=b"later", schedule_delivery_time="000000001000000R"))
    client.send(message(text=b"now", schedule_delivery_time="200101000000000+"))
    await asyncio.sleep(590)
    assert [shown.text for shown in smsc.phones.recent()] == ["now"]
    await asyncio.sleep(15)
    assert [shown.text for shown in smsc.phones.recent()] == ["now", "later"]
    assert client.stats() == ["DELIVRD", "DELIVRD"]


@pytest.mark.parametrize(
    ("number", "validity", "words", "arrives"),
    [
        (SLOW, "000000000005000R", ["EXPIRED"], False),
        (SLOW, "000000000015000R", ["DELIVRD"], True),
        ("573001299913", "000000000000000R", ["EXPIRED"], False),
        ("573001299906", "000000000005000R", [], True),
    ],
)
@in_virtual_time
async def test_a_message_not_delivered_within_its_validity_expires(
    number: str, validity: str, words: list[str], arrives: bool
) -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message(number, validity_period=validity))
    await asyncio.sleep(30)
    assert client.stats() == words
    assert bool(smsc.phones.recent()) is arrives


@in_virtual_time
async def test_the_validity_runs_while_a_message_waits_for_its_time() -> None:
    client = await connect(make_smsc())
    client.send(message(schedule_delivery_time="000000000010000R", validity_period="000000000005000R"))
    await asyncio.sleep(30)
    assert client.stats() == ["EXPIRED"]


@in_virtual_time
async def test_a_sender_is_alerted_when_an_absent_phone_is_back() -> None:
    client = await connect(make_smsc())
    client.send(message("573001299923"))
    client.send(message("573001299901"))
    client.send(message("573001299901", text=b"flagged", tlvs=(tlvs.SET_DPF.of(1),)))
    await asyncio.sleep(5)
    assert sorted(pdu.source_addr for pdu in client.of(AlertNotification)) == ["573001299901", "573001299923"]
    assert {(pdu.esme_addr, pdu.esme_addr_ton) for pdu in client.of(AlertNotification)} == {("PALOMAR", 5)}


@pytest.mark.parametrize(
    ("chaos", "words", "seconds"),
    [
        ("lose-receipts", [], 60),
        ("double-receipts", ["DELIVRD", "DELIVRD"], 2),
        ("delay-receipts,receipt-delay=20s", [], 9),
        ("delay-receipts,receipt-delay=20s", ["DELIVRD"], 22),
        ("reorder-receipts", ["DELIVRD"], 2),
    ],
)
@in_virtual_time
async def test_a_script_delays_doubles_and_loses_receipts(chaos: str, words: list[str], seconds: float) -> None:
    smsc = make_smsc(chaos=chaos)
    client = await connect(smsc)
    client.send(message())
    await asyncio.sleep(seconds)
    assert client.stats() == words
    assert len(smsc.phones.recent()) == 1, "the phone has it, whatever is told of it"


@in_virtual_time
async def test_steps_that_were_due_while_the_clock_jumped_happen_at_once() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    client.send(message(schedule_delivery_time="000001000000000R"))
    client.send(message(SLOW))
    await asyncio.sleep(1)
    smsc.skip(86_400)
    await asyncio.sleep(0.1)
    assert client.stats() == ["DELIVRD", "DELIVRD"]


@in_virtual_time
async def test_a_message_from_before_a_restart_is_reported_under_its_id_and_its_phone_does_not_answer_again() -> None:
    smsc = make_smsc(chaos="ids=hex-decimal")
    client = await connect(smsc)
    smsc.restore("esme", "C0FFEE", message("573001299914"))
    await asyncio.sleep(2)
    (pdu,) = client.of(DeliverSm)
    assert pdu.short_message.startswith(b"id:12648430 ")


@in_virtual_time
async def test_deliveries_come_by_data_sm_if_configured() -> None:
    client = await connect(make_smsc(deliver_by="data_sm"))
    client.send(message("573001299914"))
    await asyncio.sleep(2)
    assert client.of(DeliverSm) == []
    receipt, reply = [pdu for pdu in client.log if pdu.command_name == "data_sm"]
    assert parse_receipt(receipt) is not None  # type: ignore[arg-type]
    assert tlvs.MESSAGE_PAYLOAD.find(reply.tlvs) == b"OK"


@in_virtual_time
async def test_the_text_of_an_ended_message_is_not_kept() -> None:
    smsc = make_smsc()
    client = await connect(smsc)
    for number in ("573001234567", "573001299910", "573001299914", "573001299906"):
        client.send(message(number))
    await asyncio.sleep(5)
    kept: list[Any] = [
        taken
        for answer in client.of(SubmitSmResp)
        for taken in smsc.network.store.find(answer.message_id, system_id="esme")
    ]
    assert [taken.pdu.short_message for taken in kept] == [b""] * 4
