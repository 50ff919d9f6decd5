"""A part becomes the PDU that submits it, as one carrier wants it: ``submit_sm`` or ``data_sm`` (SMPP 3.4 sections
4.4.1 and 4.7.1).

Pure. What the settings decide is decided once, in ``submit_maker``; what differs from part to part is left for each.
Not here: how the text is written (``writing``), what the answer means (``verdicts``).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, assert_never

from palomar.carriers.smpp import wording
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.writing import Elements, Written, writer
from palomar.domain.message import echo_of
from palomar.domain.sender import SenderKind, parse_sender
from palomar.ports import OutgoingPart, Refused
from palomar.smpp import (
    Concatenation,
    DataSm,
    QuerySm,
    SubmitSm,
    Tlvs,
    concatenation_element,
    concatenation_tlvs,
    format_relative_time,
    format_time,
    parameters,
    tlvs,
    user_data_header,
)

Maker = Callable[[OutgoingPart], SubmitSm | DataSm | Refused]
Source = Callable[[str], tuple[str, int, int]]

LONGEST_VALIDITY_SECONDS = 63 * 7 * 86_400
"""63 weeks, the most that a short message service centre knows (3GPP TS 23.040 section 9.2.3.12.1)."""


class Framed(NamedTuple):
    """The user data with its header, and what else says which part it is."""

    esm_class: int
    user_data: bytes
    tlvs: Tlvs = ()


def submit_maker(settings: SmppCarrierSettings, *, wall_ms: Callable[[], int]) -> Maker:
    """How this carrier wants its parts; a part that it cannot carry is refused instead."""
    if settings.submit == "data_sm":
        return _data_sm_maker(settings, wall_ms)
    return _submit_sm_maker(settings, wall_ms)


def query_maker(settings: SmppCarrierSettings) -> Callable[[str, str], QuerySm]:
    """How this carrier is asked for a part that it knows by ``reference``, of this sender (section 4.8.1)."""
    source = source_of(settings)

    def make(reference: str, sender: str) -> QuerySm:
        address, ton, npi = source(sender)
        return QuerySm(message_id=reference, source_addr_ton=ton, source_addr_npi=npi, source_addr=address)

    return make


def source_of(settings: SmppCarrierSettings) -> Source:
    """Address, TON and NPI of a sender. An empty one is of unknown type: the SMSC fills it in (section 4.4.1)."""
    by_kind = wording.source_types(settings.source_types)

    @lru_cache(maxsize=4_096)
    def source(sender: str) -> tuple[str, int, int]:
        if not sender:
            address, (ton, npi) = "", (int(parameters.Ton.UNKNOWN), int(parameters.Npi.UNKNOWN))
            kind = None
        else:
            parsed = parse_sender(sender)
            address = parsed.address if parsed else sender
            kind = parsed.kind if parsed else SenderKind.ALPHANUMERIC
            ton, npi = kind.value
        ton = ton if settings.source_ton is None else settings.source_ton
        npi = npi if settings.source_npi is None else settings.source_npi
        if kind is not None and kind in by_kind:
            ton, npi = by_kind[kind]
        return address, ton, npi

    return source


def _submit_sm_maker(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Maker:
    write, frame, source = writer(settings), _framer(settings), source_of(settings)
    validity, tlvs_of = _validity(settings, wall_ms), _tlvs_of(settings)
    service_type, protocol_id = settings.service_type, settings.protocol_id
    dest_ton, dest_npi = settings.dest_ton, settings.dest_npi
    priorities = (settings.priority, settings.urgent_priority)
    registered_delivery = _registered_delivery(settings)

    def make(part: OutgoingPart) -> SubmitSm | Refused:
        written = write(part)
        if isinstance(written, Refused):
            return written
        esm_class, short_message, framing = frame(part, written)
        address, ton, npi = source(part.sender)
        return SubmitSm(
            tlvs=tlvs_of(part) + framing,
            service_type=service_type,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=address,
            dest_addr_ton=dest_ton,
            dest_addr_npi=dest_npi,
            destination_addr=part.msisdn,
            esm_class=esm_class,
            protocol_id=protocol_id,
            priority_flag=priorities[part.urgent],
            validity_period=validity(part),
            registered_delivery=registered_delivery,
            data_coding=written.data_coding,
            short_message=short_message,
        )

    return make


def _data_sm_maker(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Maker:
    """Of the field's names data_sm has neither priority, protocol nor validity; qos_time_to_live is its validity."""
    write, source, tlvs_of = writer(settings), source_of(settings), _tlvs_of(settings)
    frame = _with_sar if settings.long_messages == "sar" else _with_header
    registered_delivery = _registered_delivery(settings)
    left = _seconds_left(settings, wall_ms)

    def make(part: OutgoingPart) -> DataSm | Refused:
        written = write(part)
        if isinstance(written, Refused):
            return written
        esm_class, user_data, framing = frame(part, written)
        address, ton, npi = source(part.sender)
        seconds = left(part)
        lifetime = () if seconds is None else (tlvs.QOS_TIME_TO_LIVE.of(seconds),)
        return DataSm(
            tlvs=(*tlvs_of(part), *framing, *lifetime, tlvs.MESSAGE_PAYLOAD.of(user_data)),
            service_type=settings.service_type,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=address,
            dest_addr_ton=settings.dest_ton,
            dest_addr_npi=settings.dest_npi,
            destination_addr=part.msisdn,
            esm_class=esm_class,
            registered_delivery=registered_delivery,
            data_coding=written.data_coding,
        )

    return make


