"""Shows an SMPP PDU to people: a table of fields with their meanings, and a hexadecimal dump.

Malformed octets raise nothing: they are dumped, with the reason. A password is never shown, neither as a field nor in
the dump. Not here: the protocol (``palomar.smpp``).
"""

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from palomar.carriers.smpp.text_decoding import decode as text_of
from palomar.smpp import (
    PDU_TYPES,
    MessageState,
    Npi,
    Pdu,
    SmppError,
    Ton,
    decode,
    is_receipt,
    parameters,
    salvage,
    split_user_data,
    status_meaning,
    status_name,
    tlv_name,
    tlvs,
)

ROW_OCTETS: Final = 8
GROUP_OCTETS: Final = 4
_SECRET: Final = "password"  # noqa: S105  # a field's name
_SECRET_COMMANDS: Final = frozenset(
    kind.command_id for kind in PDU_TYPES.values() if _SECRET in {field.name for field in dataclasses.fields(kind)}
)
_TEXT_TLVS: Final = frozenset({tlvs.RECEIPTED_MESSAGE_ID.tag, tlvs.ADDITIONAL_STATUS_INFO_TEXT.tag})


@dataclass(frozen=True, slots=True, kw_only=True)
class PduField:
    """One field: its name in the specification, its value, and the value's meaning where it has one."""

    name: str
    value: str
    meaning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DumpRow:
    """Some octets of a dump: the offset, groups of hexadecimal digits, and the octets as characters."""

    offset: str
    groups: tuple[str, ...]
    characters: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PduView:
    """A PDU. ``fault`` says why it is not or not fully decoded; ``dump`` is empty if the octets contain a password."""

    name: str
    octets: int
    fields: tuple[PduField, ...]
    dump: tuple[DumpRow, ...]
    fault: str = ""


def view_of(hexadecimal: str) -> PduView:
    """Decode the PDU that a moment's detail has in hexadecimal."""
    try:
        octets = bytes.fromhex(hexadecimal)
    except ValueError:
        return PduView(name="", octets=0, fields=(), dump=(), fault="no hexadecimal digits")
    fault = ""
    try:
        pdu = decode(octets)
    except SmppError as error:
        fault = str(error)
        if (salvaged := salvage(octets)) is None:
            return PduView(name="", octets=len(octets), fields=(), dump=_dump(octets), fault=fault)
        pdu = salvaged[0]
    coding = getattr(pdu, "data_coding", 0)
    return PduView(
        name=pdu.command_name,
        octets=len(octets),
        fields=(*_header(pdu), *_body(pdu), *(_tlv(tag, value, coding=coding) for tag, value in pdu.tlvs)),
        dump=_dump(octets),
        fault=fault,
    )


def _header(pdu: Pdu) -> tuple[PduField, ...]:
    status = pdu.command_status
    meaning = f"{status_name(status)}: {status_meaning(status)}" if status else ""
    return (
        PduField(name="command_status", value=f"0x{status:08X}", meaning=meaning or status_name(status)),
        PduField(name="sequence_number", value=str(pdu.sequence_number)),
    )


def _body(pdu: Pdu) -> list[PduField]:
    shared = {field.name for field in dataclasses.fields(Pdu)}
    own = [field.name for field in dataclasses.fields(pdu) if field.name not in shared]
    coding = getattr(pdu, "data_coding", 0)
    esm_class = getattr(pdu, "esm_class", 0)
    fields = []
    for name in own:
        value = getattr(pdu, name)
        if name == _SECRET:
            fields.append(PduField(name=name, value="•••••"))
        elif isinstance(value, bytes):
            fields.append(_octets_field(name, value, coding=coding, esm_class=esm_class))
        else:
            fields.append(PduField(name=name, value=str(value), meaning=_meaning(name, value)))
    return fields


