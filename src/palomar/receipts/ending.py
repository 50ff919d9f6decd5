"""How a part ends, and with its last part the message: the one place where a state becomes final. And how it is held
where its end cannot be told yet."""

from typing import Final

from palomar.billing.ledger import Ledger
from palomar.billing.ledger_rows import Reason
from palomar.callbacks.outbox import Outbox
from palomar.transaction.message_rows import OpenMessage, OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.events import CarrierTook, Delivered, Event, Failed
from palomar.vocabulary.message import CORRECTIONS, MESSAGE_TRANSITIONS, State, move, worse
from palomar.vocabulary.timeline import Kind

_NOT_SENT: Final = (State.QUEUED, State.HELD)


def mark_message_sent(work: Work, message: OpenMessage) -> None:
    """Tell a message's owner, once, that the carrier has taken it with the last part that had not left. Not for a
    message of which another part is in doubt: nobody knows whether that was taken."""
    if message.parts_left == 0 and message.state in _NOT_SENT and message.worst is not State.REJECTED:
        move(message, State.SENT, MESSAGE_TRANSITIONS)
        Outbox.of(work).tell(
            message,
            CarrierTook(
                message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=work.now_ms
            ),
        )


def end_part(
    work: Work, part: OpenPart, state: State, *, presumed: bool = False, reason: Reason = Reason.GIVE_BACK
) -> None:
    """End an open part. Credit that no carrier has earned is given back, for a reason; the message ends with its last
    part."""
    message = part.message
    move(part, state)
    if part.sent_ms is None:
        Ledger.of(work).give_back(part, reason=reason)
    message.parts_open -= 1
    message.worst = worse(message.worst, state)
    if presumed:
        message.presumed = 1
    if message.parts_open > 0:
        work.update(part)
        return
    move(message, message.worst, MESSAGE_TRANSITIONS)
    message.final_ms = work.now_ms
    work.update(part, message_ended=True)
    _tell_end(work, message)


def hold(work: Work, part: OpenPart) -> None:
    """Send a part no more that waits or is under way: its receipt ends it, or its validity."""
    move(part, State.HELD)
    if part.message.state is State.QUEUED:
        move(part.message, State.HELD, MESSAGE_TRANSITIONS)
    work.leave_queue(part)
    work.update(part)


def correct_end(work: Work, part: OpenPart, state: State) -> None:
    """A real receipt for an end that we had presumed: state and callback, never money, once."""
    message = part.message
    move(part, state, CORRECTIONS)
    move(message, state, CORRECTIONS)
    message.worst = state
    message.presumed = 0
    work.update(part)
    _tell_end(work, message)


def _tell_end(work: Work, message: OpenMessage) -> None:
    work.add_moment(message.id, Kind.ENDED, {"state": message.state, "presumed": bool(message.presumed)})
    if message.state is not State.CANCELLED:
        Outbox.of(work).tell(message, _event(message, work.now_ms))


def _event(message: OpenMessage, at_ms: int) -> Event:
    if message.state is State.DELIVERED:
        return Delivered(message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=at_ms)
    return Failed(
        message_id=message.id, request_ref=message.request_ref, msisdn=message.msisdn, at_ms=at_ms, state=message.state
    )
