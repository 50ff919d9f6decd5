"""Makes the PDU that submits a part, in the form that one carrier wants: ``submit_sm`` or ``data_sm`` (SMPP 3.4
sections 4.4.1 and 4.7.1).

Pure. What the settings decide is decided once, in ``submit_maker``; what differs from part to part is left for each.
Not here: encoding the text (``text_encoding``), the meaning of the answer (``submit_answers``).
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.text_encoding import plain_codings, text_encoder
from palomar.numbers.sender import SenderKind, parse_sender
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
from palomar.vocabulary.message import echo_of

Maker = Callable[[OutgoingPart], SubmitSm | DataSm | Refused]
Source = Callable[[str], tuple[str, int, int]]
Step = Callable[[OutgoingPart, SubmitSm | DataSm], None]

LONGEST_VALIDITY_SECONDS = 63 * 7 * 86_400
"""63 weeks, the longest validity of a short message service center (3GPP TS 23.040 section 9.2.3.12.1)."""


class Framed(NamedTuple):
    """A part's user data with its header, and the parameters that say which part it is; in message_payload the user
    data is among the parameters (section 5.3.2.32)."""

    data_coding: int
    esm_class: int
    user_data: bytes
    tlvs: Tlvs


def submit_maker(settings: SmppCarrierSettings, *, wall_ms: Callable[[], int]) -> Maker:
    """Make the function that makes this carrier's PDUs; it refuses a part that the carrier cannot carry."""
    if settings.submit == "data_sm":
        return _data_sm_maker(settings, wall_ms)
    return _submit_sm_maker(settings, wall_ms)


def query_maker(settings: SmppCarrierSettings) -> Callable[[str, str], QuerySm]:
    """Make the function that asks this carrier for the part of a reference and a sender (section 4.8.1)."""
    source = source_of(settings)

    def make(reference: str, sender: str) -> QuerySm:
        address, ton, npi = source(sender)
        return QuerySm(message_id=reference, source_addr_ton=ton, source_addr_npi=npi, source_addr=address)

    return make


def source_of(settings: SmppCarrierSettings) -> Source:
    """Make the function that returns address, TON and NPI of a sender. An empty sender is of unknown type: the SMSC
    fills it in (section 4.4.1)."""
    by_kind = setting_values.source_types(settings.source_types)

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
    plain, plain_flash = plain_codings(settings), plain_codings(settings, flash=True)
    frame, source = _framer(settings), source_of(settings)
    static, service_type, protocol_id = (
        setting_values.static_tlvs(settings.tlvs),
        settings.service_type,
        settings.protocol_id,
    )
    dest_ton, dest_npi = settings.dest_ton, settings.dest_npi
    priority, urgent_priority = settings.priority, settings.urgent_priority
    registered_delivery = _registered_delivery(settings)
    steps = _steps(settings, wall_ms)

    def make(part: OutgoingPart) -> SubmitSm | Refused:
        coding = (plain_flash if part.flash else plain).get(part.alphabet)
        if coding is not None and part.parts == 1:
            esm_class, short_message, optional = 0, part.payload, static
        else:
            framed = frame(part)
            if isinstance(framed, Refused):
                return framed
            coding, esm_class, short_message = framed.data_coding, framed.esm_class, framed.user_data
            optional = static + framed.tlvs
        address, ton, npi = source(part.sender)
        # By position, in the order of the field table and the wire: names cost a twentieth of a submit.
        pdu = SubmitSm(
            0,
            0,
            optional,
            service_type,
            ton,
            npi,
            address,
            dest_ton,
            dest_npi,
            part.msisdn,
            esm_class,
            protocol_id,
            urgent_priority if part.urgent else priority,
            "",
            "",
            registered_delivery,
            0,
            coding,
            0,
            short_message,
        )
        for step in steps:
            step(part, pdu)
        return pdu

    return make


