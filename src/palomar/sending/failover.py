"""Moves messages to another carrier when their own is down, takes nothing, or does not take them in time.

There are three occasions. A carrier has failed: all messages that are queued for it move. A carrier has deferred one
message several times: that message moves. A message of a lane with a deadline has waited for half its time: it moves.
Each only if another carrier can be used now. Not here: which one (``routing.router``), and the transaction that moves
them (``reroute``).
"""

from collections.abc import Callable, Mapping

from palomar.ports import OutgoingPart
from palomar.routing.route_chooser import UNROUTED
from palomar.routing.router import Router
from palomar.sending.reroute import AT_ONCE, Rerouted, RerouteOrder, reroute
from palomar.sending.send_queue import SendQueue
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.lane import Rank
from palomar.vocabulary.message import MessageId

DEFERRALS_MAX = 3
"""A message that one carrier has deferred so often tries another."""
CHECK_EVERY_SECONDS = 0.5
LATE_REMEMBERED = 10_000
"""Beyond so many, late messages that were tried are forgotten, and tried once more."""
REROUTE = Step(name="reroute", script=reroute, weigh=lambda order: len(order.message_ids) or AT_ONCE)


class Failover:
    """Finds messages to move, and posts their moves. ``queues`` are by carrier; ``claim`` fetches moved messages into
    their new queue."""

    def __init__(
        self, queues: Mapping[str, SendQueue], batcher: Batcher, router: Router, *, claim: Callable[[SendQueue], None]
    ) -> None:
        self._queues = queues
        self._batcher = batcher
        self._router = router
        self._claim = claim
        self._moving: set[tuple[str, Rank]] = set()
        self._late: set[MessageId] = set()

    def check(self) -> None:
        """Move the messages that should not wait for their carrier any longer, where another can be used."""
        for name, queue in self._queues.items():
            if name == UNROUTED or not self._router.has_other(name):
                continue
            if self._router.has_failed(name):
                self._move_all(queue)
            else:
                self._move_late(queue)

    def handle_deferred(self, part: OutgoingPart, queue: SendQueue) -> None:
        """Move the message of a part that its carrier has deferred DEFERRALS_MAX times or more."""
        if part.deferrals >= DEFERRALS_MAX and self._router.has_other(queue.name):
            self._post(queue, part.rank, (part.message_id,), f"the carrier put it off {part.deferrals} times")

    def _move_all(self, queue: SendQueue) -> None:
        why = self._router.states()[queue.name].trouble or "the carrier has failed"
        for rank in Rank:
            if (queue.name, rank) not in self._moving:
                self._moving.add((queue.name, rank))
                self._move_claimed(queue, rank, why, frozenset())

    def _move_claimed(self, queue: SendQueue, rank: Rank, why: str, tried: frozenset[MessageId]) -> None:
        """Move the messages of the queue in memory, slice by slice, then those that no node has claimed."""
        waiting = dict.fromkeys(part.message_id for part in queue.of(rank).movable if part.message_id not in tried)
        if waiting:
            slice_ = tuple(waiting)[:AT_ONCE]
            tried_then = tried | set(slice_)
            self._post(queue, rank, slice_, why, lambda rerouted: self._move_claimed(queue, rank, why, tried_then))
        else:
            self._move_unclaimed(queue, rank, why)

    def _move_unclaimed(self, queue: SendQueue, rank: Rank, why: str) -> None:
        def then(rerouted: Rerouted | None) -> None:
            if rerouted is not None and rerouted.moved and rerouted.looked_at >= AT_ONCE:
                self._move_unclaimed(queue, rank, why)
            else:
                self._moving.discard((queue.name, rank))

        self._post(queue, rank, (), why, then)

    def _move_late(self, queue: SendQueue) -> None:
        """Move messages with a deadline that have waited for half their time; each once."""
        now_ms = self._batcher.clock.wall_ms()
        if len(self._late) > LATE_REMEMBERED:
            self._late.clear()
        for rank, ranked in queue.ranks.items():
            late = {
                part.message_id: None
                for part in ranked.movable
                if part.stale_ms is not None
                and part.message_id not in self._late
                and now_ms * 2 > part.stale_ms + part.due_ms
            }
            if late:
                self._late.update(late)
                self._post(queue, rank, tuple(late)[:AT_ONCE], "half its lane's time was over")

    def _post(
        self,
        queue: SendQueue,
        rank: Rank,
        message_ids: tuple[MessageId, ...],
        why: str,
        then: Callable[[Rerouted | None], None] = lambda rerouted: None,
    ) -> None:
        def done(rerouted: Rerouted) -> None:
            self._moved(queue, rerouted)
            then(rerouted)

        order = RerouteOrder(carrier=queue.name, why=why, message_ids=message_ids, rank=rank)
        self._batcher.post(REROUTE, order, done, lambda error: then(None))

    def _moved(self, queue: SendQueue, rerouted: Rerouted) -> None:
        queue.remove(rerouted.moved)
        touched = set()
        for carrier, rank in rerouted.moved.values():
            target = self._queues.get(carrier)
            if target is not None:
                target.of(rank).may_have_backlog = True
                touched.add(carrier)
        for carrier in touched:
            self._claim(self._queues[carrier])
