"""Parts to submit_sm, answers to outcomes, deliver_sm to receipts and inbound messages."""

import pytest

from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.translate import delivery, outcome, submit_maker
from palomar.domain.message import MessageId, State, part_id
from palomar.domain.text import Alphabet, payloads
from palomar.ports import CarrierInbound, CarrierReceipt, Deferred, OutgoingPart, Refused, Taken
from palomar.smpp import CommandStatus, DataSm, DeliverSm, GenericNack, MessageState, SubmitSmResp, decode, encode, tlvs

SETTINGS = SmppCarrierSettings(name="acme", host="h", port=1, system_id="s", password="p")


def part(text: str = "hola", *, sender: str = "PALOMAR", number: int = 1) -> OutgoingPart:
    alphabet = Alphabet.UCS2 if "ш" in text else Alphabet.GSM
    cut = payloads(text, alphabet)
    message_id = MessageId(256)
    return OutgoingPart(
        part_id=part_id(message_id, number),
        message_id=message_id,
        attempt=1,
        number=number,
        parts=len(cut),
        reference=0x1AB,
        sender=sender,
        msisdn="573001234567",
        alphabet=alphabet,
        payload=cut[number - 1],
    )


def test_a_short_gsm_text() -> None:
    pdu = submit_maker(SETTINGS)(part("¿Qué? €"))
    assert (pdu.data_coding, pdu.esm_class, pdu.registered_delivery) == (0, 0, 1)
    assert pdu.short_message == b"\x60Qu\x05? \x1be"
    assert (pdu.dest_addr_ton, pdu.dest_addr_npi, pdu.destination_addr) == (1, 1, "573001234567")


def test_a_ucs2_text() -> None:
    pdu = submit_maker(SETTINGS)(part("ш😀"))
    assert pdu.data_coding == 8
    assert pdu.short_message == "ш😀".encode("utf-16-be")


@pytest.mark.parametrize("text", ["x" * 161, "ш" * 71])
def test_every_part_of_a_long_text_has_its_header_and_fits(text: str) -> None:
    make = submit_maker(SETTINGS)
    first, second = make(part(text)), make(part(text, number=2))
    assert first.esm_class == second.esm_class == 0x40
    assert first.short_message[:6] == bytes.fromhex("050003ab0201")
    assert second.short_message[:6] == bytes.fromhex("050003ab0202")
    assert len(first.short_message) in (159, 140)


@pytest.mark.parametrize(
    ("sender", "ton", "npi", "address"),
    [
        ("PALOMAR", 5, 0, "PALOMAR"),
        ("573001234567", 1, 1, "573001234567"),
        ("+573001234567", 1, 1, "573001234567"),
        ("85355", 3, 0, "85355"),
        ("not a sender at all", 5, 0, "not a sender at all"),
        ("", 0, 0, ""),
    ],
)
def test_the_senders_form_says_its_type(sender: str, ton: int, npi: int, address: str) -> None:
    pdu = submit_maker(SETTINGS)(part(sender=sender))
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.source_addr) == (ton, npi, address)


def test_the_types_can_be_overridden() -> None:
    settings = SmppCarrierSettings(
        name="acme", host="h", port=1, system_id="s", password="p", source_ton=0, source_npi=8, dest_ton=2, dest_npi=6
    )
    pdu = submit_maker(settings)(part())
    assert (pdu.source_addr_ton, pdu.source_addr_npi, pdu.dest_addr_ton, pdu.dest_addr_npi) == (0, 8, 2, 6)


def test_an_accepted_part_has_its_reference_as_it_came() -> None:
    assert outcome(SubmitSmResp(message_id=" 00aF ")) == Taken(reference="00aF")


@pytest.mark.parametrize("status", ["ESME_RTHROTTLED", "ESME_RMSGQFUL", "ESME_RSYSERR", "ESME_RX_T_APPN"])
def test_temporary_statuses_come_again(status: str) -> None:
    answer = outcome(SubmitSmResp(command_status=CommandStatus[status]))
    assert isinstance(answer, Deferred)
    assert answer.reason == status
    assert answer.retry_after_seconds > 0


@pytest.mark.parametrize(
    ("status", "reason"), [(0x0B, "ESME_RINVDSTADR"), (0x45, "ESME_RSUBMITFAIL"), (0x404, "0x00000404")]
)
def test_all_other_statuses_are_refusals(status: int, reason: str) -> None:
    assert outcome(SubmitSmResp(command_status=status)) == Refused(status=status, reason=reason)


def test_a_generic_nack_is_a_refusal_even_without_a_status() -> None:
    assert outcome(GenericNack()) == Refused(status=0, reason="generic_nack")


def over_the_wire(pdu: DeliverSm | DataSm) -> CarrierReceipt | CarrierInbound | None:
    read = decode(encode(pdu))
    assert isinstance(read, DeliverSm | DataSm)
    return delivery(read, "acme")


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
        ("FAILED", None),
        ("BUFFERD", None),
    ],
)
def test_receipts_by_their_word(stat: str, state: State | None) -> None:
    text = f"id:0aB1 sub:001 dlvrd:001 submit date:2501010000 done date:2501010001 stat:{stat} err:000 text:hi"
    receipt = over_the_wire(DeliverSm(esm_class=0x04, short_message=text.encode()))
    assert receipt == CarrierReceipt(carrier="acme", reference="0aB1", state=state, stat=stat, raw=text)


def test_a_receipt_told_in_parameters_only() -> None:
    optional = (tlvs.RECEIPTED_MESSAGE_ID.of("77"), tlvs.MESSAGE_STATE.of(MessageState.UNDELIVERABLE))
    receipt = over_the_wire(DeliverSm(esm_class=0x04, tlvs=optional))
    assert receipt == CarrierReceipt(carrier="acme", reference="77", state=State.UNDELIVERED, stat="UNDELIV", raw="")


def test_an_intermediate_notification_is_never_final() -> None:
    receipt = over_the_wire(DeliverSm(esm_class=0x20, short_message=b"id:1 stat:UNDELIV"))
    assert isinstance(receipt, CarrierReceipt)
    assert receipt.state is None


def test_a_text_that_looks_like_a_receipt_is_a_text() -> None:
    inbound = over_the_wire(
        DeliverSm(source_addr="+573001234567", destination_addr="85355", short_message=b"id:1 stat:DELIVRD")
    )
    assert inbound == CarrierInbound(
        carrier="acme", source="573001234567", destination="85355", text="id:1 stat:DELIVRD"
    )


def test_a_part_of_a_long_inbound_message() -> None:
    octets = bytes.fromhex("0500032a0302") + "ñ".encode("utf-16-be")
    inbound = over_the_wire(DeliverSm(esm_class=0x40, data_coding=8, short_message=octets))
    assert isinstance(inbound, CarrierInbound)
    assert (inbound.text, inbound.reference, inbound.number, inbound.parts) == ("ñ", 0x2A, 2, 3)


def test_an_inbound_data_sm() -> None:
    inbound = over_the_wire(DataSm(source_addr="1", tlvs=(tlvs.MESSAGE_PAYLOAD.of(b"hola"),)))
    assert isinstance(inbound, CarrierInbound)
    assert inbound.text == "hola"


@pytest.mark.parametrize("esm_class", [0x08, 0x10, 0x18])
def test_acknowledgements_of_handsets_are_nothing(esm_class: int) -> None:
    assert over_the_wire(DeliverSm(esm_class=esm_class, short_message=b"x")) is None
