"""CONVERGIA's codes: the code of each refusal and of each state of ours.

Source: the two lists of codes on CONVERGIA's page; no other code is ever sent.
"""

from enum import StrEnum
from typing import assert_never

from palomar.vocabulary.message import State
from palomar.vocabulary.refusals import Refusal


class Code(StrEnum):
    """A code that answers a send, as on the page.

    We never send 109, 110 and 254, because a message is stored before it is handed to a carrier, nor 305 and 306, which
    the page does not distinguish from 200.
    """

    SENT = "100"
    NO_USERNAME = "101"
    NO_PASSWORD = "102"  # noqa: S105
    NO_MESSAGE = "103"
    NO_NUMBER = "104"
    TOO_LONG = "105"
    NETWORK_UNREACHABLE = "109"
    NETWORK_TIMEOUT = "110"
    SYSTEM = "200"
    BAD_CREDENTIALS = "201"
    ADDRESS_NOT_ALLOWED = "202"
    NONE_LEFT = "204"
    TRAFFIC_NOT_ALLOWED = "205"
    NOT_SENT = "254"
    QUEUE = "305"
    CONFIGURATION = "306"
    WRONG_NUMBER = "307"


class StatusCode(StrEnum):
    """A code that answers a status query."""

    PENDING = "0"
    FAILED = "2"
    DELIVERED = "3"
    BAD_CREDENTIALS = "5"
    NOT_FOUND = "6"


def code_of(refusal: Refusal) -> Code:
    """Return CONVERGIA's code of a refusal."""
    match refusal:
        case Refusal.BAD_CREDENTIALS:
            return Code.BAD_CREDENTIALS
        case Refusal.ADDRESS_NOT_ALLOWED:
            return Code.ADDRESS_NOT_ALLOWED
        case Refusal.ACCOUNT_DISABLED | Refusal.MAY_NOT_SEND | Refusal.SENDER:
            return Code.TRAFFIC_NOT_ALLOWED
        case Refusal.TOO_MANY_REQUESTS | Refusal.DAILY_LIMIT | Refusal.NO_CREDIT | Refusal.TOO_MANY_RECIPIENTS:
            return Code.NONE_LEFT
        case Refusal.NO_RECIPIENT:
            return Code.WRONG_NUMBER
        case Refusal.EMPTY_TEXT:
            return Code.NO_MESSAGE
        case Refusal.TEXT_TOO_LONG | Refusal.CHARACTERS:
            return Code.TOO_LONG
        case Refusal.UNAVAILABLE:
            return Code.SYSTEM
        case _:
            assert_never(refusal)


def code_of_discarded(state: State) -> Code | None:
    """Return the code of a message that was stored but will not be sent; None for one that counts as accepted."""
    match state:
        case State.BLOCKED:
            return Code.TRAFFIC_NOT_ALLOWED
        case State.NOFORMAT:
            return Code.WRONG_NUMBER
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING | State.HELD | State.SENT | State.DUPLICATED:
            return None
        case State.DELIVERED | State.UNDELIVERED | State.EXPIRED | State.REJECTED | State.UNKNOWN:
            return None
        case State.CANCELLED | State.TEST:
            return None
        case _:
            assert_never(state)


def status_of(state: State) -> StatusCode:
    """Return CONVERGIA's code of a message's state."""
    match state:
        case State.SCHEDULED | State.QUEUED | State.SUBMITTING | State.HELD | State.SENT | State.UNKNOWN:
            return StatusCode.PENDING
        case State.DELIVERED | State.DUPLICATED | State.TEST:
            return StatusCode.DELIVERED
        case State.UNDELIVERED | State.EXPIRED | State.REJECTED | State.BLOCKED | State.CANCELLED | State.NOFORMAT:
            return StatusCode.FAILED
        case _:
            assert_never(state)
