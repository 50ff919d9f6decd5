"""What carriers send that is odd: it was read all the same, and is counted so that people hear of it."""

from enum import StrEnum

from msgspec import Struct

LONGEST = 60
OTHERS = "(others)"
"""What is counted together where a carrier has too many of a kind."""


class OddityKind(StrEnum):
    """What is odd."""

    WORD = "word"
    """A receipt's word that nobody knows: its message stays as it is."""
    PDU = "pdu"
    """A PDU that is not as SMPP 3.4 has it, and was read as far as it makes sense."""


class Oddity(Struct, frozen=True):
    """One of them; ``what`` is the word, or says in words what was wrong."""

    kind: OddityKind
    what: str


def oddity(kind: OddityKind, what: str) -> Oddity:
    """Make one; what is too long to be kept is cut."""
    return Oddity(kind, what.replace("\0", "")[:LONGEST])
