"""The claimer: fetches due messages that nobody has into the lines, as far as those have room. One query a queue is
under way at once, and a queue that found none asks again only when somebody says that there may be some.
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
    """Take at most ``limit`` due messages of that rank that wait for ``carrier``."""

    carrier: str
    limit: int
    rank: Rank = Rank.NORMAL


@dataclass(slots=True, kw_only=True)
class ClaimedParts:
    """The parts that wait of the messages that were taken, and how many messages those were (some may have ended as
    blocked instead)."""

    parts: list[ReadyPart]
    messages: int


async def claim(work: Work, orders: Sequence[MessageClaimOrder]) -> list[ClaimedParts]:
    """Take due messages, oldest first; their unsent parts, in order."""
    claimed: list[ClaimedParts] = []
    taken: set[MessageId] = set()
    for order in orders:
        if order.limit <= 0 or not await work.holds_lease():
            claimed.append(ClaimedParts(parts=[], messages=0))
            continue
        wanted = (order.carrier, int(order.rank), work.now_ms, order.limit)
        found = await work.tx.select_locked(rows.SELECT_CLAIMABLE, *wanted, lock="skip")
        fresh = {row[0]: row[1] for row in found if row[0] not in taken}  # what an order before took stays its own
        for message_id, due_ms in fresh.items():
            work.requeue(message_id, due_ms=due_ms, node_id=work.context.node_id)
        taken.update(fresh)
        claimed.append(ClaimedParts(parts=await release_parts(work, list(fresh)), messages=len(found)))
    return claimed


CLAIM_AT_MOST = 50
CLAIM = Step(name="claim", script=claim, weigh=lambda order: order.limit)


class Claimer:
    """``lines`` by carrier; ``pump`` lets what came into a line leave."""

    def __init__(self, lines: Mapping[str, SendQueue], batcher: Batcher, *, pump: Callable[[SendQueue], None]) -> None:
        self._lines = lines
        self._batcher = batcher
        self._pump = pump
        self._taking = True

    def stop(self) -> None:
        """Claim nothing any more."""
        self._taking = False

    def claim(self, line: SendQueue) -> None:
        """Ask for what waits for this line's carrier, the urgent first."""
        for rank in Rank:
            self._claim(line, rank)

    def refill(self, line: SendQueue) -> None:
        """Ask where a queue has drained and the database may hold more."""
        for rank, queue in line.queues.items():
            if queue.backlog and queue.room > QUEUE_PARTS // 2:
                self._claim(line, rank)

    def _claim(self, line: SendQueue, rank: Rank) -> None:
        queue, carrier = line.of(rank), line.carrier
        if queue.claiming or not self._taking or (carrier is not None and not carrier.live):
            return
        limit = min(CLAIM_AT_MOST, queue.room if carrier is not None else self._room_anywhere(rank))
        if limit <= 0:
            return
        queue.claiming, queue.backlog = True, False

        def done(claimed: ClaimedParts) -> None:
            queue.claiming = False
            queue.backlog = queue.backlog or claimed.messages >= limit
            self._take(line, claimed)
            if queue.backlog:
                self._claim(line, rank)

        def failed(error: BaseException) -> None:
            queue.claiming, queue.backlog = False, True

        self._batcher.post(CLAIM, MessageClaimOrder(carrier=line.name, limit=limit, rank=rank), done, failed)

    def _take(self, line: SendQueue, claimed: ClaimedParts) -> None:
        touched = {}
        for part in claimed.parts:
            target = self._lines.get(part.carrier, line)
            target.push(outgoing_part(part))
            touched[target.name] = target
        for target in touched.values():
            self._pump(target)

    def _room_anywhere(self, rank: Rank) -> int:
        """What is not routed yet comes to wait in a carrier's line."""
        rooms = (line.of(rank).room for line in self._lines.values() if line.name != UNROUTED)
        return max(rooms, default=0)
