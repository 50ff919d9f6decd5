"""A deliver_sm is a receipt or an inbound message; the answer to a query is a receipt."""

from typing import Any

import pytest
from msgspec import structs

from palomar.carriers.smpp.deliveries import delivery_reader, query_receipt
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import CarrierInbound, CarrierReceipt
from palomar.smpp import DataSm, DeliverSm, MessageState, QuerySmResp, decode, encode, tlvs
from palomar.vocabulary.message import State
from palomar.vocabulary.oddity import Oddity, OddityKind


def settings(**more: Any) -> SmppCarrierSettings:
    return SmppCarrierSettings(name="acme", host="h", port=1, system_id="s", password="p", **more)


READ = delivery_reader(settings())


def over_the_wire(pdu: DeliverSm | DataSm) -> CarrierReceipt | CarrierInbound | None:
    frame = encode(pdu)
    read = decode(frame)
    assert isinstance(read, DeliverSm | DataSm)
    delivery = READ(read, frame)
    if isinstance(delivery, CarrierReceipt):
        assert delivery.octets == frame
        return structs.replace(delivery, octets=b"")
    return delivery


@pytest.mark.parametrize(
    ("stat", "state"),
    [
        ("DELIVRD", State.DELIVERED),
        ("UNDELIV", State.UNDELIVERED),
        ("DELETED", State.UNDELIVERED),
        ("EXPIRED", State.EXPIRED),
        ("REJECTD", State.REJECTED),
        ("UNKNOWN", State.UNKNOWN),
        ("delivrd", State.DELIVERED),
        ("ACCEPTD", None),
        ("ENROUTE", None),
        ("FAILED", State.UNDELIVERED),
        ("UNDL", State.UNDELIVERED),
        ("SKIPPED", State.UNDELIVERED),
        ("BUFFERD", None),
    ],
)
def test_receipts_by_their_word(stat: str, state: State | None) -> None:
    text = f"id:0aB1 sub:001 dlvrd:001 submit date:2501010000 done date:2501010001 stat:{stat} err:000 text:hi"
    receipt = over_the_wire(DeliverSm(esm_class=0x04, short_message=text.encode()))
    assert receipt == CarrierReceipt(carrier="acme", reference="0aB1", state=state, stat=stat, raw=text, text="hi")


def read_by(receipt_words: dict[str, str], stat: str, **fields: Any) -> CarrierReceipt:
    read = delivery_reader(settings(receipt_words=receipt_words))
    pdu = DeliverSm(esm_class=0x04, short_message=f"id:1 stat:{stat}".encode(), **fields)
    receipt = read(pdu, b"")
    assert isinstance(receipt, CarrierReceipt)
    return receipt


def test_an_unknown_word_is_not_final_and_is_counted() -> None:
    receipt = read_by({}, "MISLUKT")
    assert (receipt.state, receipt.oddities) == (None, (Oddity(OddityKind.WORD, "MISLUKT"),))
    assert read_by({}, "").oddities == (Oddity(OddityKind.WORD, "(no word)"),)
    assert read_by({}, "X" * 200).oddities[0].what == "X" * 60
    assert read_by({}, "ENROUTE").oddities == ()


@pytest.mark.parametrize(
    ("word", "meaning", "stat", "state"),
    [
        ("MISLUKT", "undelivered", "mislukt", State.UNDELIVERED),
        ("deliverd ok", "delivered", "DELIVERD-OK", State.DELIVERED),
        ("12", "expired", "12", State.EXPIRED),
        ("SENT", "delivered", "SENT", State.DELIVERED),
        ("DELIVRD", "pending", "DELIVRD", None),
        ("message_state:77", "rejected", "", State.REJECTED),
    ],
)
def test_a_carriers_own_words_mean_what_its_settings_say(
    word: str, meaning: str, stat: str, state: State | None
) -> None:
    optional = (tlvs.MESSAGE_STATE.of(77),) if not stat else ()
    receipt = read_by({word: meaning}, stat, tlvs=optional)
    assert (receipt.state, receipt.oddities) == (state, ())


