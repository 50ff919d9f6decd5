"""Release the parts of claimed messages to be sent.

A scheduled message is filtered again when it is due: the phone may have opted out, the account may be disabled. A
message without a carrier is routed here, by the rules of this moment. Not here: claiming (``sending.claimer``).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from palomar.acceptance.filters import NO_ROUTE, blocked_now
from palomar.receipts.doubts import Doubts
from palomar.receipts.ending import end_part, hold
from palomar.routing.route_chooser import UNROUTED, RoutingContext, lineage
from palomar.routing.rules import RoutingPlan, RoutingRequest
from palomar.routing.sender_rules import sender_for
from palomar.text.alphabets import Alphabet
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart, WaitingRow, waiting_rows
from palomar.transaction.work import Work
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MESSAGE_TRANSITIONS, MessageId, PartId, State, move
from palomar.vocabulary.timeline import Detail, MomentKind


@dataclass(slots=True, kw_only=True)
class ReadyPart:
    """A claimed part that has not left, with all that its PDU is made of. ``carrier`` is the one to take it, empty if
    there is none yet; ``sender`` is written as that carrier wants it."""

    part_id: PartId
    message_id: MessageId
    attempt: int
    number: int
    parts: int
    reference: int
    sender: str
    msisdn: str
    alphabet: Alphabet
    text: str
    carrier: str
    rank: Rank = Rank.NORMAL
    flash: bool = False
    due_ms: int = 0
    stale_ms: int | None = None


async def release_parts(work: Work, message_ids: list[MessageId]) -> list[ReadyPart]:
    """Find the parts of claimed messages that may leave, in order, and end as blocked those that may not be sent any
    more."""
    if not message_ids:
        return []
    waiting = waiting_rows(await work.tx.lookup(rows.LOOKUP_WAITING, message_ids))
    ended = await _filter_scheduled(work, waiting)
    destinations = await _route(work, [row for row in waiting if row.message_id not in ended])
    plan = RoutingContext.of(work.context).plan
    return [
        _ready_part(row, destinations[row.message_id], flash=_is_flash(plan, row))
        for row in waiting
        if row.part_state is State.QUEUED and row.message_id in destinations
    ]


@dataclass(frozen=True, slots=True)
class _Destination:
    """The carrier that a message goes by, and the sender in the form that this carrier takes."""

    carrier: str
    sender: str


async def _filter_scheduled(work: Work, waiting: Sequence[WaitingRow]) -> set[MessageId]:
    """Move scheduled messages that are due to queued, or end them as blocked if their account may not send to the
    number any more; return those that ended."""
    due: dict[AccountId, dict[PartId, str]] = {}
    for row in waiting:
        if row.state is State.SCHEDULED:
            due.setdefault(row.account_id, {})[row.part_id] = row.msisdn
    blocked: set[MessageId] = set()
    for account_id, numbers in due.items():
        known = await work.read_parts(numbers)
        account = work.context.accounts.get(account_id)
        why = await blocked_now(work, account, numbers.values(), account_id)
        for identity, msisdn in numbers.items():
            part = known[identity]
            if msisdn in why:
                blocked.add(part.message.id)
                _block(work, part, {"why": why[msisdn]})
            else:
                if part.message.state is State.SCHEDULED:
                    move(part.message, State.QUEUED, MESSAGE_TRANSITIONS)
                work.update(part)
    return blocked


async def _route(work: Work, waiting: Sequence[WaitingRow]) -> dict[MessageId, _Destination]:
    """Find carrier and sender of each message; those that no route takes end as blocked and are left out."""
    destinations: dict[MessageId, _Destination] = {}
    unroutable: dict[MessageId, str] = {}
    router = RoutingContext.of(work.context).router
    for row in waiting:
        if row.message_id in destinations or row.message_id in unroutable:
            continue
        if row.has_begun or row.queued_for != UNROUTED or router is None:
            destinations[row.message_id] = _keep_carrier(work, row)
            continue
        choice = router.choose(routing_request(work, row))
        if choice.carrier or not choice.candidates:
            destinations[row.message_id] = _Destination(choice.carrier, choice.sender or row.sender)
            if choice.candidates:
                detail: Detail = {"carrier": choice.carrier, "routes": choice.explain()}
                work.add_moment(row.message_id, MomentKind.ROUTED, detail)
        else:
            unroutable[row.message_id] = choice.explain()
    await _block_unroutable(work, waiting, unroutable)
    return destinations


async def _block_unroutable(work: Work, waiting: Sequence[WaitingRow], unroutable: dict[MessageId, str]) -> None:
    identities = [row.part_id for row in waiting if row.message_id in unroutable]
    known = await work.read_parts(identities)
    await Doubts.of(work).load(identities)
    for identity in identities:
        part = known[identity]
        if not Doubts.of(work).is_open(part):
            _block(work, part, {"why": NO_ROUTE[1], "routes": unroutable[part.message.id]})
        else:  # a copy may have left by a carrier that is configured no more: its receipt may still come
            hold(work, part)


def _keep_carrier(work: Work, row: WaitingRow) -> _Destination:
    """Keep the carrier by which a part of the message has left already, or to which it was routed before."""
    carrier = row.carrier if row.has_begun else row.queued_for
    router = RoutingContext.of(work.context).router
    rules = router.plan.sender_rules if router else ()
    sender = sender_for(rules, carrier=carrier, country=row.country, sender=row.sender) if rules else row.sender
    return _Destination(carrier, row.sender if sender is None else sender)


def routing_request(work: Work, row: WaitingRow) -> RoutingRequest:
    """Build the routing request of a stored message."""
    return RoutingRequest(
        msisdn=row.msisdn,
        country=row.country,
        sender=row.sender,
        lineage=lineage(work.context.accounts, row.account_id),
        label=row.label,
        dialect=row.dialect,
        at_ms=work.now_ms,
    )


def _block(work: Work, part: OpenPart, detail: Detail) -> None:
    if part.message.state is not State.BLOCKED and part.message.parts_open == part.message.parts:
        work.add_moment(part.message.id, MomentKind.DISCARDED, {"state": State.BLOCKED.value, **detail})
    work.leave_queue(part)
    end_part(work, part, State.BLOCKED)


def _is_flash(plan: RoutingPlan, row: WaitingRow) -> bool:
    lane = plan.lane(row.lane_id) if row.lane_id else None
    return lane is not None and lane.flash


def _ready_part(row: WaitingRow, destination: _Destination, *, flash: bool) -> ReadyPart:
    return ReadyPart(
        part_id=row.part_id,
        message_id=row.message_id,
        attempt=row.attempt + 1,
        number=row.part_id - row.message_id,
        parts=row.parts,
        reference=row.reference,
        sender=destination.sender,
        msisdn=row.msisdn,
        alphabet=row.alphabet,
        text=row.text,
        carrier=destination.carrier,
        rank=row.rank,
        flash=flash,
        due_ms=row.due_ms,
        stale_ms=row.stale_ms,
    )
