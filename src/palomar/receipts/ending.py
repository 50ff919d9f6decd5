"""Ends parts, and messages with their last part: the one place where a state becomes final. Holds parts in doubt.

Not here: what a receipt means for its part (``record``).
"""

from typing import Final

from palomar.billing.ledger import Ledger
from palomar.billing.ledger_rows import Reason
from palomar.callbacks.outbox import Outbox
from palomar.transaction.message_rows import OpenMessage, OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.events import Delivered, Event, Failed, SentToCarrier
from palomar.vocabulary.message import CORRECTIONS, MESSAGE_TRANSITIONS, PART_TRANSITIONS, State, move, worse_end
from palomar.vocabulary.timeline import MomentKind

_NOT_SENT: Final = (State.QUEUED, State.HELD)


def mark_message_sent(work: Work, message: OpenMessage) -> None:
    """Move a message to ``sent`` and make its callback, once, when all its parts have left. The caller makes sure that
    none of them is in doubt: nobody knows whether the carrier has such a part."""
    if message.parts_left == 0 and message.state in _NOT_SENT and message.worst is not State.REJECTED:
        move(message, State.SENT, MESSAGE_TRANSITIONS)
        Outbox.of(work).add_for(
            message,
            SentToCarrier(
                message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=work.now_ms
            ),
        )


def end_part(
    work: Work, part: OpenPart, state: State, *, presumed: bool = False, reason: Reason = Reason.GIVE_BACK
) -> None:
    """End an open part in a final state, and the message with its last part. If the part was never paid for, its credit
    is given back for ``reason``. ``presumed`` tells that a receipt may still correct the end."""
    message = part.message
    move(part, state, PART_TRANSITIONS)
    if part.sent_ms is None:
        Ledger.of(work).give_back(part, reason=reason)
    message.parts_open -= 1
    message.worst = worse_end(message.worst, state)
    if presumed:
        message.presumed = 1
    if message.parts_open > 0:
        work.update(part)
        return
    move(message, message.worst, MESSAGE_TRANSITIONS)
    message.final_ms = work.now_ms
    work.update(part, message_ended=True)
    _report_end(work, message)


def hold(work: Work, part: OpenPart) -> None:
    """Hold a part that is queued or under way: it is sent no more, and its receipt or its validity ends it."""
    move(part, State.HELD, PART_TRANSITIONS)
    if part.message.state is State.QUEUED:
        move(part.message, State.HELD, MESSAGE_TRANSITIONS)
    work.leave_queue(part)
    work.update(part)


def correct_end(work: Work, part: OpenPart, state: State) -> None:
    """Correct a presumed end by a receipt, once: it changes the state and makes a callback, but moves no credit."""
    message = part.message
    move(part, state, CORRECTIONS)
    move(message, state, CORRECTIONS)
    message.worst = state
    message.presumed = 0
    work.update(part)
    _report_end(work, message)


def _report_end(work: Work, message: OpenMessage) -> None:
    work.add_moment(message.id, MomentKind.ENDED, {"state": message.state, "presumed": bool(message.presumed)})
    if message.state is not State.CANCELLED:
        Outbox.of(work).add_for(message, _event(message, work.now_ms))


def _event(message: OpenMessage, at_ms: int) -> Event:
    if message.state is State.DELIVERED:
        return Delivered(message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=at_ms)
    return Failed(
        message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=at_ms, state=message.state
    )
