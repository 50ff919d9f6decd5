"""Texts by data coding: what we send them as, and how those from phones are read.

Sources: SMPP 3.4 section 5.2.19, 3GPP TS 23.038 section 4 (the groups above 0x0F). Pure; not here: the GSM alphabet
itself (``domain.gsm7``), concatenation (``smpp``).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from palomar.domain import gsm7
from palomar.domain.text import Alphabet
from palomar.smpp import parameters

DATA_CODING: Final[Mapping[Alphabet, int]] = MappingProxyType(
    {Alphabet.GSM: parameters.CODING_SMSC_DEFAULT, Alphabet.UCS2: parameters.CODING_UCS2}
)

CODECS: Final[Mapping[int, str]] = MappingProxyType(
    {
        parameters.CODING_ASCII: "ascii",
        parameters.CODING_OCTETS: "latin-1",
        parameters.CODING_LATIN_1: "latin-1",
        parameters.CODING_OCTETS_TOO: "latin-1",
        parameters.CODING_JIS: "shift_jis",
        parameters.CODING_CYRILLIC: "iso8859-5",
        parameters.CODING_LATIN_HEBREW: "iso8859-8",
        parameters.CODING_UCS2: "utf-16-be",
        parameters.CODING_KS_C_5601: "euc_kr",
    }
)
"""Python's names of the codings; what is not here is read as the GSM default alphabet."""


def decode(octets: bytes, data_coding: int) -> str:
    """The text of a message from a phone; what cannot be read shows U+FFFD, and no NUL is left."""
    codec = CODECS.get(_smpp_value(data_coding))
    text = gsm7.decode(octets) if codec is None else octets.decode(codec, errors="replace")
    return text.replace("\x00", "")


def _smpp_value(data_coding: int) -> int:
    """The SMPP value that a GSM data coding group stands for (3GPP TS 23.038 section 4)."""
    if data_coding < 0x10:
        return data_coding
    if data_coding >= 0xF0:
        return parameters.CODING_OCTETS_TOO if data_coding & 0x04 else parameters.CODING_SMSC_DEFAULT
    if data_coding < 0x80:
        return _BY_GROUP[(data_coding >> 2) & 0b11]
    return parameters.CODING_UCS2 if data_coding & 0xF0 == 0xE0 else parameters.CODING_SMSC_DEFAULT


_BY_GROUP: Final = (
    parameters.CODING_SMSC_DEFAULT,
    parameters.CODING_OCTETS_TOO,
    parameters.CODING_UCS2,
    parameters.CODING_SMSC_DEFAULT,
)
