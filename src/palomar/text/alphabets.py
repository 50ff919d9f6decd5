"""A message's text: which alphabet it needs (``measure``), how many parts it makes (``count_parts``), and where it is
cut (``payloads``).

Sources: 3GPP TS 23.038 section 6 (alphabets), 3GPP TS 23.040 sections 9.2.3.16, 9.2.3.24.1 (140 octets of user data;
the header of a concatenated part takes 6 of them) and 9.2.3.24.15-16 (3 more for each national language shift). Not
here: limits and refusals (``acceptance`` and the dialects), data codings and the headers' octets (``carriers``).
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from enum import StrEnum
from types import MappingProxyType
from typing import Final, NamedTuple

from msgspec import Struct

from palomar.text import gsm7
from palomar.text.languages import Language, septet_tables


class Alphabet(StrEnum):
    """How a text is written on the air."""

    GSM = "gsm"
    """The GSM 7 bit default alphabet; its unit is the septet."""
    UCS2 = "ucs2"
    """UTF-16BE in 16 bit units: phones show surrogate pairs, though UCS-2 has none."""

    # GSM 7 bit with the single shift table of a language, its locking shift table, or both; the unit is the septet.
    TURKISH_SINGLE = "turkish-single"
    TURKISH_LOCKING = "turkish-locking"
    TURKISH_BOTH = "turkish-both"
    SPANISH_SINGLE = "spanish-single"
    PORTUGUESE_SINGLE = "portuguese-single"
    PORTUGUESE_LOCKING = "portuguese-locking"
    PORTUGUESE_BOTH = "portuguese-both"
    BENGALI_SINGLE = "bengali-single"
    BENGALI_LOCKING = "bengali-locking"
    BENGALI_BOTH = "bengali-both"
    GUJARATI_SINGLE = "gujarati-single"
    GUJARATI_LOCKING = "gujarati-locking"
    GUJARATI_BOTH = "gujarati-both"
    HINDI_SINGLE = "hindi-single"
    HINDI_LOCKING = "hindi-locking"
    HINDI_BOTH = "hindi-both"
    KANNADA_SINGLE = "kannada-single"
    KANNADA_LOCKING = "kannada-locking"
    KANNADA_BOTH = "kannada-both"
    MALAYALAM_SINGLE = "malayalam-single"
    MALAYALAM_LOCKING = "malayalam-locking"
    MALAYALAM_BOTH = "malayalam-both"
    ORIYA_SINGLE = "oriya-single"
    ORIYA_LOCKING = "oriya-locking"
    ORIYA_BOTH = "oriya-both"
    PUNJABI_SINGLE = "punjabi-single"
    PUNJABI_LOCKING = "punjabi-locking"
    PUNJABI_BOTH = "punjabi-both"
    TAMIL_SINGLE = "tamil-single"
    TAMIL_LOCKING = "tamil-locking"
    TAMIL_BOTH = "tamil-both"
    TELUGU_SINGLE = "telugu-single"
    TELUGU_LOCKING = "telugu-locking"
    TELUGU_BOTH = "telugu-both"
    URDU_SINGLE = "urdu-single"
    URDU_LOCKING = "urdu-locking"
    URDU_BOTH = "urdu-both"


class TextSize(Struct, frozen=True):
    """The size of a text: its alphabet, units and parts. (A struct, because one is made for every message and a
    struct costs a third.)"""

    alphabet: Alphabet
    units: int
    """Septets or UTF-16 units of the whole text."""
    parts: int
    """At least 1. If it is more than `MAX_PARTS`, the text cannot be sent."""


class Shifts(NamedTuple):
    """The languages whose tables replace the default ones in an alphabet."""

    locking: Language | None
    single: Language | None


def _shifts(alphabet: Alphabet) -> Shifts:
    name, _, kind = alphabet.name.rpartition("_")
    if not name:
        return Shifts(None, None)
    language = Language[name]
    return Shifts(language if kind != "SINGLE" else None, language if kind != "LOCKING" else None)


SHIFTS: Final = MappingProxyType({alphabet: _shifts(alphabet) for alphabet in Alphabet})
"""The national language shifts of each alphabet."""

MAX_PARTS: Final = 255
"""Concatenation counts its parts in one octet (3GPP TS 23.040 section 9.2.3.24.1)."""

USER_DATA_OCTETS: Final = 140
_CONCATENATION_OCTETS: Final = 5
_SHIFT_OCTETS: Final = 3


def _units_beside_header(alphabet: Alphabet, header_octets: int) -> int:
    """Return the units that fit beside information elements of so many octets, before which goes an octet of length."""
    header_octets += _SHIFT_OCTETS * sum(language is not None for language in SHIFTS[alphabet])
    free = USER_DATA_OCTETS - header_octets - (header_octets > 0)
    return free // 2 if alphabet is Alphabet.UCS2 else free * 8 // 7


SINGLE_UNITS: Final = MappingProxyType({alphabet: _units_beside_header(alphabet, 0) for alphabet in Alphabet})
"""Units that fit in a message of one part."""

PART_UNITS: Final = MappingProxyType(
    {alphabet: _units_beside_header(alphabet, _CONCATENATION_OCTETS) for alphabet in Alphabet}
)
"""Units that fit in each part of a concatenated message."""


def measure(text: str) -> TextSize:
    """Choose the alphabet (GSM if every character fits, else UCS-2), and count units and parts.

    `text` has no lone surrogate (`has_unusable_characters`).
    """
    septets = gsm7.septets_if_gsm(text)
    if septets is None:
        alphabet, total = Alphabet.UCS2, units(text, Alphabet.UCS2)
    else:
        alphabet, total = Alphabet.GSM, septets
    if total <= SINGLE_UNITS[alphabet]:
        return TextSize(alphabet, total, 1)
    return TextSize(alphabet, total, _count_of_concatenated(text, alphabet, total))


def shortest_in_languages(text: str, languages: Collection[Language]) -> TextSize | None:
    """Find the national language tables that make the fewest parts of a text; None if none makes fewer than UCS-2 does.

    Of equals, the tables with the fewest septets win, then the first: a single shift comes before a locking one, which
    fewer phones know.
    """
    fewest, best = count_parts(text, Alphabet.UCS2), None
    for alphabet, shifts in SHIFTS.items():
        language = shifts.single or shifts.locking
        if language not in languages or not gsm7.is_gsm(text, septet_tables(*shifts)):
            continue
        measured = TextSize(alphabet, units(text, alphabet), count_parts(text, alphabet))
        if measured.parts < fewest or (best and measured.parts == fewest and measured.units < best.units):
            fewest, best = measured.parts, measured
    return best


def units(text: str, alphabet: Alphabet) -> int:
    """Count septets or UTF-16 units; for septets, of a text for which `gsm7.is_gsm` holds."""
    if alphabet is Alphabet.GSM:
        return gsm7.septets(text)
    if alphabet is Alphabet.UCS2:
        return len(text.encode("utf-16-be")) // 2
    return gsm7.septets(text, septet_tables(*SHIFTS[alphabet]))


def count_parts(text: str, alphabet: Alphabet) -> int:
    """Count the parts that `payloads` would make; no limit, and an empty text is one part."""
    total = units(text, alphabet)
    return 1 if total <= SINGLE_UNITS[alphabet] else _count_of_concatenated(text, alphabet, total)


def text_of_payload(octets: bytes, alphabet: Alphabet) -> str:
    """Decode one of the `payloads`."""
    if alphabet is Alphabet.UCS2:
        return octets.decode("utf-16-be")
    return gsm7.decode(octets, septet_tables(*SHIFTS[alphabet]))


def payloads(text: str, alphabet: Alphabet) -> tuple[bytes, ...]:
    """Encode a text and cut it into the octets of its parts: unpacked septets or UTF-16BE, without headers.

    Raises ValueError if there are more parts than `MAX_PARTS`, or if the alphabet lacks a character.
    """
    octets = _encode(text, alphabet)
    if len(octets) <= SINGLE_UNITS[alphabet] * _OCTETS_A_UNIT[alphabet]:
        return (octets,)
    parts = tuple(octets[start:end] for start, end in _cuts(octets, alphabet))
    if len(parts) > MAX_PARTS:
        raise ValueError(f"{len(parts)} parts are more than a message can have")
    return parts


def has_unusable_characters(text: str) -> bool:
    """Return True if `text` has a NUL or a lone surrogate, which no database and no carrier accepts."""
    if text.isascii():
        return "\0" in text
    return _UNUSABLE(text) is not None


def fold_to_gsm(text: str) -> str:
    """Replace what GSM lacks by its nearest GSM letters: `ção, Á, “x”` becomes `cao, A, "x"`.

    Characters without an equivalent stay, so the result may still need UCS-2; a caller who then sends UCS-2 sends the
    original. A text that fits already is returned unchanged.
    """
    if gsm7.is_gsm(text):
        return text
    return unicodedata.normalize("NFC", text).translate(GSM_FOLDS)


_OCTETS_A_UNIT: Final = MappingProxyType({alphabet: 2 if alphabet is Alphabet.UCS2 else 1 for alphabet in Alphabet})
_UNUSABLE: Final = re.compile("[\x00\ud800-\udfff]").search


def _encode(text: str, alphabet: Alphabet) -> bytes:
    if alphabet is Alphabet.GSM:
        return gsm7.encode(text)
    if alphabet is Alphabet.UCS2:
        return text.encode("utf-16-be")
    return gsm7.encode(text, septet_tables(*SHIFTS[alphabet]))


def _count_of_concatenated(text: str, alphabet: Alphabet, total: int) -> int:
    if total == len(text):  # nothing in it takes two units, so every part is full
        return -(-total // PART_UNITS[alphabet])
    return sum(1 for _ in _cuts(_encode(text, alphabet), alphabet))


def _cuts(octets: bytes, alphabet: Alphabet) -> Iterator[tuple[int, int]]:
    """Yield the bounds of each part: full parts, but one unit less where a cut would divide a pair."""
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
    """Return True if this first octet of a part's last unit begins a pair: the escape septet, or a high surrogate."""
    return 0xD8 <= octet <= 0xDB if alphabet is Alphabet.UCS2 else octet == gsm7.ESCAPE


def _accent_folds() -> dict[str, str]:
    """List the Latin letters that differ from a GSM letter only by their accents (Unicode's NFD)."""
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
"""Latin letters that are not accented forms of others, to how they are written without them."""

TYPOGRAPHY_FOLDS: Final = MappingProxyType(
    dict.fromkeys("‘’‚‛′‹›`´", "'")
    | dict.fromkeys("“”„‟″«»", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
    | dict.fromkeys("\u00a0\u2002\u2003\u2009\u200a\u202f", " ")
    | dict.fromkeys("\u00ad\u200b\u2060\ufeff", "")
    | {"…": "...", "•": "*", "·": ".", "ª": "a", "º": "o", "\t": " "}
)
"""Typographic signs and spaces, to plain ones."""

GSM_FOLDS: Final = MappingProxyType(str.maketrans({**ACCENT_FOLDS, **LETTER_FOLDS, **TYPOGRAPHY_FOLDS}))
"""All folds above, as `str.translate` takes them."""
