"""The PDUs that the simulator sends of its own accord: receipts in any spelling, and what a phone writes.

Pure. Unlike ``smpp.format_receipt`` it can write words that no specification defines.
"""

from collections.abc import Sequence
from functools import lru_cache
from time import gmtime, strftime

from palomar.carriers.simulator.chaos.faults import CALM, ChaosScript
from palomar.carriers.simulator.decoding import shown_text
from palomar.carriers.simulator.delivery_plan import PlannedReceipt
from palomar.smpp import (
    AlertNotification,
    Concatenation,
    DataSm,
    DeliverSm,
    MessageState,
    SubmitSm,
    Ton,
    concatenation_header,
    message_octets,
    parameters,
    text_octets,
    tlvs,
)
from palomar.text.alphabets import Alphabet, measure, payloads

Delivery = DeliverSm | DataSm | AlertNotification
"""What a mailbox holds."""

STATES = {
    "DELIVRD": MessageState.DELIVERED,
    "UNDELIV": MessageState.UNDELIVERABLE,
    "DELETED": MessageState.DELETED,
    "EXPIRED": MessageState.EXPIRED,
    "REJECTD": MessageState.REJECTED,
    "UNKNOWN": MessageState.UNKNOWN,
    "ENROUTE": MessageState.ENROUTE,
    "ACCEPTD": MessageState.ACCEPTED,
}
_STATE_TLVS = {word: tlvs.MESSAGE_STATE.of(state) for word, state in STATES.items()}
_TEXT_OCTETS = 20
_TO_THE_MINUTE = 10
_DATE_FORMATS = {12: "%y%m%d%H%M%S", 14: "%Y%m%d%H%M%S"}
_CODINGS = {Alphabet.GSM: parameters.CODING_SMSC_DEFAULT, Alphabet.UCS2: parameters.CODING_UCS2}


def receipt_pdu(
    submitted: SubmitSm,
    *,
    message_id: str,
    receipt: PlannedReceipt,
    accepted_ms: int,
    now_ms: int,
    text_id: str | None = None,
    in_tlv: bool = True,
    script: ChaosScript = CALM,
) -> DeliverSm:
    """Make the receipt of a message, addressed to its sender (SMPP 3.4 appendix B).

    Its text says ``text_id``: None is the message's own id, an empty one leaves the id out. ``script`` may change the
    format.
    """
    optional: tlvs.Tlvs = (tlvs.RECEIPTED_MESSAGE_ID.of(message_id),) if in_tlv else ()
    if (state := _STATE_TLVS.get(receipt.stat)) is not None:
        optional = (*optional, state)
    if submitted.tlvs and (reference := tlvs.USER_MESSAGE_REFERENCE.find(submitted.tlvs)) is not None:
        optional = (*optional, tlvs.USER_MESSAGE_REFERENCE.of(reference))
    text = b""
    if receipt.text:
        name = message_id if text_id is None else text_id
        taken, done = _date(accepted_ms, script.date_digits), _date(now_ms, script.date_digits)
        text = (
            f"{name and f'id:{name} '}sub:001 dlvrd:{receipt.stat == 'DELIVRD':03} submit date:{taken} "
            f"done date:{done} stat:{receipt.stat} err:{receipt.error:03} text:"
        ).encode() + _text_beginning(submitted, script)
    return DeliverSm(
        tlvs=optional,
        source_addr_ton=submitted.dest_addr_ton,
        source_addr_npi=submitted.dest_addr_npi,
        source_addr=submitted.destination_addr,
        dest_addr_ton=submitted.source_addr_ton,
        dest_addr_npi=submitted.source_addr_npi,
        destination_addr=submitted.source_addr,
        esm_class=parameters.ESM_TYPE_DELIVERY_RECEIPT,
        data_coding=parameters.CODING_SMSC_DEFAULT if script.alphabet is None else parameters.CODING_LATIN_1,
        short_message=text,
    )


def inbound_pdu(*, source: str, destination: str, octets: bytes, data_coding: int) -> DeliverSm:
    """Make the PDU of what a phone wrote, in one part."""
    return DeliverSm(
        source_addr_ton=Ton.INTERNATIONAL,
        source_addr_npi=1,
        source_addr=source,
        dest_addr_ton=Ton.UNKNOWN,
        dest_addr_npi=1,
        destination_addr=destination,
        data_coding=data_coding,
        short_message=octets,
    )


def inbound_pdus(*, source: str, destination: str, text: str, reference: int) -> list[DeliverSm]:
    """Make the PDUs of what a phone wrote, of any length: in GSM if that has every character, else in UCS-2, with the
    low octet of ``reference`` in the headers of the parts. Raises ValueError beyond 255 parts."""
    alphabet = measure(text).alphabet
    pieces: Sequence[bytes] = payloads(text, alphabet)
    coding = _CODINGS[alphabet]
    if len(pieces) == 1:
        return [inbound_pdu(source=source, destination=destination, octets=pieces[0], data_coding=coding)]
    pdus = []
    for sequence, piece in enumerate(pieces, 1):
        header = concatenation_header(Concatenation(reference=reference & 0xFF, total=len(pieces), sequence=sequence))
        pdu = inbound_pdu(source=source, destination=destination, octets=header + piece, data_coding=coding)
        pdu.esm_class = parameters.ESM_UDHI
        pdus.append(pdu)
    return pdus


def as_data_sm(pdu: DeliverSm) -> DataSm:
    """Convert a ``deliver_sm`` to a ``data_sm`` (SMPP 3.4 section 4.7)."""
    return DataSm(
        tlvs=(*pdu.tlvs, tlvs.MESSAGE_PAYLOAD.of(pdu.short_message)),
        source_addr_ton=pdu.source_addr_ton,
        source_addr_npi=pdu.source_addr_npi,
        source_addr=pdu.source_addr,
        dest_addr_ton=pdu.dest_addr_ton,
        dest_addr_npi=pdu.dest_addr_npi,
        destination_addr=pdu.destination_addr,
        esm_class=pdu.esm_class,
        data_coding=pdu.data_coding,
    )


def alert_pdu(submitted: SubmitSm) -> AlertNotification:
    """Make the alert_notification that the phone of this message is available again (SMPP 3.4 section 4.12)."""
    return AlertNotification(
        source_addr_ton=submitted.dest_addr_ton,
        source_addr_npi=submitted.dest_addr_npi,
        source_addr=submitted.destination_addr,
        esme_addr_ton=submitted.source_addr_ton,
        esme_addr_npi=submitted.source_addr_npi,
        esme_addr=submitted.source_addr,
    )


def _text_beginning(submitted: SubmitSm, script: ChaosScript) -> bytes:
    """Return the beginning of the text: the first octets as they were sent, or as an SMSC writes them that has decoded
    them."""
    if not script.repeats_text:
        return b""
    if script.alphabet is None:
        return message_octets(submitted)[:_TEXT_OCTETS]
    shown = shown_text(text_octets(submitted), submitted.data_coding, script.alphabet)
    return shown[:_TEXT_OCTETS].encode("latin-1", "replace")


def _date(at_ms: int, digits: int) -> str:
    if digits == _TO_THE_MINUTE:
        return _minute(at_ms // 60_000)
    return strftime(_DATE_FORMATS[digits], gmtime(at_ms // 1_000))


@lru_cache(maxsize=128)
def _minute(minutes: int) -> str:
    return strftime("%y%m%d%H%M", gmtime(minutes * 60))
