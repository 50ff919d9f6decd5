"""Builds the screen of a simulated phone from what the platform sent and what the simulated network delivered.

A delivered text belongs to a message if the carrier's id of a part says so. Where the carrier's answer was lost the id
is unknown: then number, sender and text must all be those of a message that lacks an answer, so that nobody sees a text
that they did not send. Pure. Not here: reading both sides (``sandbox.phone_messages``, ``ports.SimulatedNetwork``).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from palomar.sandbox.phone_messages import KnownParts, Reference, SentToPhone, WrittenByPhone
from palomar.text.alphabets import Alphabet, measure
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State, accepted_ms
from palomar.vocabulary.phone_message import PhoneMessage
from palomar.vocabulary.receipt_ids import canonical

Arrival = tuple[str, PhoneMessage]
"""A carrier's name, and a text that it delivered to a phone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One message on the screen. A message that did not arrive, or not yet, has one too."""

    key: str
    """The bubble's id on the page."""
    at_ms: int
    is_written: bool
    """True if the phone wrote it."""
    peer: str
    """The sender; of a message that the phone wrote, the recipient."""
    text: str
    """The text as the phone shows it."""
    sent_text: str = ""
    """The text that was sent, where the phone shows another one."""
    alphabet: Alphabet
    parts: int
    parts_arrived: int = 0
    """Parts that have reached the phone since this process began."""
    times_arrived: int = 0
    """How often all parts reached the phone: more than once is a carrier's fault, or a second attempt."""
    is_flash: bool = False
    state: State | None = None
    """None if the phone wrote it, or if its message is unknown."""
    message_id: MessageId | None = None
    account_id: AccountId | None = None

    @property
    def has_arrived(self) -> bool:
        """True if the phone has it: the network delivered it, or its receipt says so."""
        return self.is_written or self.times_arrived > 0 or self.state in (None, State.DELIVERED)


def build_bubbles(
    sent: Sequence[SentToPhone],
    written: Iterable[WrittenByPhone],
    arrivals: Iterable[Arrival],
    known: KnownParts,
    *,
    with_unmatched: bool,
) -> list[Bubble]:
    """Build the bubbles of a screen, oldest first. ``with_unmatched``: also of arrived texts whose message is
    unknown."""
    by_id = {message.id: _of_sent(message) for message in sent}
    unanswered = [message for message in sent if message.id in known.unanswered]
    unmatched = []
    for arrival in arrivals:
        references = references_of(arrival)
        owners = {known.by_reference.get(reference) for reference in references}
        identity = owners.pop() if len(owners) == 1 else None
        if identity is None and not (references & known.of_others or references & known.by_reference.keys()):
            identity = _matching(arrival[1], unanswered, by_id)
            if identity is None and with_unmatched:
                unmatched.append(_of_unmatched(arrival[1]))
        if identity is not None:
            by_id[identity] = _with_arrival(by_id[identity], arrival[1])
    bubbles = [*by_id.values(), *map(_of_written, written), *unmatched]
    return sorted(bubbles, key=lambda bubble: (bubble.at_ms, bubble.key))


def references_of(arrival: Arrival) -> set[Reference]:
    """Return the ids of the parts of an arrived text, in the canonical form."""
    carrier, message = arrival
    return {(carrier, canonical(reference)) for reference in message.references}


def _matching(
    arrival: PhoneMessage, sent: Iterable[SentToPhone], bubbles: Mapping[MessageId, Bubble]
) -> MessageId | None:
    """Find a message with the same sender and text: one that has not arrived before others, the newest first."""
    found = [m.id for m in sent if m.text == arrival.text and m.sender.lstrip("+") == arrival.peer]
    return max(found, key=lambda identity: (not bubbles[identity].times_arrived, identity), default=None)


def _with_arrival(bubble: Bubble, arrival: PhoneMessage) -> Bubble:
    is_whole = arrival.parts_received == arrival.parts
    is_other = is_whole and arrival.text != bubble.text and not bubble.sent_text
    return replace(
        bubble,
        text=arrival.text if is_whole else bubble.text,
        sent_text=bubble.text if is_other else bubble.sent_text,
        parts_arrived=max(bubble.parts_arrived, arrival.parts_received),
        times_arrived=bubble.times_arrived + is_whole,
        is_flash=arrival.is_flash,
    )


def _of_sent(message: SentToPhone) -> Bubble:
    return Bubble(
        key=f"m{message.id}",
        at_ms=accepted_ms(message.id),
        is_written=False,
        peer=message.sender,
        text=message.text,
        alphabet=message.alphabet,
        parts=message.parts,
        state=message.state,
        message_id=message.id,
        account_id=message.account_id,
    )


def _of_written(message: WrittenByPhone) -> Bubble:
    return Bubble(
        key=f"w{message.id}",
        at_ms=message.received_ms,
        is_written=True,
        peer=message.to,
        text=message.text,
        alphabet=measure(message.text).alphabet,
        parts=message.parts,
        account_id=message.account_id,
    )


def _of_unmatched(arrival: PhoneMessage) -> Bubble:
    return Bubble(
        key=f"s{arrival.serial}",
        at_ms=arrival.at_ms,
        is_written=False,
        peer=arrival.peer,
        text=arrival.text,
        alphabet=measure(arrival.text).alphabet,
        parts=arrival.parts,
        parts_arrived=arrival.parts_received,
        times_arrived=int(arrival.parts_received == arrival.parts),
        is_flash=arrival.is_flash,
    )
