"""The simulated mobile network: delivers accepted messages to phones, or fails to, and sends the receipts.

It runs in the scheduler's time, which follows the sandbox's clock when that jumps. Not here: answers to submits and
connections (``smsc``).
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
from palomar.carriers.simulator.schedule import read_schedule
from palomar.carriers.simulator.scheduler import Scheduler
from palomar.carriers.simulator.settings import SimulatorSettings
from palomar.carriers.simulator.stats import Stats
from palomar.ports import Clock
from palomar.smpp import DeliverSm, MessageState, SubmitSm, parameters, tlvs

ALERT_SECONDS = 1.0
"""How long after a failed delivery the phone is available again."""
_DOUBLE_SECONDS = 0.1
_ENDS = frozenset(state for state in MessageState if state.is_final)
_FAILURES = frozenset({MessageState.UNDELIVERABLE, MessageState.EXPIRED})
_GOLDEN = 0x9E3779B97F4A7C15

Enqueue = Callable[[str, Delivery], None]
"""Puts a delivery into the mailbox of a system_id."""


class MobileNetwork:
    """The network between the SMSC and the phones."""

    def __init__(
        self,
        settings: SimulatorSettings,
        *,
        clock: Clock,
        chance: Callable[[], float],
        stats: Stats,
        scheduler: Scheduler,
        enqueue: Enqueue,
        on_arrival: Callable[[StoredMessage, int], None],
        on_reply: Callable[[SubmitSm, str, str], None],
    ) -> None:
        """Take ``on_arrival``, which is called with each part that reaches its phone and the wall time in milliseconds,
        and ``on_reply``, which is called with a part, its system_id and the text that its phone answers."""
        self.store = MessageStore(limit=settings.history_limit)
        self._settings = settings
        self._clock = clock
        self._stats = stats
        self._scheduler = scheduler
        self._enqueue = enqueue
        self._on_arrival = on_arrival
        self._on_reply = on_reply
        self._serial = int(chance() * (1 << 63))

    def accept(
        self,
        system_id: str,
        pdu: SubmitSm,
        plan: DeliveryPlan,
        *,
        script: ChaosScript = CALM,
        faults: PlannedFaults | None = None,
        by_data_sm: bool = False,
        message_ids: MessageIds | None = None,
    ) -> StoredMessage:
        """Accept a message whose times can be read, and plan its delivery.

        Without ``message_ids`` it gets new ones and is kept in ``store``; messages that share theirs are kept by the
        caller.
        """
        self._stats.taken += 1
        delay = self._settings.receipt_delay_seconds
        if delay is None:
            delay = delivery_plan.receipt_delay_seconds(pdu.destination_addr, pdu.short_message)
        message = StoredMessage(
            message_ids=message_ids or self.new_ids(script),
            system_id=system_id,
            source=pdu.source_addr,
            pdu=pdu,
            plan=plan,
            delay_seconds=delay,
            accepted_ms=self._clock.wall_ms(),
            faults=faults,
            script=script,
            by_data_sm=by_data_sm,
        )
        if message_ids is None:
            self.store.add((message,))
        self._plan(message)
        return message

    def new_ids(self, script: ChaosScript = CALM) -> MessageIds:
        """Make the ids of a new message: they look random, never repeat within one run and hardly ever between two."""
        self._serial += 1
        return ids.make_ids(self._serial * _GOLDEN & 0xFFFFFFFFFFFFFFFF, script.ids or self._settings.ids)

    def restore(self, system_id: str, message_id: str, pdu: SubmitSm, *, script: ChaosScript) -> None:
        """Plan the delivery of a message again that was accepted before a restart and whose receipt is outstanding.

        Its plan follows from number and text, so the outcome is the same; only its phone does not answer a second time.
        """
        plan = replace(delivery_plan.plan_for(pdu.destination_addr), reply="")
        message_ids = ids.restored_ids(message_id, script.ids or self._settings.ids)
        self.store.add((self.accept(system_id, pdu, plan, script=script, message_ids=message_ids),))

    def cancel(self, message: StoredMessage) -> None:
        """Cancel a message: it ends as DELETED, and its receipt says so."""
        self._stats.cancelled += 1
        message.cancelled = True
        receipt, now_ms = PlannedReceipt(stat="DELETED"), self._clock.wall_ms()
        self._move(message, receipt, now_ms)
        if _is_receipt_requested(message.pdu, receipt):
            self._send_receipt(message, receipt, now_ms)
        message.forget_text()

    def replace(self, message: StoredMessage, pdu: SubmitSm) -> StoredMessage:
        """Deliver another message in the place of this one, under the same ids; return the new one."""
        self._stats.replaced += 1
        message.cancelled = True
        new = self.accept(
            message.system_id,
            pdu,
            message.plan,
            script=message.script,
            by_data_sm=message.by_data_sm,
            message_ids=message.message_ids,
        )
        self.store.replace(message, new)
        return new

    # --- inside

    def _plan(self, message: StoredMessage) -> None:
        pdu, plan, start = message.pdu, message.plan, 0.0
        if pdu.schedule_delivery_time or pdu.validity_period:
            schedule = read_schedule(pdu, now_ms=message.accepted_ms)
            start = schedule.starts_after_seconds
            if schedule.validity_seconds is not None:
                left = max(schedule.validity_seconds - start, 0.0)
                plan = delivery_plan.within(plan, left, delay_seconds=message.delay_seconds)
        later = self._scheduler.call_later
        for receipt in plan.receipts:
            after = message.delay_seconds if receipt.after_seconds is None else receipt.after_seconds
            later(start + after, partial(self._run_step, message, receipt))
        message.pending_steps = len(plan.receipts)
        if not plan.receipts:
            message.pending_steps += 1
            later(start + message.delay_seconds, partial(self._run_step, message, None))
        if plan.reply:
            message.pending_steps += 1
            later(start + message.delay_seconds, partial(self._reply, message, plan.reply))

    def _run_step(self, message: StoredMessage, receipt: PlannedReceipt | None) -> None:
        """Carry out one step of a message's plan: let the phone have it, then send this receipt. None sends no
        receipt."""
        if not message.cancelled:
            now_ms = self._clock.wall_ms()
            if (receipt is None or receipt.stat == "DELIVRD") and not message.arrived:
                message.arrived = True
                self._on_arrival(message, now_ms)
            if receipt is not None:
                self._move(message, receipt, now_ms)
                if _is_receipt_requested(message.pdu, receipt):
                    if message.faults is None:
                        self._send_receipt(message, receipt, now_ms)
                    else:
                        self._send_faulty_receipts(message, receipt, message.faults)
        self._end_step(message)

    def _reply(self, message: StoredMessage, text: str) -> None:
        if not message.cancelled:
            self._on_reply(message.pdu, message.system_id, text)
        self._end_step(message)

    def _end_step(self, message: StoredMessage) -> None:
        message.pending_steps -= 1
        if not message.pending_steps:
            message.forget_text()

    def _move(self, message: StoredMessage, receipt: PlannedReceipt, now_ms: int) -> None:
        state = STATES.get(receipt.stat)
        if state is None:
            return
        message.state, message.error = state, receipt.error
        if state in _ENDS:
            message.done_ms = now_ms
        if state in _FAILURES and _is_alert_due(message):
            self._stats.alerts += 1
            self._scheduler.call_later(ALERT_SECONDS, partial(self._enqueue, message.system_id, alert_pdu(message.pdu)))

    def _send_faulty_receipts(self, message: StoredMessage, receipt: PlannedReceipt, faults: PlannedFaults) -> None:
        if faults.loses_receipts:
            self._stats.receipts_lost += 1
            return
        self._stats.receipts_late += faults.receipt_after_seconds > 0
        self._stats.receipts_doubled += faults.receipts - 1
        for number in range(faults.receipts):
            after = faults.receipt_after_seconds + number * _DOUBLE_SECONDS
            message.pending_steps += 1
            self._scheduler.call_later(after, partial(self._send_late_receipt, message, receipt))

    def _send_late_receipt(self, message: StoredMessage, receipt: PlannedReceipt) -> None:
        self._send_receipt(message, receipt, self._clock.wall_ms())
        self._end_step(message)

    def _send_receipt(self, message: StoredMessage, receipt: PlannedReceipt, now_ms: int) -> None:
        message_ids = message.message_ids
        pdu = receipt_pdu(
            message.pdu,
            message_id=message_ids.in_answer,
            receipt=receipt,
            accepted_ms=message.accepted_ms,
            now_ms=now_ms,
            text_id=message_ids.in_text,
            in_tlv=message_ids.in_tlv,
            script=message.script,
        )
        self._enqueue(message.system_id, self.as_delivery(pdu, by_data_sm=message.by_data_sm))

    def as_delivery(self, pdu: DeliverSm, *, by_data_sm: bool = False) -> Delivery:
        """Return the PDU that carries this one to the client: itself, or a ``data_sm``."""
        return as_data_sm(pdu) if by_data_sm or self._settings.deliver_by == "data_sm" else pdu


def _is_receipt_requested(pdu: SubmitSm, receipt: PlannedReceipt) -> bool:
    """Return True if the sender asked for this receipt (SMPP 3.4 section 5.2.17)."""
    requested = pdu.registered_delivery & parameters.RECEIPT_MASK
    if requested == parameters.RECEIPT_ON_FAILURE:
        return receipt.stat != "DELIVRD"
    return requested != parameters.RECEIPT_NONE


def _is_alert_due(message: StoredMessage) -> bool:
    """Return True if an alert_notification follows the failure of this message: by its magic number, or because the
    sender set the delivery pending flag (SMPP 3.4 section 5.3.2.29)."""
    return message.plan.alerts or tlvs.SET_DPF.find(message.pdu.tlvs) == 1
