"""The messages that the SMSC has taken: what is planned for each, how it stands, and finding it again.

Bounded: the oldest are forgotten first. Not here: making anything happen (``smsc``).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from palomar.carriers.simulator.chaos.faults import CALM, ChaosScript, PlannedFaults
from palomar.carriers.simulator.chaos.ids import MessageIds
from palomar.carriers.simulator.delivery_plan import DeliveryPlan
from palomar.smpp import MessageState, SubmitSm

_FORGOTTEN = SubmitSm()


@dataclass(slots=True, kw_only=True)
class StoredMessage:
    """One message to one number."""

    message_ids: MessageIds
    system_id: str
    source: str
    """The sender's address; the text may be forgotten before it."""
    pdu: SubmitSm
    plan: DeliveryPlan
    delay_seconds: float
    """When an ordinary receipt comes, from when it is to be delivered."""
    accepted_ms: int
    faults: PlannedFaults | None = None
    script: ChaosScript = CALM
    by_data_sm: bool = False
    pending_steps: int = 0
    """What is still planned to happen to it."""
    state: MessageState = MessageState.ENROUTE
    error: int = 0
    done_ms: int = 0
    """When it came to its end; 0 before."""
    arrived: bool = False
    cancelled: bool = False
    """Nothing that was planned happens any more: it was cancelled, or another took its place."""

    @property
    def may_change(self) -> bool:
        """Whether it may still be cancelled or replaced: it has not reached its phone, nor an end."""
        return not (self.arrived or self.cancelled or self.done_ms)

    @property
    def last_receipt_seconds(self) -> float:
        """When its last receipt is planned, from when it is to be delivered."""
        planned = (receipt.after_seconds for receipt in self.plan.receipts)
        return max((self.delay_seconds if after is None else after for after in planned), default=0.0)

    def forget_text(self) -> None:
        """Nothing more happens to it: only how it ended is kept."""
        self.pdu = _FORGOTTEN


class MessageStore:
    """Where ``query_sm``, ``cancel_sm`` and ``replace_sm`` find messages. One id may name several: those of one
    ``submit_multi``."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._by_id: dict[str, tuple[StoredMessage, ...]] = {}

    def add(self, taken: tuple[StoredMessage, ...]) -> None:
        """Keep messages that share an id."""
        self._by_id[taken[0].message_ids.in_answer] = taken
        if len(self._by_id) > self._limit:
            del self._by_id[next(iter(self._by_id))]

    def replace(self, old: StoredMessage, new: StoredMessage) -> None:
        """``new`` takes the place of ``old``, if that is still known."""
        message_id = old.message_ids.in_answer
        found = self._by_id.get(message_id, ())
        self._by_id[message_id] = tuple(new if taken is old else taken for taken in found) or (new,)

    def find(self, message_id: str, *, system_id: str) -> tuple[StoredMessage, ...]:
        """The messages of that id, if that client sent them."""
        found = self._by_id.get(message_id, ())
        return found if found and found[0].system_id == system_id else ()

    def changeable(
        self, *, system_id: str, source: str, destination: str, service_type: str
    ) -> Iterator[StoredMessage]:
        """That client's messages between these addresses which may still be changed, oldest first."""
        for messages in self._by_id.values():
            for taken in messages:
                if (
                    taken.may_change
                    and taken.system_id == system_id
                    and (taken.source, taken.pdu.destination_addr) == (source, destination)
                    and taken.pdu.service_type == service_type
                ):
                    yield taken
