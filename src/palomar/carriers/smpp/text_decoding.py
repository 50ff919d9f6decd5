"""How texts from phones are decoded, by data coding.

Sources: SMPP 3.4 section 5.2.19, 3GPP TS 23.038 section 4 (the groups above 0x0F) and 6.2.1.2 (national languages).
Pure. Not here: the alphabets themselves (``palomar.text``), encoding our texts (``text_encoding``), concatenation
(``palomar.smpp``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.carriers.smpp.text_encoding import Elements
from palomar.smpp import IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT, parameters
from palomar.text.phone_text import GSM, UCS2, gsm_coding, read_text

CODECS: Final[Mapping[int, str]] = MappingProxyType(
    {
        parameters.CODING_ASCII: "ascii",
        parameters.CODING_OCTETS: "latin-1",
        parameters.CODING_LATIN_1: "latin-1",
        parameters.CODING_OCTETS_TOO: "latin-1",
        parameters.CODING_JIS: "shift_jis",
        parameters.CODING_CYRILLIC: "iso8859-5",
        parameters.CODING_LATIN_HEBREW: "iso8859-8",
        parameters.CODING_UCS2: UCS2,
        parameters.CODING_KS_C_5601: "euc_kr",
    }
)
"""Python's names of the codings; a coding that is missing here is read as the GSM default alphabet."""


def coding_finder(settings: SmppCarrierSettings) -> Callable[[int, Elements], str]:
    """Make the function that names the coding of this carrier's texts (``text.phone_text``), by data coding and
    information elements."""
    codecs = dict(CODECS) | {settings.ucs2_coding: UCS2, settings.gsm_coding: settings.alphabet}
    return lambda data_coding, elements: coding_of(data_coding, elements=elements, codecs=codecs)


def coding_of(data_coding: int, *, elements: Elements = (), codecs: Mapping[int, str] = CODECS) -> str:
    """Return the name of a text's coding."""
    codec = codecs.get(data_coding) or codecs.get(_smpp_value(data_coding), GSM)
    if codec != GSM or not elements:
        return codec
    return gsm_coding(_language(elements, IEI_LOCKING_SHIFT), _language(elements, IEI_SINGLE_SHIFT))


def decode(octets: bytes, data_coding: int) -> str:
    """Decode the text of a message; octets that cannot be decoded become U+FFFD, and NULs are dropped."""
    return read_text(octets, coding_of(data_coding))


def _language(elements: Elements, identifier: int) -> int:
    """Return the language that a shift names (3GPP TS 23.040 sections 9.2.3.24.15 and 16); the last one counts."""
    named = [octets[0] for element, octets in elements if element == identifier and len(octets) == 1]
    return named[-1] if named else 0


def _smpp_value(data_coding: int) -> int:
    """Return the SMPP value that a GSM data coding group stands for (3GPP TS 23.038 section 4)."""
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
