"""Read one message of 402T Labs: what is sent for it, or the first problem with it.

Sources: the sheet's order of checks (-9, -2, -7, -13, -21, -19), its rules for ``to`` and ``from``, and Appendix A, as
``text.folding`` has it. Not here: whether the account can pay (the gateway).
"""

import re
from dataclasses import dataclass
from typing import Final

from palomar.acceptance.compose import Recipient
from palomar.dialects.labs402t.documents import MessageBody
from palomar.dialects.labs402t.errors import MISSING, Code, Problem
from palomar.dialects.labs402t.settings import Labs402tSettings
from palomar.numbers.phone import Msisdn, national_formats, to_international
from palomar.text import gsm7
from palomar.text.alphabets import Alphabet, count_parts
from palomar.text.folding import fold_text
from palomar.vocabulary.account import Account

LONGEST_TEXT: Final = 160
"""The longest text, in characters of GSM. The euro and brackets take two septets, so there may be a second part."""
RAW_LONGEST: Final = 4 * LONGEST_TEXT
"""The longest text as posted, before it is folded: a longer one is refused by its length alone."""


@dataclass(slots=True)
class Message:
    """A message as it will be sent, of GSM characters only."""

    msisdn: Msisdn
    sender: str
    text: str

    def recipient(self) -> Recipient:
        """Return it as the gateway takes it."""
        parts = count_parts(self.text, Alphabet.GSM)
        return Recipient(msisdn=self.msisdn, sender=self.sender, text=self.text, alphabet=Alphabet.GSM, parts=parts)


def judge(
    body: MessageBody, *, account: Account, settings: Labs402tSettings, default_sender: str | None
) -> Message | Problem:
    """Read the message of a body, or return its first problem. ``default_sender`` is used if the body names no sender;
    if it is None, the body must name one."""
    if body.to is None or body.text is None or _is_blank(body.to) or _is_blank(body.text):
        return MISSING
    if not account.may_send:
        return Problem(Code.MAY_NOT_SEND)
    msisdn = _msisdn(body.to, account.settings.country or settings.country)
    if msisdn is None:
        return Problem(Code.NUMBER)
    senders = account.settings.senders
    sender = body.sender
    if sender is None or _is_blank(sender):
        sender = senders[0] if senders else default_sender
        if sender is None:
            return Problem(Code.SENDER)
    elif _SENDER(sender) is None or (senders and sender not in senders):
        return Problem(Code.SENDER)
    text = account.expand_templates(body.text) if len(body.text) <= RAW_LONGEST else body.text
    if len(text) > RAW_LONGEST:
        return Problem(Code.TOO_LONG)
    text = fold_text(text)
    if not gsm7.is_gsm(text):
        return Problem(Code.CHARACTERS)
    if len(text) > LONGEST_TEXT:
        return Problem(Code.TOO_LONG)
    return Message(msisdn, sender, text)


def written_number(body: MessageBody) -> str | None:
    """Return ``to`` as it was posted, short and printable, for the answer about a message that was refused."""
    if body.to is None:
        return None
    written = str(body.to) if not isinstance(body.to, int) or abs(body.to) < _SHORT else "…"
    return "".join(character if character.isprintable() else "?" for character in written[:_SHOWN])


_SENDER: Final = re.compile("[A-Za-z0-9]{3,11}").fullmatch
_SHOWN: Final = 32
_SHORT: Final = 10**_SHOWN
"""Integers of thousands of digits are never written as decimals: it takes too long, and Python refuses."""


def _is_blank(value: str | int) -> bool:
    """Return True if a text has nothing visible, zero-width characters included. A text that is too long is not looked
    at."""
    if isinstance(value, int) or len(value) > RAW_LONGEST:
        return False
    return not value.strip() or (not value.isascii() and not fold_text(value).strip())


def _msisdn(to: str | int, country: str) -> Msisdn | None:
    if isinstance(to, int):
        to = str(to) if 0 <= to < _SHORT else ""
    elif len(to) > RAW_LONGEST:
        return None
    return to_international(to, national_formats(country))