def _data_sm_maker(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Maker:
    """Make the function for ``data_sm``, which has neither priority, protocol nor validity; qos_time_to_live is its
    validity (section 5.3.2.9)."""
    frame, source, static = _framer(settings), source_of(settings), setting_values.static_tlvs(settings.tlvs)
    registered_delivery = _registered_delivery(settings)
    steps = _steps(settings, wall_ms)

    def make(part: OutgoingPart) -> DataSm | Refused:
        framed = frame(part)
        if isinstance(framed, Refused):
            return framed
        address, ton, npi = source(part.sender)
        pdu = DataSm(
            tlvs=static + framed.tlvs,
            service_type=settings.service_type,
            source_addr_ton=ton,
            source_addr_npi=npi,
            source_addr=address,
            dest_addr_ton=settings.dest_ton,
            dest_addr_npi=settings.dest_npi,
            destination_addr=part.msisdn,
            esm_class=framed.esm_class,
            registered_delivery=registered_delivery,
            data_coding=framed.data_coding,
        )
        for step in steps:
            step(part, pdu)
        return pdu

    return make


def _steps(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> tuple[Step, ...]:
    """List the steps that add to every PDU what the settings ask for."""
    steps: list[Step] = []
    if settings.echo:
        steps.append(_echo)
    if settings.validity != "none":
        steps.append(_expiry(settings, wall_ms))
    return tuple(steps)


def _framer(settings: SmppCarrierSettings) -> Callable[[OutgoingPart], Framed | Refused]:
    """Make the function that adds the header or the parameters of a part, as this carrier wants them."""
    write, sar = text_encoder(settings), settings.long_messages == "sar"
    payload_of_all = settings.submit == "data_sm"
    payload_of_parts = settings.long_messages == "payload"

    def frame(part: OutgoingPart) -> Framed | Refused:
        written = write(part)
        if isinstance(written, Refused):
            return written
        elements = written.shifts
        optional: Tlvs = ()
        if part.parts > 1:
            if sar:
                optional = concatenation_tlvs(_concatenation(part, part.reference))
            else:
                # One header for all of it (3GPP TS 23.040 section 9.2.3.24).
                elements = (concatenation_element(_concatenation(part, part.reference & 0xFF)), *elements)
        header = user_data_header(*elements)
        user_data = header + written.octets
        if payload_of_all or (payload_of_parts and part.parts > 1):
            user_data, optional = b"", (*optional, tlvs.MESSAGE_PAYLOAD.of(user_data))
        return Framed(written.data_coding, parameters.ESM_UDHI if header else 0, user_data, optional)

    return frame


def _concatenation(part: OutgoingPart, reference: int) -> Concatenation:
    return Concatenation(reference=reference, total=part.parts, sequence=part.number)


def _echo(part: OutgoingPart, pdu: SubmitSm | DataSm) -> None:
    """Add user_message_reference, which a receipt repeats (section 5.3.2.17)."""
    pdu.tlvs += (tlvs.USER_MESSAGE_REFERENCE.of(echo_of(part.part_id)),)


def _registered_delivery(settings: SmppCarrierSettings) -> int:
    """Return the receipts that the settings ask for (section 5.2.17)."""
    receipts = {
        "always": parameters.RECEIPT_ALWAYS,
        "failure": parameters.RECEIPT_ON_FAILURE,
        "none": parameters.RECEIPT_NONE,
    }[settings.receipts]
    return receipts | (parameters.REQUEST_INTERMEDIATE_NOTIFICATION if settings.intermediate_receipts else 0)


def _expiry(settings: SmppCarrierSettings, wall_ms: Callable[[], int]) -> Step:
    """Make the step that sets validity_period (section 5.2.16), or qos_time_to_live in a data_sm: the earlier of the
    message's deadline and the carrier's setting; at least a second, because zero is no limit."""
    longest = settings.validity_seconds or LONGEST_VALIDITY_SECONDS
    absolute = settings.validity == "absolute"

    def expire(part: OutgoingPart, pdu: SubmitSm | DataSm) -> None:
        now_ms = wall_ms()
        if part.stale_ms is not None:
            seconds = min(max(-((now_ms - part.stale_ms) // 1_000), 1), longest)
        elif settings.validity_seconds:
            seconds = settings.validity_seconds
        else:
            return
        if isinstance(pdu, DataSm):
            pdu.tlvs += (tlvs.QOS_TIME_TO_LIVE.of(seconds),)
        elif absolute:
            pdu.validity_period = format_time(datetime.fromtimestamp(now_ms // 1_000 + seconds, UTC))
        else:
            pdu.validity_period = format_relative_time(timedelta(seconds=seconds))

    return expire
