"""A message, its parts, their ids, and the tables of the moves between their states.

:func:`move` alone changes a state, by PART_TRANSITIONS, MESSAGE_TRANSITIONS or CORRECTIONS.

Ids: a ``MessageId`` is a 63-bit integer in the order of acceptance: 41 bits of milliseconds since 2025, 6 bits of node,
8 bits of sequence, and 8 bits that are left free for the number of a part. So a part's id is its message's id plus its
number, and neither needs an index of its own. Customers see a UUIDv7 (RFC 9562 section 5.7) that is computed from it.

Not here: text and how it is cut into parts (``text.alphabets``), numbers (``numbers.phone``), money (``credit``), and
storage (``transaction.message_rows``).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NewType, Protocol
from uuid import UUID

MessageId = NewType("MessageId", int)
PartId = NewType("PartId", int)

EPOCH_MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
PARTS_MAX = 255
NODES_MAX = 64
COMMAND_LINE_NODE = NODES_MAX - 1
"""The node's number in ids that commands make; no server has it."""
_PART_BITS, _SEQUENCE_BITS, _NODE_BITS = 8, 8, 6
_NODE_SHIFT = _PART_BITS + _SEQUENCE_BITS
_MS_SHIFT = _NODE_SHIFT + _NODE_BITS
_LOW_BITS = _SEQUENCE_BITS + _NODE_BITS
IDS_A_MS = 1 << _MS_SHIFT
"""Ids in a millisecond; so a period of time is a range of ids."""
IDS_A_MINUTE = 60_000 * IDS_A_MS
_TAIL_MASK = (1 << 60) - 1


class State(StrEnum):
    """The state of a message or of one of its parts. The words are those of SQL, logs and the console."""

    SCHEDULED = "scheduled"
    QUEUED = "queued"
    SUBMITTING = "submitting"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    REJECTED = "rejected"
    UNKNOWN = "unknown"
    HELD = "held"
    BLOCKED = "blocked"
    CANCELLED = "cancelled"
    NOFORMAT = "noformat"
    DUPLICATED = "duplicated"
    TEST = "test"


_ENDS_BY_CARRIER = frozenset({State.DELIVERED, State.UNDELIVERED, State.EXPIRED, State.REJECTED, State.UNKNOWN})
FINAL: frozenset[State] = _ENDS_BY_CARRIER | {
    State.BLOCKED,
    State.CANCELLED,
    State.NOFORMAT,
    State.DUPLICATED,
    State.TEST,
}
"""States that no later event changes, except to correct an end that was only presumed."""

_ENDS_OF_PARTS = _ENDS_BY_CARRIER | {State.CANCELLED, State.BLOCKED}

Transitions = Mapping[State, frozenset[State]]
"""The states that each state may change into."""

PART_TRANSITIONS: Transitions = {
    State.QUEUED: frozenset({State.SUBMITTING, State.SENT, State.HELD}) | _ENDS_OF_PARTS,
    State.SUBMITTING: frozenset({State.QUEUED, State.SENT, State.HELD, State.CANCELLED}) | _ENDS_BY_CARRIER,
    State.HELD: frozenset({State.QUEUED, State.SENT}) | _ENDS_BY_CARRIER,
    State.SENT: _ENDS_BY_CARRIER,
    **dict.fromkeys((*FINAL, State.SCHEDULED), frozenset()),
}
"""The moves of a part. A receipt may come before the answer, so ``submitting`` may change into every end that a carrier
reports. It goes back to ``queued`` if no byte left, if the carrier asks to wait, or if the account's policy sends parts
in doubt again. It is ``held`` if the policy waits for the receipt instead, and queued again if the carrier says later
that it did not accept it, or if a person wants it sent. A part that waits for its next copy goes from ``queued`` to
``sent`` by a late answer, and is ``held`` if another part of its message was refused. ``submitting`` is ``cancelled``
if its request was refused before the COMMIT that stored it was answered: then it has not left."""

MESSAGE_TRANSITIONS: Transitions = {
    State.SCHEDULED: frozenset({State.QUEUED}) | _ENDS_OF_PARTS,
    State.QUEUED: frozenset({State.SENT, State.HELD}) | _ENDS_OF_PARTS,
    State.HELD: frozenset({State.QUEUED, State.SENT}) | _ENDS_OF_PARTS,
    State.SENT: _ENDS_OF_PARTS,
    **dict.fromkeys((*FINAL, State.SUBMITTING), frozenset()),
}
"""The moves of a message. It is ``held`` with the first of its parts that is, and ``sent`` when no part of it is
still to leave. It ends with its last part, in the worst state that a part ended in, so it may end from every state."""

