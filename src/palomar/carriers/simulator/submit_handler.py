"""What meets a request to send at the door: the plan for its number, whether it is taken, and how it is answered.

Here a chaos script has its say. Not here: what becomes of a message afterwards (``mobile_network``).
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
from palomar.carriers.simulator.schedule import InvalidSchedule, timing_of
from palomar.carriers.simulator.scheduler import Scheduler
from palomar.carriers.simulator.stats import Stats
from palomar.ports import Clock
from palomar.smpp import CommandStatus, Pdu, SubmitSm

_REPEATS_REMEMBERED = 10_000
_BEHIND_THE_RECEIPT_SECONDS = 0.1


class SubmitHandler:
    """The door of one SMSC."""

    def __init__(
        self, *, clock: Clock, stats: Stats, wire: Scheduler, behaviours: Mapping[str, DeliveryPlan | FaultInjector]
    ) -> None:
        """``wire`` is the time of connections; ``behaviours`` are those of single numbers."""
        self.mischief: FaultInjector | None = None
        """The chaos script at work; None while there is none, which is all that the usual way asks."""
        self._clock = clock
        self._stats = stats
        self._wire = wire
        self._behaviours = behaviours
        self._repeats: OrderedDict[tuple[str, bytes], int] = OrderedDict()

    def plan_of(self, number: str) -> tuple[DeliveryPlan, FaultInjector | None]:
        """What is to become of a message to this number, and whose chaos it meets on the way."""
        behaviour = self._behaviours.get(number) if self._behaviours else None
        if isinstance(behaviour, DeliveryPlan):
            return behaviour, self.mischief
        return delivery_plan.plan_for(number), behaviour or self.mischief

    def meets(
        self, peer: ClientConnection, request: Pdu, pdu: SubmitSm, mischief: FaultInjector
    ) -> PlannedFaults | None:
        """What a script has in mind for a message; None where it goes no further: it was throttled, or never read."""
        wanted = mischief.script
        if (wanted.window and peer.unanswered >= wanted.window) or mischief.throttles(self._clock.monotonic()):
            self._stats.throttled += 1
            self._refuse(peer, request, CommandStatus.ESME_RTHROTTLED)
            return None
        fate = mischief.meet(pdu)
        if fate.goes_silent:
            self._stats.silenced += 1
            peer.go_silent()
            return None
        if fate.garbage is not None:
            self._stats.garbage += 1
            peer.write(garbage_octets(fate.garbage))
        return fate

    def refuses(self, peer: ClientConnection, request: Pdu, pdu: SubmitSm, plan: DeliveryPlan) -> bool:
        """Answer a message that is not taken; False for one that is."""
        if not (plan.status or pdu.schedule_delivery_time or pdu.validity_period):
            return False  # nearly always
        status = self.refusal(pdu, plan)
        if status:
            self._refuse(peer, request, status)
        return bool(status)

    def refusal(self, pdu: SubmitSm, plan: DeliveryPlan) -> int:
        """The status with which a message is refused; 0 for one that is taken."""
        if plan.status and (not plan.refuse_first or self._is_among_first(plan.refuse_first, pdu)):
            return plan.status
        if pdu.schedule_delivery_time or pdu.validity_period:
            try:
                timing_of(pdu, now_ms=self._clock.wall_ms())
            except InvalidSchedule as error:
                return error.status
        return 0

    def took(self, pdu: SubmitSm, mischief: FaultInjector, fate: PlannedFaults) -> None:
        """A message is taken: count it if a script has made its sender send it again."""
        if (cause := mischief.took(pdu, fate)) is not None:
            self._stats.doubled(cause)

    def answer(self, peer: ClientConnection, request: Pdu, response: Pdu, taken: StoredMessage) -> None:
        """Answer a request whose message was taken, as its plan and its fate have it."""
        plan, fate = taken.plan, taken.fate
        if plan.lose_first and self._is_among_first(plan.lose_first, taken.pdu):
            return
        if fate is not None:
            self._answer_by_fate(peer, request, response, taken, fate)
        elif plan.answer_after_seconds:
            self._wire.later(plan.answer_after_seconds, partial(peer.answer, request, response))
        else:
            peer.answer(request, response)

    def _refuse(self, peer: ClientConnection, request: Pdu, status: int) -> None:
        self._stats.refused += 1
        peer.answer(request, status=status)

    def _answer_by_fate(
        self, peer: ClientConnection, request: Pdu, response: Pdu, taken: StoredMessage, fate: PlannedFaults
    ) -> None:
        after = taken.plan.answer_after_seconds + fate.answer_after_seconds
        if fate.answer is AnswerFault.LOST:
            self._stats.answers_lost += 1
            return
        if fate.answer is AnswerFault.AFTER_THE_RECEIPT:
            after += taken.last_receipt_seconds + fate.receipt_after_seconds + _BEHIND_THE_RECEIPT_SECONDS
        if not after:
            self._give_answer(peer, request, response, fate)
            return
        self._stats.answers_late += 1
        peer.unanswered += 1
        self._wire.later(after, partial(self._answer_late, peer, request, response, fate))

    def _answer_late(self, peer: ClientConnection, request: Pdu, response: Pdu, fate: PlannedFaults) -> None:
        peer.unanswered -= 1
        self._give_answer(peer, request, response, fate)

    def _give_answer(self, peer: ClientConnection, request: Pdu, response: Pdu, fate: PlannedFaults) -> None:
        if fate.answer is AnswerFault.MISNUMBERED:
            self._stats.answers_misnumbered += 1
            peer.answer_misnumbered(request, response)
            return
        self._stats.answers_doubled += fate.answers - 1
        for _ in range(fate.answers):
            peer.answer(request, response)

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
