"""An SMSC that takes everything, delivers it to handsets that are not there, and sends the receipts.

Stores and forwards in memory: receipts wait for a receiver of their system_id and come again until they are
acknowledged. What becomes of a message is ``outcome``'s say; one timer serves everything that is due later.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from palomar.carriers.simulator import memory, outcome, receipts
from palomar.carriers.simulator.mailbox import Mailbox
from palomar.carriers.simulator.outcome import Plan, Receipt
from palomar.carriers.simulator.peer import Peer
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.wheel import Wheel
from palomar.ports import Clock
from palomar.smpp import (
    CommandStatus,
    DeliverSm,
    MessageState,
    QuerySm,
    QuerySmResp,
    SubmitSm,
    SubmitSmResp,
    message_octets,
    parameters,
)

_GOLDEN = 0x9E3779B97F4A7C15
_REPEATS_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A message as the handset got it, one part."""

    number: str
    sender: str
    system_id: str
    octets: bytes
    esm_class: int
    data_coding: int
    at_ms: int


@dataclass(slots=True, kw_only=True)
class Stats:
    """What the simulator has counted since it began."""

    submitted: int = 0
    taken: int = 0
    refused: int = 0
    deliveries: int = 0
    """``deliver_sm`` acknowledged."""
    deliveries_refused: int = 0
    deliveries_again: int = 0


@dataclass(slots=True, kw_only=True)
class _Taken:
    """What ``query_sm`` needs to tell how a message stands."""

    plan: Plan
    taken_at: float
    delay_seconds: float


