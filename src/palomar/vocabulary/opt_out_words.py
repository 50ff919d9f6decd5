"""Opt-out words, by which a phone leaves a list and comes back: the whole text is one of them, in any case, with or
without accents, and with anything but letters and digits around it.

Not here: which words an account or a number has (``account``), and the black list that they change
(``inbound.receive``).
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

STOP_WORDS: Final = ("STOP", "BAJA", "PARAR", "CANCELAR", "UNSUBSCRIBE", "STOPALL", "END", "QUIT")
START_WORDS: Final = ("ALTA", "START", "UNSTOP")

_LONGEST: Final = 40
_LOOKED_AT: Final = 200


def find_word(text: str, words: Iterable[str]) -> str | None:
    """Return the word of ``words`` that a text consists of, or None. Punctuation around it is ignored."""
    plain = normalize_word(text) if len(text) <= _LOOKED_AT else ""
    if len(plain) > _LONGEST:
        return None
    return next((word for word in words if plain and normalize_word(word) == plain), None)


def first_word(text: str) -> str:
    """Return the first word of a text, normalized as by :func:`normalize_word`; empty if there is none."""
    plain = normalize_word(text[:_LONGEST])
    return _strip(plain.split(" ", 1)[0]) if plain else ""


def normalize_word(text: str) -> str:
    """Remove case, accents, invisible characters and surrounding punctuation; leave one space between several words."""
    seen = "".join(letter for letter in text if not _is_unseen(letter))
    letters = unicodedata.normalize("NFKD", _strip(seen))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in "\0\ufe0e\ufe0f"


def _strip(text: str) -> str:
    """Remove what is neither letter nor digit from both ends: blanks, NULs, punctuation, an ``@`` that was a NUL."""
    begin, end = 0, len(text)
    while begin < end and not _is_of_a_word(text[begin]):
        begin += 1
    while end > begin and not _is_of_a_word(text[end - 1]):
        end -= 1
    return text[begin:end]


def _is_of_a_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNM"