CORRECTIONS: Transitions = {
    state: _ENDS_BY_CARRIER - {state} if state in {State.EXPIRED, State.UNKNOWN, State.REJECTED} else frozenset()
    for state in State
}
"""The moves that a real receipt may make, once, from an end of a part and its message that was only presumed."""


class ForbiddenMove(RuntimeError):
    """A change of state that the tables do not allow: a bug."""


class HasState(Protocol):
    """A part or a message, as :func:`move` sees it."""

    state: State


def move(what: HasState, to: State, by: Transitions) -> None:
    """Change the state of a part or a message, by the table of its moves. No other code assigns a state.

    Raises ForbiddenMove if the table does not allow it; then nothing has changed.
    """
    if to not in by[what.state]:
        raise ForbiddenMove(f"{what.state} may not become {to}")
    what.state = to


_SEVERITY = {
    State.DELIVERED: 0,
    State.UNKNOWN: 1,
    State.EXPIRED: 2,
    State.UNDELIVERED: 3,
    State.REJECTED: 4,
    State.CANCELLED: 5,
    State.BLOCKED: 6,
}


def is_correction(old: State, *, presumed: bool, new: State) -> bool:
    """Return True if a real receipt may still correct an end that was presumed.

    An end is presumed if no receipt came, or if a copy was refused while an earlier copy may have been accepted.
    """
    return presumed and new in CORRECTIONS[old]


def worse_end(one: State | None, other: State) -> State:
    """Return the worse of two ends of parts, because a message ends as its worst part did."""
    if one is None or _SEVERITY[other] > _SEVERITY[one]:
        return other
    return one


def make_message_id(*, at_ms: int, node: int, sequence: int) -> MessageId:
    """Make the id of the ``sequence``-th (0 to 255) message that ``node`` (0 to 63) accepts in a millisecond."""
    return MessageId((at_ms - EPOCH_MS) << _MS_SHIFT | node << _NODE_SHIFT | sequence << _PART_BITS)


def part_id(message_id: MessageId, number: int) -> PartId:
    """Make the id of part ``number`` (1 to 255) of a message."""
    return PartId(message_id | number)


def part_ids(message_id: MessageId, parts: int) -> Sequence[PartId]:
    """List the ids of a message's parts, in order."""
    return range(message_id + 1, message_id + 1 + parts)  # type: ignore[return-value]  # a PartId is a number


def part_number(identity: PartId) -> int:
    """Return the number of a part in its message, from 1."""
    return identity & PARTS_MAX


def message_of(identity: PartId) -> MessageId:
    """Return the id of a part's message."""
    return MessageId(identity & ~PARTS_MAX)


def echo_of(identity: PartId) -> int:
    """Compute the 16 bits that a carrier may echo in a part's receipt (user_message_reference, SMPP 3.4 section
    5.3.2.17).

    No two parts that a node accepted in the same millisecond share them: the low octet is the sequence, the high octet
    is made of the node and the part's number, and the millisecond is mixed into both.
    """
    return (identity >> _PART_BITS ^ identity >> _MS_SHIFT ^ part_number(identity) << 8) & 0xFFFF


def accepted_ms(message_id: MessageId) -> int:
    """Return the time at which the message was accepted, as its id has it, in milliseconds since 1970."""
    return (message_id >> _MS_SHIFT) + EPOCH_MS


def first_id(at_ms: int) -> MessageId:
    """Return the lowest id of a message that is accepted at that time or later."""
    return MessageId(max(at_ms - EPOCH_MS, 0) * IDS_A_MS)


def public_id(message_id: MessageId) -> str:
    """Write the UUIDv7 by which customers know a message."""
    low = (message_id >> _PART_BITS) & ((1 << _LOW_BITS) - 1)
    value = (
        (accepted_ms(message_id) << 80)
        | (0x7 << 76)
        | ((low >> 2) << 64)
        | (0b10 << 62)
        | ((low & 0b11) << 60)
        | (_scramble(message_id) & _TAIL_MASK)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def message_id_of(public: str) -> MessageId | None:
    """Read a UUID that :func:`public_id` wrote, in any case, with or without dashes; None for any other text."""
    try:
        value = UUID(public).int
    except ValueError:
        return None
    at_ms = value >> 80
    low = (((value >> 64) & 0xFFF) << 2) | ((value >> 60) & 0b11)
    if at_ms < EPOCH_MS:
        return None
    message_id = MessageId(((at_ms - EPOCH_MS) << _MS_SHIFT) | (low << _PART_BITS))
    return message_id if UUID(public_id(message_id)).int == value else None


def _scramble(value: int) -> int:
    """Scramble a number by the finalizer of splitmix64, so that ids made one after the other end differently."""
    value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9 & 0xFFFFFFFFFFFFFFFF
    value = (value ^ (value >> 27)) * 0x94D049BB133111EB & 0xFFFFFFFFFFFFFFFF
    return value ^ (value >> 31)
