"""Gives claimed parts to carriers as soon as those have free slots, and takes what carriers report.

Each carrier has a send queue (``send_queue``). A new message is claimed in the transaction that accepts it: as
``submitting`` if there are free slots and no message waits before it, as ``queued`` if the queue has room. Otherwise it
stays unclaimed, and is fetched when the queue has drained (``claimer``). What cannot leave by its carrier moves to
another (``failover``). Not here: the transactions around a submit (``submit``).
"""

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import structs

from palomar.acceptance.accept import Accepted, Result
from palomar.acceptance.compose import UNCLAIMED, Acceptance, Claim, NewMessage
from palomar.inbound.receive import receive
from palomar.inbound.repeats import Acknowledged, LinkEnded, acknowledge, note_ended_links
from palomar.ports import Acknowledge, Carrier, CarrierInbound, CarrierReceipt, Exchange, OutgoingPart, SubmitOutcome
from palomar.receipts.record import record_receipts
from palomar.routing.route_chooser import UNROUTED
from palomar.routing.router import Router, RoutingSnapshot
from palomar.routing.rules import RoutingRequest
from palomar.sending.claimer import Claimer
from palomar.sending.failover import Failover
from palomar.sending.in_doubt import Retry
from palomar.sending.outgoing import new_message_parts
from palomar.sending.send_queue import SendQueue
from palomar.sending.stalled import Watchdog
from palomar.sending.submit import PendingSubmit, SubmitAnswer, mark_submitting, record_answers
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.message import State

_FACTS_AT_MOST = 20_000
"""With so many entries waiting in the batcher, receipts and texts are not acknowledged: carriers send them again."""
_AFTER_FAILURE_SECONDS = 5.0
ACKNOWLEDGE_SECONDS = 5.0
"""While the database is away a carrier is asked after so long to send a receipt or a text again (ESME_RX_T_APPN): most
carriers stop waiting for an answer after 10 s or more."""

MARK = Step(name="mark_submitting", script=mark_submitting)
ANSWERS = Step(name="record_answers", script=record_answers, batch_delay_seconds=0.010)
RECEIPTS = Step(
    name="record_receipts",
    script=record_receipts,
    batch_delay_seconds=0.005,
    outage_wait_seconds=ACKNOWLEDGE_SECONDS,
)
ACKNOWLEDGED = Step(name="acknowledge", script=acknowledge, batch_delay_seconds=0.050)
"""An acknowledgement is recorded before the next text of the same octets is judged."""
LINK_ENDED = Step(name="note_ended_links", script=note_ended_links)
INBOUND = Step(name="receive", script=receive, batch_delay_seconds=0.005, outage_wait_seconds=ACKNOWLEDGE_SECONDS)


