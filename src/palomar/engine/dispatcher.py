"""The dispatcher: claimed messages leave by their carrier as soon as it has room.

Per carrier it keeps a line: parts in memory that wait for a slot, and whether more wait in the database. A message may
be claimed at birth: as ``submitting`` where slots are free at once, as ``queued`` where the line has room; else it
stays unclaimed and the claimer fetches it when the line has drained. It is also the carriers' sink.
"""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from palomar.domain.message import State, part_id
from palomar.domain.routing import CarrierState, choose_carrier
from palomar.domain.text import payloads
from palomar.engine.batcher import Batcher, Step
from palomar.flows.accept import Acceptance, Accepted, NewMessage, Result
from palomar.flows.claim import ClaimOrder, WaitingPart, claim
from palomar.flows.dispatch import Again, Answer, mark_submitting, record_answers
from palomar.flows.receive import receive
from palomar.flows.report import record_receipts
from palomar.ports import Acknowledge, Carrier, CarrierInbound, CarrierReceipt, Exchange, OutgoingPart, SubmitOutcome

LINE_PARTS = 4_000
"""Parts a line keeps in memory; the rest waits in the database."""
UNROUTED = ""
"""The line of messages that were stored without a carrier (by a command beside the server)."""

_CLAIM_AT_MOST = 50
_FACTS_AT_MOST = 20_000
_AFTER_A_FAILURE_SECONDS = 5.0
_log = structlog.get_logger(__name__)

MARK = Step(name="mark_submitting", script=mark_submitting, rank=20)
ANSWERS = Step(name="record_answers", script=record_answers, rank=30, linger_seconds=0.010)
RECEIPTS = Step(name="record_receipts", script=record_receipts, rank=40, linger_seconds=0.005)
INBOUND = Step(name="receive", script=receive, rank=45, linger_seconds=0.005)
CLAIM = Step(name="claim", script=claim, rank=60, weigh=lambda order: order.limit)


@dataclass(slots=True)
class _Line:
    name: str
    carrier: Carrier | None
    ready: deque[OutgoingPart] = field(default_factory=deque)
    pledged: int = 0
    """Parts claimed at birth whose transaction has not ended, or marked and about to leave."""
    backlog: bool = True
    """Whether the database may hold due messages that nobody has; true until a query found none."""
    claiming: bool = False

    @property
    def room(self) -> int:
        return LINE_PARTS - len(self.ready) - self.pledged


