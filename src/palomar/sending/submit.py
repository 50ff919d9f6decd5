"""The transactions around a submit: parts are marked before their PDUs leave, and the carrier's answers are recorded.

``queued -> submitting`` is committed before a PDU leaves, ``submitting -> sent`` after the carrier answered. A part
between the two is in doubt when its node dies or no answer comes (``in_doubt``). Not here: when a part is submitted
(``dispatcher``).
"""

from collections.abc import Mapping, Sequence
from typing import assert_never

from msgspec import Struct, field

from palomar.billing.ledger import Ledger
from palomar.ports import Deferred, Exchange, InDoubt, NotSent, OutgoingPart, Refused, SubmitOutcome, Submitted
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part, hold
from palomar.receipts.oddities import Oddities
from palomar.receipts.record import end_with_message, join_orphans_by_id, join_orphans_in_doubt, mark_part_sent
from palomar.routing.route_chooser import UNROUTED
from palomar.sending.in_doubt import Retry, add_octets, put_in_doubt
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenMessage, OpenPart
from palomar.transaction.work import Work
from palomar.vocabulary.backoff import jittered, wait_after
from palomar.vocabulary.doubt import DoubtCause
from palomar.vocabulary.message import FINAL, PART_TRANSITIONS, MessageId, PartId, State, move
from palomar.vocabulary.oddity import OddityKind, oddity
from palomar.vocabulary.receipt_ids import canonical, is_id
from palomar.vocabulary.timeline import Detail, MomentKind

DEFERRAL_MAX_SECONDS = 60.0
"""The longest pause of a part that its carrier defers again and again, as long as it was deferred at most
DEFERRALS_BEFORE_LONG times."""
DEFERRALS_BEFORE_LONG = 30
LONG_DEFERRAL_MAX_SECONDS = 900.0
"""The longest pause of a part that was deferred more often."""


class SubmitAnswer(Struct, frozen=True):
    """The outcome of one submit."""

    carrier: str
    part: OutgoingPart
    outcome: SubmitOutcome
    exchange: Exchange = field(default_factory=Exchange)


class PendingSubmit(Struct, frozen=True):
    """A part that has a slot of a carrier and is about to be submitted to it."""

    part: OutgoingPart
    carrier: str


async def mark_submitting(work: Work, submits: Sequence[PendingSubmit]) -> list[bool]:
    """Move each part that may leave now from ``queued`` to ``submitting``; return False for a part that must not leave:
    it was cancelled, has ended, is past its deadline, or is not claimed by this node any more."""
    if not await work.holds_lease():
        return [False] * len(submits)
    ours = await _claimed_by_us(work, submits)
    known = await work.read_parts(submit.part.part_id for submit in submits)
    results = []
    for submit in submits:
        part = submit.part
        stored = known.get(part.part_id)
        waits = stored is not None and stored.state is State.QUEUED and stored.attempt < part.attempt
        is_wanted = part.stale_ms is None or work.now_ms < part.stale_ms
        may_leave = waits and is_wanted and (part.message_id, submit.carrier) in ours
        if stored is not None and may_leave:
            move(stored, State.SUBMITTING, PART_TRANSITIONS)
            stored.attempt = part.attempt
            stored.carrier = stored.message.carrier = submit.carrier
            work.update(stored)
        results.append(may_leave)
    return results


async def _claimed_by_us(work: Work, submits: Sequence[PendingSubmit]) -> set[tuple[MessageId, str]]:
    """Find the messages that this node has claimed, each with the carrier by which it may leave."""
    carriers = {submit.part.message_id: submit.carrier for submit in submits}
    found = await work.tx.lookup(rows.LOOKUP_QUEUE, sorted(carriers))
    return {
        (message_id, carriers[message_id] if carrier == UNROUTED else carrier)
        for message_id, node_id, carrier in found
        if node_id == work.context.node_id
    }


async def record_answers(work: Work, answers: Sequence[SubmitAnswer]) -> list[Retry | None]:
    """Record the outcomes of submits; return a :class:`Retry` for each part to be sent again. This needs no lease: the
    outcomes are facts."""
    known = await work.read_parts([answer.part.part_id for answer in answers])
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
    await refuse_queued_parts(work, sorted({part.message.id for part in answered if _has_refused_part(part.message)}))
    return [
        retry if retry and _is_queued(known, answer) else None for retry, answer in zip(results, answers, strict=True)
    ]


async def _load_doubts(work: Work, answers: Sequence[SubmitAnswer], known: Mapping[PartId, OpenPart]) -> None:
    """Read the doubts and lanes of parts that may be in doubt. The first answer to a first attempt needs no read."""
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


def _has_refused_part(message: OpenMessage) -> bool:
    return message.worst is State.REJECTED and message.parts_left > 0


def _is_queued(known: Mapping[PartId, OpenPart], answer: SubmitAnswer) -> bool:
    part = known.get(answer.part.part_id)
    return part is not None and part.state is State.QUEUED