def test_a_receipt_in_tlvs_only() -> None:
    optional = (tlvs.RECEIPTED_MESSAGE_ID.of("77"), tlvs.MESSAGE_STATE.of(MessageState.UNDELIVERABLE))
    receipt = over_the_wire(DeliverSm(esm_class=0x04, tlvs=optional))
    assert receipt == CarrierReceipt(carrier="acme", reference="77", state=State.UNDELIVERED, stat="UNDELIV", raw="")


def test_a_receipt_has_the_phone_the_sender_and_the_echo() -> None:
    receipt = over_the_wire(
        DeliverSm(
            esm_class=0x04,
            source_addr="+573001234567",
            destination_addr="PALOMAR",
            short_message=b"id:1 stat:DELIVRD text:Hola \0x",
            tlvs=(tlvs.USER_MESSAGE_REFERENCE.of(0xBEEF),),
        )
    )
    assert isinstance(receipt, CarrierReceipt)
    assert (receipt.msisdn, receipt.sender) == ("573001234567", "PALOMAR")
    assert (receipt.text, receipt.echo) == ("Hola x", 0xBEEF)


def test_an_intermediate_notification_is_never_final() -> None:
    receipt = over_the_wire(DeliverSm(esm_class=0x20, short_message=b"id:1 stat:UNDELIV"))
    assert isinstance(receipt, CarrierReceipt)
    assert receipt.state is None


def test_a_text_that_looks_like_a_receipt_is_a_text() -> None:
    inbound = over_the_wire(
        DeliverSm(source_addr="+573001234567", destination_addr="85355", short_message=b"id:1 stat:DELIVRD")
    )
    assert inbound == CarrierInbound(
        carrier="acme",
        source="573001234567",
        destination="85355",
        text="id:1 stat:DELIVRD",
        octets=b"id:1 stat:DELIVRD",
        coding="gsm",
    )


def test_a_part_of_a_long_inbound_message() -> None:
    octets = bytes.fromhex("0500032a0302") + "ñ".encode("utf-16-be")
    inbound = over_the_wire(DeliverSm(esm_class=0x40, data_coding=8, short_message=octets))
    assert isinstance(inbound, CarrierInbound)
    assert (inbound.text, inbound.reference, inbound.number, inbound.parts) == ("ñ", 0x2A, 2, 3)


def test_a_part_in_turkish_with_concatenation_and_shift_in_one_header() -> None:
    octets = bytes.fromhex("0800032a0201 250101 07 1c".replace(" ", ""))
    inbound = over_the_wire(DeliverSm(esm_class=0x40, short_message=octets))
    assert isinstance(inbound, CarrierInbound)
    assert (inbound.text, inbound.reference, inbound.number, inbound.parts) == ("ıŞ", 0x2A, 1, 2)


def test_an_inbound_data_sm() -> None:
    inbound = over_the_wire(DataSm(source_addr="1", tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"hola"),)))
    assert isinstance(inbound, CarrierInbound)
    assert inbound.text == "hola"


@pytest.mark.parametrize("esm_class", [0x08, 0x10, 0x18])
def test_acknowledgements_of_phones_are_ignored(esm_class: int) -> None:
    assert over_the_wire(DeliverSm(esm_class=esm_class, short_message=b"x")) is None


@pytest.mark.parametrize(
    ("number", "stat", "state"),
    [
        (MessageState.DELIVERED, "DELIVRD", State.DELIVERED),
        (MessageState.UNDELIVERABLE, "UNDELIV", State.UNDELIVERED),
        (MessageState.ENROUTE, "ENROUTE", None),
        (MessageState.ACCEPTED, "ACCEPTD", None),
        (99, "99", None),
    ],
)
def test_the_answer_to_a_query_is_a_receipt_marked_as_queried(number: int, stat: str, state: State | None) -> None:
    answer = QuerySmResp(message_id="7", message_state=number, error_code=3, final_date="250101000000000+")
    receipt = query_receipt(answer, carrier="acme", reference="07", sender="ME", octets=b"pdu")
    assert receipt == CarrierReceipt(
        carrier="acme",
        reference="07",
        state=state,
        stat=stat,
        raw=f"asked by query_sm: message_state:{int(number)} error_code:3 final_date:250101000000000+",
        sender="ME",
        octets=b"pdu",
        oddities=(Oddity(OddityKind.WORD, "message_state:99"),) if number == 99 else (),
    )
