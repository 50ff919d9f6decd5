"""Oddities: faults in what carriers send. It is read all the same, and the faults are counted so that people learn of
them."""

from enum import StrEnum

from msgspec import Struct

LONGEST = 60
OTHERS = "(others)"
"""The name under which further oddities are counted together if a carrier has too many of a kind."""


class OddityKind(StrEnum):
    """The kind of an oddity."""

    WORD = "word"
    """A receipt's word that Palomar does not know: its message stays as it is."""
    PDU = "pdu"
    """A PDU that does not follow SMPP 3.4, and was read as far as possible."""


class Oddity(Struct, frozen=True):
    """One oddity; ``what`` is the word, or describes the fault."""

    kind: OddityKind
    what: str


def oddity(kind: OddityKind, what: str) -> Oddity:
    """Make an oddity; its text is cut to ``LONGEST`` characters."""
    return Oddity(kind, what.replace("\0", "")[:LONGEST])