class Dispatcher:
    """Sends the parts of all carriers of a node. ``carriers`` are by name. :meth:`attach` connects the batcher, which
    itself needs the dispatcher."""

    def __init__(self, carriers: Mapping[str, Carrier], router: Router) -> None:
        self._queues = {name: SendQueue(name, carrier) for name, carrier in carriers.items()}
        self._queues[UNROUTED] = SendQueue(UNROUTED, None)
        self._router = router
        self._batcher: Batcher
        self._claimer: Claimer
        self._failover: Failover
        self._is_active = True

    def attach(self, batcher: Batcher) -> None:
        """Connect the batcher, and build what depends on it."""
        self._batcher = batcher
        self._claimer = Claimer(self._queues, batcher, send=self._send_waiting)
        self._failover = Failover(self._queues, batcher, self._router, claim=self._claimer.claim)
        self.watchdog = Watchdog(self._queues, send=self._send_waiting, claim=self._claimer.claim)

    @property
    def router(self) -> Router:
        """Return the router of this node's carriers."""
        return self._router

    @property
    def waiting_parts(self) -> dict[str, int]:
        """Return how many parts wait in memory, by carrier."""
        return {queue.name: queue.waiting for queue in self._queues.values() if queue.carrier is not None}

    # --- acceptance

    def claim_new_messages(self, commands: Sequence[Acceptance]) -> None:
        """Choose a carrier for each new message, and claim it for this node if it can leave or be queued at once.
        Called when the transaction that accepts these messages begins."""
        now_ms = self._batcher.clock.wall_ms()
        snapshot = self._router.snapshot()
        for command in commands:
            for message in command.messages:
                is_open = message.row.final_ms is None
                command.claims.append(self._claim(message, command, snapshot, now_ms) if is_open else UNCLAIMED)

    def accepted(self, result: Result, command: Acceptance) -> None:
        """Act on an acceptance after its commit: submit the parts that were marked, queue those that were claimed, and
        release the slots that are not used."""
        if not isinstance(result, Accepted):
            self.not_accepted(command)
            return
        queues = set()
        for message, claim in zip(result.messages, command.claims, strict=True):
            queue = self._queues[claim.carrier]
            ranked = queue.of(message.new.rank)
            if claim.held is not None:
                ranked.reserved -= message.row.parts
            if message.claim is None:
                self._release(claim, message.new, queue)
                is_left_waiting = message.refused is None and message.state is State.QUEUED
                ranked.may_have_backlog = ranked.may_have_backlog or is_left_waiting
            elif message.claim is State.SUBMITTING and queue.carrier is not None:
                for part in new_message_parts(message):
                    queue.submitted += 1
                    queue.carrier.submit(part)
            else:
                for part in new_message_parts(message):
                    queue.push(part)
            queues.add(queue.name)
        for name in queues:
            self._send_waiting(self._queues[name])

    def not_accepted(self, command: Acceptance) -> None:
        """Release all that was claimed for a command that was refused or failed."""
        for message, claim in zip(command.messages, command.claims, strict=False):  # no claims if it never began
            if claim.held is not None:
                queue = self._queues[claim.carrier]
                queue.of(message.rank).reserved -= message.row.parts
                self._release(claim, message, queue)

    def _claim(self, message: NewMessage, command: Acceptance, snapshot: RoutingSnapshot, now_ms: int) -> Claim:
        row = message.row
        if row.due_ms > now_ms or row.state is State.SCHEDULED:
            return UNCLAIMED  # it is filtered and routed when it is claimed, even if it has become due meanwhile
        choice = (
            snapshot.next_in_turn(row.sender)
            if snapshot.takes_turns
            else snapshot.choose(_routing_request(message, command, now_ms))
        )
        queue = self._queues[choice.carrier]
        if not self._is_active or queue.carrier is None or not queue.carrier.live:
            return Claim(choice.carrier, None, choice)
        ranked, held = queue.of(message.rank), None
        if queue.can_leave and queue.is_first(message.rank) and queue.carrier.reserve(row.parts):
            held = State.SUBMITTING
        elif not ranked.may_have_backlog and ranked.room >= row.parts:
            held = State.QUEUED
        if held is not None:
            ranked.reserved += row.parts
        return Claim(choice.carrier, held, choice)

    def _release(self, claim: Claim, message: NewMessage, queue: SendQueue) -> None:
        if claim.held is State.SUBMITTING and queue.carrier is not None:
            queue.carrier.release(message.row.parts)

    # --- reports of carriers (ports.CarrierSink)

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange, carrier: str) -> None:
        """Record the outcome of a submit, with the next batch."""
        self._router.record_outcome(carrier, outcome, part.message_id)
        queue = self._queues[carrier]
        queue.unrecorded += 1
        self._batcher.post(
            ANSWERS,
            SubmitAnswer(carrier, part, outcome, exchange),
            lambda retry: self._answer_recorded(queue, part, retry),
            lambda error: self._answer_recorded(queue, part, None),
        )

    def receipt(self, receipt: CarrierReceipt, acknowledge: Acknowledge) -> None:
        """Record a receipt, and acknowledge it after the commit; refuse it if that cannot be done in time."""
        if self._batcher.waiting > _FACTS_AT_MOST:
            acknowledge(False)
            return
        self._batcher.post(RECEIPTS, receipt, lambda found: acknowledge(True), lambda error: acknowledge(False))

    def inbound(self, inbound: CarrierInbound, acknowledge: Acknowledge) -> None:
        """Record a text of a phone, and acknowledge it after the commit; refuse it if that cannot be done in time."""
        if self._batcher.waiting > _FACTS_AT_MOST:
            acknowledge(False)
            return

        def stored(fresh: bool) -> None:
            acknowledge(True)
            self._batcher.post(ACKNOWLEDGED, Acknowledged(inbound, self._batcher.clock.wall_ms()), _done)

        self._batcher.post(INBOUND, inbound, stored, lambda error: acknowledge(False))

    def link_ended(self, link: str) -> None:
        """Record that a link has ended: texts that it did not acknowledge may come again."""
        self._batcher.post(LINK_ENDED, LinkEnded(link, self._batcher.clock.wall_ms()), _done)

    def slots_changed(self, carrier: str) -> None:
        """Submit waiting parts, because the carrier may have free slots."""
        self._send_waiting(self._queues[carrier])

    # --- the queues

    def claim_due(self) -> None:
        """Claim due messages that no node has, for every queue."""
        for queue in self._queues.values():
            self._claimer.claim(queue)

    def recheck_all(self) -> None:
        """Claim for every queue, because messages may have been stored, become due, or been freed."""
        for queue in self._queues.values():
            for ranked in queue.ranks.values():
                ranked.may_have_backlog = True
        self.claim_due()

    def fail_over(self) -> None:
        """Move messages that cannot leave by their carrier, or not in time; called twice a second."""
        if self._is_active:
            self._failover.check()

    def stop_claiming(self) -> None:
        """Claim and submit nothing more. The end of the lease frees the messages that were not marked."""
        self._is_active = False
        self._claimer.stop()
        self.drop_claimed()

    def drop_claimed(self) -> None:
        """Drop all parts in memory: this node's claim on them is lost or given up."""
        for queue in self._queues.values():
            queue.clear()

    def _send_waiting(self, queue: SendQueue) -> None:
        """Submit the parts of a queue, as many as the carrier has free slots for."""
        carrier = queue.carrier
        if carrier is None or not self._is_active:
            return
        while queue.can_leave and queue.waiting and carrier.reserve(1):
            part = queue.pop()
            queue.of(part.rank).reserved += 1
            self._mark(queue, carrier, part)
        self._claimer.refill(queue)

    def _mark(self, queue: SendQueue, carrier: Carrier, part: OutgoingPart) -> None:
        ranked = queue.of(part.rank)

        def done(may_leave: bool) -> None:
            ranked.reserved -= 1
            if may_leave:
                queue.submitted += 1
                carrier.submit(part)
            else:
                carrier.release(1)
                self._send_waiting(queue)  # the next part may have the slot

        def failed(error: BaseException) -> None:
            ranked.reserved -= 1
            carrier.release(1)
            self._delay(queue, part, _AFTER_FAILURE_SECONDS)

        self._batcher.post(MARK, PendingSubmit(part, queue.name), done, failed)

    def _answer_recorded(self, queue: SendQueue, part: OutgoingPart, retry: Retry | None) -> None:
        """Go on after an answer was recorded (or could not be): retry the part if told so, and submit others."""
        was_stopped = not queue.can_leave
        queue.unrecorded -= 1
        if retry is not None:
            self._retry(queue, part, retry)
        if was_stopped and queue.can_leave:
            self._send_waiting(queue)

    def _retry(self, queue: SendQueue, part: OutgoingPart, retry: Retry) -> None:
        # The carrier may still answer the attempt before, so the new attempt is an object of its own.
        part = structs.replace(part, attempt=retry.attempt, deferrals=retry.deferrals)
        if retry.seconds <= 0.0:
            self._requeue(queue, part)
        else:
            self._delay(queue, part, retry.seconds)
            self._failover.handle_deferred(part, queue)

    def _delay(self, queue: SendQueue, part: OutgoingPart, seconds: float) -> None:
        """Queue a part again after a pause. If its carrier fails meanwhile, it moves to another like the ready
        parts."""

        def end_pause() -> None:
            if queue.end_delay(part):
                self._requeue(queue, part)

        if self._is_active:
            queue.delay(part, asyncio.get_running_loop().call_later(seconds, end_pause))

    def _requeue(self, queue: SendQueue, part: OutgoingPart) -> None:
        if self._is_active:
            queue.push_front(part)
            self._send_waiting(queue)


def _done(result: None) -> None:
    """Do nothing when a step has run that nobody waits for."""


def _routing_request(message: NewMessage, command: Acceptance, now_ms: int) -> RoutingRequest:
    """Build the routing request of a new message."""
    row = message.row
    return RoutingRequest(
        msisdn=row.msisdn,
        country=row.country,
        sender=row.sender,
        lineage=command.lineage,
        label=row.label,
        dialect=row.dialect,
        at_ms=now_ms,
    )


class DispatcherSink:
    """A ``ports.CarrierSink`` for one carrier: passes its reports to the dispatcher, with the carrier's name."""

    def __init__(self, dispatcher: Dispatcher, carrier: str) -> None:
        self._dispatcher = dispatcher
        self._carrier = carrier
        self.receipt = dispatcher.receipt
        self.inbound = dispatcher.inbound
        self.link_ended = dispatcher.link_ended
        self.slots_changed = dispatcher.slots_changed

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        self._dispatcher.answered(part, outcome, exchange, self._carrier)
