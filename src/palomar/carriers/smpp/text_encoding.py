"""How a part's text is encoded for one carrier: its octets, their data coding, and the shift tables for the header.

Pure. A part comes in the alphabet that it was measured in; most carriers take it as it is. What a carrier's alphabet
lacks goes as UCS-2 if the part then still fits; else it is refused, never cut and never replaced. Not here: the header
itself and everything else of the PDU (``submitting``).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from palomar.carriers.smpp import setting_values
from palomar.carriers.smpp.settings import SmppCarrierSettings
from palomar.ports import OutgoingPart, Refused
from palomar.smpp import IEI_LOCKING_SHIFT, IEI_SINGLE_SHIFT
from palomar.text.alphabets import SHIFTS, USER_DATA_OCTETS, Alphabet, text_of_payload

CODECS: Final[Mapping[str, str]] = MappingProxyType({"latin-1": "latin-1", "ascii": "ascii"})
"""Python's names of the alphabets that are not GSM's."""

CONCATENATION_OCTETS: Final = 6
"""Octets of a header with an 8-bit reference; an SMSC that makes it of the sar_ parameters takes the same room."""

Elements = tuple[tuple[int, bytes], ...]


class EncodedText(NamedTuple):
    """A part's text as this carrier takes it."""

    data_coding: int
    octets: bytes
    shifts: Elements = ()
    """Information elements that name national tables (3GPP TS 23.040 sections 9.2.3.24.15 and 9.2.3.24.16)."""


def text_encoder(settings: SmppCarrierSettings) -> Callable[[OutgoingPart], EncodedText | Refused]:
    """Make the function that encodes a part's text for this carrier, or refuses it."""
    taken, taken_as_flash = _codings(settings, flash=False), _codings(settings, flash=True)
    rewrite = _rewriter(settings)

    def write(part: OutgoingPart) -> EncodedText | Refused:
        found = (taken_as_flash if part.flash else taken).get(part.alphabet)
        if found is None:
            return rewrite(part)
        return EncodedText(found[0], part.payload, found[1])

    return write


def plain_codings(settings: SmppCarrierSettings, *, flash: bool = False) -> dict[Alphabet, int]:
    """Return the data coding of each alphabet that the carrier takes as it is and without a header."""
    return {alphabet: coding for alphabet, (coding, shifts) in _codings(settings, flash=flash).items() if not shifts}


def _codings(settings: SmppCarrierSettings, *, flash: bool) -> dict[Alphabet, tuple[int, Elements]]:
    """Return data coding and shifts of each alphabet that the carrier takes as it is."""
    gsm, ucs2 = _own_codings(settings, flash=flash)
    codings: dict[Alphabet, tuple[int, Elements]] = {Alphabet.UCS2: (ucs2, ())}
    if settings.alphabet == "gsm":
        languages = setting_values.languages(settings.languages)
        for alphabet, shifts in SHIFTS.items():
            if alphabet is not Alphabet.UCS2 and {shifts.locking, shifts.single} - {None} <= languages:
                codings[alphabet] = (gsm, _shift_elements(alphabet))
    return codings


def _own_codings(settings: SmppCarrierSettings, *, flash: bool) -> tuple[int, int]:
    """Return the data codings of the carrier's alphabet and of UCS-2."""
    if flash:
        return settings.gsm_flash_coding, settings.ucs2_flash_coding
    return settings.gsm_coding, settings.ucs2_coding


def _shift_elements(alphabet: Alphabet) -> Elements:
    locking, single = SHIFTS[alphabet]
    elements: Elements = ()
    if single is not None:
        elements += ((IEI_SINGLE_SHIFT, bytes((single.value,))),)
    if locking is not None:
        elements += ((IEI_LOCKING_SHIFT, bytes((locking.value,))),)
    return elements


def _rewriter(settings: SmppCarrierSettings) -> Callable[[OutgoingPart], EncodedText | Refused]:
    codec = CODECS.get(settings.alphabet)

    def rewrite(part: OutgoingPart) -> EncodedText | Refused:
        text = text_of_payload(part.payload, part.alphabet)
        why = f"the carrier does not take {part.alphabet.value}"
        if codec is not None and part.alphabet is Alphabet.GSM:
            # The SMSC can turn only a GSM text into septets without a loss.
            try:
                octets = text.encode(codec)
            except UnicodeEncodeError as error:
                why = f"the carrier's alphabet has no U+{ord(text[error.start]):04X}"
            else:
                return EncodedText(_own_codings(settings, flash=part.flash)[0], octets)
        octets = text.encode("utf-16-be")
        if len(octets) + (CONCATENATION_OCTETS if part.parts > 1 else 0) > USER_DATA_OCTETS:
            return Refused(status=0, reason=f"{why}, and the part is too long for UCS-2")
        return EncodedText(_own_codings(settings, flash=part.flash)[1], octets)

    return rewrite
