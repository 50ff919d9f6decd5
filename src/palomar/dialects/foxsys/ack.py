"""``POST /json/ack``: where one message stands, for programs that ask instead of being called.

Older than FOXSYS's page, which has only the callbacks; its words are theirs: ``acklevel`` and ``desc``, and for what
never left, the state as the history has it. Of messages with the same subid and number the youngest answers.
"""

from typing import NamedTuple, assert_never

from palomar.dialects.foxsys.documents import AckDocument
from palomar.dialects.foxsys.errors import Code, Problem
from palomar.dialects.foxsys.recipients import shown
from palomar.dialects.foxsys.subids import read_subid
from palomar.numbers.phone import parse_international
from palomar.vocabulary.message import State


class Asked(NamedTuple):
    """Which message."""

    subid: str
    msisdn: str


def read_ack(document: AckDocument) -> Asked | Problem:
    """Both are obligatory: code 51. A number is found as it was kept, also one of bad format."""
    subid = read_subid(document.subid)
    number = read_subid(document.msisdn)
    if subid is None or number is None:
        return Problem(Code.MISSING_DATA)
    return Asked(subid, parse_international(number) or shown(number.strip()))


def status_of(state: State) -> tuple[str, str]:
    """``status`` and ``desc``."""
    match state:
        case State.SCHEDULED:
            return "scheduled", ""
        case State.QUEUED | State.SUBMITTING | State.HELD:
            return "queued", ""
        case State.SENT:
            return "operator", "ACCEPTD"
        case State.DELIVERED:
            return "handset", "DELIVRD"
        case State.UNDELIVERED:
            return "error", "UNDELIV"
        case State.EXPIRED:
            return "error", "EXPIRED"
        case State.REJECTED:
            return "error", "REJECTD"
        case State.UNKNOWN:
            return "error", "UNKNOWN"
        case State.BLOCKED:
            return "blocked", "BLOCKED"
        case State.CANCELLED:
            return "cancelled", ""
        case State.NOFORMAT:
            return "noformat", "REJECTD"
        case State.DUPLICATED:
            return "duplicated", ""
        case State.TEST:
            return "test", ""
        case _:
            assert_never(state)
