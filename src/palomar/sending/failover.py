"""Failover: what waits for a carrier that is down, or takes nothing, or not in time, moves to the line of another.

Three occasions: the carrier has failed (everything that is queued for it moves), one message was put off again and
again (it moves), and a message of a lane with a deadline has waited for half its time (it moves). Each only where
another carrier could be used now. Not here: which one (``routing.router``), and the move itself (``sending.reroute``).
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

PUT_OFF_AT_MOST = 3
"""A message that was put off so often by one carrier tries another."""
LOOK_EVERY_SECONDS = 0.5
HURRIED_REMEMBERED = 10_000
REROUTE = Step(name="reroute", script=reroute, weigh=lambda order: len(order.message_ids) or AT_ONCE)


class Failover:
    """``claim`` fetches what was moved into its new line."""

    def __init__(
        self, lines: Mapping[str, SendQueue], batcher: Batcher, router: Router, *, claim: Callable[[SendQueue], None]
    ) -> None:
        self._lines = lines
        self._batcher = batcher
        self._router = router
        self._claim = claim
        self._moving: set[tuple[str, Rank]] = set()
        self._hurried: set[MessageId] = set()

    def check(self) -> None:
        """Move what should not wait any longer."""
        for name, line in self._lines.items():
            if name == UNROUTED or not self._router.has_other(name):
                continue
            if self._router.has_failed(name):
                self._move_all(line)
            else:
                self._move_hurried(line)

    def handle_deferred(self, part: OutgoingPart, line: SendQueue) -> None:
        """Note that the carrier has asked for this part later, once more."""
        if part.deferrals >= PUT_OFF_AT_MOST and self._router.has_other(line.name):
            self._post(line, part.rank, (part.message_id,), f"the carrier put it off {part.deferrals} times")

    def _move_all(self, line: SendQueue) -> None:
        why = self._router.states()[line.name].trouble or "the carrier has failed"
        for rank in Rank:
            if (line.name, rank) not in self._moving:
                self._moving.add((line.name, rank))
                self._move_what_is_here(line, rank, why, frozenset())

    def _move_what_is_here(self, line: SendQueue, rank: Rank, why: str, tried: frozenset[MessageId]) -> None:
        """A slice of what is in memory, again and again; then what nobody has claimed."""
        here = dict.fromkeys(part.message_id for part in line.of(rank).here if part.message_id not in tried)
        if here:
            some = tuple(here)[:AT_ONCE]
            more = tried | set(some)
            self._post(line, rank, some, why, lambda rerouted: self._move_what_is_here(line, rank, why, more))
        else:
            self._move_unclaimed(line, rank, why)

    def _move_unclaimed(self, line: SendQueue, rank: Rank, why: str) -> None:
        def then(rerouted: Rerouted | None) -> None:
            if rerouted is not None and rerouted.moved and rerouted.looked_at >= AT_ONCE:
                self._move_unclaimed(line, rank, why)
            else:
                self._moving.discard((line.name, rank))

        self._post(line, rank, (), why, then)

    def _move_hurried(self, line: SendQueue) -> None:
        """Messages with a deadline that have waited for half their time; each tries once."""
        now_ms = self._batcher.clock.wall_ms()
        if len(self._hurried) > HURRIED_REMEMBERED:
            self._hurried.clear()
        for rank, queue in line.queues.items():
            late = {
                part.message_id: None
                for part in queue.here
                if part.stale_ms is not None
                and part.message_id not in self._hurried
                and now_ms * 2 > part.stale_ms + part.due_ms
            }
            if late:
                self._hurried.update(late)
                self._post(line, rank, tuple(late)[:AT_ONCE], "half its lane's time was over")

    def _post(
        self,
        line: SendQueue,
        rank: Rank,
        message_ids: tuple[MessageId, ...],
        why: str,
        then: Callable[[Rerouted | None], None] = lambda rerouted: None,
    ) -> None:
        def done(rerouted: Rerouted) -> None:
            self._moved(line, rerouted)
            then(rerouted)

        order = RerouteOrder(carrier=line.name, why=why, message_ids=message_ids, rank=rank)
        self._batcher.post(REROUTE, order, done, lambda error: then(None))

    def _moved(self, line: SendQueue, rerouted: Rerouted) -> None:
        line.take_out(rerouted.moved)
        touched = set()
        for carrier, rank in rerouted.moved.values():
            target = self._lines.get(carrier)
            if target is not None:
                target.of(rank).backlog = True
                touched.add(carrier)
        for carrier in touched:
            self._claim(self._lines[carrier])
