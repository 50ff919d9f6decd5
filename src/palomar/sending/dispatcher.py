"""The dispatcher: claimed messages leave by their carrier as soon as it has room. It is also the carriers' sink.

Per carrier it keeps a line (``send_queue``). A message may be claimed at birth: as ``submitting`` where slots are free
at once and nobody stands before it, as ``queued`` where the line has room; else it stays unclaimed, and is fetched when
the line has drained (``claimer``). What cannot leave by its carrier leaves by another (``failover``).
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
from palomar.sending.outgoing import new_message_parts
from palomar.sending.send_queue import SendQueue
from palomar.sending.stalled import Watchdog
from palomar.sending.submit import PendingSubmit, Retry, SubmitAnswer, mark_submitting, record_answers
from palomar.transaction.batcher import Batcher, Step
from palomar.vocabulary.message import State

_FACTS_AT_MOST = 20_000
_AFTER_A_FAILURE_SECONDS = 5.0
ACKNOWLEDGE_SECONDS = 5.0
"""While the database is away a carrier hears after so long that it shall send a receipt or a text again
(ESME_RX_T_APPN): most give up waiting for an answer after 10 s or more."""

MARK = Step(name="mark_submitting", script=mark_submitting)
ANSWERS = Step(name="record_answers", script=record_answers, batch_delay_seconds=0.010)
RECEIPTS = Step(
    name="record_receipts",
    script=record_receipts,
    batch_delay_seconds=0.005,
    outage_wait_seconds=ACKNOWLEDGE_SECONDS,
)
ACKNOWLEDGED = Step(name="acknowledge", script=acknowledge, batch_delay_seconds=0.050)
"""What was acknowledged is known before the next of the same octets is judged."""
LINK_ENDED = Step(name="note_ended_links", script=note_ended_links)
INBOUND = Step(name="receive", script=receive, batch_delay_seconds=0.005, outage_wait_seconds=ACKNOWLEDGE_SECONDS)


class Dispatcher:
    """See the module. ``carriers`` by name; ``batcher`` is plugged in by :meth:`attach` because it needs us too."""

    def __init__(self, carriers: Mapping[str, Carrier], router: Router) -> None:
        self._lines = {name: SendQueue(name, carrier) for name, carrier in carriers.items()}
        self._lines[UNROUTED] = SendQueue(UNROUTED, None)
        self._router = router
        self._batcher: Batcher
        self._claimer: Claimer
        self._failover: Failover
        self._taking = True

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher
        self._claimer = Claimer(self._lines, batcher, pump=self._pump)
        self._failover = Failover(self._lines, batcher, self._router, claim=self._claimer.claim)
        self.watchdog = Watchdog(self._lines, pump=self._pump, claim=self._claimer.claim)

    @property
    def router(self) -> Router:
        """Return what knows the carriers as they stand."""
        return self._router

    @property
    def waiting_parts(self) -> dict[str, int]:
        """Return how many parts wait in memory for each carrier."""
        return {line.name: line.waiting for line in self._lines.values() if line.carrier is not None}

    # --- acceptance

    def claim_new_messages(self, commands: Sequence[Acceptance]) -> None:
        """Find a carrier for each new message, and this node's claim where nobody stands before it."""
        now_ms = self._batcher.clock.wall_ms()
        snapshot = self._router.snapshot()
        for command in commands:
            for message in command.messages:
                is_open = message.row.final_ms is None
                command.claims.append(self._claim(message, command, snapshot, now_ms) if is_open else UNCLAIMED)

    def accepted(self, result: Result, command: Acceptance) -> None:
        """After the commit: what was marked leaves, what was claimed waits in line, slots that are not used go back."""
        if not isinstance(result, Accepted):
            self.not_accepted(command)
            return
        lines = set()
        for message, claim in zip(result.messages, command.claims, strict=True):
            line = self._lines[claim.carrier]
            queue = line.of(message.new.rank)
            if claim.held is not None:
                queue.pledged -= message.row.parts
            if message.claim is None:
                self._release(claim, message.new, line)
                left_waiting = message.refused is None and message.state is State.QUEUED
                queue.backlog = queue.backlog or left_waiting
            elif message.claim is State.SUBMITTING and line.carrier is not None:
                for part in new_message_parts(message):
                    line.left += 1
                    line.carrier.submit(part)
            else:
                for part in new_message_parts(message):
                    line.push(part)
            lines.add(line.name)
        for name in lines:
            self._pump(self._lines[name])

    def not_accepted(self, command: Acceptance) -> None:
        """The command was refused or failed: nothing of it will leave."""
        for message, claim in zip(command.messages, command.claims, strict=False):  # none where nobody looked
            if claim.held is not None:
                line = self._lines[claim.carrier]
                line.of(message.rank).pledged -= message.row.parts
                self._release(claim, message, line)

    def _claim(self, message: NewMessage, command: Acceptance, snapshot: RoutingSnapshot, now_ms: int) -> Claim:
        row = message.row
        if row.due_ms > now_ms or row.state is State.SCHEDULED:
            return UNCLAIMED  # it is judged and routed when it is due, even where that has come since it was composed
        choice = (
            snapshot.next_in_turn(row.sender)
            if snapshot.takes_turns
            else snapshot.choose(_asked(message, command, now_ms))
        )
        line = self._lines[choice.carrier]
        if not self._taking or line.carrier is None or not line.carrier.live:
            return Claim(choice.carrier, None, choice)
        queue, held = line.of(message.rank), None
        if line.can_leave and line.is_first(message.rank) and line.carrier.reserve(row.parts):
            held = State.SUBMITTING
        elif not queue.backlog and queue.room >= row.parts:
            held = State.QUEUED
        if held is not None:
            queue.pledged += row.parts
        return Claim(choice.carrier, held, choice)

    def _release(self, claim: Claim, message: NewMessage, line: SendQueue) -> None:
        if claim.held is State.SUBMITTING and line.carrier is not None:
            line.carrier.release(message.row.parts)

    # --- what carriers tell (ports.CarrierSink)

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange, carrier: str) -> None:
        self._router.record_outcome(carrier, outcome, part.message_id)
        line = self._lines[carrier]
        line.unsaved += 1
        self._batcher.post(
            ANSWERS,
            SubmitAnswer(carrier, part, outcome, exchange),
            lambda again: self._saved(line, part, again),
            lambda error: self._saved(line, part, None),
        )

    def receipt(self, receipt: CarrierReceipt, acknowledge: Acknowledge) -> None:
        if self._batcher.waiting > _FACTS_AT_MOST:
            acknowledge(False)
            return
        self._batcher.post(RECEIPTS, receipt, lambda found: acknowledge(True), lambda error: acknowledge(False))

    def inbound(self, inbound: CarrierInbound, acknowledge: Acknowledge) -> None:
        if self._batcher.waiting > _FACTS_AT_MOST:
            acknowledge(False)
            return

        def stored(fresh: bool) -> None:
            acknowledge(True)
            self._batcher.post(ACKNOWLEDGED, Acknowledged(inbound, self._batcher.clock.wall_ms()), _done)

        self._batcher.post(INBOUND, inbound, stored, lambda error: acknowledge(False))

    def link_ended(self, link: str) -> None:
        self._batcher.post(LINK_ENDED, LinkEnded(link, self._batcher.clock.wall_ms()), _done)

    def room_changed(self, carrier: str) -> None:
        self._pump(self._lines[carrier])

    # --- the lines

    def look_for_work(self) -> None:
        """Ask the database for due messages that nobody has; called now and then, and when a line has drained."""
        for line in self._lines.values():
            self._claimer.claim(line)

    def wake(self) -> None:
        """Something may have become due or free: look in every line."""
        for line in self._lines.values():
            for queue in line.queues.values():
                queue.backlog = True
        self.look_for_work()

    def fail_over(self) -> None:
        """Move what cannot leave by its carrier, or not in time; called twice a second."""
        if self._taking:
            self._failover.check()

    def stop_taking(self) -> None:
        """Claim nothing any more; the end of the lease frees what has not been marked."""
        self._taking = False
        self._claimer.stop()
        self.forget()

    def forget(self) -> None:
        """Drop what was claimed and not marked: it is ours no more."""
        for line in self._lines.values():
            line.clear()

    def _pump(self, line: SendQueue) -> None:
        carrier = line.carrier
        if carrier is None or not self._taking:
            return
        while line.can_leave and line.waiting and carrier.reserve(1):
            part = line.pop()
            line.of(part.rank).pledged += 1
            self._mark(line, carrier, part)
        self._claimer.refill(line)

    def _mark(self, line: SendQueue, carrier: Carrier, part: OutgoingPart) -> None:
        queue = line.of(part.rank)

        def done(may_leave: bool) -> None:
            queue.pledged -= 1
            if may_leave:
                line.left += 1
                carrier.submit(part)
            else:
                carrier.release(1)
                self._pump(line)  # the slot is the next part's

        def failed(error: BaseException) -> None:
            queue.pledged -= 1
            carrier.release(1)
            self._rest(line, part, _AFTER_A_FAILURE_SECONDS)

        self._batcher.post(MARK, PendingSubmit(part, line.name), done, failed)

    def _saved(self, line: SendQueue, part: OutgoingPart, again: Retry | None) -> None:
        """The carrier's answer is in a transaction, or can be in none."""
        stood = not line.can_leave
        line.unsaved -= 1
        if again is not None:
            self._again(line, part, again)
        if stood and line.can_leave:
            self._pump(line)

    def _again(self, line: SendQueue, part: OutgoingPart, again: Retry) -> None:
        # The carrier may still answer the attempt before, so this one is another part.
        part = structs.replace(part, attempt=again.attempt, deferrals=again.deferrals)
        if again.seconds <= 0.0:
            self._back_in_line(line, part)
        else:
            self._rest(line, part, again.seconds)
            self._failover.handle_deferred(part, line)

    def _rest(self, line: SendQueue, part: OutgoingPart, seconds: float) -> None:
        """Let a part wait for its time; where its carrier fails meanwhile, it moves as those do that are ready."""

        def wake() -> None:
            if line.woken(part):
                self._back_in_line(line, part)

        if self._taking:
            line.rest(part, asyncio.get_running_loop().call_later(seconds, wake))

    def _back_in_line(self, line: SendQueue, part: OutgoingPart) -> None:
        if self._taking:
            line.push_front(part)
            self._pump(line)


def _done(result: None) -> None:
    """Do nothing: nobody waits for a mark."""


def _asked(message: NewMessage, command: Acceptance, now_ms: int) -> RoutingRequest:
    """A new message in the router's words."""
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
    """A carrier's own door to the dispatcher: it adds the carrier's name to what it tells."""

    def __init__(self, dispatcher: Dispatcher, carrier: str) -> None:
        self._dispatcher = dispatcher
        self._carrier = carrier
        self.receipt = dispatcher.receipt
        self.inbound = dispatcher.inbound
        self.link_ended = dispatcher.link_ended
        self.room_changed = dispatcher.room_changed

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        self._dispatcher.answered(part, outcome, exchange, self._carrier)
