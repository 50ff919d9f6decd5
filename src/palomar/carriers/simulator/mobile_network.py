"""What becomes of a message that was taken: it reaches its phone or does not, and its receipts are told.

Its agenda is the network's time, which follows a sandbox clock that jumps. Not here: answers and connections
(``smsc``).
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.chaos import ids
from palomar.carriers.simulator.chaos.faults import CALM, ChaosScript, PlannedFaults
from palomar.carriers.simulator.chaos.ids import MessageIds
from palomar.carriers.simulator.delivery_plan import DeliveryPlan, PlannedReceipt
from palomar.carriers.simulator.message_store import MessageStore, StoredMessage
from palomar.carriers.simulator.receipts import STATES, Delivery, alert_pdu, as_data_sm, receipt_pdu
from palomar.carriers.simulator.schedule import timing_of
from palomar.carriers.simulator.scheduler import Scheduler
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.stats import Stats
from palomar.ports import Clock
from palomar.smpp import DeliverSm, MessageState, SubmitSm, parameters, tlvs

ALERT_SECONDS = 1.0
"""So long after a failed delivery the phone is there again."""
_DOUBLE_SECONDS = 0.1
_ENDS = frozenset(state for state in MessageState if state.is_final)
_FAILURES = frozenset({MessageState.UNDELIVERABLE, MessageState.EXPIRED})
_GOLDEN = 0x9E3779B97F4A7C15

Bring = Callable[[str, Delivery], None]
"""Puts something into the mailbox of a system_id."""


class MobileNetwork:
    """Between the SMSC and the phones."""

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        clock: Clock,
        chance: Callable[[], float],
        stats: Stats,
        agenda: Scheduler,
        bring: Bring,
        arrived: Callable[[StoredMessage, int], None],
        replied: Callable[[SubmitSm, str, str], None],
    ) -> None:
        """``arrived`` is told of each part that reaches its phone, and the wall time; ``replied`` of what a phone
        answers to one: it, its system_id, the answer."""
        self.memory = MessageStore(limit=settings.history_limit)
        self._settings = settings
        self._clock = clock
        self._stats = stats
        self._agenda = agenda
        self._bring = bring
        self._arrived = arrived
        self._replied = replied
        self._serial = int(chance() * (1 << 63))

    def take(
        self,
        system_id: str,
        pdu: SubmitSm,
        plan: DeliveryPlan,
        *,
        script: ChaosScript = CALM,
        fate: PlannedFaults | None = None,
        by_data_sm: bool = False,
        names: MessageIds | None = None,
    ) -> StoredMessage:
        """Take a message whose times can be read, and plan what becomes of it.

        Without ``names`` it gets its own and is kept in ``memory``; messages that share theirs the caller keeps.
        """
        self._stats.taken += 1
        delay = self._settings.receipt_delay_seconds
        if delay is None:
            delay = delivery_plan.receipt_delay_seconds(pdu.destination_addr, pdu.short_message)
        taken = StoredMessage(
            names=names or self.name(script),
            system_id=system_id,
            source=pdu.source_addr,
            pdu=pdu,
            plan=plan,
            delay_seconds=delay,
            taken_ms=self._clock.wall_ms(),
            fate=fate,
            script=script,
            by_data_sm=by_data_sm,
        )
        if names is None:
            self.memory.add((taken,))
        self._plan(taken)
        return taken

    def name(self, script: ChaosScript = CALM) -> MessageIds:
        """A new name: it looks random, never repeats in one life and hardly ever between two."""
        self._serial += 1
        return ids.named(self._serial * _GOLDEN & 0xFFFFFFFFFFFFFFFF, script.ids or self._settings.ids)

    def recall(self, system_id: str, message_id: str, pdu: SubmitSm, *, script: ChaosScript) -> None:
        """A message that was taken before a restart, and whose receipt is still owed: plan it again.

        What becomes of it follows from its number and text, so it becomes the same; its phone does not answer again.
        """
        plan = replace(delivery_plan.plan_for(pdu.destination_addr), reply="")
        names = ids.recalled(message_id, script.ids or self._settings.ids)
        self.memory.add((self.take(system_id, pdu, plan, script=script, names=names),))

    def cancel(self, taken: StoredMessage) -> None:
        """It shall not be delivered: it ends as DELETED, and its receipt says so."""
        self._stats.cancelled += 1
        taken.cancelled = True
        receipt, now_ms = PlannedReceipt(stat="DELETED"), self._clock.wall_ms()
        self._move(taken, receipt, now_ms)
        if _wants(taken.pdu, receipt):
            self._tell(taken, receipt, now_ms)
        taken.forget_text()

    def replace(self, taken: StoredMessage, pdu: SubmitSm) -> StoredMessage:
        """Another message takes its place, under its name."""
        self._stats.replaced += 1
        taken.cancelled = True
        new = self.take(
            taken.system_id, pdu, taken.plan, script=taken.script, by_data_sm=taken.by_data_sm, names=taken.names
        )
        self.memory.swap(taken, new)
        return new

    # --- inside

    def _plan(self, taken: StoredMessage) -> None:
        pdu, plan, start = taken.pdu, taken.plan, 0.0
        if pdu.schedule_delivery_time or pdu.validity_period:
            timing = timing_of(pdu, now_ms=taken.taken_ms)
            start = timing.starts_after_seconds
            if timing.validity_seconds is not None:
                left = max(timing.validity_seconds - start, 0.0)
                plan = delivery_plan.within(plan, left, delay_seconds=taken.delay_seconds)
        later = self._agenda.later
        for receipt in plan.receipts:
            after = taken.delay_seconds if receipt.after_seconds is None else receipt.after_seconds
            later(start + after, partial(self._happen, taken, receipt))
        taken.waiting = len(plan.receipts)
        if not plan.receipts:
            taken.waiting += 1
            later(start + taken.delay_seconds, partial(self._happen, taken, None))
        if plan.reply:
            taken.waiting += 1
            later(start + taken.delay_seconds, partial(self._reply, taken, plan.reply))

    def _happen(self, taken: StoredMessage, receipt: PlannedReceipt | None) -> None:
        """The phone has it before anybody is told so; None: nobody will ever be."""
        if not taken.cancelled:
            now_ms = self._clock.wall_ms()
            if (receipt is None or receipt.stat == "DELIVRD") and not taken.arrived:
                taken.arrived = True
                self._arrived(taken, now_ms)
            if receipt is not None:
                self._move(taken, receipt, now_ms)
                if _wants(taken.pdu, receipt):
                    if taken.fate is None:
                        self._tell(taken, receipt, now_ms)
                    else:
                        self._tell_by_fate(taken, receipt, taken.fate)
        self._happened(taken)

    def _reply(self, taken: StoredMessage, text: str) -> None:
        if not taken.cancelled:
            self._replied(taken.pdu, taken.system_id, text)
        self._happened(taken)

    def _happened(self, taken: StoredMessage) -> None:
        taken.waiting -= 1
        if not taken.waiting:
            taken.forget_text()

    def _move(self, taken: StoredMessage, receipt: PlannedReceipt, now_ms: int) -> None:
        state = STATES.get(receipt.stat)
        if state is None:
            return
        taken.state, taken.error = state, receipt.error
        if state in _ENDS:
            taken.done_ms = now_ms
        if state in _FAILURES and _wants_alert(taken):
            self._stats.alerts += 1
            self._agenda.later(ALERT_SECONDS, partial(self._bring, taken.system_id, alert_pdu(taken.pdu)))

    def _tell_by_fate(self, taken: StoredMessage, receipt: PlannedReceipt, fate: PlannedFaults) -> None:
        if fate.loses_receipts:
            self._stats.receipts_lost += 1
            return
        self._stats.receipts_late += fate.receipt_after_seconds > 0
        self._stats.receipts_doubled += fate.receipts - 1
        for number in range(fate.receipts):
            after = fate.receipt_after_seconds + number * _DOUBLE_SECONDS
            taken.waiting += 1
            self._agenda.later(after, partial(self._tell_late, taken, receipt))

    def _tell_late(self, taken: StoredMessage, receipt: PlannedReceipt) -> None:
        self._tell(taken, receipt, self._clock.wall_ms())
        self._happened(taken)

    def _tell(self, taken: StoredMessage, receipt: PlannedReceipt, now_ms: int) -> None:
        names = taken.names
        pdu = receipt_pdu(
            taken.pdu,
            message_id=names.answered,
            receipt=receipt,
            taken_ms=taken.taken_ms,
            now_ms=now_ms,
            told_id=names.told,
            in_tlv=names.in_tlv,
            script=taken.script,
        )
        self._bring(taken.system_id, self.carried(pdu, by_data_sm=taken.by_data_sm))

    def carried(self, pdu: DeliverSm, *, by_data_sm: bool = False) -> Delivery:
        """The PDU that brings it to the client."""
        return as_data_sm(pdu) if by_data_sm or self._settings.deliver_by == "data_sm" else pdu


def _wants(pdu: SubmitSm, receipt: PlannedReceipt) -> bool:
    """Whether the sender asked to be told so (SMPP 3.4 section 5.2.17)."""
    wanted = pdu.registered_delivery & parameters.RECEIPT_MASK
    if wanted == parameters.RECEIPT_ON_FAILURE:
        return receipt.stat != "DELIVRD"
    return wanted != parameters.RECEIPT_NONE


def _wants_alert(taken: StoredMessage) -> bool:
    """Whether the news that the phone is back follows: its number has it so, or the sender set the delivery pending
    flag (SMPP 3.4 section 5.3.2.29)."""
    return taken.plan.alerts or tlvs.SET_DPF.find(taken.pdu.tlvs) == 1
