"""Folding: any text, written as nearly as possible in the GSM alphabet, as a vendor's Appendix A demands.

It does more than ``alphabets.fold_to_gsm``: line ends, every kind of space, and compatibility forms (``ﬁ``, ``²``,
``½``, full-width letters). Nothing is replaced by a ``?``: what has no equivalent stays, and the caller decides what
that means.
"""

import re
import unicodedata
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from palomar.text import gsm7
from palomar.text.alphabets import LETTER_FOLDS, TYPOGRAPHY_FOLDS


def fold_text(text: str) -> str:
    """Write `text` in GSM characters wherever possible: `‘ção’, ²` becomes `'cao', 2`.

    `gsm7.is_gsm` then tells whether it was possible throughout: emoji, other scripts and controls stay. A text that
    fits already is returned unchanged, except that its line ends become LF.
    """
    if gsm7.is_gsm(text):
        return _line_feeds(text) if "\r" in text else text
    text = _line_feeds(unicodedata.normalize("NFC", text))
    return gsm7.DEFAULT.foreign_characters.sub(_folded, text)


_BULLETS: Final = dict.fromkeys("‣⁃●◦∙▪■", "*")
_LINE_ENDS: Final = dict.fromkeys("\u2028\u2029", "\n")
_DIRECTIONS: Final = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ZERO_WIDTH: Final = dict.fromkeys(
    _DIRECTIONS + "\u00ad\u180e\u200b\u200c\u200d\u2060\u2061\u2062\u2063\u2064\ufeff", ""
)
_SIGNS: Final = {"\u2044": "/", "\u2215": "/", "\u02bc": "'", "\u02b9": "'"}
_FOLDS: Final = MappingProxyType(
    {**LETTER_FOLDS, **TYPOGRAPHY_FOLDS, **_BULLETS, **_LINE_ENDS, **_ZERO_WIDTH, **_SIGNS}
)


def _line_feeds(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _folded(match: re.Match[str]) -> str:
    folded = _fold(match[0])
    if "/" in folded and match.string[match.start() - 1 : match.start()].isdigit() and match[0] not in _SIGNS:
        return " " + folded  # 1½ is 1 1/2, not eleven halves
    return folded


@lru_cache(maxsize=2048)  # of Unicode's million characters a customer uses some dozens
def _fold(character: str) -> str:
    """Fold one character that GSM lacks; return it unchanged if there is no way."""
    known = _FOLDS.get(character)
    if known is not None:
        return known
    if unicodedata.category(character) == "Zs":
        return " "
    letters = (_FOLDS.get(c, c) for c in unicodedata.normalize("NFKD", character) if unicodedata.category(c)[0] != "M")
    rest = "".join(letters)
    return rest if gsm7.is_gsm(rest) else character