def _octets_field(name: str, octets: bytes, *, coding: int, esm_class: int) -> PduField:
    """Make a field of user data, its header's elements apart from the text (3GPP TS 23.040 section 9.2.3.24)."""
    elements: tuple[tuple[int, bytes], ...] = ()
    text = octets
    if esm_class & parameters.ESM_UDHI:
        elements, text = split_user_data(octets)
    header = " ".join(f"{kind:02X}:{value.hex(' ').upper()}" for kind, value in elements)
    return PduField(name=name, value=text_of(text, coding), meaning=f"UDH {header}" if header else "")


def _tlv(tag: int, value: bytes, *, coding: int) -> PduField:
    name = tlv_name(tag)
    if tag == tlvs.MESSAGE_PAYLOAD.tag:
        return PduField(name=name, value=text_of(value, coding))
    definition = tlvs.TLV_DEFINITIONS.get(tag)
    if isinstance(definition, tlvs.IntegerTlv) and 1 <= len(value) <= 4:
        number = int.from_bytes(value, "big")
        return PduField(name=name, value=str(number), meaning=_meaning(name, number))
    if tag in _TEXT_TLVS:
        return PduField(name=name, value=value.partition(b"\0")[0].decode("latin-1"))
    return PduField(name=name, value=value.hex(" ").upper())


def _meaning(name: str, value: object) -> str:
    for ending, describe in _MEANINGS.items():
        if name.endswith(ending) and isinstance(value, int):
            return describe(value)
    return ""


def _ton(value: int) -> str:
    return Ton(value).name.lower().replace("_", " ") if value in set(Ton) else "reserved"


def _npi(value: int) -> str:
    return Npi(value).name.lower().replace("_", " ") if value in set(Npi) else "reserved"


def _state(value: int) -> str:
    return MessageState(value).name.lower() if value in set(MessageState) else "reserved"


def _esm_class(value: int) -> str:
    meanings = ["delivery receipt"] if is_receipt(value) else []
    meanings += ["user data header"] if value & parameters.ESM_UDHI else []
    meanings += ["reply path"] if value & parameters.ESM_REPLY_PATH else []
    return ", ".join(meanings)


def _registered_delivery(value: int) -> str:
    return {
        parameters.RECEIPT_NONE: "no receipt",
        parameters.RECEIPT_ALWAYS: "receipt always",
        parameters.RECEIPT_ON_FAILURE: "receipt on failure",
    }.get(value & parameters.RECEIPT_MASK, "reserved")


def _data_coding(value: int) -> str:
    return {
        parameters.CODING_SMSC_DEFAULT: "GSM 03.38 (the SMSC's default)",
        parameters.CODING_ASCII: "ASCII",
        parameters.CODING_OCTETS: "octets",
        parameters.CODING_LATIN_1: "Latin-1",
        parameters.CODING_UCS2: "UCS-2",
        parameters.CODING_GSM_FLASH: "GSM 03.38, class 0",
        parameters.CODING_UCS2_FLASH: "UCS-2, class 0",
    }.get(value, "")


_MEANINGS: Final[Mapping[str, Callable[[int], str]]] = {
    "_ton": _ton,
    "_npi": _npi,
    "esm_class": _esm_class,
    "registered_delivery": _registered_delivery,
    "data_coding": _data_coding,
    "message_state": _state,
}
"""Functions that describe a value, by the ending of the field's name."""


def _dump(octets: bytes) -> tuple[DumpRow, ...]:
    """Return the rows of a dump; none for a PDU with a password, even a malformed one."""
    if int.from_bytes(octets[4:8], "big") in _SECRET_COMMANDS:
        return ()
    rows = []
    for start in range(0, len(octets), ROW_OCTETS):
        piece = octets[start : start + ROW_OCTETS]
        groups = [piece[at : at + GROUP_OCTETS].hex(" ") for at in range(0, len(piece), GROUP_OCTETS)]
        characters = "".join(chr(octet) if 0x20 <= octet < 0x7F else "·" for octet in piece)
        rows.append(DumpRow(offset=f"{start:04x}", groups=tuple(groups), characters=characters))
    return tuple(rows)
