"""A message's text: which alphabet it needs, how many parts it makes, and where it is cut.

Sources: 3GPP TS 23.038 section 6 (alphabets), 3GPP TS 23.040 sections 9.2.3.16 and 9.2.3.24.1 (140 octets of
user data; the header of a concatenated part takes 6 of them). It refuses nothing and cuts nothing off: limits
and refusals belong to the flows, data codings and the headers' octets to the carriers.
"""

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from palomar.domain import gsm7


class Alphabet(StrEnum):
    """How a text is written on the air."""

    GSM = "gsm"
    """The GSM 7 bit default alphabet; its unit is the septet."""
    UCS2 = "ucs2"
    """UTF-16BE in 16 bit units: phones show surrogate pairs, though UCS-2 has none."""


class Measured(NamedTuple):
    """What a text costs to send. (A tuple because it is made for every message, at a third of the price.)"""

    alphabet: Alphabet
    units: int
    """Septets or UTF-16 units of the whole text."""
    parts: int
    """At least 1; may exceed `MAX_PARTS`: then the text cannot be sent."""


MAX_PARTS: Final = 255
"""Concatenation counts its parts in one octet (3GPP TS 23.040 section 9.2.3.24.1)."""

SINGLE_UNITS: Final = MappingProxyType({Alphabet.GSM: 160, Alphabet.UCS2: 70})
"""Units that fit in a message of one part."""

PART_UNITS: Final = MappingProxyType({Alphabet.GSM: 153, Alphabet.UCS2: 67})
"""Units that fit in each part of a concatenated message."""


def measure(text: str) -> Measured:
    """Choose the alphabet (GSM if every character fits, else UCS-2) and count units and parts.

    `text` has no lone surrogate (`unusable`).
    """
    alphabet = Alphabet.GSM if gsm7.is_gsm(text) else Alphabet.UCS2
    total = units(text, alphabet)
    if total <= SINGLE_UNITS[alphabet]:
        return Measured(alphabet, total, 1)
    return Measured(alphabet, total, _count_of_concatenated(text, alphabet, total))


def units(text: str, alphabet: Alphabet) -> int:
    """Count septets or UTF-16 units; for GSM, of a text for which `gsm7.is_gsm` holds."""
    if alphabet is Alphabet.GSM:
        return gsm7.septets(text)
    return len(text.encode("utf-16-be")) // 2


def count_parts(text: str, alphabet: Alphabet) -> int:
    """Count the parts that `split` would make; no limit, and an empty text is one part."""
    total = units(text, alphabet)
    return 1 if total <= SINGLE_UNITS[alphabet] else _count_of_concatenated(text, alphabet, total)


def split(text: str, alphabet: Alphabet) -> tuple[str, ...]:
    """Cut `text` into the fewest parts that fit, never inside an escape pair or a surrogate pair.

    The parts joined are the text. Raises `ValueError` over `MAX_PARTS` (the flows refuse by `measure` first)
    and, for GSM, `UnicodeEncodeError` at a character outside the alphabet.
    """
    parts = payloads(text, alphabet)
    if len(parts) == 1:
        return (text,)
    if alphabet is Alphabet.GSM:
        return tuple(gsm7.decode(octets) for octets in parts)
    return tuple(octets.decode("utf-16-be") for octets in parts)


def payloads(text: str, alphabet: Alphabet) -> tuple[bytes, ...]:
    """Give the octets of each part of `split`: unpacked septets, or UTF-16BE; without any header.

    Raises as `split` does.
    """
    octets = _encode(text, alphabet)
    if len(octets) <= SINGLE_UNITS[alphabet] * _OCTETS_A_UNIT[alphabet]:
        return (octets,)
    parts = tuple(octets[start:end] for start, end in _cuts(octets, alphabet))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} parts are more than a message can have")
    return parts


def unusable(text: str) -> bool:
    """Say whether `text` holds a NUL or a lone surrogate, which no store and no carrier takes."""
    if text.isascii():
        return "\0" in text
    return _UNUSABLE(text) is not None


def fold_to_gsm(text: str) -> str:
    """Replace what GSM lacks by its nearest GSM letters: `ção, Á, “x”` becomes `cao, A, "x"`.

    Characters without an equivalent stay, so the result may still need UCS-2 (a caller who then sends UCS-2
    sends the original). A text that fits already comes back untouched.
    """
    if gsm7.is_gsm(text):
        return text
    return unicodedata.normalize("NFC", text).translate(GSM_FOLDS)


_OCTETS_A_UNIT: Final = MappingProxyType({Alphabet.GSM: 1, Alphabet.UCS2: 2})
_UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]").search


def _encode(text: str, alphabet: Alphabet) -> bytes:
    return gsm7.encode(text) if alphabet is Alphabet.GSM else text.encode("utf-16-be")


def _count_of_concatenated(text: str, alphabet: Alphabet, total: int) -> int:
    if total == len(text):  # nothing in it takes two units, so every part is full
        return -(-total // PART_UNITS[alphabet])
    return sum(1 for _ in _cuts(_encode(text, alphabet), alphabet))


def _cuts(octets: bytes, alphabet: Alphabet) -> Iterator[tuple[int, int]]:
    """Walk the octets a full part at a time, one unit back where the cut would leave half a pair behind."""
    width = _OCTETS_A_UNIT[alphabet]
    step = PART_UNITS[alphabet] * width
    start = 0
    while start < len(octets):
        end = start + step
        if end < len(octets) and _opens_a_pair(octets[end - width], alphabet):
            end -= width
        yield start, min(end, len(octets))
        start = end


def _opens_a_pair(octet: int, alphabet: Alphabet) -> bool:
    """Judge the first octet of a part's last unit: the escape septet, or a high surrogate (D800 to DBFF)."""
    return octet == gsm7.ESCAPE if alphabet is Alphabet.GSM else 0xD8 <= octet <= 0xDB


def _accent_folds() -> dict[str, str]:
    """Take the Latin letters whose only difference from a GSM text is their accents (Unicode's NFD)."""
    folds = {}
    for code_point in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)):
        letter = chr(code_point)
        base = unicodedata.normalize("NFD", letter)[0]
        if base != letter and base.isascii() and not gsm7.is_gsm(letter):
            folds[letter] = base
    return folds


ACCENT_FOLDS: Final = MappingProxyType(_accent_folds())
"""Accented Latin letters that GSM lacks, to their base letters."""

LETTER_FOLDS: Final = MappingProxyType(
    {"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "þ": "th", "Þ": "TH"}
    | {"œ": "oe", "Œ": "OE", "ı": "i", "ŋ": "n", "Ŋ": "N", "ẞ": "ß"}
)
"""Latin letters that are no accented form of another, to how they are written without them."""

TYPOGRAPHY_FOLDS: Final = MappingProxyType(
    dict.fromkeys("‘’‚‛′‹›`´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f", " ")
    | dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")
    | {"…": "...", "•": "*", "·": ".", "ª": "a", "º": "o", "\t": " "}
)
"""Typographic signs and spaces, to the plain ones."""

GSM_FOLDS: Final = MappingProxyType(str.maketrans({**ACCENT_FOLDS, **LETTER_FOLDS, **TYPOGRAPHY_FOLDS}))
"""All of the above as `str.translate` takes them."""
