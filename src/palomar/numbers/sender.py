"""Sender ids: the kinds of names and numbers that a message can come from, and how SMPP types them.

Sources: the vendors' pages (letters and digits up to 11, digits up to 16), 3GPP TS 23.040 section 9.1.2.5 (an
alphanumeric address holds 11 characters), SMPP 3.4 sections 5.2.5 and 5.2.6 (type of number, numbering plan), and for
the characters between letters CNMC Circular 1/2026, annex III (those that every alphabet writes alike). Not here: a
dialect's narrower rules (the dialect), and which senders an account may use (``accounts``).
"""

import re
from dataclasses import dataclass
from enum import Enum, unique
from typing import Final


@unique
class SenderKind(Enum):
    """The kind of a sender id; the value is its SMPP (source_addr_ton, source_addr_npi)."""

    ALPHANUMERIC = (5, 0)
    """A name: TON alphanumeric, NPI unknown."""
    INTERNATIONAL = (1, 1)
    """A complete number, 8 to 15 digits with its country code: TON international, NPI ISDN (E.164)."""
    SHORT_CODE = (3, 0)
    """Up to 7 digits, known in one network only: TON network specific, NPI unknown."""
    OTHER_DIGITS = (0, 1)
    """Digits that are not an E.164 number (a leading 0, or 16 digits): TON unknown, NPI ISDN."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """A sender id as it is sent: without a plus."""

    address: str
    kind: SenderKind

    @property
    def ton(self) -> int:
        """Return SMPP's source_addr_ton (section 5.2.5)."""
        return self.kind.value[0]

    @property
    def npi(self) -> int:
        """Return SMPP's source_addr_npi (section 5.2.6)."""
        return self.kind.value[1]


def parse_sender(raw: str) -> Sender | None:
    """Read a sender id: a name of up to 11 characters, or up to 16 digits with or without a plus; None if it is
    neither.

    A name is ASCII letters and digits, at least one letter, and between them blanks and `- _ . &`, none twice in a row.
    The kind of digits follows from how many there are: no E.164 number is shorter than 8 digits here, or longer than
    15.
    """
    if match := _DIGITS(raw):
        return Sender(address=match[1], kind=_kind_of_digits(match[1]))
    if _NAME(raw):
        return Sender(address=raw, kind=SenderKind.ALPHANUMERIC)
    return None


_DIGITS: Final = re.compile("[+]?([0-9]{1,16})").fullmatch
_NAME: Final = re.compile(
    r"(?=.{1,11}\Z)(?=[^A-Za-z]*[A-Za-z])(?!.*([ _.&-])\1)[A-Za-z0-9](?:[A-Za-z0-9 _.&-]*[A-Za-z0-9])?"
).fullmatch


def _kind_of_digits(digits: str) -> SenderKind:
    if len(digits) < 8:
        return SenderKind.SHORT_CODE
    if len(digits) > 15 or digits.startswith("0"):
        return SenderKind.OTHER_DIGITS
    return SenderKind.INTERNATIONAL
