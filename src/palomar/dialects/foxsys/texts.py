"""Choose alphabet and parts of a text as the request allows, and refuse texts that are too long or have bad characters.

Source: the table of FOXSYS's page: 160 septets, 153 a part with ``long``, 70 UTF-16 units with ``ucs2``, 67 with both.
A text that fits GSM goes as GSM even with ``ucs2``: the same text, cheaper.
"""

from typing import Final

from msgspec import Struct

from palomar.dialects.foxsys.errors import Code, Problem
from palomar.short_links.shorten import CodesAndUrls
from palomar.text import gsm7
from palomar.text.alphabets import PART_UNITS, SINGLE_UNITS, Alphabet, fold_to_gsm, has_unusable_characters, measure

RAW_LONGEST: Final = 40_000
"""The longest text as it was posted, and with its values in it: some more than 255 parts hold. A longer one is refused
by its length alone."""


class Allowed(Struct, frozen=True):
    """What request and account allow for a text."""

    parts: int
    ucs2: bool
    fold_accents: bool


class Fitted(Struct, frozen=True):
    """A text as it will be sent. ``has_bad_characters`` is code 27, which is reported after other checks. ``links`` are
    the codes of its short links, each with its URL."""

    text: str
    alphabet: Alphabet
    parts: int
    has_bad_characters: bool
    links: CodesAndUrls = ()


def too_long() -> Problem:
    """Return the problem of a text that is refused by its length alone."""
    return Problem(Code.NOT_SENT, f"the text is too long: more than {RAW_LONGEST} characters")


def fit(text: str, allowed: Allowed) -> Fitted | Problem:
    """Choose alphabet and parts; code 30 if there are too many parts, as nothing is ever cut off."""
    if allowed.fold_accents and not allowed.ucs2:
        text = fold_to_gsm(text)
    fitted = _fitted(text, allowed)
    if fitted.parts > allowed.parts:
        return Problem(Code.NOT_SENT, f"the text needs {fitted.parts} parts, allowed: {allowed.parts}")
    return fitted


def _fitted(text: str, allowed: Allowed) -> Fitted:
    if not has_unusable_characters(text):
        measured = measure(text)
        if measured.alphabet is Alphabet.GSM or allowed.ucs2:
            return Fitted(text, measured.alphabet, measured.parts, False)
    septets = gsm7.septets(text)
    parts = 1 if septets <= SINGLE_UNITS[Alphabet.GSM] else -(-septets // PART_UNITS[Alphabet.GSM])
    return Fitted(text, Alphabet.GSM, parts, True)
