"""What is on a simulated phone's screen, put together from both sides: what the platform sent and what the network
brought.

They are tied by the carrier's reference, which names one part of one message. Where an answer was lost nobody has been
told it: then number, sender and text must all be those of a message that lacks an answer, so that nobody sees a text
that they did not send themselves. Pure.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from palomar.sandbox.phone_messages import Reference, SentToPhone, Ties, WrittenByPhone
from palomar.text.alphabets import Alphabet, measure
from palomar.vocabulary.account import AccountId
from palomar.vocabulary.message import MessageId, State, born_ms
from palomar.vocabulary.phone_message import PhoneMessage
from palomar.vocabulary.receipt_ids import canonical

Arrival = tuple[str, PhoneMessage]
"""What reached a phone, behind its carrier's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubble:
    """One message on the screen. One that did not arrive (yet) is there too, with the state that says why."""

    key: str
    """Names it on the page."""
    at_ms: int
    is_written: bool
    """Whether the phone wrote it."""
    peer: str
    text: str
    """As the phone shows it."""
    meant: str = ""
    """What was sent, where the phone shows something else."""
    alphabet: Alphabet
    parts: int
    parts_here: int = 0
    """Parts that have reached the phone, as far as this process knows."""
    times_here: int = 0
    """How often all of it reached the phone: more than once is a carrier's fault, or a second attempt."""
    is_flash: bool = False
    state: State | None = None
    """None of what was written, and of what is nobody's any more."""
    message_id: MessageId | None = None
    account_id: AccountId | None = None

    @property
    def is_here(self) -> bool:
        """Whether the phone has it: we saw it come, or its receipt says so."""
        return self.is_written or self.times_here > 0 or self.state in (None, State.DELIVERED)


def bubbles_of(
    sent: Sequence[SentToPhone],
    written: Iterable[WrittenByPhone],
    arrivals: Iterable[Arrival],
    ties: Ties,
    *,
    with_strays: bool,
) -> list[Bubble]:
    """The screen, oldest first. ``with_strays``: also what reached the phone and is no message's that is known."""
    by_id = {message.id: _of_sent(message) for message in sent}
    doubtful = [message for message in sent if message.id in ties.doubtful]
    strays = []
    for arrival in arrivals:
        names = names_of(arrival)
        owners = {ties.named.get(name) for name in names}
        identity = owners.pop() if len(owners) == 1 else None
        if identity is None and not (names & ties.others or names & ties.named.keys()):
            identity = _alike(arrival[1], doubtful, by_id)
            if identity is None and with_strays:
                strays.append(_of_stray(arrival[1]))
        if identity is not None:
            by_id[identity] = _arrived(by_id[identity], arrival[1])
    bubbles = [*by_id.values(), *map(_of_written, written), *strays]
    return sorted(bubbles, key=lambda bubble: (bubble.at_ms, bubble.key))


def names_of(arrival: Arrival) -> set[Reference]:
    """The names of the parts that have arrived, canonically spelt."""
    carrier, message = arrival
    return {(carrier, canonical(reference)) for reference in message.references}


def _alike(arrival: PhoneMessage, sent: Iterable[SentToPhone], bubbles: Mapping[MessageId, Bubble]) -> MessageId | None:
    """A message with the same sender and text, rather one that has not arrived, rather a young one."""
    alike = [m.id for m in sent if m.text == arrival.text and m.sender.lstrip("+") == arrival.peer]
    return max(alike, key=lambda identity: (not bubbles[identity].times_here, identity), default=None)


def _arrived(bubble: Bubble, arrival: PhoneMessage) -> Bubble:
    is_whole = arrival.parts_here == arrival.parts
    is_other = is_whole and arrival.text != bubble.text and not bubble.meant
    return replace(
        bubble,
        text=arrival.text if is_whole else bubble.text,
        meant=bubble.text if is_other else bubble.meant,
        parts_here=max(bubble.parts_here, arrival.parts_here),
        times_here=bubble.times_here + is_whole,
        is_flash=arrival.is_flash,
    )


def _of_sent(message: SentToPhone) -> Bubble:
    return Bubble(
        key=f"m{message.id}",
        at_ms=born_ms(message.id),
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


def _of_stray(arrival: PhoneMessage) -> Bubble:
    return Bubble(
        key=f"s{arrival.serial}",
        at_ms=arrival.at_ms,
        is_written=False,
        peer=arrival.peer,
        text=arrival.text,
        alphabet=measure(arrival.text).alphabet,
        parts=arrival.parts,
        parts_here=arrival.parts_here,
        times_here=int(arrival.parts_here == arrival.parts),
        is_flash=arrival.is_flash,
    )
