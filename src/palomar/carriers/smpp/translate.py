"""Our words to SMPP's and back: a part to ``submit_sm``, its answer to an outcome, a ``deliver_sm`` to a receipt or
an inbound message.

Pure. Only ``esm_class`` says what a ``deliver_sm`` is: a text that looks like a receipt may come from a phone.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from palomar.carriers.smpp.coding import DATA_CODING, decode
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.domain.message import State
from palomar.domain.sender import SenderKind, parse_sender
from palomar.ports import CarrierInbound, CarrierReceipt, Deferred, OutgoingPart, Refused, SubmitOutcome, Taken
from palomar.smpp import (
    CommandStatus,
    Concatenation,
    DataSm,
    DeliverSm,
    MessageState,
    Pdu,
    Receipt,
    SubmitSm,
    SubmitSmResp,
    concatenation_header,
    parameters,
    parse_receipt,
    read_parts,
    status_name,
)

STATES: Final[Mapping[MessageState, State]] = MappingProxyType(
    {
        MessageState.DELIVERED: State.DELIVERED,
        MessageState.UNDELIVERABLE: State.UNDELIVERED,
        MessageState.DELETED: State.UNDELIVERED,
        MessageState.EXPIRED: State.EXPIRED,
        MessageState.REJECTED: State.REJECTED,
        MessageState.UNKNOWN: State.UNKNOWN,
    }
)
"""The ends that a receipt can tell (SMPP 3.4 section 5.2.28). Any other state or word is none."""

SLOW_DOWN: Final = frozenset({CommandStatus.ESME_RTHROTTLED, CommandStatus.ESME_RMSGQFUL})
"""Statuses that speak of the link's speed."""

RETRY_SECONDS: Final[Mapping[int, float]] = MappingProxyType(
    {
        CommandStatus.ESME_RTHROTTLED: 1.0,
        CommandStatus.ESME_RMSGQFUL: 5.0,
        CommandStatus.ESME_RSYSERR: 5.0,
        CommandStatus.ESME_RX_T_APPN: 5.0,
    }
)
"""The statuses of a ``submit_sm_resp`` that are temporary, and how soon the part may come again."""


def submit_maker(settings: SmppCarrierSettings) -> Callable[[OutgoingPart], SubmitSm]:
    """How this carrier wants its ``submit_sm`` (SMPP 3.4 section 4.4.1)."""
    source_ton, source_npi = settings.source_ton, settings.source_npi
    dest_ton, dest_npi = settings.dest_ton, settings.dest_npi

    def make(part: OutgoingPart) -> SubmitSm:
        address, ton, npi = _source(part.sender)
        concatenated = part.parts > 1
        return SubmitSm(
            source_addr_ton=ton if source_ton is None else source_ton,
            source_addr_npi=npi if source_npi is None else source_npi,
            source_addr=address,
            dest_addr_ton=dest_ton,
            dest_addr_npi=dest_npi,
            destination_addr=part.msisdn,
            esm_class=parameters.ESM_UDHI if concatenated else 0,
            registered_delivery=parameters.RECEIPT_ALWAYS,
            data_coding=DATA_CODING[part.alphabet],
            short_message=_header(part) + part.payload if concatenated else part.payload,
        )

    return make


def outcome(answer: Pdu) -> SubmitOutcome:
    """What the answer to a ``submit_sm`` means; a ``generic_nack`` is a refusal too."""
    status = answer.command_status
    if status == 0 and isinstance(answer, SubmitSmResp):
        return Taken(reference=answer.message_id.strip())
    retry = RETRY_SECONDS.get(status)
    if retry is not None:
        return Deferred(status=status, reason=status_name(status), retry_after_seconds=retry)
    return Refused(status=status, reason=status_name(status) if status else answer.command_name)


def delivery(pdu: DeliverSm | DataSm, carrier: str) -> CarrierReceipt | CarrierInbound | None:
    """What the carrier brought; None for the acknowledgements that only CDMA and TDMA phones make."""
    receipt = parse_receipt(pdu)
    if receipt is not None:
        return _receipt(receipt, carrier)
    if pdu.esm_class & parameters.ESM_TYPE_MASK:
        return None
    concatenation, octets = read_parts(pdu)
    return CarrierInbound(
        carrier=carrier,
        source=pdu.source_addr.lstrip("+"),
        destination=pdu.destination_addr.lstrip("+"),
        text=decode(octets, pdu.data_coding),
        reference=concatenation.reference if concatenation else None,
        number=concatenation.sequence if concatenation else 1,
        parts=concatenation.total if concatenation else 1,
    )


def _receipt(receipt: Receipt, carrier: str) -> CarrierReceipt:
    final = receipt.state is not None and not receipt.is_intermediate
    return CarrierReceipt(
        carrier=carrier,
        reference=receipt.message_id.strip(),
        state=STATES.get(receipt.state) if final and receipt.state is not None else None,
        stat=receipt.stat,
        raw=receipt.raw.decode("latin-1").replace("\x00", ""),
    )


def _header(part: OutgoingPart) -> bytes:
    return concatenation_header(Concatenation(reference=part.reference & 0xFF, total=part.parts, sequence=part.number))


@lru_cache(maxsize=4_096)
def _source(sender: str) -> tuple[str, int, int]:
    """Address, TON, NPI. An empty one is of unknown type: the SMSC fills it in (SMPP 3.4 section 4.4.1)."""
    if not sender:
        return "", parameters.Ton.UNKNOWN, parameters.Npi.UNKNOWN
    parsed = parse_sender(sender)
    if parsed is None:
        return sender, *SenderKind.ALPHANUMERIC.value
    return parsed.address, parsed.ton, parsed.npi