def _framer(settings: SmppCarrierSettings) -> Callable[[OutgoingPart, Written], Framed]:
    match settings.long_messages:
        case "udh":
            return _with_header
        case "sar":
            return _with_sar
        case "payload":
            return _in_payload
        case _:
            assert_never(settings.long_messages)


def _with_header(part: OutgoingPart, written: Written) -> Framed:
    """One user data header for concatenation and shifts (3GPP TS 23.040 section 9.2.3.24)."""
    if part.parts == 1 and not written.shifts:
        return Framed(0, written.octets)
    header = user_data_header(*_concatenation(part), *written.shifts)
    return Framed(parameters.ESM_UDHI, header + written.octets)


def _with_sar(part: OutgoingPart, written: Written) -> Framed:
    """The sar_ parameters, of which the SMSC makes the header (sections 5.3.2.22 to 5.3.2.24)."""
    if part.parts == 1:
        return _with_header(part, written)
    header = user_data_header(*written.shifts)
    concatenation = Concatenation(reference=part.reference, total=part.parts, sequence=part.number)
    return Framed(parameters.ESM_UDHI if header else 0, header + written.octets, concatenation_tlvs(concatenation))


def _in_payload(part: OutgoingPart, written: Written) -> Framed:
    """A part of a long message goes into message_payload with its header, and short_message is empty (5.3.2.32)."""
    framed = _with_header(part, written)
    if part.parts == 1:
        return framed
    return Framed(framed.esm_class, b"", (tlvs.MESSAGE_PAYLOAD.of(framed.user_data),))


def _concatenation(part: OutgoingPart) -> Elements:
    if part.parts == 1:
        return ()
    which = Concatenation(reference=part.reference & 0xFF, total=part.parts, sequence=part.number)
    return (concatenation_element(which),)


def _tlvs_of(settings: SmppCarrierSettings) -> Callable[[OutgoingPart], Tlvs]:
    static = wording.static_tlvs(settings.tlvs)
    if not settings.echo:
        return lambda part: static
    return lambda part: (*static, tlvs.USER_MESSAGE_REFERENCE.of(echo_of(part.part_id)))


def _registered_delivery(settings: SmppCarrierSettings) -> int:
    """Section 5.2.17."""
    receipts = {
        "always": parameters.RECEIPT_ALWAYS,
        "failure": parameters.RECEIPT_ON_FAILURE,
        "none": parameters.RECEIPT_NONE,
    }[settings.receipts]
    return receipts | (parameters.REQUEST_INTERMEDIATE_NOTIFICATION if settings.intermediate_receipts else 0)


def _validity(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Callable[[OutgoingPart], str]:
    """validity_period, empty for the SMSC's own (section 5.2.16)."""
    left = _seconds_left(settings, wall_ms)

    def relative(part: OutgoingPart) -> str:
        seconds = left(part)
        return "" if seconds is None else format_relative_time(timedelta(seconds=seconds))

    def absolute(part: OutgoingPart) -> str:
        seconds = left(part)
        return "" if seconds is None else format_time(datetime.fromtimestamp(wall_ms() // 1_000 + seconds, UTC))

    match settings.validity:
        case "none":
            return lambda part: ""
        case "relative":
            return relative
        case "absolute":
            return absolute
        case _:
            assert_never(settings.validity)


def _seconds_left(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Callable[[OutgoingPart], int | None]:
    """The earlier of the message's deadline and the carrier's setting; a second at least, for nought is no limit."""
    if settings.validity == "none":
        return lambda part: None
    most = settings.validity_seconds or LONGEST_VALIDITY_SECONDS

    def left(part: OutgoingPart) -> int | None:
        if part.stale_ms is None:
            return settings.validity_seconds or None
        return min(max(-((wall_ms() - part.stale_ms) // 1_000), 1), most)

    return left
