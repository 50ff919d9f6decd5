"""Claims due messages that no node has, and puts their parts into send queues as far as these have room.

For each queue and rank at most one claim is under way. A claim that found fewer messages than it asked for is repeated
only when there may be new ones. Not here: claiming a message with its acceptance (``dispatcher``).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from palomar.routing.route_chooser import UNROUTED
from palomar.sending.outgoing import outgoing_part
from palomar.sending.release import ReadyPart, release_parts
from palomar.sending.send_queue import QUEUE_PARTS, SendQueue
from palomar.transaction import message_rows as rows
from palomar.transaction.batcher import Batcher, Step
from palomar.transaction.work import Work
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageClaimOrder:
    """An order to claim at most ``limit`` due messages of that rank that wait for ``carrier``."""

    carrier: str
    limit: int
    rank: Rank = Rank.NORMAL


@dataclass(slots=True, kw_only=True)
class ClaimedParts:
    """The result of a claim: the parts to send, and how many messages were found (some may have ended as blocked)."""

    parts: list[ReadyPart]
    messages: int


async def claim(work: Work, orders: Sequence[MessageClaimOrder]) -> list[ClaimedParts]:
    """Claim due messages for this node, oldest first; return their unsent parts, in order."""
    claimed: list[ClaimedParts] = []
    taken: set[MessageId] = set()
    for order in orders:
        if order.limit <= 0 or not await work.holds_lease():
            claimed.append(ClaimedParts(parts=[], messages=0))
            continue
        wanted = (order.carrier, int(order.rank), work.now_ms, order.limit)
        found = await work.tx.select_locked(rows.SELECT_CLAIMABLE, *wanted, lock="skip")
        fresh = {row[0]: row[1] for row in found if row[0] not in taken}  # an earlier order of the batch may have it
        for message_id, due_ms in fresh.items():
            work.requeue(message_id, due_ms=due_ms, node_id=work.context.node_id)
        taken.update(fresh)
        claimed.append(ClaimedParts(parts=await release_parts(work, list(fresh)), messages=len(found)))
    return claimed


CLAIM_AT_MOST = 50
"""Messages of one claim."""
CLAIM = Step(name="claim", script=claim, weigh=lambda order: order.limit)


class Claimer:
    """Fills send queues with due messages. ``queues`` are by carrier; ``send`` submits the parts of a queue."""

    def __init__(self, queues: Mapping[str, SendQueue], batcher: Batcher, *, send: Callable[[SendQueue], None]) -> None:
        self._queues = queues
        self._batcher = batcher
        self._send = send
        self._is_claiming = True

    def stop(self) -> None:
        """Claim nothing any more."""
        self._is_claiming = False

    def claim(self, queue: SendQueue) -> None:
        """Claim messages that wait for the carrier of this queue, the urgent first."""
        for rank in Rank:
            self._claim(queue, rank)

    def refill(self, queue: SendQueue) -> None:
        """Claim for each rank whose queue is less than half full and for which the database may hold more."""
        for rank, ranked in queue.ranks.items():
            if ranked.may_have_backlog and ranked.room > QUEUE_PARTS // 2:
                self._claim(queue, rank)

    def _claim(self, queue: SendQueue, rank: Rank) -> None:
        ranked, carrier = queue.of(rank), queue.carrier
        if ranked.claiming or not self._is_claiming or (carrier is not None and not carrier.live):
            return
        limit = min(CLAIM_AT_MOST, ranked.room if carrier is not None else self._room_anywhere(rank))
        if limit <= 0:
            return
        ranked.claiming, ranked.may_have_backlog = True, False

        def done(claimed: ClaimedParts) -> None:
            ranked.claiming = False
            ranked.may_have_backlog = ranked.may_have_backlog or claimed.messages >= limit
            self._push(queue, claimed)
            if ranked.may_have_backlog:
                self._claim(queue, rank)

        def failed(error: BaseException) -> None:
            ranked.claiming, ranked.may_have_backlog = False, True

        self._batcher.post(CLAIM, MessageClaimOrder(carrier=queue.name, limit=limit, rank=rank), done, failed)

    def _push(self, queue: SendQueue, claimed: ClaimedParts) -> None:
        touched = {}
        for part in claimed.parts:
            target = self._queues.get(part.carrier, queue)
            target.push(outgoing_part(part))
            touched[target.name] = target
        for target in touched.values():
            self._send(target)

    def _room_anywhere(self, rank: Rank) -> int:
        """Return the most room that a carrier's queue has: a message that is not routed yet goes to one of them."""
        rooms = (queue.of(rank).room for queue in self._queues.values() if queue.name != UNROUTED)
        return max(rooms, default=0)
