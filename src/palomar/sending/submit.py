"""Dispatch: parts are marked before they leave, and what the carrier answered is recorded.

``queued -> submitting`` is committed before a PDU leaves; ``submitting -> sent`` when the carrier answered. What is
between the two when a node dies, or when no answer comes, is in doubt: it is sent again within the bounds of its
account or lane, later each time, and then held until its receipt comes.
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct, field

from palomar.billing.ledger import Ledger
from palomar.ports import Deferred, Exchange, InDoubt, NotSent, OutgoingPart, Refused, SubmitOutcome, Taken
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part, hold
from palomar.receipts.oddities import Oddities
from palomar.receipts.record import end_with_message, join_orphans_by_id, join_orphans_in_doubt, mark_part_sent
from palomar.routing.route_chooser import UNROUTED
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenMessage, OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.account import UnknownOutcome
from palomar.vocabulary.backoff import scattered, wait_after
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import FINAL, MessageId, PartId, State, move
from palomar.vocabulary.oddity import OddityKind, oddity
from palomar.vocabulary.receipt_ids import canonical, is_id
from palomar.vocabulary.timeline import Detail, Kind

PUT_OFF_MOST_SECONDS = 60.0
"""A part that a carrier puts off again and again comes again at least so often,"""
PUT_OFF_LONG = 30
PUT_OFF_LONG_MOST_SECONDS = 900.0
"""until it was put off so many times: from then on it comes at least as often as this."""


class SubmitAnswer(Struct, frozen=True):
    """What became of one submit."""

    carrier: str
    part: OutgoingPart
    outcome: SubmitOutcome
    exchange: Exchange = field(default_factory=Exchange)


class PendingSubmit(Struct, frozen=True):
    """A part that has a slot of a carrier and is about to leave by it."""

    part: OutgoingPart
    carrier: str


class Retry(Struct, frozen=True):
    """The part is queued again and may be submitted as ``attempt`` after ``seconds``. ``deferrals`` is how often its
    carrier has put it off in a row."""

    attempt: int
    seconds: float
    deferrals: int = 0


async def mark_submitting(work: Work, marks: Sequence[PendingSubmit]) -> list[bool]:
    """``queued -> submitting`` for each part that may leave now; False: forget it (cancelled, ended, useless by
    now, not ours, or from before this node lost its claim)."""
    if not await work.holds_lease():
        return [False] * len(marks)
    ours = await _claimed_by_us(work, marks)
    known = await work.parts(mark.part.part_id for mark in marks)
    results = []
    for mark in marks:
        part = mark.part
        stored = known.get(part.part_id)
        waits = stored is not None and stored.state is State.QUEUED and stored.attempt < part.attempt
        is_wanted = part.stale_ms is None or work.now_ms < part.stale_ms
        may_leave = waits and is_wanted and (part.message_id, mark.carrier) in ours
        if stored is not None and may_leave:
            move(stored, State.SUBMITTING)
            stored.attempt = part.attempt
            stored.carrier = stored.message.carrier = mark.carrier
            work.update(stored)
        results.append(may_leave)
    return results


async def _claimed_by_us(work: Work, marks: Sequence[PendingSubmit]) -> set[tuple[MessageId, str]]:
    """Messages that this node may send, each with the carrier by which it may."""
    carriers = {mark.part.message_id: mark.carrier for mark in marks}
    found = await work.tx.lookup(rows.LOOKUP_QUEUE, sorted(carriers))
    return {
        (message_id, carriers[message_id] if carrier == UNROUTED else carrier)
        for message_id, node_id, carrier in found
        if node_id == work.context.node_id
    }


async def record_answers(work: Work, answers: Sequence[SubmitAnswer]) -> list[Retry | None]:
    """Record what carriers answered; a part to be sent again comes back as :class:`Retry`. Facts are not fenced."""
    known = await work.parts([answer.part.part_id for answer in answers])
    answered = [known[answer.part.part_id] for answer in answers if answer.part.part_id in known]
    await _load_siblings_of_held(work, answered)
    await _load_doubts(work, answers, known)
    results: list[Retry | None] = []
    taken: list[OpenPart] = []
    doubtful: list[OpenPart] = []
    for answer in answers:
        stored = known.get(answer.part.part_id)
        results.append(_record(work, stored, answer, taken) if stored else None)
        if stored is not None and isinstance(answer.outcome, InDoubt):
            doubtful.append(stored)
    await join_orphans_by_id(work, taken)
    await join_orphans_in_doubt(work, doubtful)
    await refuse_queued_parts(work, sorted({part.message.id for part in answered if _is_halted(part.message)}))
    return [
        again if again and _still_queued(known, answer) else None
        for again, answer in zip(results, answers, strict=True)
    ]


async def _load_doubts(work: Work, answers: Sequence[SubmitAnswer], known: Mapping[PartId, OpenPart]) -> None:
    """Read what is known of parts in doubt. The first answer to a part that nobody doubted asks for nothing."""
    wanted = []
    for answer in answers:
        part = known.get(answer.part.part_id)
        if part is None:
            continue
        if isinstance(answer.outcome, InDoubt) or part.attempt > 1 or part.state is not State.SUBMITTING:
            wanted.append(part)
    if wanted:
        doubts = Doubts.of(work)
        await doubts.load(part.id for part in wanted)
        await doubts.load_lanes(part.message.id for part in wanted)


def _is_halted(message: OpenMessage) -> bool:
    return message.worst is State.REJECTED and message.parts_left > 0


def _still_queued(known: Mapping[PartId, OpenPart], answer: SubmitAnswer) -> bool:
    part = known.get(answer.part.part_id)
    return part is not None and part.state is State.QUEUED


async def _load_siblings_of_held(work: Work, answered: Sequence[OpenPart]) -> None:
    """Whether all parts were taken cannot be told from the message alone where one of several is in doubt."""
    held = {part.message.id for part in answered if _is_held_of_several(part.message)}
    if held:
        found = await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, sorted(held))
        await work.parts(PartId(row[0]) for row in found)


def _is_held_of_several(message: OpenMessage) -> bool:
    return message.state is State.HELD and message.parts > 1


def _record(work: Work, part: OpenPart, answer: SubmitAnswer, taken: list[OpenPart]) -> Retry | None:
    outcome = answer.outcome
    match outcome:
        case Taken():
            take(work, part, answer, outcome.reference)
            taken.append(part)
        case Refused():
            _note(work, part, Kind.REFUSED, answer, status=outcome.status, reason=outcome.reason)
            was_doubted = Doubts.of(work).refute(part, answer.part.attempt)
            if part.attempt == answer.part.attempt:
                _refuse_answered(work, part, was_doubted=was_doubted)
        case Deferred():
            _note(work, part, Kind.DEFERRED, answer, status=outcome.status, reason=outcome.reason)
            return _put_off(work, part, answer, outcome)
        case NotSent():
            return _queue_again(work, part, answer)
        case InDoubt():
            if part.attempt == answer.part.attempt:
                sender, exchange = answer.part.sender, answer.exchange
                return doubt(work, part, DoubtCause.UNANSWERED, reason=outcome.reason, sender=sender, exchange=exchange)
        case _:
            assert_never(outcome)
    return None


def take(work: Work, part: OpenPart, answer: SubmitAnswer, reference: str) -> None:
    """Note that the carrier took the part: it is paid for, and if it was the last one to leave, the customer hears of
    it."""
    message = part.message
    entry_id = 0
    if part.sent_ms is None and part.state not in FINAL:  # what has ended unpaid got its credit back
        entry_id = Ledger.of(work).settle(part)
    is_named, doubts = is_id(reference), Doubts.of(work)
    if is_named and doubts.has_any:
        doubts.confirm(part, answer.part.attempt, canonical(reference))
    renamed = part.carrier_reference is None or answer.part.attempt >= part.attempt
    if renamed:
        part.carrier_reference = reference if is_named else None
        if not is_named:
            Oddities.of(work).note(answer.carrier, (oddity(OddityKind.PDU, "answers without an id"),))
        part.carrier = message.carrier = answer.carrier
        if not is_named and part.state not in FINAL:
            doubts.add(part, DoubtCause.NAMELESS, sender=answer.part.sender)
    work.add_moment(message.id, Kind.SUBMITTED, _detail(answer, reference=reference, entry=entry_id))
    mark_part_sent(work, part)
    work.update(part, new_reference=renamed)
    if message.parts > 1:
        end_with_message(work, part)


def doubt(
    work: Work, part: OpenPart, cause: DoubtCause, *, reason: str, sender: str = "", exchange: Exchange | None = None
) -> Retry | None:
    """Put a part in doubt: send it again within the bounds, else wait for its receipt.

    Its doubts and its lane have been loaded. ``sender`` is who it seemed to come from, ``exchange`` what had been sent,
    where somebody still knows it.
    """
    doubts = Doubts.of(work)
    if part.state is not State.SUBMITTING:
        if doubts.copies_of(part):  # a receipt of a copy before has moved it; this copy's own may still come
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
        _add_octets(detail, exchange)
    if policy is UnknownOutcome.RESEND and pause is not None:
        work.add_moment(message.id, Kind.IN_DOUBT, {**detail, "again_in_seconds": round(pause)})
        move(part, State.QUEUED)
        work.update(part)
        if pause > 0:
            work.postpone(message.id, until_ms=work.now_ms + round(pause * 1_000))
        return Retry(part.attempt + 1, pause)
    work.add_moment(message.id, Kind.IN_DOUBT, detail)
    hold(work, part)
    return None


def _policy(work: Work, part: OpenPart) -> UnknownOutcome:
    account = work.context.accounts.get(part.message.account_id)
    if account is None or part.message.worst is State.REJECTED:
        return UnknownOutcome.HOLD  # nobody to ask, or the message has failed: another copy would only cost
    return account.settings.unknown_outcome


async def refuse_queued_parts(work: Work, message_ids: Sequence[MessageId]) -> None:
    """Parts still queued of messages of which a part was refused never leave: they would only cost."""
    if not message_ids:
        return
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.parts(ids)
    await Doubts.of(work).load(ids)
    for identity in ids:
        part = known.get(identity)
        if part is not None and part.state is State.QUEUED:
            if Doubts.of(work).is_open(part):
                hold(work, part)  # the carrier may have it already: then it is no more to be given back
            else:
                _refuse(work, part)


def _refuse_answered(work: Work, part: OpenPart, *, was_doubted: bool) -> None:
    """Refuse a part by the carrier's answer. It may come after its time-out: then the part is in doubt no more."""
    if part.state is State.SUBMITTING or (part.state is State.QUEUED and was_doubted):
        _refuse(work, part)
    elif part.state is State.HELD:
        _reject(work, part)


