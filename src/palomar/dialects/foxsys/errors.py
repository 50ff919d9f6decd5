"""FOXSYS's codes: their texts, their HTTP statuses, and the code of each refusal of ours.

Source: the sheet of codes of FOXSYS's page. The texts are the vendor's; what we add stands behind a colon.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from palomar.accounts.blocks import Block
from palomar.accounts.settings import read_dialect_settings
from palomar.dialects.foxsys.account_settings import FoxsysAccount
from palomar.text.times import format_gmt
from palomar.vocabulary.account import AccountSettings
from palomar.vocabulary.refusals import Refusal


class Code(StrEnum):
    """A value of ``code``. One of three digits is the HTTP status too."""

    SENT = "0"
    NO_JSON = "10"
    BAD_JSON = "11"
    NO_MESSAGE = "20"
    EMPTY_MESSAGE = "21"
    NO_RECIPIENTS = "23"
    TOO_MANY_RECIPIENTS = "24"
    CHARACTERS = "27"
    SUBID_TOO_LONG = "28"
    NOT_SENT = "30"
    NO_CREDIT = "35"
    NO_DATETIME = "39"
    SCHEDULED_TEST = "41"
    MISSING_DATA = "51"
    NOT_SCHEDULED = "52"
    BAD_REQUEST = "400"
    UNAUTHORIZED = "401"
    FORBIDDEN = "403"
    NOT_FOUND = "404"
    WRONG_METHOD = "405"
    TOO_LARGE = "413"
    TOO_MANY_REQUESTS = "429"
    INTERNAL = "500"
    NOT_IMPLEMENTED = "501"


MESSAGES: Final = MappingProxyType(
    {
        Code.SENT: "Message has been successfully sent.",
        Code.NO_JSON: "Missing JSON data in request",
        Code.BAD_JSON: "Badly formed JSON in request",
        Code.NO_MESSAGE: "The message element must be present in the request",
        Code.EMPTY_MESSAGE: "The message element cannot be empty",
        Code.NO_RECIPIENTS: "There are no recipients",
        Code.TOO_MANY_RECIPIENTS: "Too many recipients",
        Code.CHARACTERS: "This message contained one or more invalid character(s)",
        Code.SUBID_TOO_LONG: "Subid is exceeding maximum length",
        Code.NOT_SENT: "There was an error while sending the message",
        Code.NO_CREDIT: "The account has no enough credit for this sending",
        Code.NO_DATETIME: "The value of the scheduled field is not a valid datetime format",
        Code.SCHEDULED_TEST: "Scheduled messages cannot be sent in test mode",
        Code.MISSING_DATA: "Mandatory data is missing in the request",
        Code.NOT_SCHEDULED: "Scheduled messages not found.",
        Code.BAD_REQUEST: "Bad request",
        Code.UNAUTHORIZED: "Unauthorized",
        Code.FORBIDDEN: "Forbidden",
        Code.NOT_FOUND: "Not found",
        Code.WRONG_METHOD: "Method not allowed",
        Code.TOO_LARGE: "Request body too large",
        Code.TOO_MANY_REQUESTS: "Too many requests",
        Code.INTERNAL: "Internal server error",
        Code.NOT_IMPLEMENTED: "Not implemented",
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """The reason why a request is declined: FOXSYS's code and a detail, where the code's text says too little."""

    code: Code
    detail: str = ""
    instead: str = ""
    """A text in place of the code's own."""

    @property
    def message(self) -> str:
        """Return the text of the answer."""
        text = self.instead or MESSAGES[self.code]
        return f"{text}: {self.detail}" if self.detail else text


def http_status(code: Code, settings: AccountSettings) -> int:
    """Return the HTTP status of a code. Codes below 100 are 200, because the official clients lose the body of anything
    else; but if the account's ``business_error_status`` is 400, they are 400, and 35 is 402."""
    if len(code) == 3:
        return int(code)
    status = read_dialect_settings(settings, FoxsysAccount).business_error_status
    return 402 if status != 200 and code is Code.NO_CREDIT else status


def blocked(block: Block, subject: str) -> Problem:
    """Return the problem of a block for abuse (403)."""
    until = "until it is lifted" if block.is_permanent else f"until {format_gmt(block.until_ms)}"
    return Problem(Code.FORBIDDEN, f"{subject} is blocked for {block.reason} {until}")


def problem_of(refusal: Refusal) -> Problem:
    """Return FOXSYS's code of a refusal."""
    match refusal:
        case Refusal.BAD_CREDENTIALS | Refusal.ADDRESS_NOT_ALLOWED:
            return Problem(Code.UNAUTHORIZED)
        case Refusal.ACCOUNT_DISABLED:
            return Problem(Code.FORBIDDEN, "the account is disabled")
        case Refusal.MAY_NOT_SEND:
            return Problem(Code.FORBIDDEN, "the account may not send")
        case Refusal.DAILY_LIMIT:
            return Problem(Code.FORBIDDEN, "the account's daily limit is reached")
        case Refusal.TOO_MANY_REQUESTS:
            return Problem(Code.TOO_MANY_REQUESTS)
        case Refusal.NO_CREDIT:
            return Problem(Code.NO_CREDIT)
        case Refusal.NO_RECIPIENT:
            return Problem(Code.NO_RECIPIENTS)
        case Refusal.TOO_MANY_RECIPIENTS:
            return Problem(Code.TOO_MANY_RECIPIENTS)
        case Refusal.EMPTY_TEXT:
            return Problem(Code.EMPTY_MESSAGE)
        case Refusal.TEXT_TOO_LONG:
            return Problem(Code.NOT_SENT, "the text is too long")
        case Refusal.CHARACTERS:
            return Problem(Code.CHARACTERS)
        case Refusal.SENDER:
            return Problem(Code.NOT_SENT, "the sender cannot be used")
        case Refusal.UNAVAILABLE:
            return Problem(Code.INTERNAL)
        case _:
            assert_never(refusal)
