"""Parts of a long message: the user data header and the sar_ parameters. Not here: alphabets and cutting
(``palomar.text``).

3GPP TS 23.040 section 9.2.3.24 (the header), 9.2.3.24.1 (8-bit reference), 9.2.3.24.8 (16-bit reference),
9.2.3.24.15-16 (national language shifts); SMPP 3.4 sections 5.3.2.22-5.3.2.24 (the sar_ parameters).
"""

from dataclasses import dataclass

from palomar.smpp import tlvs
from palomar.smpp.parameters import ESM_UDHI
from palomar.smpp.pdus import DataSm, DeliverSm, SubmitSm

IEI_CONCATENATION_8 = 0x00
IEI_CONCATENATION_16 = 0x08
IEI_SINGLE_SHIFT = 0x24
IEI_LOCKING_SHIFT = 0x25

Element = tuple[int, bytes]


@dataclass(slots=True, frozen=True, kw_only=True)
class Concatenation:
    """The place of a part in its message: part `sequence` (from 1) of `total`, joined by `reference`."""

    reference: int
    total: int
    sequence: int


def concatenation_header(part: Concatenation, *, wide: bool = False) -> bytes:
    """Make the user data header of a part: six octets with an 8-bit reference, or seven if `wide`.

    Raises ValueError if a number does not fit.
    """
    return user_data_header(concatenation_element(part, wide=wide))


def concatenation_element(part: Concatenation, *, wide: bool = False) -> Element:
    """Make the information element of a part; raises ValueError if a number does not fit."""
    if not 1 <= part.sequence <= part.total <= 0xFF:
        raise ValueError(f"part {part.sequence} of {part.total}")
    if not 0 <= part.reference <= (0xFFFF if wide else 0xFF):
        raise ValueError(f"reference {part.reference} is too wide")
    identifier = IEI_CONCATENATION_16 if wide else IEI_CONCATENATION_8
    return identifier, bytes((*part.reference.to_bytes(2 if wide else 1, "big"), part.total, part.sequence))


def user_data_header(*elements: Element) -> bytes:
    """Make a user data header of these information elements, its length first; empty if there are none."""
    body = b"".join(bytes((identifier, len(octets))) + octets for identifier, octets in elements)
    return bytes((len(body),)) + body if body else b""


def concatenation_tlvs(part: Concatenation) -> tlvs.Tlvs:
    """Make the three sar_ parameters of a part; raises UnencodablePdu if a number does not fit."""
    return (
        tlvs.SAR_MSG_REF_NUM.of(part.reference),
        tlvs.SAR_TOTAL_SEGMENTS.of(part.total),
        tlvs.SAR_SEGMENT_SEQNUM.of(part.sequence),
    )


def split_user_data(octets: bytes) -> tuple[tuple[Element, ...], bytes]:
    """Split user data that starts with a header into its information elements (identifier, octets) and the text.

    A header that contradicts itself yields the elements before the contradiction; one that is longer than the user
    data is no header, so all of it is text.
    """
    length = octets[0] if octets else 0
    end = 1 + length
    if not octets or end > len(octets):
        return (), octets
    elements = []
    position = 1
    while position + 2 <= end:
        stop = position + 2 + octets[position + 1]
        if stop > end:
            break
        elements.append((octets[position], octets[position + 2 : stop]))
        position = stop
    return tuple(elements), octets[end:]


def message_octets(pdu: SubmitSm | DeliverSm | DataSm) -> bytes:
    """Return the user data of a message: short_message, or message_payload where that is empty or missing."""
    short_message = b"" if isinstance(pdu, DataSm) else pdu.short_message
    return short_message or tlvs.MESSAGE_PAYLOAD.find(pdu.tlvs) or b""


def text_octets(pdu: SubmitSm | DeliverSm | DataSm) -> bytes:
    """Return the user data of a message without its header."""
    octets = message_octets(pdu)
    return split_user_data(octets)[1] if pdu.esm_class & ESM_UDHI else octets


def read_parts(pdu: SubmitSm | DeliverSm | DataSm) -> tuple[Concatenation | None, bytes]:
    """Return which part of a long message `pdu` is, or None, and its text without any user data header."""
    octets = message_octets(pdu)
    concatenation = _from_tlvs(pdu.tlvs)
    if pdu.esm_class & ESM_UDHI:
        elements, octets = split_user_data(octets)
        concatenation = _from_elements(elements) or concatenation
    return concatenation, octets


def information_elements(pdu: SubmitSm | DeliverSm | DataSm) -> tuple[Element, ...]:
    """Return the information elements of a message's user data header; none of a message without a header."""
    return split_user_data(message_octets(pdu))[0] if pdu.esm_class & ESM_UDHI else ()


def _from_elements(elements: tuple[Element, ...]) -> Concatenation | None:
    for identifier, value in elements:
        if (identifier, len(value)) in ((IEI_CONCATENATION_8, 3), (IEI_CONCATENATION_16, 4)):
            *reference, total, sequence = value
            return _sound(int.from_bytes(reference, "big"), total, sequence)
    return None


def _from_tlvs(found: tlvs.Tlvs) -> Concatenation | None:
    reference = tlvs.SAR_MSG_REF_NUM.find(found)
    if reference is None:
        return None
    total = tlvs.SAR_TOTAL_SEGMENTS.find(found)
    sequence = tlvs.SAR_SEGMENT_SEQNUM.find(found)
    if total is None or sequence is None:
        return None
    return _sound(reference, total, sequence)


def _sound(reference: int, total: int, sequence: int) -> Concatenation | None:
    """Return None for numbers that make no sense, as 3GPP TS 23.040 section 9.2.3.24.1 asks."""
    if not 1 <= sequence <= total:
        return None
    return Concatenation(reference=reference, total=total, sequence=sequence)
