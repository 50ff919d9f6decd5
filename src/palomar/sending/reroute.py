"""Moves messages that wait for a carrier which does not take them to another, in one transaction.

All parts of a message go by one carrier, so only whole messages move. A message stays if one of its parts has left or
may have left; but if all its parts are in doubt, all new copies may go by another carrier. A message that was moved
waits unclaimed for its new carrier. Not here: which messages to move (``failover``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from palomar.receipts.doubts import Doubts
from palomar.routing.route_chooser import UNROUTED, RoutingContext
from palomar.routing.rules import Choice
from palomar.sending.release import routing_request
from palomar.transaction import message_rows as rows
from palomar.transaction.message_rows import OpenPart, WaitingRow, waiting_rows
from palomar.transaction.work import Work
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId, PartId, State
from palomar.vocabulary.timeline import MomentKind

AT_ONCE = 200
"""Messages that a transaction moves at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RerouteOrder:
    """An order to move these messages away from ``carrier``; if there are none, the first due ones of that rank that no
    node has claimed. ``why`` goes into the timeline."""

    carrier: str
    why: str
    message_ids: tuple[MessageId, ...] = ()
    rank: Rank = Rank.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerouted:
    """The result of an order: the new carrier and rank of each message that moved, and how many were looked at."""

    moved: dict[MessageId, tuple[str, Rank]]
    looked_at: int


async def reroute(work: Work, orders: Sequence[RerouteOrder]) -> list[Rerouted]:
    """Move each message that may move and for which another carrier can be used."""
    done: list[Rerouted] = []
    for order in orders:
        if not await work.holds_lease():
            done.append(Rerouted(moved={}, looked_at=0))
            continue
        found = await _wanted(work, order)
        done.append(Rerouted(moved=await _move(work, order, found), looked_at=len(found)))
    return done


async def _wanted(work: Work, order: RerouteOrder) -> list[MessageId]:
    if order.message_ids:
        held = await work.tx.lookup(rows.LOOKUP_QUEUE_LOCKED, sorted(order.message_ids)[:AT_ONCE])
        return [MessageId(row[0]) for row in held if row[1] in (None, work.context.node_id)]
    wanted = (order.carrier, int(order.rank), work.now_ms, AT_ONCE)
    return [MessageId(row[0]) for row in await work.tx.select_locked(rows.SELECT_CLAIMABLE, *wanted, lock="skip")]


async def _move(work: Work, order: RerouteOrder, message_ids: Sequence[MessageId]) -> dict[MessageId, tuple[str, Rank]]:
    moved: dict[MessageId, tuple[str, Rank]] = {}
    router = RoutingContext.of(work.context).router
    if router is None or not message_ids:
        return moved
    waiting = waiting_rows(await work.tx.lookup(rows.LOOKUP_WAITING, message_ids))
    known = await work.read_parts(row.part_id for row in waiting)
    await Doubts.of(work).load(row.part_id for row in waiting)
    staying = _staying(work, waiting, known)
    for row in waiting:
        if row.message_id in staying or row.message_id in moved:
            continue
        choice = router.choose(routing_request(work, row), exclude=frozenset({order.carrier}))
        if choice.usable and choice.carrier != UNROUTED:
            known[row.part_id].message.carrier = choice.carrier
            work.update(known[row.part_id])
            work.reroute(row.message_id, carrier=choice.carrier)
            _add_moment(work, row, order, choice)
            moved[row.message_id] = (choice.carrier, row.rank)
    return moved


def _staying(work: Work, waiting: Sequence[WaitingRow], known: Mapping[PartId, OpenPart]) -> set[MessageId]:
    """Find the messages that stay: a part has left, or may have left while another has not."""
    in_doubt: dict[MessageId, set[bool]] = {}
    staying = set()
    for row in waiting:
        part = known[row.part_id]
        in_doubt.setdefault(row.message_id, set()).add(Doubts.of(work).is_open(part))
        if row.has_begun or part.state is not State.QUEUED:
            staying.add(row.message_id)
    return staying | {message_id for message_id, answers in in_doubt.items() if len(answers) > 1}


def _add_moment(work: Work, row: WaitingRow, order: RerouteOrder, choice: Choice) -> None:
    detail = {"before": order.carrier, "carrier": choice.carrier, "why": order.why, "routes": choice.explain()}
    work.add_moment(row.message_id, MomentKind.REROUTED, dict(detail))
