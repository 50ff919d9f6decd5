"""Settings of the whole dialect for the operator, where the vendor's page is silent."""

from dataclasses import dataclass, field
from typing import Final

from palomar.numbers.sender import parse_sender

LENGTHS: Final = range(1, 10_001)
"""Allowed values of a limit on characters: the longest text still fits in 255 parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConvergiaSettings:
    """``[dialects.convergia]``. Raises ValueError, whose text begins with the setting's name."""

    sender: str = field(default="", metadata={"help": "who its messages come from where the account has no sender"})
    max_characters: int = field(default=160, metadata={"help": "characters a text may have, once it is folded to GSM"})
    max_ucs2_units: int = field(default=70, metadata={"help": "UTF-16 units of a text that cannot be folded to GSM"})
    national_numbers: bool = field(
        default=False,
        metadata={
            "help": "also take 10 digits, and 521 and 10 digits, as Mexican numbers, as does country=MX of an account"
        },
    )
    sent_template: str = field(default="100|{id}", metadata={"help": "what a send answers; {id} is the message's"})
    refused_template: str = field(default="{code}", metadata={"help": "what a send that is refused answers"})
    status_template: str = field(default="{code}", metadata={"help": "what a status query answers"})

    @property
    def raw_longest(self) -> int:
        """Count the characters of a text as it came, from which on it is refused by its length alone: four times the
        limit."""
        return 4 * max(self.max_characters, self.max_ucs2_units)

    def __post_init__(self) -> None:
        if self.sender and parse_sender(self.sender) is None:
            raise ValueError("sender: a name of up to 11 characters, or up to 16 digits")
        for name in ("max_characters", "max_ucs2_units"):
            if getattr(self, name) not in LENGTHS:
                raise ValueError(f"{name}: {LENGTHS[0]} to {LENGTHS[-1]}, not {getattr(self, name)}")
        for name, hole in (("sent_template", "{id}"), ("refused_template", "{code}"), ("status_template", "{code}")):
            if hole not in getattr(self, name):
                raise ValueError(f"{name}: {hole} must stand in it")
