"""How the simulator answers a submit: it finds the plan for its number, takes or refuses it, and sends the answer.

A chaos script may change each of these. Not here: the delivery of the message (``mobile_network``).
"""

from collections import OrderedDict
from collections.abc import Mapping
from functools import partial

from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.chaos.fault_injector import FaultInjector, garbage_octets
from palomar.carriers.simulator.chaos.faults import AnswerFault, PlannedFaults
from palomar.carriers.simulator.connection import ClientConnection
from palomar.carriers.simulator.delivery_plan import DeliveryPlan
from palomar.carriers.simulator.message_store import StoredMessage
from palomar.carriers.simulator.schedule import InvalidSchedule, read_schedule
from palomar.carriers.simulator.scheduler import Scheduler
from palomar.carriers.simulator.stats import Stats
from palomar.ports import Clock
from palomar.smpp import CommandStatus, Pdu, SubmitSm

_REPEATS_REMEMBERED = 10_000
_BEHIND_THE_RECEIPT_SECONDS = 0.1


class SubmitHandler:
    """The handler of submits of one SMSC."""

    def __init__(
        self, *, clock: Clock, stats: Stats, scheduler: Scheduler, behaviors: Mapping[str, DeliveryPlan | FaultInjector]
    ) -> None:
        """Take as ``scheduler`` the one in the time of connections, as ``behaviors`` those of single numbers."""
        self.injector: FaultInjector | None = None
        """The chaos script in force; None without one, which is all that the usual case looks at."""
        self._clock = clock
        self._stats = stats
        self._scheduler = scheduler
        self._behaviors = behaviors
        self._repeats: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    def plan_of(self, number: str) -> tuple[DeliveryPlan, FaultInjector | None]:
        """Return the plan for a message to this number, and the chaos script that applies to it."""
        behavior = self._behaviors.get(number) if self._behaviors else None
        if isinstance(behavior, DeliveryPlan):
            return behavior, self.injector
        return delivery_plan.plan_for(number), behavior or self.injector

    def plan_faults(
        self, connection: ClientConnection, request: Pdu, pdu: SubmitSm, injector: FaultInjector
    ) -> PlannedFaults | None:
        """Plan what the script does to a message; None if it goes no further: it was throttled, or is never read."""
        script = injector.script
        if (script.window and connection.unanswered >= script.window) or injector.throttles(self._clock.monotonic()):
            self._stats.throttled += 1
            self._refuse(connection, request, CommandStatus.ESME_RTHROTTLED)
            return None
        faults = injector.plan_faults(pdu)
        if faults.goes_silent:
            self._stats.silenced += 1
            connection.go_silent()
            return None
        if faults.garbage is not None:
            self._stats.garbage += 1
            connection.write(garbage_octets(faults.garbage))
        return faults

    def answer_if_refused(self, connection: ClientConnection, request: Pdu, pdu: SubmitSm, plan: DeliveryPlan) -> bool:
        """Answer a message that its plan or a bad time refuses; return False for one that is taken."""
        if not (plan.status or pdu.schedule_delivery_time or pdu.validity_period):
            return False  # the usual case
        status = self.refusal_status(pdu, plan)
        if status:
            self._refuse(connection, request, status)
        return bool(status)

    def refusal_status(self, pdu: SubmitSm, plan: DeliveryPlan) -> int:
        """Return the status with which a message is refused; 0 for one that is taken."""
        if plan.status and (not plan.refuse_first or self._is_among_first(plan.refuse_first, pdu)):
            return plan.status
        if pdu.schedule_delivery_time or pdu.validity_period:
            try:
                read_schedule(pdu, now_ms=self._clock.wall_ms())
            except InvalidSchedule as error:
                return error.status
        return 0

    def note_accepted(self, pdu: SubmitSm, injector: FaultInjector, faults: PlannedFaults) -> None:
        """Count an accepted message if a script has made its sender send it again."""
        if (cause := injector.note_accepted(pdu, faults)) is not None:
            self._stats.note_repeat(cause)

    def answer(self, connection: ClientConnection, request: Pdu, response: Pdu, message: StoredMessage) -> None:
        """Answer a request whose message was accepted, as its plan and its faults say."""
        plan, faults = message.plan, message.faults
        if plan.lose_first and self._is_among_first(plan.lose_first, message.pdu):
            return
        if faults is not None:
            self._answer_with_faults(connection, request, response, message, faults)
        elif plan.answer_after_seconds:
            self._scheduler.call_later(plan.answer_after_seconds, partial(connection.answer, request, response))
        else:
            connection.answer(request, response)

    def _refuse(self, connection: ClientConnection, request: Pdu, status: int) -> None:
        self._stats.refused += 1
        connection.answer(request, status=status)

    def _answer_with_faults(
        self, connection: ClientConnection, request: Pdu, response: Pdu, message: StoredMessage, faults: PlannedFaults
    ) -> None:
        after = message.plan.answer_after_seconds + faults.answer_after_seconds
        if faults.answer is AnswerFault.LOST:
            self._stats.answers_lost += 1
            return
        if faults.answer is AnswerFault.AFTER_THE_RECEIPT:
            after += message.last_receipt_seconds + faults.receipt_after_seconds + _BEHIND_THE_RECEIPT_SECONDS
        if not after:
            self._send_answer(connection, request, response, faults)
            return
        self._stats.answers_late += 1
        connection.unanswered += 1
        self._scheduler.call_later(after, partial(self._answer_delayed, connection, request, response, faults))

    def _answer_delayed(self, connection: ClientConnection, request: Pdu, response: Pdu, faults: PlannedFaults) -> None:
        connection.unanswered -= 1
        self._send_answer(connection, request, response, faults)

    def _send_answer(self, connection: ClientConnection, request: Pdu, response: Pdu, faults: PlannedFaults) -> None:
        if faults.answer is AnswerFault.MISNUMBERED:
            self._stats.answers_misnumbered += 1
            connection.answer_misnumbered(request, response)
            return
        self._stats.answers_doubled += faults.answers - 1
        for _ in range(faults.answers):
            connection.answer(request, response)

    def _is_among_first(self, count: int, pdu: SubmitSm) -> bool:
        """Return True if this message came fewer than ``count`` times before; then the count begins anew."""
        key = (pdu.destination_addr, pdu.short_message)
        seen = self._repeats.pop(key, 0)
        if seen >= count:
            return False
        self._repeats[key] = seen + 1
        if len(self._repeats) > _REPEATS_REMEMBERED:
            self._repeats.popitem(last=False)
        return True
