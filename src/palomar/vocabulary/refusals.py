"""The closed list of refusals: why a request is declined. Every dialect maps each of them with an exhaustive ``match``.

A refusal is a value that is returned, never raised. What is refused for one recipient (a number of bad format, a
blocked country) is a message's state instead. Any call may also raise TemporarilyUnavailable, which every face answers
as ``Refusal.UNAVAILABLE``.
"""

from enum import StrEnum
from typing import Final

RETRY_AFTER_SECONDS: Final = 2
"""How long a caller should wait after ``Refusal.UNAVAILABLE`` (``Retry-After``, RFC 9110 section 10.2.3)."""


class Refusal(StrEnum):
    """The reason why a request is declined, as the word that logs and tests use."""

    BAD_CREDENTIALS = "bad_credentials"
    ADDRESS_NOT_ALLOWED = "address_not_allowed"
    ACCOUNT_DISABLED = "account_disabled"
    MAY_NOT_SEND = "may_not_send"
    TOO_MANY_REQUESTS = "too_many_requests"
    DAILY_LIMIT = "daily_limit"
    NO_CREDIT = "no_credit"
    NO_RECIPIENT = "no_recipient"
    TOO_MANY_RECIPIENTS = "too_many_recipients"
    EMPTY_TEXT = "empty_text"
    TEXT_TOO_LONG = "text_too_long"
    CHARACTERS = "characters"
    SENDER = "sender"
    UNAVAILABLE = "unavailable"
    """The database is away, or too much is requested at once: nothing was done, and a later try may succeed."""


class TemporarilyUnavailable(Exception):
    """An error that makes every face answer ``Refusal.UNAVAILABLE``: what was asked for was not done."""
