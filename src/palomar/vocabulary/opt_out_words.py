"""Words by which a phone leaves a list and comes back: the whole text is one of them, in any case, accents or not,
whatever surrounds it.

Not here: which words an account or a number has (``account``), and the black list they write (``inbound.receive``).
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

STOP_WORDS: Final = ("STOP", "BAJA", "PARAR", "CANCELAR", "UNSUBSCRIBE", "STOPALL", "END", "QUIT")
START_WORDS: Final = ("ALTA", "START", "UNSTOP")

_LONGEST: Final = 40
_LOOKED_AT: Final = 200


def find_word(text: str, words: Iterable[str]) -> str | None:
    """The word that a text is, as it stands in ``words``; None for any other text. Punctuation around it is none."""
    said = normalize_word(text) if len(text) <= _LOOKED_AT else ""
    if len(said) > _LONGEST:
        return None
    return next((word for word in words if said and normalize_word(word) == said), None)


def first_word(text: str) -> str:
    """The word with which a text begins, as :func:`normalize_word` leaves it; empty where there is none."""
    said = normalize_word(text[:_LONGEST])
    return _bare(said.split(" ", 1)[0]) if said else ""


def normalize_word(text: str) -> str:
    """Strip a word of case, accents, what nobody sees and what is around it; leave one space between several."""
    seen = "".join(letter for letter in text if not _is_unseen(letter))
    letters = unicodedata.normalize("NFKD", _bare(seen))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


def _is_unseen(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or letter in "\0\ufe0e\ufe0f"


def _bare(text: str) -> str:
    """Leave off what is neither letter nor digit at both ends: blanks, NULs, punctuation, an ``@`` that was a NUL."""
    begin, end = 0, len(text)
    while begin < end and not _is_of_a_word(text[begin]):
        begin += 1
    while end > begin and not _is_of_a_word(text[end - 1]):
        end -= 1
    return text[begin:end]


def _is_of_a_word(letter: str) -> bool:
    return unicodedata.category(letter)[0] in "LNM"
