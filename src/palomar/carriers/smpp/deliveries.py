"""What a carrier brings, in our types: a ``deliver_sm`` or ``data_sm`` becomes a receipt or an inbound message, the
answer to a ``query_sm`` a receipt that we asked for.

Pure. ``esm_class`` says what a ``deliver_sm`` is, or parameters that no phone can set: a text that looks like a receipt
may come from a phone. Not here: submits (``submitting``) and the answers to them (``submit_answers``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import structs

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.text_decoding import coding_finder
from palomar.ports import CarrierInbound, CarrierReceipt
from palomar.smpp import (
    DataSm,
    DeliverSm,
    MessageState,
    QuerySmResp,
    Receipt,
    information_elements,
    normalize_word,
    parameters,
    parse_receipt,
    read_parts,
    state_word,
)
from palomar.text.phone_text import read_text
from palomar.vocabulary.message import State
from palomar.vocabulary.oddity import Oddity, OddityKind, oddity

Delivery = CarrierReceipt | CarrierInbound

STATES: Final[Mapping[MessageState, State]] = MappingProxyType(
    {
        MessageState.DELIVERED: State.DELIVERED,
        MessageState.UNDELIVERABLE: State.UNDELIVERED,
        MessageState.DELETED: State.UNDELIVERED,
        MessageState.EXPIRED: State.EXPIRED,
        MessageState.REJECTED: State.REJECTED,
        MessageState.SKIPPED: State.UNDELIVERED,
        MessageState.UNKNOWN: State.UNKNOWN,
    }
)
"""Our final states by those of a receipt (SMPP 3.4 section 5.2.28). Any other state is not final; an unknown word is
not final either, and is counted."""

NO_WORD: Final = "(no word)"
"""The word under which a receipt without any state is counted."""


def delivery_reader(settings: SmppCarrierSettings) -> Callable[[DeliverSm | DataSm, bytes], Delivery | None]:
    """Make the function that reads what this carrier brings, of the PDU and its octets; it returns None for the
    acknowledgements that only CDMA and TDMA phones send."""
    carrier, coding_of = settings.name, coding_finder(settings)
    words = setting_values.receipt_words(settings.receipt_words)

    def read(pdu: DeliverSm | DataSm, octets: bytes) -> Delivery | None:
        receipt = parse_receipt(pdu)
        if receipt is not None:
            return _receipt(receipt, pdu, carrier, octets, words)
        if pdu.esm_class & parameters.ESM_TYPE_MASK:
            return None
        concatenation, user_data = read_parts(pdu)
        coding = coding_of(pdu.data_coding, information_elements(pdu))
        return CarrierInbound(
            carrier=carrier,
            source=pdu.source_addr.lstrip("+"),
            destination=pdu.destination_addr.lstrip("+"),
            text=read_text(user_data, coding),
            octets=user_data,
            coding=coding,
            reference=concatenation.reference if concatenation else None,
            number=concatenation.sequence if concatenation else 1,
            parts=concatenation.total if concatenation else 1,
        )

    return read


def with_oddity(delivery: Delivery, what: str) -> Delivery:
    """Return the delivery with one more thing that was odd about its PDU."""
    return structs.replace(delivery, oddities=(*delivery.oddities, oddity(OddityKind.PDU, what)))


def query_receipt(answer: QuerySmResp, *, carrier: str, reference: str, sender: str, octets: bytes) -> CarrierReceipt:
    """Read a ``query_sm_resp`` as a receipt of the part (SMPP 3.4 section 4.8.2)."""
    state = MessageState(answer.message_state) if answer.message_state in _KNOWN else None
    values = f"message_state:{answer.message_state} error_code:{answer.error_code} final_date:{answer.final_date}"
    return CarrierReceipt(
        carrier=carrier,
        reference=reference,
        state=STATES.get(state) if state is not None else None,
        stat=state_word(state) if state is not None else str(answer.message_state),
        raw=f"asked by query_sm: {values}",
        sender=sender,
        octets=octets,
        oddities=_NOTHING_ODD if state is not None else (_unknown(f"message_state:{answer.message_state}"),),
    )


_KNOWN = frozenset(MessageState)
_NOTHING_ODD: Final[tuple[Oddity, ...]] = ()


def _unknown(word: str) -> Oddity:
    return oddity(OddityKind.WORD, word or NO_WORD)


def _receipt(
    receipt: Receipt, pdu: DeliverSm | DataSm, carrier: str, octets: bytes, words: Mapping[str, State | None]
) -> CarrierReceipt:
    reported, oddities = receipt.state, _NOTHING_ODD
    state = STATES.get(reported) if reported is not None else None
    if words and (word := normalize_word(receipt.stat)) in words:
        state = words[word]
    elif reported is None:
        oddities = (_unknown(receipt.stat),)
    return CarrierReceipt(
        carrier=carrier,
        reference=receipt.message_id.strip(),
        state=None if receipt.is_intermediate else state,
        stat=receipt.stat,
        raw=receipt.raw.decode("latin-1").replace("\x00", ""),
        msisdn=pdu.source_addr.lstrip("+"),
        sender=pdu.destination_addr.lstrip("+"),
        text=receipt.text.replace("\x00", ""),
        echo=receipt.user_message_reference,
        octets=octets,
        oddities=oddities,
    )
