"""``POST /json/ack``: the state of one message, for programs that query it.

It is older than FOXSYS's page, which has only the callbacks; its words are theirs: ``acklevel`` and ``desc``, and for
messages that never left, the state as the history has it. If several messages have the same subid and number, the
newest is answered.
"""

from typing import NamedTuple, assert_never

from palomar.dialects.foxsys.documents import AckDocument
from palomar.dialects.foxsys.errors import Code, Problem
from palomar.dialects.foxsys.recipients import printable
from palomar.dialects.foxsys.subids import read_subid
from palomar.numbers.phone import parse_international
from palomar.vocabulary.message import State


class AckQuery(NamedTuple):
    """The message that is asked about."""

    subid: str
    msisdn: str


def read_ack(document: AckDocument) -> AckQuery | Problem:
    """Read subid and number, both required (code 51). The number is read as it was stored, also one of bad format."""
    subid = read_subid(document.subid)
    number = read_subid(document.msisdn)
    if subid is None or number is None:
        return Problem(Code.MISSING_DATA)
    return AckQuery(subid, parse_international(number) or printable(number.strip()))


def status_of(state: State) -> tuple[str, str]:
    """Return ``status`` and ``desc`` of a state."""
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
