"""Texts that phones send: octets are decoded, and those of a long message are joined first.

A coding is one word that can be stored beside the octets: ``gsm``, ``gsm/LOCKING/SINGLE`` with the identifiers of
national languages, or one of Python's codecs. Carriers send UCS-2 with a byte order mark, in the other byte order, with
an octet too many or too few, or under another name: it is read all the same. Not here: which coding a PDU has
(``carriers``).
"""

import re
from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from palomar.text import gsm7
from palomar.text.languages import language_by_identifier, septet_tables

GSM: Final = "gsm"
UCS2: Final = "utf-16-be"
REPLACEMENT: Final = "\ufffd"
_BIG, _LITTLE = b"\xfe\xff", b"\xff\xfe"
_SUSPICIOUS = frozenset((b"\0", b"\xfe", b"\xff"))
_LATIN_END = "\u0250"
_MIRRORED_AT_LEAST = 6
_A_WORD = re.compile(rb"(?:[A-Z]{4,}|[A-Z]?[a-z]{3,})[ .!\0]*")
"""Octets that are no UCS-2, whatever they are called: a word, such as STOP. As UCS-2 they would be rare ideographs."""


class TextPart(Struct, frozen=True):
    """One part of a text: as it reads alone, and its octets with their coding if these are known."""

    text: str
    octets: bytes = b""
    coding: str = ""


def gsm_coding(locking: int, single: int) -> str:
    """Return the coding of septets under these national language identifiers; 0 is none."""
    return f"{GSM}/{locking}/{single}" if locking or single else GSM


def read_text(octets: bytes, coding: str) -> str:
    """Decode a text. What cannot be decoded shows U+FFFD, and NULs are removed."""
    if coding == UCS2:
        text = _ucs2(octets)
    elif octets[:1] in _SUSPICIOUS and (octets[:2] in (_BIG, _LITTLE) or _is_ucs2_in_disguise(octets)):
        text = _ucs2(octets)  # under whatever name
    elif coding.startswith(GSM):
        text = gsm7.decode(octets, _tables(coding))
    else:
        text = octets.decode(coding, errors="replace")
    return text.replace("\x00", "")


def join_text(pieces: Mapping[int, TextPart]) -> str:
    """Decode the parts of a long text, by number: the octets of neighbors are joined before they are decoded.

    So a character that was cut in two is whole again. Parts are joined up to one that is missing or has another coding.
    """
    text = ""
    run: list[TextPart] = []
    last = 0
    for number, piece in sorted(pieces.items()):
        fits = bool(run) and number == last + 1 and bool(piece.coding) and piece.coding == run[-1].coding
        if not fits:
            text += _read_run(run)
            run = []
        run.append(piece)
        last = number
    return text + _read_run(run)


def _read_run(run: list[TextPart]) -> str:
    if len(run) < 2:
        return run[0].text if run else ""
    coding = run[0].coding
    apart = "".join(piece.text for piece in run)
    octets = [piece.octets for piece in run]
    if coding == UCS2:
        octets[1:] = [some[2:] if some[:2] in (_BIG, _LITTLE) else some for some in octets[1:]]
    whole = read_text(b"".join(octets), coding)
    # An octet too many at the end of each part shifts all that follows; then each part is read by itself.
    is_shifted = (
        coding == UCS2 and any(len(some) % 2 for some in octets) and _plausibility(apart) > _plausibility(whole)
    )
    return apart if is_shifted else whole


def _ucs2(octets: bytes) -> str:
    if octets[:2] == _BIG:
        octets = octets[2:]
    elif octets[:2] == _LITTLE:
        return octets[2 : len(octets) & ~1].decode("utf-16-le", errors="replace")
    if _A_WORD.fullmatch(octets):
        return octets.decode("ascii")
    if len(octets) % 2:
        return max(map(_big_endian, (octets[:-1], b"\0" + octets, octets[1:])), key=_plausibility)
    if _is_mirrored(octets):
        return octets.decode("utf-16-le", errors="replace")
    return _big_endian(octets)


def _is_mirrored(octets: bytes) -> bool:
    """Return True if these are three or more letters in the other byte order.

    They are not all the same, at least three in four are printable Latin-1, and at most one in four is so in the right
    order.
    """
    plain, mirrored = _big_endian(octets), octets.decode("utf-16-le", errors="replace")
    if len(octets) < _MIRRORED_AT_LEAST or len(set(mirrored)) == 1 or 4 * _latin_letters(plain) > len(plain):
        return False
    return 4 * _latin_letters(mirrored) >= 3 * len(mirrored)


def _latin_letters(text: str) -> int:
    return sum(" " <= letter < "\x7f" or "\xa0" <= letter <= "\xff" or letter in "\r\n" for letter in text)


def _big_endian(octets: bytes) -> str:
    return octets.decode(UCS2, errors="replace")


def _plausibility(text: str) -> tuple[bool, int]:
    """Rate a reading, to choose the likelier of two: first without U+FFFD, then with more letters of Latin scripts."""
    return REPLACEMENT not in text, sum("\x00" < letter < _LATIN_END for letter in text)


def _is_ucs2_in_disguise(octets: bytes) -> bool:
    """Return True for Latin letters with a zero octet before each, which is no text in any other coding."""
    return octets[:1] == b"\0" and len(octets) >= 4 and not any(octets[::2]) and all(octets[1::2])


def _tables(coding: str) -> gsm7.SeptetTables:
    _, *identifiers = coding.split("/")
    locking, single = (language_by_identifier(int(one)) for one in identifiers) if identifiers else (None, None)
    return septet_tables(locking, single)