class Dispatcher:
    """See the module. ``carriers`` by name; ``batcher`` is plugged in by :meth:`attach` because it needs us too."""

    def __init__(self, carriers: Mapping[str, Carrier]) -> None:
        self._lines = {name: _Line(name, carrier) for name, carrier in carriers.items()}
        self._lines[UNROUTED] = _Line(UNROUTED, None)
        self._batcher: Batcher
        self._turn = 0
        self._taking = True
        self._facts = 0

    def attach(self, batcher: Batcher) -> None:
        self._batcher = batcher

    # --- acceptance

    def claim_at_birth(self, commands: Sequence[Acceptance]) -> None:
        """Give each new message a carrier, and this node's claim where the carrier's line has nothing older waiting."""
        now_ms = self._batcher.clock.wall_ms()
        states = self._carrier_states()
        for command in commands:
            for message in command.messages:
                if message.row.final_ms is None:
                    self._claim_one(message, states, now_ms)

    def accepted(self, result: Result, command: Acceptance) -> None:
        """After the commit: what was marked leaves, what was claimed waits in line, slots that are not used go back."""
        if not isinstance(result, Accepted):
            self.not_accepted(command)
            return
        lines = set()
        for message in command.messages:
            line = self._lines[message.row.carrier]
            if message.pledge is not None:
                line.pledged -= message.row.parts
            if message.claim is None or message.refused is not None or not message.counts:
                self._give_back(message, line)
                left_waiting = message.counts and message.refused is None and message.state is State.QUEUED
                line.backlog = line.backlog or left_waiting
            elif message.claim is State.SUBMITTING and line.carrier is not None:
                for part in _outgoing(message):
                    line.carrier.submit(part)
            else:
                line.ready.extend(_outgoing(message, attempt=1))
            lines.add(line.name)
        for name in lines:
            self._pump(self._lines[name])

    def not_accepted(self, command: Acceptance) -> None:
        """The command was refused or failed: nothing of it will leave."""
        for message in command.messages:
            line = self._lines[message.row.carrier]
            if message.pledge is not None:
                line.pledged -= message.row.parts
            self._give_back(message, line)

    def _claim_one(self, message: NewMessage, states: Sequence[CarrierState], now_ms: int) -> None:
        row = message.row
        row.carrier = self._route(states)
        line = self._lines[row.carrier]
        if not self._taking or line.carrier is None or row.due_ms > now_ms or line.backlog or not line.carrier.live:
            return
        if not line.ready and line.carrier.reserve(row.parts):
            message.claim = message.pledge = State.SUBMITTING
        elif line.room >= row.parts:
            message.claim = message.pledge = State.QUEUED
        if message.claim is not None:
            line.pledged += row.parts

    def _give_back(self, message: NewMessage, line: _Line) -> None:
        if message.pledge is State.SUBMITTING and line.carrier is not None:
            line.carrier.release(message.row.parts)
        message.claim = message.pledge = None

    # --- what carriers tell (ports.CarrierSink)

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange, carrier: str) -> None:
        self._batcher.post(
            ANSWERS, Answer(carrier, part, outcome, exchange), lambda again: self._again(part, carrier, again)
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
        self._batcher.post(INBOUND, inbound, lambda fresh: acknowledge(True), lambda error: acknowledge(False))

    def room_changed(self, carrier: str) -> None:
        self._pump(self._lines[carrier])

    # --- the lines

    def look_for_work(self) -> None:
        """Ask the database for due messages that nobody has; called now and then, and when a line has drained."""
        for line in self._lines.values():
            self._claim_more(line)

    def wake(self) -> None:
        """Something may have become due or free: look in every line."""
        for line in self._lines.values():
            line.backlog = True
        self.look_for_work()

    def stop_taking(self) -> None:
        """Claim nothing any more; the end of the lease frees what has not been marked."""
        self._taking = False
        self.forget()

    def forget(self) -> None:
        """Drop what was claimed and not marked: it is ours no more."""
        for line in self._lines.values():
            line.ready.clear()

    @property
    def waiting_parts(self) -> dict[str, int]:
        """Parts in memory, by carrier."""
        return {line.name: len(line.ready) for line in self._lines.values() if line.carrier is not None}

    def _pump(self, line: _Line) -> None:
        carrier = line.carrier
        if carrier is None or not self._taking:
            return
        while line.ready and carrier.reserve(1):
            part = line.ready.popleft()
            line.pledged += 1
            self._mark(line, carrier, part)
        if line.backlog and line.room > LINE_PARTS // 2:
            self._claim_more(line)

    def _mark(self, line: _Line, carrier: Carrier, part: OutgoingPart) -> None:
        def done(may_leave: bool) -> None:
            line.pledged -= 1
            if may_leave:
                carrier.submit(part)
            else:
                carrier.release(1)
                self._pump(line)  # the slot is the next part's

        def failed(error: BaseException) -> None:
            line.pledged -= 1
            carrier.release(1)
            asyncio.get_running_loop().call_later(_AFTER_A_FAILURE_SECONDS, self._back_in_line, line, part)

        self._batcher.post(MARK, part, done, failed)

    def _again(self, part: OutgoingPart, carrier: str, again: Again | None) -> None:
        if again is None:
            return
        part = replace(part, attempt=again.attempt)  # the carrier may still answer the attempt before
        line = self._lines[carrier]
        if again.seconds <= 0.0:
            self._back_in_line(line, part)
        else:
            asyncio.get_running_loop().call_later(again.seconds, self._back_in_line, line, part)

    def _back_in_line(self, line: _Line, part: OutgoingPart) -> None:
        if self._taking:
            line.ready.appendleft(part)
            self._pump(line)

    def _claim_more(self, line: _Line) -> None:
        carrier = line.carrier
        if line.claiming or not self._taking or (carrier is not None and not carrier.live):
            return
        limit = min(_CLAIM_AT_MOST, line.room if carrier is not None else self._room_anywhere())
        if limit <= 0:
            return
        line.claiming, line.backlog = True, False

        def done(parts: list[WaitingPart]) -> None:
            line.claiming = False
            messages = len({part.message_id for part in parts})
            line.backlog = line.backlog or messages >= limit
            self._queue_claimed(line, parts)
            if line.backlog:
                self._claim_more(line)

        def failed(error: BaseException) -> None:
            line.claiming, line.backlog = False, True

        self._batcher.post(CLAIM, ClaimOrder(carrier=line.name, limit=limit), done, failed)

    def _queue_claimed(self, line: _Line, parts: list[WaitingPart]) -> None:
        touched = {}
        chosen: dict[int, str] = {}
        for part in parts:
            if part.message_id not in chosen:
                # A message of which a part has left by a carrier stays with it.
                known = part.carrier if part.carrier in self._lines else UNROUTED
                chosen[part.message_id] = line.name or known or self._route(self._carrier_states())
            target = self._lines[chosen[part.message_id]]
            target.ready.append(_from_waiting(part))
            touched[target.name] = target
        for target in touched.values():
            self._pump(target)

    def _room_anywhere(self) -> int:
        """What is not routed yet comes to wait in a carrier's line."""
        return max((line.room for line in self._lines.values() if line.carrier is not None), default=0)

    def _route(self, states: Sequence[CarrierState]) -> str:
        self._turn += 1
        return choose_carrier(states, turn=self._turn) or UNROUTED

    def _carrier_states(self) -> list[CarrierState]:
        return [
            CarrierState(name=line.name, live=line.carrier.live)
            for line in self._lines.values()
            if line.carrier is not None
        ]


class LineSink:
    """A carrier's own door to the dispatcher: it adds the carrier's name to what it tells."""

    def __init__(self, dispatcher: Dispatcher, carrier: str) -> None:
        self._dispatcher = dispatcher
        self._carrier = carrier
        self.receipt = dispatcher.receipt
        self.inbound = dispatcher.inbound
        self.room_changed = dispatcher.room_changed

    def answered(self, part: OutgoingPart, outcome: SubmitOutcome, exchange: Exchange) -> None:
        self._dispatcher.answered(part, outcome, exchange, self._carrier)


def _outgoing(message: NewMessage, *, attempt: int = 1) -> list[OutgoingPart]:
    row = message.row
    return [
        OutgoingPart(
            part_id=part_id(row.id, number),
            message_id=row.id,
            attempt=attempt,
            number=number,
            parts=row.parts,
            reference=row.reference,
            sender=row.sender,
            msisdn=row.msisdn,
            alphabet=row.alphabet,
            payload=payload,
        )
        for number, payload in enumerate(payloads(row.text, row.alphabet), 1)
    ]


def _from_waiting(part: WaitingPart) -> OutgoingPart:
    return OutgoingPart(
        part_id=part.part_id,
        message_id=part.message_id,
        attempt=part.attempt,
        number=part.number,
        parts=part.parts,
        reference=part.reference,
        sender=part.sender,
        msisdn=part.msisdn,
        alphabet=part.alphabet,
        payload=payloads(part.text, part.alphabet)[part.number - 1],
    )