def _refuse(work: Work, part: OpenPart) -> None:
    work.leave_queue(part)
    _reject(work, part)


def _reject(work: Work, part: OpenPart) -> None:
    """End a part as refused; where an earlier copy may have been taken all the same, its receipt may correct that."""
    end_part(work, part, State.REJECTED, presumed=Doubts.of(work).is_open(part))


def _put_off(work: Work, part: OpenPart, answer: SubmitAnswer, outcome: Deferred) -> Retry | None:
    """Send it later, and later each time, because the carrier does not take it now."""
    deferrals = answer.part.deferrals + 1
    seconds = _put_off_seconds(work, deferrals, outcome)
    was_doubted = Doubts.of(work).refute(part, answer.part.attempt)
    if was_doubted and part.state is State.HELD and part.attempt == answer.part.attempt:
        work.return_to_queue(part, due_ms=work.now_ms + round(seconds * 1_000))
        return None
    return _queue_again(work, part, answer, seconds, deferrals)


def _queue_again(
    work: Work, part: OpenPart, answer: SubmitAnswer, seconds: float = 0.0, deferrals: int = 0
) -> Retry | None:
    if part.state is not State.SUBMITTING or part.attempt != answer.part.attempt:
        return None
    move(part, State.QUEUED)
    work.update(part)
    return Retry(part.attempt + 1, seconds, deferrals)


