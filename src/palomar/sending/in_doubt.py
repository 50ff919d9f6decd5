"""Puts parts in doubt: each is sent again within bounds, or held.

A part is in doubt if it was submitted and its node died or no answer came: the carrier may have it. It is sent again
within the bounds of its account or lane, after a longer pause each time; beyond them it is held until its receipt
comes. Not here: the rows of doubts (``receipts.doubts``), and sending held parts once more (``resend_held``).
"""

from msgspec import Struct

from palomar.ports import Exchange
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import hold
from palomar.transaction.message_rows import OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import PART_TRANSITIONS, State, move
from palomar.vocabulary.timeline import Detail, MomentKind


class Retry(Struct, frozen=True):
    """A part that is queued again: it may be submitted as ``attempt`` after ``seconds``. ``deferrals`` is how often its
    carrier has deferred it in a row."""

    attempt: int
    seconds: float
    deferrals: int = 0


def put_in_doubt(
    work: Work, part: OpenPart, cause: DoubtCause, *, reason: str, sender: str = "", exchange: Exchange | None = None
) -> Retry | None:
    """Put a part in doubt: queue it again within the bounds, else hold it until its receipt comes.

    Its doubts and its lane have been loaded. ``sender`` is the one that the submit named, ``exchange`` its PDUs; both
    are unknown after the death of a node.
    """
    doubts = Doubts.of(work)
    if part.state is not State.SUBMITTING:
        if doubts.copies_of(part):  # the receipt of an earlier copy moved it; this copy's own receipt may still come
            doubts.add(part, cause, sender=sender)
        return None
    message = part.message
    doubts.add(part, cause, sender=sender)
    copies = doubts.count_copies(part, cause)
    pause = doubts.bounds(message.account_id, message.id).pause_after(cause, copies)
    policy = _policy(work, part)
    if pause is None:
        policy = UnknownOutcome.HOLD
    detail: Detail = {"part": part.number, "attempt": part.attempt, "policy": policy, "reason": reason}
    detail |= {"cause": cause, "copies": copies}
    if exchange is not None:
        add_octets(detail, exchange)
    if policy is UnknownOutcome.RESEND and pause is not None:
        work.add_moment(message.id, MomentKind.IN_DOUBT, {**detail, "again_in_seconds": round(pause)})
        move(part, State.QUEUED, PART_TRANSITIONS)
        work.update(part)
        if pause > 0:
            work.postpone(message.id, until_ms=work.now_ms + round(pause * 1_000))
        return Retry(part.attempt + 1, pause)
    work.add_moment(message.id, MomentKind.IN_DOUBT, detail)
    hold(work, part)
    return None


def _policy(work: Work, part: OpenPart) -> UnknownOutcome:
    account = work.context.accounts.get(part.message.account_id)
    if account is None or part.message.worst is State.REJECTED:
        return UnknownOutcome.HOLD  # no settings, or the message has failed already: another copy would only cost
    return account.settings.unknown_outcome


def add_octets(detail: Detail, exchange: Exchange) -> None:
    """Add the PDUs of an exchange, in hexadecimal, if there were any."""
    if exchange.request:
        detail["link"] = exchange.link
        detail["request"] = exchange.request.hex()
        if exchange.response:
            detail["response"] = exchange.response.hex()
