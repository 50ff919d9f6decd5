"""The messages that the SMSC has accepted: the plan and the state of each, found by id or by addresses.

Bounded: the oldest are forgotten first. Not here: carrying the plan out (``mobile_network``).
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
    """The sender's address; it is kept after ``forget_text``."""
    pdu: SubmitSm
    plan: DeliveryPlan
    delay_seconds: float
    """Seconds from the start of delivery to an ordinary receipt."""
    accepted_ms: int
    faults: PlannedFaults | None = None
    script: ChaosScript = CALM
    by_data_sm: bool = False
    pending_steps: int = 0
    """Planned steps that have not happened yet."""
    state: MessageState = MessageState.ENROUTE
    error: int = 0
    done_ms: int = 0
    """When it reached a final state, in milliseconds; 0 before that."""
    arrived: bool = False
    cancelled: bool = False
    """True once it was cancelled or replaced: no planned step happens any more."""

    @property
    def may_change(self) -> bool:
        """Return True if it may be cancelled or replaced: it has neither reached its phone nor a final state."""
        return not (self.arrived or self.cancelled or self.done_ms)

    @property
    def last_receipt_seconds(self) -> float:
        """Return when its last receipt is planned, in seconds from the start of delivery."""
        planned = (receipt.after_seconds for receipt in self.plan.receipts)
        return max((self.delay_seconds if after is None else after for after in planned), default=0.0)

    def forget_text(self) -> None:
        """Drop the PDU; only the outcome is kept."""
        self.pdu = _FORGOTTEN


class MessageStore:
    """Accepted messages by id, for ``query_sm``, ``cancel_sm`` and ``replace_sm``. The recipients of one
    ``submit_multi`` share an id."""

    def __init__(self, *, limit: int) -> None:
        self._limit = limit
        self._by_id: dict[str, tuple[StoredMessage, ...]] = {}

    def add(self, messages: tuple[StoredMessage, ...]) -> None:
        """Keep messages that share an id."""
        self._by_id[messages[0].message_ids.in_answer] = messages
        if len(self._by_id) > self._limit:
            del self._by_id[next(iter(self._by_id))]

    def replace(self, old: StoredMessage, new: StoredMessage) -> None:
        """Put ``new`` in the place of ``old``, if that is still known."""
        message_id = old.message_ids.in_answer
        found = self._by_id.get(message_id, ())
        self._by_id[message_id] = tuple(new if message is old else message for message in found) or (new,)

    def find(self, message_id: str, *, system_id: str) -> tuple[StoredMessage, ...]:
        """Return the messages of an id, if this client sent them."""
        found = self._by_id.get(message_id, ())
        return found if found and found[0].system_id == system_id else ()

    def changeable(
        self, *, system_id: str, source: str, destination: str, service_type: str
    ) -> Iterator[StoredMessage]:
        """Yield the client's messages between these addresses that may still be changed, oldest first."""
        for messages in self._by_id.values():
            for message in messages:
                if (
                    message.may_change
                    and message.system_id == system_id
                    and (message.source, message.pdu.destination_addr) == (source, destination)
                    and message.pdu.service_type == service_type
                ):
                    yield message