def _put_off_seconds(work: Work, deferrals: int, outcome: Deferred) -> float:
    """Give the wait of a part that may come again: longer each time, so that one which is never taken costs the others
    nothing."""
    if deferrals <= 1:
        return outcome.retry_after_seconds
    first = outcome.retry_after_seconds
    longest = max(PUT_OFF_MOST_SECONDS if deferrals <= PUT_OFF_LONG else PUT_OFF_LONG_MOST_SECONDS, first)
    return scattered(wait_after(deferrals, first=first, longest=longest), work.context.ids.chance())


def _note(work: Work, part: OpenPart, kind: Kind, answer: SubmitAnswer, *, status: int, reason: str) -> None:
    work.add_moment(part.message.id, kind, _detail(answer, status=status, reason=reason))


def _detail(answer: SubmitAnswer, **more: str | int) -> Detail:
    """What every answer leaves in the timeline, and what went over the wire."""
    part = answer.part
    detail: Detail = {"part": part.number, "carrier": answer.carrier, "attempt": part.attempt, **more}
    _add_octets(detail, answer.exchange)
    return detail


def _add_octets(detail: Detail, exchange: Exchange) -> None:
    """The PDUs, in hexadecimal, as far as there were any."""
    if exchange.request:
        detail["link"] = exchange.link
        detail["request"] = exchange.request.hex()
        if exchange.response:
            detail["response"] = exchange.response.hex()
