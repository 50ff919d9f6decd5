"""The text that a simulated phone shows for the octets of a message, and whether it is a flash message.

Pure. It reads as phones do: any octets show something.
"""

from palomar.carriers.simulator.chaos.faults import Alphabet
from palomar.smpp import parameters
from palomar.text import gsm7

_CODECS = {
    parameters.CODING_ASCII: "ascii",
    parameters.CODING_LATIN_1: "latin-1",
    parameters.CODING_JIS: "shift_jis",
    parameters.CODING_CYRILLIC: "iso8859-5",
    parameters.CODING_LATIN_HEBREW: "iso8859-8",
    parameters.CODING_UCS2: "utf-16-be",
    parameters.CODING_KS_C_5601: "euc_kr",
}
_BINARY = (parameters.CODING_OCTETS, parameters.CODING_OCTETS_TOO)
_BY_ALPHABET = (
    parameters.CODING_SMSC_DEFAULT,
    parameters.CODING_OCTETS_TOO,
    parameters.CODING_UCS2,
    parameters.CODING_SMSC_DEFAULT,
)
_RESERVED_GROUPS, _CLASS_GROUP = 0x80, 0xF0
_CLASS_MASK = 0x13
_CLASS_0 = 0x10


def shown_text(octets: bytes, data_coding: int, alphabet: Alphabet = "gsm") -> str:
    """Decode the text of a message, without headers; ``alphabet`` is the SMSC's reading of data_coding 0."""
    coding = plain_coding(data_coding)
    if coding in _BINARY:
        return octets.hex(" ")
    if coding == parameters.CODING_SMSC_DEFAULT and alphabet == "gsm":
        return gsm7.decode(octets)
    codec = alphabet if coding == parameters.CODING_SMSC_DEFAULT else _CODECS.get(coding, "latin-1")
    return octets.decode(codec, "replace")


def is_flash(data_coding: int) -> bool:
    """Return True if the message is of class 0: shown at once and not kept (3GPP TS 23.038 section 4)."""
    if data_coding >= _CLASS_GROUP:
        return data_coding & 0x03 == 0
    return data_coding & _CLASS_MASK == _CLASS_0 and data_coding < _RESERVED_GROUPS


def plain_coding(data_coding: int) -> int:
    """Return the SMPP value that a GSM data coding group stands for (3GPP TS 23.038 section 4)."""
    if data_coding < 0x10:
        return data_coding
    if data_coding >= _CLASS_GROUP:
        return parameters.CODING_OCTETS_TOO if data_coding & 0x04 else parameters.CODING_SMSC_DEFAULT
    if data_coding >= _RESERVED_GROUPS:
        return parameters.CODING_UCS2 if data_coding & 0xF0 == 0xE0 else parameters.CODING_SMSC_DEFAULT
    return _BY_ALPHABET[data_coding >> 2 & 0x03]
