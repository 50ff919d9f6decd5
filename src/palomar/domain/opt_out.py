"""Words by which a phone leaves a list and comes back: the whole text is one of them, in any case, accents or not.

Not here: which words an account or a number has (``account``), and the black list they write (``flows.receive``).
"""

import unicodedata
from collections.abc import Iterable
from typing import Final

STOP_WORDS: Final = ("STOP", "BAJA", "PARAR", "CANCELAR", "UNSUBSCRIBE", "STOPALL", "END", "QUIT")
START_WORDS: Final = ("ALTA", "START", "UNSTOP")

_AROUND: Final = " \t\r\n.,;:!?¡¿'\"“”«»()[]-*\u00a0\u200b"
_LONGEST: Final = 40


def word_in(text: str, words: Iterable[str]) -> str | None:
    """The word that a text is, as it stands in ``words``; None for any other text. Punctuation around it is none."""
    if len(text) > _LONGEST:
        return None
    said = plain_word(text)
    return next((word for word in words if said and plain_word(word) == said), None)


def first_word(text: str) -> str:
    """The word with which a text begins, as :func:`plain_word` leaves it; empty where there is none."""
    said = plain_word(text[:_LONGEST])
    return said.split(" ", 1)[0].strip(_AROUND) if said else ""


def plain_word(text: str) -> str:
    """A word without case, accents and what stands around it; several words have one space between."""
    letters = unicodedata.normalize("NFKD", text.strip(_AROUND))
    bare = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())