async def _load_siblings_of_held(work: Work, answered: Sequence[OpenPart]) -> None:
    """Read all parts of held messages of several parts: their counters do not tell which parts were taken."""
    held = {part.message.id for part in answered if _is_held_of_several(part.message)}
    if held:
        found = await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, sorted(held))
        await work.read_parts(PartId(row[0]) for row in found)


def _is_held_of_several(message: OpenMessage) -> bool:
    return message.state is State.HELD and message.parts > 1


def _record(work: Work, part: OpenPart, answer: SubmitAnswer, taken: list[OpenPart]) -> Retry | None:
    outcome = answer.outcome
    match outcome:
        case Submitted():
            record_taken(work, part, answer, outcome.reference)
            taken.append(part)
        case Refused():
            _add_moment(work, part, MomentKind.REFUSED, answer, status=outcome.status, reason=outcome.reason)
            was_doubted = Doubts.of(work).refute(part, answer.part.attempt)
            if part.attempt == answer.part.attempt:
                _refuse_answered(work, part, was_doubted=was_doubted)
        case Deferred():
            _add_moment(work, part, MomentKind.DEFERRED, answer, status=outcome.status, reason=outcome.reason)
            return _defer(work, part, answer, outcome)
        case NotSent():
            return _queue_again(work, part, answer)
        case InDoubt():
            if part.attempt == answer.part.attempt:
                sender, exchange = answer.part.sender, answer.exchange
                return put_in_doubt(
                    work, part, DoubtCause.UNANSWERED, reason=outcome.reason, sender=sender, exchange=exchange
                )
        case _:
            assert_never(outcome)
    return None


def record_taken(work: Work, part: OpenPart, answer: SubmitAnswer, reference: str) -> None:
    """Record that the carrier took the part: settle its credit, store the carrier's id, and move the part to
    ``sent``."""
    message = part.message
    entry_id = 0
    if part.sent_ms is None and part.state not in FINAL:  # a part that ended unpaid got its credit back
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
    work.add_moment(message.id, MomentKind.SUBMITTED, _detail(answer, reference=reference, entry=entry_id))
    mark_part_sent(work, part)
    work.update(part, new_reference=renamed)
    if message.parts > 1:
        end_with_message(work, part)


async def refuse_queued_parts(work: Work, message_ids: Sequence[MessageId]) -> None:
    """End or hold the queued parts of messages of which a part was refused: to send them would only cost."""
    if not message_ids:
        return
    ids = [PartId(row[0]) for row in await work.tx.lookup(rows.LOOKUP_PART_IDS_BY_MESSAGE, message_ids)]
    known = await work.read_parts(ids)
    await Doubts.of(work).load(ids)
    for identity in ids:
        part = known.get(identity)
        if part is not None and part.state is State.QUEUED:
            if Doubts.of(work).is_open(part):
                hold(work, part)  # the carrier may have it already, so its credit cannot be given back
            else:
                _refuse(work, part)


def _refuse_answered(work: Work, part: OpenPart, *, was_doubted: bool) -> None:
    """End a part that the carrier refused. The answer may come after its time-out: then it ends the doubt."""
    if part.state is State.SUBMITTING or (part.state is State.QUEUED and was_doubted):
        _refuse(work, part)
    elif part.state is State.HELD:
        _reject(work, part)


def _refuse(work: Work, part: OpenPart) -> None:
    work.leave_queue(part)
    _reject(work, part)


def _reject(work: Work, part: OpenPart) -> None:
    """End a part as rejected. If an earlier copy may have been taken, its receipt may correct that."""
    end_part(work, part, State.REJECTED, presumed=Doubts.of(work).is_open(part))


def _defer(work: Work, part: OpenPart, answer: SubmitAnswer, outcome: Deferred) -> Retry | None:
    """Queue a part again that the carrier does not take now, after a longer pause each time."""
    deferrals = answer.part.deferrals + 1
    seconds = _deferral_seconds(work, deferrals, outcome)
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
    move(part, State.QUEUED, PART_TRANSITIONS)
    work.update(part)
    return Retry(part.attempt + 1, seconds, deferrals)


def _deferral_seconds(work: Work, deferrals: int, outcome: Deferred) -> float:
    """Return the pause before the next attempt: longer each time, so that a part which is never taken costs the others
    nothing."""
    if deferrals <= 1:
        return outcome.retry_after_seconds
    first = outcome.retry_after_seconds
    longest = max(DEFERRAL_MAX_SECONDS if deferrals <= DEFERRALS_BEFORE_LONG else LONG_DEFERRAL_MAX_SECONDS, first)
    return jittered(wait_after(deferrals, first=first, longest=longest), work.context.ids.random())


def _add_moment(
    work: Work, part: OpenPart, kind: MomentKind, answer: SubmitAnswer, *, status: int, reason: str
) -> None:
    work.add_moment(part.message.id, kind, _detail(answer, status=status, reason=reason))


def _detail(answer: SubmitAnswer, **more: str | int) -> Detail:
    """Build the details of an answer's moment in the timeline, with the PDUs."""
    part = answer.part
    detail: Detail = {"part": part.number, "carrier": answer.carrier, "attempt": part.attempt, **more}
    add_octets(detail, answer.exchange)
    return detail
