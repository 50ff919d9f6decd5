"""The simulated phones: what they show, what they write, and how single numbers behave.

Bounded and in memory. Parts are joined and texts decoded when somebody looks, not when they arrive. Not here: whether
and when a message reaches its phone (``mobile_network``).
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol

from palomar.carriers.simulator import delivery_plan
from palomar.carriers.simulator.chaos import script
from palomar.carriers.simulator.chaos.fault_injector import FaultInjector
from palomar.carriers.simulator.chaos.faults import Alphabet, ChaosScript
from palomar.carriers.simulator.decoding import is_flash, shown_text
from palomar.carriers.simulator.delivery_plan import DeliveryPlan
from palomar.carriers.simulator.receipts import inbound_pdus
from palomar.smpp import DeliverSm, SubmitSm, read_parts
from palomar.vocabulary.phone_message import PhoneMessage

ARRIVALS_KEPT = 2_000
"""Parts that arrived, of all phones."""
WRITTEN_KEPT = 500
MAX_BEHAVIORS = 10_000

Behavior = DeliveryPlan | ChaosScript


class _Part(NamedTuple):
    serial: int
    pdu: SubmitSm
    system_id: str
    at_ms: int
    reference: str


Listener = Callable[[PhoneMessage], None]


class PhoneService(Protocol):
    """The SMSC as the phones know it."""

    def wall_ms(self) -> int: ...

    def alphabet(self) -> Alphabet: ...

    def deliver_inbound(self, system_id: str, pdus: Sequence[DeliverSm]) -> None:
        """Deliver what a phone wrote to the clients bound as ``system_id``."""
        ...

    def default_system_id(self) -> str:
        """Return the system_id to write to where nothing names one."""
        ...


class SimulatedPhones:
    """All phones of one SMSC. ``behaviors`` is empty until a number gets one; the SMSC looks at nothing else for each
    submit."""

    def __init__(self, network: PhoneService) -> None:
        self.behaviors: dict[str, DeliveryPlan | FaultInjector] = {}
        self._network = network
        self._arrived: deque[_Part] = deque(maxlen=ARRIVALS_KEPT)
        self._written: deque[PhoneMessage] = deque(maxlen=WRITTEN_KEPT)
        self._listeners: list[Listener] = []
        self._serial = 0

    def recent(self, number: str | None = None) -> list[PhoneMessage]:
        """List the last messages of all phones or of one, oldest first, with their parts joined."""
        messages = _join_parts((part for part in self._arrived if _is_to(part, number)), self._network.alphabet())
        messages += [message for message in self._written if number in (None, message.number)]
        return sorted(messages, key=lambda message: message.serial)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` with every message that arrives or is written, and again with each further part; return a
        function that ends it."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def write(self, number: str, to: str, text: str, *, system_id: str = "") -> PhoneMessage:
        """Write ``text``, of any length, from a phone to ``to``.

        It goes to the client of ``system_id``, or else to the one that last wrote to a phone from that address. Raises
        ValueError beyond 255 parts.
        """
        serial = self._next_serial()
        pdus = inbound_pdus(source=number, destination=to, text=text, reference=serial)
        recipient_id = system_id or self._last_system_id_from(to) or self._network.default_system_id()
        message = PhoneMessage(
            serial=serial,
            number=number,
            peer=to,
            is_written=True,
            text=text,
            parts=len(pdus),
            parts_received=len(pdus),
            at_ms=self._network.wall_ms(),
            system_id=recipient_id,
        )
        self._written.append(message)
        self._network.deliver_inbound(recipient_id, pdus)
        self._call_listeners(message)
        return message

    def set_behavior(self, number: str, how: str | None) -> Behavior | None:
        """Let this number behave differently from what its digits say; None undoes it.

        ``how`` is ``fail``, ``slow``, ``ordinary``, the digits of a magic number, or a chaos script, of which
        everything applies but what concerns a whole connection (``drop-at-pdu``). Raises ScriptError (a ValueError).
        """
        if how is None:
            self.behaviors.pop(number, None)
            return None
        behavior = _read_behavior(how)
        if number not in self.behaviors and len(self.behaviors) >= MAX_BEHAVIORS:
            raise script.ScriptError(f"more than {MAX_BEHAVIORS} numbers cannot behave on their own")
        self.behaviors[number] = FaultInjector(behavior) if isinstance(behavior, ChaosScript) else behavior
        return behavior

    def behavior(self, number: str) -> str:
        """Return what :meth:`behave` was called with for this number; empty if it was not."""
        found = self.behaviors.get(number)
        if isinstance(found, FaultInjector):
            return script.to_text(found.script)
        return "" if found is None else delivery_plan.word_of_plan(found)

    def on_arrival(self, pdu: SubmitSm, system_id: str, at_ms: int, *, reference: str) -> None:
        """Keep a part that has reached its phone; ``reference`` is the id that its sender was given."""
        self._serial += 1
        part = _Part(self._serial, pdu, system_id, at_ms, reference)
        self._arrived.append(part)
        if self._listeners:
            self._call_listeners(_join_parts(self._parts_of_message(part), self._network.alphabet())[-1])

    def _parts_of_message(self, part: _Part) -> Iterable[_Part]:
        """Find the parts that may belong to the same message as this one, itself included."""
        key = _message_key(part.pdu)
        if key.reference is None:
            return (part,)
        return (other for other in self._arrived if _message_key(other.pdu) == key)

    def _call_listeners(self, message: PhoneMessage) -> None:
        for listener in list(self._listeners):
            listener(message)

    def _next_serial(self) -> int:
        self._serial += 1
        return self._serial

    def _last_system_id_from(self, address: str) -> str:
        found = (part.system_id for part in reversed(self._arrived) if part.pdu.source_addr == address)
        return next(found, "")


class _MessageKey(NamedTuple):
    """What the parts of one message have in common (3GPP TS 23.040 section 9.2.3.24.1); ``reference`` is None for a
    message of one part."""

    number: str
    sender: str
    reference: int | None
    total: int


@dataclass(slots=True, kw_only=True)
class _PartialMessage:
    """A message of which some parts have arrived."""

    first: _Part
    newest: _Part
    total: int
    octets: dict[int, bytes]
    references: dict[int, str]

    def message(self, alphabet: Alphabet) -> PhoneMessage:
        pdu = self.first.pdu
        octets = b"".join(self.octets[sequence] for sequence in sorted(self.octets))
        return PhoneMessage(
            serial=self.first.serial,
            number=pdu.destination_addr,
            peer=pdu.source_addr,
            is_written=False,
            text=shown_text(octets, pdu.data_coding, alphabet),
            parts=self.total,
            parts_received=len(self.octets),
            at_ms=self.newest.at_ms,
            system_id=self.first.system_id,
            references=tuple(self.references[sequence] for sequence in sorted(self.references)),
            is_flash=is_flash(pdu.data_coding),
        )


def _is_to(part: _Part, number: str | None) -> bool:
    return number is None or part.pdu.destination_addr == number


def _message_key(pdu: SubmitSm) -> _MessageKey:
    concatenation, _ = read_parts(pdu)
    if concatenation is None:
        return _MessageKey(pdu.destination_addr, pdu.source_addr, None, 1)
    return _MessageKey(pdu.destination_addr, pdu.source_addr, concatenation.reference, concatenation.total)


def _join_parts(parts: Iterable[_Part], alphabet: Alphabet) -> list[PhoneMessage]:
    """Join parts to messages, in the order of their first parts. A part that comes again after its message is complete
    begins another message."""
    messages: list[_PartialMessage] = []
    waiting: dict[_MessageKey, _PartialMessage] = {}
    for part in parts:
        key = _message_key(part.pdu)
        concatenation, octets = read_parts(part.pdu)
        sequence = concatenation.sequence if concatenation is not None else 1
        unfinished = waiting.get(key)
        if unfinished is None:
            unfinished = _PartialMessage(first=part, newest=part, total=key.total, octets={}, references={})
            messages.append(unfinished)
            if key.reference is not None:
                waiting[key] = unfinished
        unfinished.octets[sequence] = octets
        unfinished.references[sequence] = part.reference
        unfinished.newest = part
        if len(unfinished.octets) == unfinished.total:
            waiting.pop(key, None)
    return [unfinished.message(alphabet) for unfinished in messages]


def _read_behavior(how: str) -> Behavior:
    plan = delivery_plan.named_plan(how)
    return plan if plan is not None else script.parse(how)
