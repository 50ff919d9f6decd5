"""What one message waits for at this moment, and since when.

A message that has not ended waits for something: its time, a carrier, an answer, a receipt. Its parts and moments and
the status of the carriers tell for what. Not here: the sentence about it (``console.wait_texts``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from palomar.acceptance.filters import NO_ROUTE
from palomar.reports.messages import MessageView
from palomar.routing.carrier_status import CarrierStatus, list_living_carrier_status
from palomar.routing.rules import REASONS, RouteLoss
from palomar.storage.database import Transaction
from palomar.vocabulary.message import State, accepted_ms
from palomar.vocabulary.timeline import Moment, MomentKind

SELECT_PLACE = "SELECT carrier, due_ms FROM queue WHERE message_id = ?"
COUNT_BEFORE = "SELECT coalesce(sum(parts), 0) FROM queue WHERE carrier = ? AND due_ms < ?"

_OPEN_HOURS = REASONS[RouteLoss.HOURS].partition("{")[0]
_CAME_BACK = (MomentKind.DEFERRED, MomentKind.IN_DOUBT)


class WaitFor(StrEnum):
    """Things that a message can wait for; the last two are of messages that ended without leaving."""

    TIME = "time"
    ROUTE = "route"
    SERVER = "server"
    CARRIER = "carrier"
    TURN = "turn"
    PUT_OFF = "put_off"
    SENDING_AGAIN = "sending_again"
    ANSWER = "answer"
    DOUBT = "doubt"
    RECEIPT = "receipt"
    NO_ROUTE = "no_route"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What a message waits for, and since when (wall milliseconds)."""

    what: WaitFor
    since_ms: int
    until_ms: int = 0
    """When that ends by itself; 0 if that is not known."""
    carrier: str = ""
    count: int = 0
    """Parts before it in the queue, or how often it was deferred."""
    detail: str = ""
    """Why, in words; about carriers only for those who see the platform."""
    carrier_status: CarrierStatus | None = None
    """The status of its carrier, if that is the cause."""


async def find_wait(tx: Transaction, view: MessageView) -> Wait | None:
    """Find what a message waits for; None if it waits for nothing."""
    message, accepted_at_ms = view.message, accepted_ms(view.message.id)
    match message.state:
        case State.SCHEDULED:
            return Wait(what=WaitFor.TIME, since_ms=accepted_at_ms, until_ms=message.due_ms)
        case State.BLOCKED:
            return _blocked(view.timeline)
        case State.HELD:
            since_ms = _last(view.timeline, MomentKind.IN_DOUBT, accepted_at_ms)
            return Wait(what=WaitFor.DOUBT, since_ms=since_ms, until_ms=message.expires_ms, carrier=message.carrier)
        case State.QUEUED | State.SUBMITTING | State.SENT:
            return await _under_way(tx, view, accepted_at_ms)
        case _:
            return None


async def _under_way(tx: Transaction, view: MessageView, accepted_at_ms: int) -> Wait | None:
    message = view.message
    waiting = [part.number for part in view.parts if part.state is State.QUEUED]
    if waiting:
        place = await tx.select(SELECT_PLACE, message.id)
        carrier, due_ms = (str(place[0][0]), int(place[0][1])) if place else (message.carrier, message.due_ms)
        carrier = carrier or _routed_carrier(view.timeline)
        return await _queued(tx, view.timeline, waiting[0], carrier, max(accepted_at_ms, due_ms), due_ms)
    since_ms = max(
        accepted_at_ms,
        message.due_ms,
        _last(view.timeline, MomentKind.DEFERRED, 0),
        _last(view.timeline, MomentKind.IN_DOUBT, 0),
    )
    if any(part.state is State.SUBMITTING for part in view.parts):
        return Wait(what=WaitFor.ANSWER, since_ms=since_ms, carrier=message.carrier)
    since_ms = _last(view.timeline, MomentKind.SUBMITTED, since_ms)
    return Wait(what=WaitFor.RECEIPT, since_ms=since_ms, until_ms=message.expires_ms, carrier=message.carrier)


async def _queued(
    tx: Transaction, timeline: Sequence[Moment], number: int, carrier: str, since_ms: int, due_ms: int
) -> Wait:
    """Find what a part waits for that is to leave by a carrier."""
    if not carrier:
        return Wait(what=WaitFor.ROUTE, since_ms=since_ms)
    statuses = [one for one in await list_living_carrier_status(tx) if one.carrier == carrier]
    if not statuses:
        return Wait(what=WaitFor.SERVER, since_ms=since_ms, carrier=carrier)
    best = min(statuses, key=lambda one: (bool(one.trouble), one.idle_since_ms))
    if best.trouble:
        return Wait(
            what=WaitFor.CARRIER, since_ms=since_ms, carrier=carrier, detail=_trouble_of(best), carrier_status=best
        )
    back = [moment for moment in timeline if moment.kind in _CAME_BACK and moment.detail.get("part") == number]
    if back and back[-1].kind is MomentKind.DEFERRED:
        count, reason = (
            sum(moment.kind is MomentKind.DEFERRED for moment in back),
            str(back[-1].detail.get("reason") or ""),
        )
        return Wait(what=WaitFor.PUT_OFF, since_ms=back[-1].at_ms, carrier=carrier, count=count, detail=reason)
    if back:
        pause = back[-1].detail.get("again_in_seconds")
        until_ms = back[-1].at_ms + pause * 1_000 if isinstance(pause, int) else 0
        return Wait(what=WaitFor.SENDING_AGAIN, since_ms=back[-1].at_ms, until_ms=until_ms, carrier=carrier)
    if best.idle_since_ms:
        return Wait(what=WaitFor.CARRIER, since_ms=since_ms, carrier=carrier, carrier_status=best)
    ((before,),) = await tx.select(COUNT_BEFORE, carrier, due_ms)
    return Wait(what=WaitFor.TURN, since_ms=since_ms, carrier=carrier, count=int(before))


def _routed_carrier(timeline: Sequence[Moment]) -> str:
    """Return the carrier of a message that a node has routed and holds; its row in the queue names none."""
    routed = [moment for moment in timeline if moment.kind is MomentKind.ROUTED]
    return str(routed[-1].detail.get("carrier") or "") if routed else ""


def _trouble_of(carrier_status: CarrierStatus) -> str:
    errors = dict.fromkeys(link.last_error for link in carrier_status.links if link.last_error)
    return "; ".join([carrier_status.trouble, *errors])


def _blocked(timeline: Sequence[Moment]) -> Wait | None:
    for moment in timeline:
        if moment.kind is MomentKind.DISCARDED and moment.detail.get("why") == NO_ROUTE[1]:
            is_closed = _OPEN_HOURS in str(moment.detail.get("routes") or "")
            return Wait(what=WaitFor.CLOSED if is_closed else WaitFor.NO_ROUTE, since_ms=moment.at_ms)
    return None


def _last(timeline: Sequence[Moment], kind: MomentKind, otherwise: int) -> int:
    return max((moment.at_ms for moment in timeline if moment.kind is kind), default=otherwise)
