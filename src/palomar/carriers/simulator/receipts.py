"""The ``deliver_sm`` that the simulator makes: receipts in any word, and what a handset writes.

Pure. Unlike ``smpp.format_receipt`` it can write words that no specification knows.
"""

from functools import lru_cache
from time import gmtime, strftime

from palomar.carriers.simulator.outcome import Receipt
from palomar.smpp import DeliverSm, MessageState, SubmitSm, Ton, message_octets, parameters, tlvs

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


def receipt_pdu(submitted: SubmitSm, *, message_id: str, receipt: Receipt, taken_ms: int, now_ms: int) -> DeliverSm:
    """The receipt for one message, addressed back to its sender (SMPP 3.4 appendix B)."""
    optional: tlvs.Tlvs = (tlvs.RECEIPTED_MESSAGE_ID.of(message_id),)
    if (state := _STATE_TLVS.get(receipt.stat)) is not None:
        optional = (*optional, state)
    if submitted.tlvs and (reference := tlvs.USER_MESSAGE_REFERENCE.find(submitted.tlvs)) is not None:
        optional = (*optional, tlvs.USER_MESSAGE_REFERENCE.of(reference))
    text = b""
    if receipt.text:
        # The first octets of the text as they were sent: in UCS-2 nobody can read them here either.
        start = message_octets(submitted)[:_TEXT_OCTETS]
        text = (
            f"id:{message_id} sub:001 dlvrd:{receipt.stat == 'DELIVRD':03} submit date:{_minute(taken_ms // 60_000)} "
            f"done date:{_minute(now_ms // 60_000)} stat:{receipt.stat} err:{receipt.error:03} text:"
        ).encode() + start
    return DeliverSm(
        tlvs=optional,
        source_addr_ton=submitted.dest_addr_ton,
        source_addr_npi=submitted.dest_addr_npi,
        source_addr=submitted.destination_addr,
        dest_addr_ton=submitted.source_addr_ton,
        dest_addr_npi=submitted.source_addr_npi,
        destination_addr=submitted.source_addr,
        esm_class=parameters.ESM_TYPE_DELIVERY_RECEIPT,
        short_message=text,
    )


def inbound_pdu(*, source: str, destination: str, octets: bytes, data_coding: int) -> DeliverSm:
    """What a handset wrote."""
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


@lru_cache(maxsize=128)
def _minute(minutes: int) -> str:
    return strftime("%y%m%d%H%M", gmtime(minutes * 60))