class SimulatorSmsc:
    """The simulator; any number of connections, in memory or through a listener."""

    def __init__(self, settings: SimulatorSettings | None = None, *, clock: Clock, chance: Callable[[], float]) -> None:
        self.settings = settings or SimulatorSettings()
        self.clock = clock
        self.stats = Stats()
        self._peers: set[Peer] = set()
        self._mailboxes: dict[str, Mailbox] = {}
        self._touched: set[str] = set()
        self._wheel: Wheel[Callable[[], None]] = Wheel()
        self._timer: asyncio.TimerHandle | None = None
        self._serial = int(chance() * (1 << 63))
        self._history: OrderedDict[str, _Taken] = OrderedDict()
        self._repeats: OrderedDict[tuple[str, bytes], int] = OrderedDict()
        self._subscribers: list[Callable[[Arrival], None]] = []
        self._closed = False

    async def connect_memory(self, factory: Callable[[], asyncio.Protocol]) -> object:
        """A connector for a client in this process: joins the protocol that ``factory`` makes to a new peer."""
        return memory.join(factory(), Peer(self))

    def accept(self) -> asyncio.Protocol:
        """A protocol for one connection that a listener has accepted."""
        return Peer(self)

    def subscribe(self, arrived: Callable[[Arrival], None]) -> Callable[[], None]:
        """Be told of every message that is delivered to a handset; returns how to be told no more."""
        self._subscribers.append(arrived)
        return partial(self._subscribers.remove, arrived)

    def send_inbound(
        self, *, system_id: str, source: str, destination: str, octets: bytes, data_coding: int = 0
    ) -> None:
        """A handset writes to a number of ``system_id``; it waits for a receiver like any receipt."""
        pdu = receipts.inbound_pdu(source=source, destination=destination, octets=octets, data_coding=data_coding)
        mailbox = self.mailbox(system_id)
        mailbox.put(pdu)
        mailbox.pump()

    def waiting(self) -> int:
        """Deliveries that no receiver has taken yet."""
        return sum(len(mailbox) for mailbox in self._mailboxes.values())

    def drop_connections(self) -> None:
        """Close every connection at once, without a word."""
        for peer in list(self._peers):
            peer.drop()

    def close(self) -> None:
        """Unbind everybody and forget what is due."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._wheel.clear()
        for peer in list(self._peers):
            peer.unbind()

    # --- what its peers tell

    def connected(self, peer: Peer) -> None:
        self._peers.add(peer)

    def disconnected(self, peer: Peer) -> None:
        self._peers.discard(peer)

    def mailbox(self, system_id: str) -> Mailbox:
        """What waits for this system_id."""
        found = self._mailboxes.get(system_id)
        if found is None:
            found = self._mailboxes[system_id] = Mailbox(limit=self.settings.mailbox_limit)
        return found

    def submitted(self, peer: Peer, pdu: SubmitSm) -> None:
        """A message came: answer it and plan what becomes of it."""
        self.stats.submitted += 1
        number = pdu.destination_addr
        plan = outcome.plan_for(number)
        if plan.status and (not plan.refuse_first or self._is_among_first(plan.refuse_first, pdu)):
            self.stats.refused += 1
            peer.answer(pdu, status=plan.status)
            return
        self.stats.taken += 1
        now = self.clock.monotonic()
        message_id = self._next_id()
        if not (plan.lose_first and self._is_among_first(plan.lose_first, pdu)):
            response = SubmitSmResp(message_id=message_id)
            if plan.answer_after_seconds:
                self._at(now + plan.answer_after_seconds, partial(peer.answer, pdu, response))
            else:
                peer.answer(pdu, response)
        delay = self.settings.receipt_delay_seconds
        if delay is None:
            delay = outcome.receipt_delay_seconds(number, pdu.short_message)
        self._remember(message_id, _Taken(plan=plan, taken_at=now, delay_seconds=delay))
        self._plan_receipts(peer.system_id, pdu, message_id, plan, now, delay)

    def recall(self, system_id: str, message_id: str, pdu: SubmitSm) -> None:
        """A message that was taken before a restart, and whose receipt is still owed: plan it again.

        What becomes of it follows from its number and text, so it becomes the same.
        """
        plan = outcome.plan_for(pdu.destination_addr)
        delay = self.settings.receipt_delay_seconds
        if delay is None:
            delay = outcome.receipt_delay_seconds(pdu.destination_addr, pdu.short_message)
        now = self.clock.monotonic()
        self._remember(message_id, _Taken(plan=plan, taken_at=now, delay_seconds=delay))
        self._plan_receipts(system_id, pdu, message_id, replace(plan, reply=""), now, delay)

    def queried(self, peer: Peer, pdu: QuerySm) -> None:
        """How does a message stand? (SMPP 3.4 section 4.8)"""
        taken = self._history.get(pdu.message_id)
        if taken is None:
            peer.answer(pdu, status=CommandStatus.ESME_RQUERYFAIL)
            return
        elapsed = self.clock.monotonic() - taken.taken_at
        state, error = _state_after(taken, elapsed)
        peer.answer(pdu, QuerySmResp(message_id=pdu.message_id, message_state=state, error_code=min(error, 255)))

    def delivered(self, *, refused: bool) -> None:
        """A delivery came to its end."""
        if refused:
            self.stats.deliveries_refused += 1
        else:
            self.stats.deliveries += 1

    def deliver_again(self, system_id: str, pdu: DeliverSm, *, after_seconds: float) -> None:
        """A delivery was not taken: it comes again."""
        self.stats.deliveries_again += 1
        self._at(self.clock.monotonic() + after_seconds, partial(self._due, system_id, pdu))

    # --- inside

    def _is_among_first(self, count: int, pdu: SubmitSm) -> bool:
        """Whether this message came fewer than ``count`` times; after that it counts anew."""
        key = (pdu.destination_addr, pdu.short_message)
        seen = self._repeats.pop(key, 0)
        if seen >= count:
            return False
        self._repeats[key] = seen + 1
        if len(self._repeats) > _REPEATS_REMEMBERED:
            self._repeats.popitem(last=False)
        return True

    def _plan_receipts(
        self, system_id: str, pdu: SubmitSm, message_id: str, plan: Plan, now: float, delay: float
    ) -> None:
        wanted = pdu.registered_delivery & parameters.RECEIPT_MASK
        taken_ms = self.clock.wall_ms()
        for receipt in plan.receipts:
            if wanted == parameters.RECEIPT_NONE or (
                wanted == parameters.RECEIPT_ON_FAILURE and receipt.stat == "DELIVRD"
            ):
                continue
            after = delay if receipt.after_seconds is None else receipt.after_seconds
            self._at(now + after, partial(self._receipt_due, system_id, pdu, message_id, receipt, taken_ms))
        if plan.reply:
            self._at(now + delay, partial(self._reply_due, system_id, pdu, plan.reply))
        if self._subscribers:
            self._at(now, partial(self._arrived, system_id, pdu))

    def _receipt_due(self, system_id: str, pdu: SubmitSm, message_id: str, receipt: Receipt, taken_ms: int) -> None:
        self._due(
            system_id,
            receipts.receipt_pdu(
                pdu, message_id=message_id, receipt=receipt, taken_ms=taken_ms, now_ms=self.clock.wall_ms()
            ),
        )

    def _reply_due(self, system_id: str, pdu: SubmitSm, text: str) -> None:
        self._due(
            system_id,
            receipts.inbound_pdu(
                source=pdu.destination_addr,
                destination=pdu.source_addr,
                octets=text.encode("ascii"),
                data_coding=0,
            ),
        )

    def _arrived(self, system_id: str, pdu: SubmitSm) -> None:
        arrival = Arrival(
            number=pdu.destination_addr,
            sender=pdu.source_addr,
            system_id=system_id,
            octets=message_octets(pdu),
            esm_class=pdu.esm_class,
            data_coding=pdu.data_coding,
            at_ms=self.clock.wall_ms(),
        )
        for arrived in list(self._subscribers):
            arrived(arrival)

    def _due(self, system_id: str, pdu: DeliverSm) -> None:
        self.mailbox(system_id).put(pdu)
        self._touched.add(system_id)

    def _at(self, when: float, act: Callable[[], None]) -> None:
        if not self._closed and self._wheel.add(act, when):
            self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due = self._wheel.next_due()
        if due is not None:
            delay = max(due - self.clock.monotonic(), 0.0)
            self._timer = asyncio.get_running_loop().call_later(delay, self._on_time)

    def _on_time(self) -> None:
        self._timer = None
        for act in self._wheel.take_due(self.clock.monotonic()):
            act()
        for system_id in self._touched:
            self._mailboxes[system_id].pump()
        self._touched.clear()
        self._set_timer()

    def _remember(self, message_id: str, taken: _Taken) -> None:
        self._history[message_id] = taken
        if len(self._history) > self.settings.history_limit:
            self._history.popitem(last=False)

    def _next_id(self) -> str:
        """Ids that look random, never repeat in one life and hardly ever between two."""
        self._serial += 1
        value = self._serial * _GOLDEN & 0xFFFFFFFFFFFFFFFF
        return f"{value:016X}" if self.settings.ids == "hexadecimal" else str(value)


def _state_after(taken: _Taken, elapsed: float) -> tuple[MessageState, int]:
    """The state that the last receipt due by now has told; the outcome follows from number and text."""
    state, error = MessageState.ENROUTE, 0
    for receipt in taken.plan.receipts:
        after = taken.delay_seconds if receipt.after_seconds is None else receipt.after_seconds
        if elapsed >= after and receipt.stat in receipts.STATES:
            state, error = receipts.STATES[receipt.stat], receipt.error
    return state, error
